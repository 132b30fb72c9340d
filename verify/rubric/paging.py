"""Pages: a deliverable of any size in portions that fit into a judge's context.

Nothing is cut: what does not fit on one page goes on on the next. Only beyond `max_pages` is
something left out, and then the judge and the result say what.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from clawgym.quoting import CONTINUED, LINE, quote_name
from verify.rubric.deliverable import Document

_ROOM_FOR_A_HEADING = 1_500
_SMALLEST_PAGE = 4_000


@dataclass(frozen=True)
class Paging:
    """How much a judge reads at a time, and at most.

    `page_chars` is in characters: about four to a token in English, one in Chinese.
    """

    page_chars: int = 100_000
    max_pages: int = 40


@dataclass(frozen=True)
class Passage:
    """A text under a heading; the heading is one line, quoted by its maker."""

    heading: str
    text: str


@dataclass(frozen=True)
class Page:
    """Lines, quoted, from the passages under these headings."""

    lines: tuple[str, ...]
    headings: tuple[str, ...]


@dataclass(frozen=True)
class Pages:
    """At least one page, and the headings of what is not shown, or not to its end."""

    pages: Sequence[Page]
    not_shown: tuple[str, ...] = ()


def passages(documents: Sequence[Document]) -> list[Passage]:
    """The documents under headings that say what they are."""
    total = len(documents)
    return [
        Passage(f"document {number} of {total}: {_described(document)}", document.text)
        for number, document in enumerate(documents, start=1)
    ]


def _described(document: Document) -> str:
    if document.state == "said":
        return "the messages of the agent"
    about = f"{document.state}, {document.kind}, {document.size:,} bytes"
    note = f"; note: {quote_name(document.note)}" if document.note else ""
    return f"file {quote_name(document.path)} ({about}{note})"


def paginate(texts: Sequence[Passage], paging: Paging) -> Pages:
    """Lay out the passages in their order."""
    size = max(paging.page_chars, _SMALLEST_PAGE)
    layout = _Layout(size)
    for passage in texts:
        layout.begin(passage.heading)
        for row in _rows(passage.text, size - _ROOM_FOR_A_HEADING):
            layout.add(row)
    pages = layout.finish()
    kept, dropped = pages[: paging.max_pages], pages[paging.max_pages :]
    missing = dict.fromkeys(heading for page in dropped for heading in page.headings)
    return Pages(tuple(kept), tuple(missing))


def _rows(text: str, widest: int) -> Iterator[str]:
    for line in text.split("\n"):
        for start in range(0, max(1, len(line)), widest):
            yield (CONTINUED if start else LINE) + line[start : start + widest]


@dataclass
class _Layout:
    """Fills page after page; a heading never stands alone at the foot of a page."""

    size: int
    _pages: list[Page] = field(default_factory=list[Page])
    _lines: list[str] = field(default_factory=list[str])
    _headings: list[str] = field(default_factory=list[str])
    _used: int = 0
    _heading: str = ""
    _pending: bool = False

    def begin(self, heading: str) -> None:
        self._heading, self._pending = heading, True

    def add(self, row: str) -> None:
        needed = len(row) + 1 + (len(self._heading) + 1 if self._pending else 0)
        if self._lines and self._used + needed > self.size:
            self._turn()
        if self._pending or not self._lines:
            self._put(self._heading if self._pending else f"{self._heading} (continued)")
            self._headings.append(self._heading)
            self._pending = False
        self._put(row)

    def finish(self) -> list[Page]:
        if self._lines or not self._pages:
            self._turn()
        return self._pages

    def _put(self, line: str) -> None:
        self._lines.append(line)
        self._used += len(line) + 1

    def _turn(self) -> None:
        self._pages.append(Page(tuple(self._lines), tuple(self._headings)))
        self._lines, self._headings, self._used = [], [], 0
