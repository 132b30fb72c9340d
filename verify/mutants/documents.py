"""Markdown documents: mistakes in tables, in figures behind a label and in the title."""

import re
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from random import Random

from verify.mutants.cells import blank, meaning_of, off_by_one, stale_for, wrong_date
from verify.mutants.mutant import Site, Surroundings

_RULE = re.compile(r"[|:\-\s]*-[|:\-\s]*")
_FIGURE = re.compile(r"^(?P<label>[^:=|]*[^\W\d][^:=|]*[:=]\s*)(?P<number>[+-]?\d[\d,]*(?:\.\d+)?)")
_Mistake = tuple[str, str, Callable[[], list[str] | None]]


class DocumentFormat:
    """A Markdown document, line by line."""

    def meaning(self, data: bytes, *, ordered: bool) -> Hashable:
        """The lines without blank ones, emphasis and the padding of tables."""
        del ordered
        lines = (_plain(line) for line in data.decode("utf-8-sig").splitlines())
        return tuple(line for line in lines if line)

    def sites(self, data: bytes, around: Surroundings, rng: Random) -> list[Site]:
        """Mistakes in every row and cell of a table, in every figure and in the title."""
        lines = data.decode("utf-8-sig").splitlines()

        def site(operator: str, where: str, spoil: Callable[[], list[str] | None]) -> Site:
            def make() -> bytes | None:
                spoilt = spoil()
                return None if spoilt is None else ("\n".join(spoilt) + "\n").encode()

            return Site(operator, where, make)

        return [site(*parts) for parts in _mistakes(lines, around, rng)]


def _plain(line: str) -> str:
    if "|" in line:
        if _RULE.fullmatch(line):
            return "|-|"
        return "|".join(meaning_of(cell.strip("*_` ")) for cell in _cells(line))
    return re.sub(r"[*_`]", "", line).strip()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _mistakes(lines: list[str], around: Surroundings, rng: Random) -> Iterator[_Mistake]:
    in_body = False
    for at, line in enumerate(lines):
        is_row = "|" in line
        in_body = is_row and (in_body or bool(_RULE.fullmatch(line)))
        if in_body and not _RULE.fullmatch(line):
            yield from _row_mistakes(lines, at, around, rng)
        elif not is_row:
            yield from _line_mistakes(lines, at, around, rng)
    heading = next((at for at, line in enumerate(lines) if line.startswith("#")), None)
    if heading is not None:
        yield "other-title", lines[heading], partial(_put, lines, heading, "# Untitled")
        yield "no-title", lines[heading], partial(_put, lines, heading, None)
    if len(lines) > 2:
        kept = len(lines) * 2 // 3
        yield "truncated", f"after line {kept}", lambda: lines[:kept]


def _row_mistakes(
    lines: list[str], at: int, around: Surroundings, rng: Random
) -> Iterator[_Mistake]:
    where, cells = f"line {at + 1}", _cells(lines[at])
    yield "drop-row", where, partial(_put, lines, at, None)
    yield "duplicate-row", where, lambda: [*lines[:at], lines[at], *lines[at:]]
    invented = _row(
        [str(off_by_one(cell) or "") or cell + (" II" if cell else "") for cell in cells]
    )
    yield "add-row", where, lambda: [*lines[: at + 1], invented, *lines[at + 1 :]]
    if around.ordered and _is_row_before(lines, at):
        yield (
            "unsorted",
            where,
            lambda: [*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]],
        )
    for column, cell in enumerate(cells):
        place = f"{where} cell {column + 1}"
        for operator, spoilt in (
            ("off-by-one", off_by_one(cell)),
            ("wrong-date", wrong_date(cell)),
            ("empty-cell", blank(cell)),
            ("stale-value", stale_for(cell, around.stale.get("", ()), rng)),
        ):
            if spoilt is not None:
                changed = [*cells[:column], str(spoilt), *cells[column + 1 :]]
                yield operator, place, partial(_put, lines, at, _row(changed))
        if column + 1 < len(cells):
            pair = [cells[column + 1], cell]
            swapped = [*cells[:column], *pair, *cells[column + 2 :]]
            yield "swapped-fields", place, partial(_put, lines, at, _row(swapped))


def _is_row_before(lines: list[str], at: int) -> bool:
    return "|" in lines[at - 1] and not _RULE.fullmatch(lines[at - 1])


def _line_mistakes(
    lines: list[str], at: int, around: Surroundings, rng: Random
) -> Iterator[_Mistake]:
    found = _FIGURE.match(lines[at])
    if not found:
        return
    where, number = found["label"].strip(), found["number"].replace(",", "")
    yield "drop-figure", where, partial(_put, lines, at, None)
    rest = lines[at][found.end() :]
    for operator, spoilt in (
        ("off-by-one", off_by_one(number)),
        ("stale-value", stale_for(number, around.stale.get("", ()), rng)),
        ("empty-cell", ""),
    ):
        if spoilt is not None:
            yield operator, where, partial(_put, lines, at, f"{found['label']}{spoilt}{rest}")


def _put(lines: list[str], at: int, line: str | None) -> list[str]:
    return [*lines[:at], *([] if line is None else [line]), *lines[at + 1 :]]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
