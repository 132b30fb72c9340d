"""Text that is read line by line: notes, logs, calendars, mail, XML and HTML."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from html.parser import HTMLParser
from random import Random
from xml.etree import ElementTree as ET

from verify.mutants.cells import off_by_one_in, wrong_date
from verify.mutants.mutant import Site, Surroundings

_Mistake = tuple[str, str, Callable[[], list[str]]]


class LineFormat:
    """A text by the suffix of its name."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    def meaning(self, data: bytes, *, ordered: bool) -> Hashable:
        """The lines without blank ones; XML in canonical form, HTML as read, calendars unfolded."""
        text = data.decode("utf-8-sig")
        if self._suffix == ".html":
            return _as_read(text)
        if self._suffix in (".xml", ".svg"):
            return _canonical_xml(text)
        if self._suffix in (".ics", ".vcf"):
            text = re.sub(r"\r?\n[ \t]", "", text)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return tuple(lines) if ordered or self._suffix != ".ics" else _events(lines)

    def sites(self, data: bytes, around: Surroundings, rng: Random) -> list[Site]:
        """Mistakes in every line that is not blank."""
        del rng
        text = data.decode("utf-8-sig")
        lines, end = text.splitlines(), "\r\n" if "\r\n" in text else "\n"

        def site(operator: str, where: str, spoil: Callable[[], list[str]]) -> Site:
            def make() -> bytes:
                return (end.join(spoil()) + end).encode()

            return Site(operator, where, make)

        return [site(*mistake) for mistake in _mistakes(lines, around)]


def _canonical_xml(text: str) -> str:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return text  # entities can grow without bound: not ours to expand
    try:
        return ET.canonicalize(text, strip_text=True)
    except ET.ParseError as error:
        raise ValueError(str(error)) from error


class _Reading(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Hashable] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.found.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        """Text."""
        if words := " ".join(data.split()):
            self.found.append(words)


def _as_read(text: str) -> Hashable:
    """Where elements begin, and the text between: readers make up for ends that are missing.

    A list within a list that has no items of its own says nothing.
    """
    reading = _Reading()
    reading.feed(text)
    reading.close()
    lists = ("ul", ()), ("ol", ())
    following = zip(reading.found, [*reading.found[1:], None], strict=True)
    return tuple(one for one, other in following if not (one == other and one in lists))


def _events(lines: list[str]) -> Hashable:
    """A calendar as a bag of events: their order says nothing, nor that of their lines."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("BEGIN:"):
            parts.append([])
        parts[-1].append(line)
    return frozenset(Counter(tuple(sorted(part)) for part in parts).items())


def _mistakes(lines: list[str], around: Surroundings) -> Iterator[_Mistake]:
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        where = f"line {at + 1}"
        yield "drop-line", where, partial(_put, lines, at)
        yield "duplicate-line", where, partial(_put, lines, at, line, line)
        if (more := off_by_one_in(line)) is not None:
            yield "off-by-one", where, partial(_put, lines, at, more)
        if (dated := wrong_date(line)) is not None:
            yield "wrong-date", where, partial(_put, lines, at, dated)
        if around.ordered and at and lines[at - 1].strip():
            yield "unsorted", where, partial(_put, lines, at, line, lines[at - 1])
    if len(lines) > 1:
        kept = len(lines) * 2 // 3
        yield "truncated", f"after line {kept}", lambda: lines[:kept]


def _put(lines: list[str], at: int, *instead: str) -> list[str]:
    return [*lines[:at], *instead, *lines[at + 1 :]]
