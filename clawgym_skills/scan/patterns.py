"""Applying the rules that are patterns: only where one of their anchors stands, line by line."""

import re
from collections.abc import Iterator

from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.document import MAX_LINE, OVERLAP, Document
from clawgym_skills.scan.rule import Compiled, compiled

MOST_LINES = 400
"""How many lines with an anchor are looked at for one pattern in one file."""


def scan_patterns(document: Document, found: Collector) -> None:
    """Record every line that a pattern for this kind of document matches."""
    for pattern in compiled(document.kind):
        for number in _candidates(document, pattern):
            column = _match(document, number, pattern)
            if column is not None:
                found.add_in(pattern.rule.id, document, number, column)


def _candidates(document: Document, pattern: Compiled) -> list[int]:
    """The lines that hold an anchor, in order."""
    lines: set[int] = set()
    for anchor in pattern.pattern.anchors:
        start = document.lower.find(anchor)
        while start >= 0 and len(lines) < MOST_LINES:
            number = document.line_at(start)
            lines.add(number)
            following = document.starts[number] if number < len(document.starts) else None
            start = document.lower.find(anchor, following) if following is not None else -1
    return sorted(lines)


def _match(document: Document, number: int, pattern: Compiled) -> int | None:
    """The column where the pattern starts, None if it does not apply to this line."""
    found = _search(pattern.line, document, number)
    if found is None:
        return None
    if pattern.unless is not None and _search(pattern.unless, document, number) is not None:
        return None
    if pattern.near is not None and not _is_near(pattern.near, document, number, pattern):
        return None
    return found


def _is_near(regex: re.Pattern[str], document: Document, number: int, pattern: Compiled) -> bool:
    within = pattern.pattern.within
    return any(
        _search(regex, document, line) is not None
        for line in _outwards(number, within, len(document.lines))
    )


def _outwards(number: int, within: int, last: int) -> Iterator[int]:
    yield number
    for distance in range(1, within + 1):
        if number + distance <= last:
            yield number + distance
        if number > distance:
            yield number - distance


def _search(regex: re.Pattern[str], document: Document, number: int) -> int | None:
    for index, piece in enumerate(document.pieces(number)):
        if found := regex.search(piece):
            return index * (MAX_LINE - OVERLAP) + found.start()
    return None
