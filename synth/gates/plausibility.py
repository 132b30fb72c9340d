"""Whether a task reads like something that a person would ask, by rules; a judge may say more."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Protocol

from clawgym.task import Task
from synth.gates.candidate import Lost
from synth.gates.exam import Exam
from synth.gates.reading import Cost

SHORTEST, LONGEST = 40, 8000
"""Characters of an instruction."""

YEARS = range(1900, 2101)
MOST_FILES, MOST_BYTES = 400, 8 * 1024 * 1024
"""Of an initial workspace."""

_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_BRACES = re.compile(
    r"\{\{|\}\}|\{%|%\}|(?<!\$)\{[a-z_][a-z0-9_.]*\}|<[A-Z][A-Z_ ]+>|\bTODO\b|\bFIXME\b"
)
_SPACES = re.compile(r"(?<=\S)  +(?=\S)")
_PUNCTUATION = re.compile(r"[,;:]{2,}|(?<!\.)\.\.(?!\.)|\s[,;](?:\s|$)|[,;:]\.")
_WORD_TWICE = re.compile(r"\b([a-z]{2,}) \1\b(?! \1)")
_MAY_REPEAT = frozenset({"that", "had", "very"})
_NOTHING = re.compile(r"\b(?:None|NaN|nan|null|undefined)\b")
_DATE = re.compile(r"(?<![\d-])\d{4}-\d\d-\d\d(?![\d-])")
_BETWEEN = re.compile(r"(?<=[.!?])\s+|\n+")


class Opinion(Protocol):
    """What a judge makes of a task where there is a model: a reason to lose it, or none."""

    def __call__(self, task: Task) -> str | None:
        """The reason in one word, such as `unrealistic`; None where nothing is wrong."""
        ...


class Plausibility:
    """Rules that text and files of a realistic request keep to."""

    name = "plausibility"
    cost: Cost = "reads"

    def __init__(self, opinion: Opinion | None = None) -> None:
        self._opinion = opinion

    def judge(self, exam: Exam) -> Lost | None:
        """Lost by the first rule that is broken, or by the judge's opinion."""
        for reason, detail in implausible(exam.task):
            return Lost(self.name, reason, detail)
        if self._opinion and (reason := self._opinion(exam.task)):
            return Lost(self.name, f"judge-{reason}")
        return None


def implausible(task: Task) -> Iterator[tuple[str, str]]:
    """What is implausible about a task: a reason to count by, and the place."""
    text = task.instruction.strip()
    if not SHORTEST <= len(text) <= LONGEST:
        yield "instruction-length", f"{len(text)} characters"
    yield from _about_prose(_CODE.sub("`…`", text))
    for said in _DATE.findall(text):
        if not _is_a_day(said):
            yield "date-out-of-range", said
    if (repeated := _repeated_sentence(text)) is not None:
        yield "repeated-sentence", repeated[:80]
    yield from _about_files(task)


def _is_a_day(said: str) -> bool:
    """Whether there is such a day; wrong ones that are to be found stand in files, not in words."""
    try:
        return date.fromisoformat(said).year in YEARS
    except ValueError:
        return False


_PROSE = (
    ("unfilled", _BRACES),
    ("double-space", _SPACES),
    ("punctuation", _PUNCTUATION),
    ("no-value", _NOTHING),
)


def _about_prose(prose: str) -> Iterator[tuple[str, str]]:
    """Rules for what stands outside of code."""
    for line in (quoted.lstrip("> ") for quoted in prose.splitlines()):
        if line.startswith(("|", "```", "- ", "* ", "#")):
            continue
        for reason, pattern in _PROSE:
            if found := pattern.search(line):
                yield reason, found[0]
    for found in _WORD_TWICE.finditer(prose):
        if found[1] not in _MAY_REPEAT:
            yield "word-twice", found[0]


def _repeated_sentence(text: str) -> str | None:
    """A sentence that a paragraph says twice; items of a list may end in the same words."""
    for paragraph in text.splitlines():
        sentences = Counter(" ".join(found.split()) for found in _BETWEEN.split(paragraph))
        if repeated := [s for s, times in sentences.items() if times > 1 and len(s) > 30]:
            return repeated[0]
    return None


def _about_files(task: Task) -> Iterator[tuple[str, str]]:
    if len(task.workspace) > MOST_FILES:
        yield "too-many-files", str(len(task.workspace))
    if sum(len(file.data) for file in task.workspace.values()) > MOST_BYTES:
        yield "too-large", "the initial workspace"
    if all(not file.data.strip() for file in task.workspace.values()):
        yield "empty-files", "every file of the initial workspace"
