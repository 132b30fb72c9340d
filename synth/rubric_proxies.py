"""Programmatic stand-ins for a rubric: cheap functions of a text, each 0 to 1.

They judge nothing that a person would ask for. They calibrate: the reference solution's text has to
come out above the same text shuffled, cut short, padded, or replaced by the instruction.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from synth.values import Report, Value, plain
from synth.values.drafts import Drafts
from synth.values.minutes import MinutesPage

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_NUMBER = re.compile(r"(?<![\w-])\d+(?:\.\d+)?(?![\w-])")
_SENTENCE = re.compile(r"(?:[^.!?]|[.!?](?=[^\s.!?]))+[.!?]+(?=\s|$)|[^.!?]+$")
_NEXT_MAIL = re.compile(r"\nFrom \S+ .*\d\n")
_LISTED = re.compile(r"^\s*$|^\s*[-*|]|[,:|]\s*$|^\S+(?: \S+)?$|\d[^.!?]*\d$")
"""Lines that are no sentences: greetings, signatures, entries of lists and tables."""
_GUIDING = re.compile(
    r"\b(please|first|next|look|check|ask|should|could|watch|compare|note|start|due|by|waiting)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Expectation:
    """What a text should be like.

    Attributes:
        facts: any of these says something about this very task.
        needed: so many of the facts make it a full text.
        figures: numbers that may stand in it.
        words: the fewest and the most.
    """

    facts: frozenset[str]
    needed: int
    figures: frozenset[str]
    words: tuple[int, int]


def expectation_of(value: Value) -> Expectation | None:
    """What the words of a deliverable should be like, or None where it asks for none."""
    if isinstance(value, Report) and value.opening:
        cells = {plain(cell) for row in value.table.rows for cell in row}
        facts = {plain(fact.value) for fact in value.opening.facts} | value.figures
        return Expectation(frozenset(facts), 3, frozenset(facts | cells), (12, 90))
    if isinstance(value, MinutesPage):
        refs = {str(cell) for row in value.actions.rows for cell in row}
        counts = {str(number) for number in range(len(value.actions.rows) + 10)}
        return Expectation(frozenset(refs), 2, frozenset(counts), (25, 120))
    if isinstance(value, Drafts):
        says = {phrase for draft in value.drafts for phrase in draft.says}
        most = max(len(draft.says) for draft in value.drafts)
        return Expectation(frozenset(says), min(4, len(says)), frozenset(says), (8, 40 + 12 * most))
    return None


def free_text(value: Value, text: str) -> str:
    """The part of a deliverable in which words are free: a section, or the first draft's body."""
    heading = f"For {value.reader}" if isinstance(value, MinutesPage) else ""
    if isinstance(value, Report) and value.opening:
        heading = value.opening.heading
    if heading:
        _, _, rest = text.partition(f"## {heading}\n")
        return (rest or text).partition("\n## ")[0].strip()
    _, _, body = text.partition("\n\n")
    return _NEXT_MAIL.split(body)[0].strip()


def proxy_scores(text: str, wanted: Expectation) -> dict[str, float]:
    """Every proxy by its name."""
    return {name: proxy(text, wanted) for name, proxy in PROXIES.items()}


def proxy_score(text: str, wanted: Expectation) -> float:
    """The mean of all proxies; nothing for a text without words."""
    return fmean(proxy_scores(text, wanted).values()) if _WORD.search(text) else 0.0


def length(text: str, wanted: Expectation) -> float:
    """1 within the range of words, less the further outside."""
    count, (fewest, most) = len(text.split()), wanted.words
    return min(1.0, count / fewest, most / max(count, 1))


def coverage(text: str, wanted: Expectation) -> float:
    """The share of needed facts that are said."""
    said = sum(fact in text for fact in wanted.facts if len(fact) > 1)
    return min(1.0, said / wanted.needed)


def grounded(text: str, wanted: Expectation) -> float:
    """The share of numbers that are known figures; a text that says nothing invents nothing."""
    numbers = _NUMBER.findall(text)
    known = {float(said) for said in wanted.figures | wanted.facts if _NUMBER.fullmatch(said)}
    return sum(float(number) in known for number in numbers) / len(numbers) if numbers else 1.0


def well_formed(text: str, wanted: Expectation) -> float:
    """The share of sentences that begin like one, end like one, and are of a readable length."""
    prose = [line.strip() for line in text.splitlines() if not _LISTED.search(line)]
    sentences = [said.strip() for line in prose for said in _SENTENCE.findall(line) if said.strip()]
    good = [s for s in sentences if s[0].isupper() and 3 <= len(s.split()) <= 40 and s[-1] in ".!?"]
    return len(good) / len(sentences) if sentences else 0.0


def lively(text: str, wanted: Expectation) -> float:
    """How little is said twice: distinct pairs of words over all pairs."""
    words = [word.casefold() for word in _WORD.findall(text)]
    pairs = list(pairwise(words))
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def guiding(text: str, wanted: Expectation) -> float:
    """Whether the reader is told to do something: two words of that kind are enough."""
    return min(1.0, len({found.casefold() for found in _GUIDING.findall(text)}) / 2)


PROXIES: dict[str, Callable[[str, Expectation], float]] = {
    "length": length,
    "coverage": coverage,
    "grounded": grounded,
    "well-formed": well_formed,
    "lively": lively,
    "guiding": guiding,
}
