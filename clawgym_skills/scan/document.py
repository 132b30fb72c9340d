"""The text of one file, cut into lines and code blocks, with what surrounds each line."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from clawgym_skills.scan.rule import Kind

MAX_TEXT = 1024**2
"""How many characters of a file are looked at."""

MAX_LINE = 1_000
"""Longer lines are looked at in pieces of this length, `OVERLAP` characters of it twice."""

OVERLAP = 200

_SUFFIXES: dict[str, Kind] = {
    **dict.fromkeys((".md", ".markdown", ".mdx", ".rst", ".html", ".htm"), "markdown"),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".command", ".envrc", ".ksh", ".fish"), "shell"),
    **dict.fromkeys((".py", ".pyw", ".pyi"), "python"),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"), "javascript"),
    **dict.fromkeys((".ps1", ".psm1", ".bat", ".cmd"), "powershell"),
    **dict.fromkeys((".json", ".yaml", ".yml", ".toml", ".csv", ".xml", ".ini"), "data"),
}
_SHELL_NAMES = frozenset({"makefile", "gnumakefile", "dockerfile", "justfile", ".envrc"})
_LANGUAGES: dict[str, Kind] = {
    **dict.fromkeys(("", "sh", "bash", "shell", "zsh", "console", "terminal", "cmd"), "shell"),
    **dict.fromkeys(("shell-session", "shellscript", "text", "plaintext", "txt"), "shell"),
    **dict.fromkeys(("python", "py", "python3"), "python"),
    **dict.fromkeys(("js", "javascript", "ts", "typescript", "node", "jsx"), "javascript"),
    **dict.fromkeys(("powershell", "ps1", "pwsh", "ps"), "powershell"),
    **dict.fromkeys(("json", "yaml", "yml", "toml", "json5"), "data"),
}
_FENCE = re.compile(r"[ \t>]{0,12}(?P<mark>`{3,16}|~{3,16})[ \t]*(?P<language>[\w+#-]{0,30})")
_HEADING = re.compile(r"(?P<level>#{1,6})[ \t]+(?P<title>.{1,300})")
_BOLD_TITLE = re.compile(
    r"[ \t]{0,3}(?:[-*] |\d{1,3}[.)] )?\*\*(?P<title>[^*]{1,120})\*\*:?[ \t]*$"
)


@dataclass(frozen=True)
class Snippet:
    """Code in a document: a fenced block, or the whole of a script."""

    kind: Kind
    text: str
    first_line: int


@dataclass(frozen=True)
class Heading:
    """A heading; a line in bold counts as one below all others."""

    line: int
    level: int
    title: str
    parent: "Heading | None"


_BOLD_LEVEL = 7


def _below(before: list[Heading], line: int, level: int, title: str) -> Heading:
    """A heading under the nearest one before it that is of a higher rank."""
    parent = before[-1] if before else None
    while parent is not None and parent.level >= level:
        parent = parent.parent
    return Heading(line, level, title, parent)


@dataclass(frozen=True)
class Document:
    """A text with its path in the skill; `cut` tells that the file goes on."""

    path: str
    kind: Kind
    text: str
    cut: bool = False

    @cached_property
    def lower(self) -> str:
        """The text for looking up anchors; as long as `text`."""
        lowered = self.text.lower()
        if len(lowered) == len(self.text):
            return lowered
        return "".join(c if len(low := c.lower()) != 1 else low for c in self.text)

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line."""
        starts = [0]
        starts.extend(found.end() for found in re.finditer("\n", self.text))
        return starts

    @cached_property
    def lines(self) -> list[str]:
        """The text line by line."""
        return self.text.split("\n")

    def line_at(self, offset: int) -> int:
        """The number, from 1, of the line that holds an offset."""
        return bisect_right(self.starts, offset)

    def line(self, number: int) -> str:
        """A line by its number from 1; '' beyond the ends."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    @cached_property
    def fenced(self) -> frozenset[int]:
        """The numbers of the lines inside code blocks of a Markdown text."""
        return frozenset(
            number
            for snippet in self.snippets
            if self.kind == "markdown"
            for number in range(
                snippet.first_line, snippet.first_line + snippet.text.count("\n") + 1
            )
        )

    @cached_property
    def snippets(self) -> tuple[Snippet, ...]:
        """The code blocks of a Markdown text; a script is one snippet."""
        if self.kind == "markdown":
            return tuple(self._blocks())
        return (Snippet(self.kind, self.text, 1),)

    def _blocks(self) -> Iterator[Snippet]:
        mark, language, first = "", "", 0
        for number, line in enumerate(self.lines, 1):
            if "```" not in line and "~~~" not in line:
                continue
            fence = _FENCE.match(line)
            if fence is None:
                continue
            if not mark:
                mark, language, first = fence["mark"], fence["language"].lower(), number + 1
            elif fence["mark"].startswith(mark) and not fence["language"]:
                yield self._block(language, first, number - 1)
                mark = ""
        if mark:
            yield self._block(language, first, len(self.lines))

    def _block(self, language: str, first: int, last: int) -> Snippet:
        kind = _LANGUAGES.get(language, "text")
        return Snippet(kind, "\n".join(self.lines[first - 1 : last]), first)

    @cached_property
    def headings(self) -> list[Heading]:
        """The headings in order, each with the one that it stands under."""
        found: list[Heading] = []
        for number, line in enumerate(self.lines, 1):
            if number in self.fenced:
                continue
            if heading := _HEADING.match(line):
                found.append(_below(found, number, len(heading["level"]), heading["title"]))
            elif "**" in line and (bold := _BOLD_TITLE.match(line)):
                found.append(_below(found, number, _BOLD_LEVEL, bold["title"]))
        return found

    def trail(self, number: int) -> list[str]:
        """The headings that a line stands under, the nearest first.

        The title of a `SKILL.md` is left out: what a skill calls itself excuses nothing.
        """
        titled = self.path.lower().endswith(("skill.md", "skills.md"))
        at = bisect_right(self.headings, number, key=lambda heading: heading.line)
        heading = self.headings[at - 1] if at else None
        trail: list[str] = []
        while heading is not None:
            if heading.level > 1 or not titled:
                trail.append(heading.title)
            heading = heading.parent
        return trail

    def pieces(self, number: int) -> Iterator[str]:
        """A line in pieces that are short enough for any pattern."""
        line = self.line(number)
        for start in range(0, max(1, len(line)), MAX_LINE - OVERLAP):
            yield line[start : start + MAX_LINE]
            if start + MAX_LINE >= len(line):
                return


def read_document(path: str, data: bytes, limit: int = MAX_TEXT) -> Document | None:
    """The document that a file is, at most `limit` characters of it; None where it is not text."""
    kind = kind_of(path, data)
    if kind is None:
        return None
    text = data[: limit * 4].decode("utf-8-sig", errors="replace")
    cut = len(text) > limit
    text = text[:limit].replace("\r\n", "\n").replace("\r", "\n")
    return Document(path, kind, text, cut)


def kind_of(path: str, data: bytes) -> Kind | None:
    """What a file is written in, by its name, else by its first bytes; None if it is binary."""
    name = PurePosixPath(path.rpartition("!/")[2]).name.lower()
    suffix = PurePosixPath(name).suffix
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if name in _SHELL_NAMES:
        return "shell"
    head = data[:4096]
    if head.startswith(b"#!"):
        return _by_shebang(head.split(b"\n", 1)[0])
    if b"\0" in head or _mostly_binary(head):
        return None
    return "text"


def _by_shebang(line: bytes) -> Kind:
    interpreters: tuple[tuple[bytes, Kind], ...] = (
        (b"python", "python"),
        (b"node", "javascript"),
        (b"deno", "javascript"),
        (b"bun", "javascript"),
        (b"pwsh", "powershell"),
        (b"sh", "shell"),
    )
    for name, kind in interpreters:
        if name in line:
            return kind
    return "text"


def _mostly_binary(head: bytes) -> bool:
    controls = sum(1 for byte in head if byte < 9 or 13 < byte < 32)
    return controls * 10 > len(head)
