"""A skill as lines that know what they are: prose, headings, commands, code, samples."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import accumulate

from clawgym_skills.skill import Skill

MAX_SCRIPT_CHARS = 40_000
MAX_SCRIPTS = 12
"""What is read of the bundled scripts; the rest of a larger skill repeats itself."""

_SHORT, _LONG = 3, 4
_SCRIPT = re.compile(r"\.(?:py|sh|bash|js|mjs|cjs|ts|rb)$")
_WORD = re.compile(rb"[a-z0-9]+")
_FIRST_WORD = re.compile(r"[^a-z0-9]*([a-z0-9]+)", re.ASCII)
_FENCE = re.compile(r"[ \t>]*(```+|~~~+)[ \t]*([\w+-]*)")
_TEST = re.compile(r"(?:^|/)(?:tests?|__tests__|fixtures|examples?)/|(?:^|/)test_|\.test\.")


class LineKind(StrEnum):
    """What a line of a skill is."""

    HEADER = "header"
    HEADING = "heading"
    PROSE = "prose"
    TABLE = "table"
    COMMAND = "command"
    CODE = "code"
    SAMPLE = "sample"


_COMMAND_FENCES = frozenset({"bash", "sh", "shell", "console", "zsh", "terminal", "powershell"})
_SAMPLE_FENCES = frozenset(
    {"json", "jsonc", "json5", "markdown", "md", "text", "txt", "csv", "html", "xml", "diff", "log"}
)


def beginning_of(anchor: str) -> bytes:
    """What `TextFile.beginnings` holds wherever this text stands; b"" where that is not certain."""
    word = _FIRST_WORD.match(anchor)
    if word is None or len(word[1]) < _SHORT:
        return b""
    return word[1][:_LONG].encode() if len(word[1]) >= _LONG else word[1].encode()


@dataclass(frozen=True)
class TextFile:
    """One file: its lines, and what each of them is.

    `lower` is the text in lower case as UTF-8: bytes are searched several times faster than text
    that holds an emoji. Offsets are those of `lower`.
    """

    path: str
    lines: list[str]
    kinds: list[LineKind]
    script: bool = False
    lower: bytes = b""
    starts: list[int] = field(default_factory=list[int])

    @cached_property
    def beginnings(self) -> frozenset[bytes]:
        """How its words begin: what no word begins with need not be searched for.

        To be asked of documents; a script is searched for so little that this costs more.
        """
        words = set(_WORD.findall(self.lower))
        return frozenset({word[:_LONG] for word in words} | {word[:_SHORT] for word in words})

    def line_at(self, offset: int) -> int:
        """The index of the line that holds an offset of `lower`."""
        return bisect_right(self.starts, offset) - 1


@dataclass(frozen=True)
class SkillText:
    """What an annotator reads: `SKILL.md` first, then bundled scripts."""

    skill: Skill
    document: TextFile
    scripts: tuple[TextFile, ...]

    @property
    def files(self) -> tuple[TextFile, ...]:
        """Every file, the document first."""
        return (self.document, *self.scripts)

    @cached_property
    def headings(self) -> list[str]:
        """The headings of the document, without their marks."""
        return [text.strip().lstrip("#").strip() for _, text in self.of(LineKind.HEADING)]

    def of(self, *kinds: LineKind) -> Iterator[tuple[int, str]]:
        """The lines of these kinds with their numbers, from 1."""
        document = self.document
        for number, (kind, line) in enumerate(
            zip(document.kinds, document.lines, strict=True), start=1
        ):
            if kind in kinds:
                yield number, line


def text_of(skill: Skill) -> SkillText:
    """Lay a skill out; nothing is interpreted yet."""
    data = skill.files[skill.file_name].data
    document = _laid_out(skill.file_name, _decode(data), document=True)
    scripts = [
        _laid_out(path, _decode(file.data[:MAX_SCRIPT_CHARS]), document=False)
        for path, file in skill.files.items()
        if _SCRIPT.search(path) and not _TEST.search(path)
    ]
    return SkillText(skill, document, tuple(scripts[:MAX_SCRIPTS]))


def _decode(data: bytes) -> str:
    text = data.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _laid_out(path: str, text: str, *, document: bool) -> TextFile:
    lines = text.split("\n")
    kinds = _kinds(lines) if document else [LineKind.CODE] * len(lines)
    lower = text.lower().encode("utf-8", errors="replace")
    starts = list(accumulate((len(line) + 1 for line in lower.split(b"\n")), initial=0))
    return TextFile(path, lines, kinds, not document, lower, starts)


def _kinds(lines: list[str]) -> list[LineKind]:
    kinds: list[LineKind] = []
    header = _header_end(lines)
    fence, inside = "", LineKind.CODE
    for number, line in enumerate(lines):
        if number < header:
            kinds.append(LineKind.HEADER)
            continue
        mark = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if mark and not fence:
            fence, inside = mark[1], _kind_of_fence(mark[2].lower())
            kinds.append(LineKind.SAMPLE)
        elif mark and mark[1].startswith(fence) and not mark[2]:
            fence = ""
            kinds.append(LineKind.SAMPLE)
        else:
            kinds.append(inside if fence else _kind_of(line))
    return kinds


def _header_end(lines: list[str]) -> int:
    """How many lines the frontmatter takes, both fences included; 0 where it is irregular."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return number + 1
    return 0


def _kind_of_fence(language: str) -> LineKind:
    if language in _COMMAND_FENCES or not language:
        return LineKind.COMMAND
    return LineKind.SAMPLE if language in _SAMPLE_FENCES else LineKind.CODE


def _kind_of(line: str) -> LineKind:
    start = line.lstrip()[:1]
    if start == "#":
        return LineKind.HEADING
    return LineKind.TABLE if start == "|" else LineKind.PROSE
