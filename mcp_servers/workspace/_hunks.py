"""Applying the hunks of a patch to a text: each must fit in exactly one place."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from mcp_servers.toolkit import ToolFailure
from mcp_servers.workspace._document import Document, Replacement, Span
from mcp_servers.workspace._patch import Hunk
from mcp_servers.workspace._search import plain_text

_LADDER: tuple[Callable[[str], str], ...] = (
    lambda line: line,
    str.rstrip,
    str.strip,
    lambda line: plain_text(line.strip()),
)
"""Ever less exact ways to read a line. The first that finds a hunk has to find it once."""


def apply_hunks(document: Document, hunks: Sequence[Hunk], name: str) -> Document:
    """The document with every hunk applied, in order, each after the one before it.

    Raises:
        ToolFailure: a hunk fits nowhere, or in several places.
    """
    lines = document.text.split("\n")
    if lines[-1] == "":
        lines.pop()  # the end of the last line, not a line
    places: list[tuple[int, Sequence[_Line]]] = []
    position = 0
    for number, hunk in enumerate(hunks, 1):
        start, wanted = _locate(lines, hunk, position, f"hunk {number} of {name}")
        places.append((start, wanted))
        position = start + len(_old(wanted))
    return _splice(document, lines, places)


_Line = tuple[str, str]


def _old(lines: Sequence[_Line]) -> list[str]:
    return [text for mark, text in lines if mark != "+"]


def _locate(
    lines: Sequence[str], hunk: Hunk, position: int, what: str
) -> tuple[int, Sequence[_Line]]:
    """Where a hunk starts, and its lines as they are to be taken there."""
    if hunk.context:
        position = _only(lines, [hunk.context], position, f"the @@ context of {what}") + 1
    wanted = hunk.lines
    if not _old(wanted):
        return (position if hunk.context else len(lines)), wanted
    found = _places(lines, _old(wanted), position, at_end=hunk.at_end)
    if not found and wanted[-1] == (" ", ""):
        wanted = wanted[:-1]  # an empty line before the next header is easily taken for context
    return _only(lines, _old(wanted), position, what, at_end=hunk.at_end), wanted


def _only(
    lines: Sequence[str], wanted: Sequence[str], position: int, what: str, *, at_end: bool = False
) -> int:
    places = _places(lines, wanted, position, at_end=at_end)
    if len(places) > 1:
        raise ToolFailure(f"{what} fits in {len(places)} places: add lines around it")
    if not places:
        shown = "\n".join(wanted)
        raise ToolFailure(f"{what} does not fit; these lines were looked for:\n{shown}")
    return places[0]


def _places(
    lines: Sequence[str], wanted: Sequence[str], position: int, *, at_end: bool
) -> list[int]:
    last = len(lines) - len(wanted)
    candidates = [last] if at_end and last >= position else range(position, last + 1)
    for simplify in _LADDER:
        simple = [simplify(line) for line in wanted]
        found = [
            at
            for at in candidates
            if all(simplify(lines[at + n]) == line for n, line in enumerate(simple))
        ]
        if found:
            return found
    return []


def _splice(
    document: Document, lines: Sequence[str], places: Sequence[tuple[int, Sequence[_Line]]]
) -> Document:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    ends = [min(start, len(document.text)) for start in starts]
    unfinished = bool(lines) and not document.text.endswith("\n")
    replacements: list[Replacement] = []
    for first, wanted in places:
        past = first + len(_old(wanted))
        text = "".join(f"{line}\n" for line in _kept_and_new(lines[first:past], wanted))
        if unfinished and past == len(lines) and first < past:
            text = text if _goes_on(wanted) else text.removesuffix("\n")
        elif unfinished and first == len(lines):
            text = f"\n{text}"
        replacements.append(Replacement(Span(ends[first], ends[past]), text))
    return document.replace(_merged(replacements))


def _kept_and_new(source: Sequence[str], wanted: Sequence[_Line]) -> Iterator[str]:
    """The lines that a hunk leaves: those that stay, as the file has them, and the new ones."""
    there = iter(source)
    for mark, text in wanted:
        line = text if mark == "+" else next(there)
        if mark != "-":
            yield line


def _goes_on(wanted: Sequence[_Line]) -> bool:
    """Whether new lines follow one that stays: then that one is no longer the last."""
    marks = "".join(mark for mark, _ in wanted)
    return marks.endswith("+") and marks.rstrip("+").endswith(" ")


def _merged(replacements: Sequence[Replacement]) -> list[Replacement]:
    """Insertions at one place in their order: a splice would sort them by their words."""
    for one, other in pairwise(replacements):
        if one.span == other.span:
            both = Replacement(one.span, one.text + other.text)
            rest = [r for r in replacements if r.span != one.span]
            return _merged([*rest, both]) if rest else [both]
    return list(replacements)
