"""Texts of a report, each printed once: a repeated text becomes a link to where it stands."""

from dataclasses import dataclass
from hashlib import sha256

from bench.excerpt import Excerpt, excerpt

_WORTH_A_LINK = 240


@dataclass(frozen=True)
class Reference:
    """A place in the page: the id of its element and what to call it."""

    anchor: str
    label: str


@dataclass(frozen=True)
class Passage:
    """A text as printed here, or the place where the very same text is printed.

    `anchor` is the element id that later references point at; None for a text too short to repeat.
    """

    excerpt: Excerpt | None
    same_as: Reference | None = None
    anchor: str | None = None


class Passages:
    """The passages of one part of the report; `prefix` keeps its element ids apart from others."""

    def __init__(self, prefix: str, limit: int) -> None:
        self._prefix = prefix
        self._limit = limit
        self._seen: dict[bytes, Reference] = {}

    def print_at(self, text: str, place: Reference) -> None:
        """Say that `text` is printed elsewhere already."""
        self._seen[_key(text)] = place

    def passage(self, text: str, label: str) -> Passage:
        """How to print `text`; `label` tells readers of a later repetition where they find it."""
        if place := self._seen.get(_key(text)):
            return Passage(None, same_as=place)
        shown = excerpt(text, self._limit)
        if len(text) < _WORTH_A_LINK:
            return Passage(shown)
        place = Reference(f"{self._prefix}-{len(self._seen) + 1}", label)
        self.print_at(text, place)
        return Passage(shown, anchor=place.anchor)


def _key(text: str) -> bytes:
    return sha256(text.strip().encode(errors="surrogatepass")).digest()
