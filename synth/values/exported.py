"""Rows for another program: a workbook, a page with a table, XML, a database."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from html import escape
from typing import Literal, TypedDict

from clawgym.artifact import ArtifactKind, ColumnType
from synth.values.base import Head, Step, Value
from synth.values.plain import Cell, Row, plain
from synth.values.rows import Field, RowSet
from verify.checks import Check, Heading, HeadingsCheck, TableCheck, TableColumn
from verify.mutants.cells import number_of
from verify.workbooks import workbook

ExportForm = Literal["xlsx", "html", "xml", "sqlite"]

_HALF_A_CENT = 0.0051
_TYPES = {ColumnType.INTEGER: "INTEGER", ColumnType.NUMBER: "REAL"}


class _Place(TypedDict, total=False):
    """Where in a file the table is, as a check takes it."""

    at: tuple[str, ...]
    sheet: str
    query: str


@dataclass(frozen=True)
class ExportedRows(Value):
    """Rows in a form.

    Attributes:
        rows: what is in them.
        form: which form.
        name: of the sheet, the page, the root element or the table.
        item: the name of the element of one row, in XML.
        worded: whether the figures have become texts, which nobody asks for.
    """

    rows: RowSet
    form: ExportForm
    name: str
    item: str = ""
    worded: bool = False

    @property
    def figures(self) -> set[str]:
        """Those of the rows."""
        return self.rows.figures

    @property
    def has_types(self) -> bool:
        """Whether the form tells numbers from texts."""
        return self.form in ("xlsx", "sqlite")

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The rows in their form."""
        return {path: _WRITERS[self.form](self)}

    def cells(self) -> list[Row]:
        """The rows as they are written."""
        if not self.worded:
            return list(self.rows.rows)
        return [tuple(plain(cell) for cell in row) for row in self.rows.rows]

    def checks(self, step: Step) -> list[Check]:
        """The columns as a gate, then the right rows, every cell, and what the form has besides."""
        path, rows = step.path, self.rows
        gate = step.gate("parse", self._found_at(path), ", ".join(rows.names))
        keys = step.core(
            "keys", 0.4, f"{path} holds the right rows", f"{len(rows.rows)} rows by {rows.key}"
        )
        typed = self.has_types and any(field.numeric for field in rows.fields)
        rest = 0.2 if typed else 0.1 if self.form == "html" else 0.0
        order = "" if self.form == "sqlite" else ", and the rows are in order"
        cells = step.core("cells", 0.6 - rest, f"every cell of {path} is right{order}", rows.sample)
        checks: list[Check] = [
            self._table(gate, path, rows.names, rows=()),
            self._table(keys, path, rows.key),
            self._table(cells, path, rows.names, ordered=self.form != "sqlite"),
        ]
        if typed:
            figures = tuple(field.name for field in rows.fields if field.numeric)
            says = f"{path} has the figures as numbers, not as text"
            head = step.core("figures", rest, says, ", ".join(figures))
            checks.append(self._table(head, path, tuple({*rows.key, *figures}), typed=True))
        if self.form == "html":
            head = step.core("heading", rest, f"{path} has the heading {self.name}", self.name)
            checks.append(HeadingsCheck(**head, path=path, headings=(Heading(text=self.name),)))
        return checks

    def _found_at(self, path: str) -> str:
        """Where the table is, in words."""
        columns = f"the columns {', '.join(self.rows.names)}"
        return {
            "xlsx": f"{path} has a sheet {self.name} with {columns}",
            "html": f"{path} has a table with {columns}",
            "xml": f"{path} has a root {self.name} and elements {self.item} in it with {columns}",
            "sqlite": f"{path} has a table {self.name} with {columns}",
        }[self.form]

    def _table(
        self,
        head: Head,
        path: str,
        names: tuple[str, ...],
        *,
        rows: tuple[Row, ...] | None = None,
        ordered: bool = False,
        typed: bool = False,
    ) -> TableCheck:
        """A check of some columns; without rows, that there is such a table."""
        wanted = [field for field in self.rows.fields if field.name in names]
        chosen = self.rows.select(tuple(field.name for field in wanted))
        place: dict[ExportForm, _Place] = {
            "xlsx": {"sheet": self.name},
            "html": {},
            "xml": {"at": (self.name, self.item)},
            "sqlite": {"query": f'SELECT * FROM "{self.name}"'},  # noqa: S608 - a name of ours
        }
        return TableCheck(
            **head,
            path=path,
            **place[self.form],
            columns=tuple(self._column(field, typed=typed) for field in wanted),
            key=self.rows.key,
            rows=chosen.rows if rows is None else rows,
            ordered=ordered,
            extra_columns=len(wanted) < len(self.rows.fields),
            extra_rows=rows is not None,
        )

    def _column(self, field: Field, *, typed: bool) -> TableColumn:
        if field.numeric or _is_figure(self.rows.values(field.name)):
            exact = typed and field.numeric
            return TableColumn(name=field.name, type="number", absolute=_HALF_A_CENT, typed=exact)
        return TableColumn(name=field.name)


def _is_figure(cells: list[Cell]) -> bool:
    """Whether all texts look like numbers, such as years: then they may become numbers."""
    return all(number_of(cell) is not None for cell in cells if cell != "") and any(cells)


def _book(value: ExportedRows) -> bytes:
    return workbook({value.name: [value.rows.names, *value.cells()]})


def _page(value: ExportedRows) -> bytes:
    title = escape(value.name)
    head = "".join(f"<th>{escape(name)}</th>" for name in value.rows.names)
    lines = "".join(
        f"<tr>{''.join(f'<td>{escape(plain(cell))}</td>' for cell in row)}</tr>\n"
        for row in value.cells()
    )
    return (
        f"<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n"
        f"<table>\n<tr>{head}</tr>\n{lines}</table>\n"
    ).encode()


def _xml(value: ExportedRows) -> bytes:
    names, item = value.rows.names, value.item
    lines = "".join(
        f"  <{item}>\n"
        + "".join(
            f"    <{name}>{escape(plain(cell), quote=False)}</{name}>\n"
            for name, cell in zip(names, row, strict=True)
        )
        + f"  </{item}>\n"
        for row in value.cells()
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}<{value.name}>\n{lines}</{value.name}>\n".encode()


def _database(value: ExportedRows) -> bytes:
    columns = ", ".join(
        f'"{field.name}" {"TEXT" if value.worded else _TYPES.get(field.type, "TEXT")}'
        for field in value.rows.fields
    )
    gaps = ", ".join("?" * len(value.rows.fields))
    rows = [tuple(None if cell == "" else cell for cell in row) for row in value.cells()]
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f'CREATE TABLE "{value.name}" ({columns})')
        database.executemany(f'INSERT INTO "{value.name}" VALUES ({gaps})', rows)  # noqa: S608 - our own name
        database.commit()
        return database.serialize()


_WRITERS: dict[ExportForm, Callable[[ExportedRows], bytes]] = {
    "xlsx": _book,
    "html": _page,
    "xml": _xml,
    "sqlite": _database,
}
