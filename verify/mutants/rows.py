"""Row files: CSV, TSV, JSON lists of objects and JSON lines."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import cast

from verify.mutants.cells import Cell, blank, meaning_of, off_by_one, stale_for, wrong_date
from verify.mutants.mutant import Site, Surroundings


@dataclass(frozen=True)
class Table:
    """Column names and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def with_rows(self, rows: list[tuple[Cell, ...]]) -> "Table":
        """The same columns over other rows."""
        return Table(self.columns, tuple(rows))

    def with_cell(self, row: int, column: int, cell: Cell) -> "Table":
        """One cell replaced."""
        cells = list(self.rows[row])
        cells[column] = cell
        return self.with_rows([*self.rows[:row], tuple(cells), *self.rows[row + 1 :]])


class RowFormat:
    """A row file by the suffix of its name: `.csv`, `.tsv`, `.json` or `.jsonl`."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix

    def meaning(self, data: bytes, *, ordered: bool) -> Hashable:
        """Columns in any order; rows as a list where their order counts, else as a bag."""
        table = self.load(data)
        order = sorted(range(len(table.columns)), key=lambda place: table.columns[place])
        rows = [tuple(meaning_of(row[place]) for place in order) for row in table.rows]
        names = tuple(table.columns[place] for place in order)
        return names, tuple(rows) if ordered else frozenset(Counter(rows).items())

    def sites(self, data: bytes, around: Surroundings, rng: Random) -> list[Site]:
        """Mistakes in rows, in cells and in the columns."""
        table = self.load(data)

        def site(operator: str, where: str, spoil: Callable[[], Table | None]) -> Site:
            def make() -> bytes | None:
                spoilt = spoil()
                return None if spoilt is None else self.rewrite(data, spoilt)

            return Site(operator, where, make)

        return [site(*parts) for parts in _mistakes(table, around, rng)]

    def load(self, data: bytes) -> Table:
        """Read the file.

        Raises:
            ValueError: it holds no rows of plain values.
        """
        text = data.decode("utf-8-sig")
        if self.suffix in (".csv", ".tsv"):
            return _load_csv(text, "\t" if self.suffix == ".tsv" else ",")
        if self.suffix == ".jsonl":
            return _load_objects([json.loads(line) for line in text.splitlines() if line.strip()])
        return _load_objects(json.loads(text))

    def rewrite(self, data: bytes, table: Table) -> bytes:
        """Write the file anew, with another table in it."""
        del data
        if self.suffix in (".csv", ".tsv"):
            out = io.StringIO()
            delimiter = "\t" if self.suffix == ".tsv" else ","
            writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
            writer.writerow(table.columns)
            writer.writerows(table.rows)
            return out.getvalue().encode()
        objects = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        if self.suffix == ".jsonl":
            return "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects).encode()
        return json.dumps(objects, ensure_ascii=False, indent=2).encode()


def _load_csv(text: str, delimiter: str) -> Table:
    lines = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    if not lines or any(len(row) != len(lines[0]) for row in lines):
        raise ValueError("rows of different length")
    return Table(tuple(lines[0]), tuple(tuple(row) for row in lines[1:]))


def _load_objects(document: object) -> Table:
    if not isinstance(document, list) or not document:
        raise ValueError("no list of objects")
    items = cast("list[object]", document)
    if not all(isinstance(item, dict) for item in items):
        raise ValueError("no list of objects")
    objects = cast("list[dict[str, Cell]]", items)
    columns = tuple(objects[0])
    for item in objects:
        if set(item) != set(columns) or any(isinstance(v, dict | list) for v in item.values()):
            raise ValueError("objects of different shape")
    return Table(columns, tuple(tuple(item[name] for name in columns) for item in objects))


_Mistake = tuple[str, str, Callable[[], Table | None]]


def _mistakes(table: Table, around: Surroundings, rng: Random) -> Iterator[_Mistake]:
    yield from _row_mistakes(table, around)
    for row, cells in enumerate(table.rows):
        for column in range(len(cells)):
            yield from _cell_mistakes(table, row, column, around, rng)
    for column, name in enumerate(table.columns):
        yield "drop-column", name, partial(_without_column, table, column)
        yield "rename-column", name, partial(_renamed, table, column)


def _row_mistakes(table: Table, around: Surroundings) -> Iterator[_Mistake]:
    rows = table.rows
    for at in range(len(rows)):
        where = f"row {at + 1}"
        put = partial(_spliced, table, at)
        invented = tuple(_invented(cell) for cell in rows[at])
        yield "drop-row", where, partial(put, 1)
        yield "duplicate-row", where, partial(put, 0, rows[at])
        yield "add-row", where, partial(_spliced, table, at + 1, 0, invented)
        if around.ordered and at:
            yield "unsorted", where, partial(_spliced, table, at - 1, 2, rows[at], rows[at - 1])
    if len(rows) > 1:
        kept = len(rows) * 2 // 3
        yield "truncated", f"after row {kept}", partial(_spliced, table, kept, len(rows) - kept)


def _spliced(table: Table, at: int, gone: int, *fresh: tuple[Cell, ...]) -> Table:
    """The table with `fresh` rows in place of the `gone` rows from `at` on."""
    return table.with_rows([*table.rows[:at], *fresh, *table.rows[at + gone :]])


def _invented(cell: Cell) -> Cell:
    more = off_by_one(cell)
    if more is not None:
        return more
    return f"{cell} II" if isinstance(cell, str) and not wrong_date(cell) else cell


def _cell_mistakes(
    table: Table, row: int, column: int, around: Surroundings, rng: Random
) -> Iterator[_Mistake]:
    cell, name = table.rows[row][column], table.columns[column]
    where = f"row {row + 1} {name}"
    put = partial(table.with_cell, row, column)
    more = off_by_one(cell)
    if more is not None:
        yield "off-by-one", where, partial(put, more)
    if isinstance(cell, str) and (dated := wrong_date(cell)):
        yield "wrong-date", where, partial(put, dated)
    if meaning_of(cell):
        yield "empty-cell", where, partial(put, blank(cell))
    if column + 1 < len(table.columns):
        yield "swapped-fields", where, partial(_swapped, table, row, column)
    seed = rng.random()

    def stale() -> Table | None:
        candidates = around.stale.get(name) or around.stale.get("", ())
        old = stale_for(cell, candidates, Random(seed))
        return None if old is None else put(old)

    yield "stale-value", where, stale


def _swapped(table: Table, row: int, column: int) -> Table:
    left, right = table.rows[row][column : column + 2]
    return table.with_cell(row, column, right).with_cell(row, column + 1, left)


def _without_column(table: Table, column: int) -> Table | None:
    if len(table.columns) == 1:
        return None
    return Table(
        table.columns[:column] + table.columns[column + 1 :],
        tuple(row[:column] + row[column + 1 :] for row in table.rows),
    )


def _renamed(table: Table, column: int) -> Table:
    columns = list(table.columns)
    columns[column] += "_2"
    return Table(tuple(columns), table.rows)
