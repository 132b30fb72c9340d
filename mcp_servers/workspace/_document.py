"""A text file as it is searched, and as it is on disk: line ends and byte order mark are kept."""

import codecs
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, NamedTuple

from pydantic import AfterValidator


def _writable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"character {error.start} is half of a surrogate pair") from error
    return text


Text = Annotated[str, AfterValidator(_writable)]
"""A string that UTF-8 can hold."""


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive) of a text."""

    start: int
    end: int


class Replacement(NamedTuple):
    """New words for a span."""

    span: Span
    text: str


@dataclass(frozen=True)
class Document:
    """A decoded file: `raw` is all of it but a byte order mark."""

    raw: str
    marked: bool = False

    @classmethod
    def decode(cls, data: bytes) -> "Document":
        """Read UTF-8.

        Raises:
            UnicodeDecodeError: the bytes are not text.
        """
        body = data.removeprefix(codecs.BOM_UTF8)
        return cls(body.decode(), marked=len(body) < len(data))

    def encode(self) -> bytes:
        """The bytes of the file."""
        return (codecs.BOM_UTF8 if self.marked else b"") + self.raw.encode()

    @cached_property
    def text(self) -> str:
        """The text with LF line ends: what a model sees and searches."""
        return self.raw.replace("\r\n", "\n")

    def replace(self, replacements: Sequence[Replacement]) -> "Document":
        """Splice new words into disjoint spans of `text`; every other character stays as it is."""
        pieces: list[str] = []
        done = 0
        for (start, end), new in sorted(replacements):
            pieces += [self.raw[done : self._in_raw(start)], new.replace("\n", self._line_end)]
            done = self._in_raw(end)
        return Document("".join([*pieces, self.raw[done:]]), self.marked)

    @cached_property
    def _line_end(self) -> str:
        first = self.raw.find("\n")
        return "\r\n" if first > 0 and self.raw[first - 1] == "\r" else "\n"

    @cached_property
    def _dropped(self) -> list[int]:
        """Where `text` lacks a carriage return: the positions of the line feeds after them."""
        ends = [len(piece) for piece in self.raw.split("\r\n")[:-1]]
        positions: list[int] = []
        for length in ends:
            positions.append((positions[-1] + 1 if positions else 0) + length)
        return positions

    def _in_raw(self, position: int) -> int:
        return position + bisect_left(self._dropped, position)
