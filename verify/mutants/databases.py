"""SQLite databases: mistakes in single rows and cells."""

import sqlite3
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from random import Random

from verify.mutants.cells import Cell, meaning_of, off_by_one, stale_for, wrong_date
from verify.mutants.mutant import Site, Surroundings

_MAX_ROWS = 500


@dataclass(frozen=True)
class _Row:
    table: str
    id: int
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def where(self) -> str:
        return f"{self.table} row {self.id}"


class DatabaseFormat:
    """A SQLite file, opened in memory; tables without a rowid are left alone."""

    def meaning(self, data: bytes, *, ordered: bool) -> Hashable:
        """The schema and the rows of each table as a bag."""
        del ordered
        with closing(_open(data)) as database:
            rows = Counter((r.table, tuple(map(meaning_of, r.cells))) for r in _rows(database))
            return frozenset(_tables(database)), frozenset(rows.items())

    def sites(self, data: bytes, around: Surroundings, rng: Random) -> list[Site]:
        """Every table under another name, and mistakes in its first rows."""
        with closing(_open(data)) as database:
            changes = [
                *(change for table in _tables(database) for change in _renamings(table)),
                *(c for row in _rows(database)[:_MAX_ROWS] for c in _mistakes(row, around, rng)),
            ]
        return [
            Site(operator, where, partial(_changed, data, statement, values))
            for operator, where, statement, values in changes
        ]


def _open(data: bytes) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(data)
        database.execute("SELECT count(*) FROM sqlite_master")
    except (sqlite3.Error, OverflowError) as error:
        database.close()
        raise ValueError(str(error)) from error
    return database


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _tables(database: sqlite3.Connection) -> list[str]:
    found = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND upper(sql) NOT LIKE '%WITHOUT ROWID%' AND upper(sql) NOT LIKE 'CREATE VIRTUAL%'"
        " ORDER BY name"
    )
    return [str(name) for (name,) in found]


def _rows(database: sqlite3.Connection) -> list[_Row]:
    rows: list[_Row] = []
    try:
        for table in _tables(database):
            cursor = database.execute(f"SELECT rowid, * FROM {_quoted(table)} ORDER BY rowid")  # noqa: S608 - a quoted identifier
            columns = tuple(str(part[0]) for part in cursor.description[1:])
            rows += [_Row(table, row[0], columns, tuple(map(_cell, row[1:]))) for row in cursor]
    except sqlite3.Error as error:
        raise ValueError(str(error)) from error
    return rows


def _cell(value: object) -> Cell:
    return value if isinstance(value, str | int | float) or value is None else repr(value)


_Change = tuple[str, str, str, tuple[Cell, ...]]


def _renamings(table: str) -> Iterator[_Change]:
    other = _quoted(f"{table}_2")
    yield "rename-table", table, f"ALTER TABLE {_quoted(table)} RENAME TO {other}", ()


def _mistakes(row: _Row, around: Surroundings, rng: Random) -> Iterator[_Change]:
    table = _quoted(row.table)
    yield "drop-row", row.where, f"DELETE FROM {table} WHERE rowid = ?", (row.id,)  # noqa: S608
    twice = f"INSERT INTO {table} SELECT * FROM {table} WHERE rowid = ?"  # noqa: S608
    yield "duplicate-row", row.where, twice, (row.id,)
    for left, right in pairwise(row.columns):
        one, other = _quoted(left), _quoted(right)
        swap = f"UPDATE {table} SET {one} = {other}, {other} = {one} WHERE rowid = ?"  # noqa: S608
        yield "swapped-fields", f"{row.where} {left}", swap, (row.id,)
    for column, cell in zip(row.columns, row.cells, strict=True):
        spoilt: dict[str, Cell] = {
            "off-by-one": off_by_one(cell),
            "wrong-date": wrong_date(cell) if isinstance(cell, str) else None,
            "empty-cell": "" if isinstance(cell, str) else None,
            "stale-value": stale_for(
                cell, around.stale.get(column) or around.stale.get("", ()), rng
            ),
        }
        for operator, wrong in spoilt.items():
            if wrong is not None:
                statement = f"UPDATE {table} SET {_quoted(column)} = ? WHERE rowid = ?"  # noqa: S608
                yield operator, f"{row.where} {column}", statement, (wrong, row.id)


def _changed(data: bytes, statement: str, values: tuple[Cell, ...]) -> bytes | None:
    with closing(_open(data)) as database:
        try:
            database.execute(statement, values)
            database.commit()
        except sqlite3.Error:
            return None  # a constraint forbids this mistake
        return database.serialize()
