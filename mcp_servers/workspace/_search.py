"""Finding a passage in a text: exactly, else up to the look of quotes, dashes and spaces."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from mcp_servers.workspace._document import Span

_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    }
)
_CLOSEST = 3
_ALIKE = 0.45
_SEARCHED_LINES = 1_000
_SHOWN = 120


def occurrences(text: str, passage: str) -> list[Span]:
    """Every place of `passage`, overlapping ones included; exact places hide the approximate."""
    return list(_exact(text, passage)) or list(_approximate(text, passage))


def _exact(text: str, passage: str) -> Iterator[Span]:
    start = text.find(passage)
    while start >= 0:
        yield Span(start, start + len(passage))
        start = text.find(passage, start + 1)


def _approximate(text: str, passage: str) -> Iterator[Span]:
    wanted = _fold(passage).text
    folded = _fold(text)
    if not wanted.strip():
        return
    for start, end in _exact(folded.text, wanted):
        if (span := folded.source(start, end)) is not None:
            yield span


@dataclass(frozen=True)
class _Folded:
    """A text in plain spelling; `origin[i]` is the source position of its character i."""

    text: str
    origin: list[int]

    def source(self, start: int, end: int) -> Span | None:
        """The source span of a folded one, or None if it would cut a source character in two."""
        first, last = self.origin[start], self.origin[end - 1]
        cut_before = start > 0 and self.origin[start - 1] == first
        cut_after = end < len(self.origin) and self.origin[end] == last
        return None if cut_before or cut_after else Span(first, last + 1)


def _fold(text: str) -> _Folded:
    characters: list[str] = []
    origin: list[int] = []
    position = 0
    for line in text.split("\n"):
        for index, character in enumerate(line.rstrip()):
            plain = _plain(character)
            characters += plain
            origin += [position + index] * len(plain)
        position += len(line) + 1
        characters.append("\n")
        origin.append(position - 1)
    return _Folded("".join(characters[:-1]), origin[:-1])


def _plain(character: str) -> str:
    if character.isspace():
        return " " if unicodedata.category(character) == "Zs" else character
    return unicodedata.normalize("NFKD", character).translate(_LOOKALIKES)


def plain_text(text: str) -> str:
    """`text` in plain spelling: ASCII quotes, dashes and spaces, compatible forms taken apart."""
    return "".join(map(_plain, text))


def closest_lines(text: str, passage: str) -> list[str]:
    """Up to three lines that look most like the first line of `passage`, described for a model."""
    wanted = next((line for line in passage.split("\n") if line.strip()), "").strip()
    scored = [
        (_likeness(wanted, line.strip()), number, line)
        for number, line in enumerate(text.split("\n")[:_SEARCHED_LINES], 1)
    ]
    best = sorted((hit for hit in scored if hit[0] >= _ALIKE), key=lambda hit: (-hit[0], hit[1]))
    return [
        f"line {number} ({score:.0%} alike, {_difference(wanted, line)}): {line[:_SHOWN]}"
        for score, number, line in best[:_CLOSEST]
    ]


def _likeness(wanted: str, line: str) -> float:
    matcher = SequenceMatcher(None, wanted[:_SHOWN], line[:_SHOWN], autojunk=False)
    if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < _ALIKE:
        return 0.0
    return matcher.ratio()


def _difference(wanted: str, line: str) -> str:
    found = line.strip()
    if found == wanted:
        return "the same but for its indentation: compare the lines around it"
    column = next(
        (at for at, (a, b) in enumerate(zip(wanted, found, strict=False)) if a != b),
        min(len(wanted), len(found)),
    )
    return f"differs from character {column + 1} of its text"
