"""Rows: what tables and records hold, and the entries of logs, mailboxes and calendars."""

import csv
import io
import json
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date
from enum import StrEnum
from typing import Literal, TypedDict

from clawgym.artifact import ArtifactKind, Column, ColumnType
from synth.values.base import Step, Value
from synth.values.entries import render_entries
from synth.values.plain import Cell, Row, plain
from verify.checks import Check, RowLayoutCheck, RowsCheck

ROW_KINDS = (ArtifactKind.TABLE, ArtifactKind.RECORDS)

_LAYOUT = 0.1
"""What of a step's point is earned by the order of rows and columns, where one was stated."""


class Role(StrEnum):
    """What a column is good for."""

    ID = "id"
    DATE = "date"
    LINK = "link"
    CATEGORY = "category"
    MEASURE = "measure"
    TEXT = "text"


class Use(StrEnum):
    """What rows are there for, and so what somebody may still want of them.

    records  what people keep: anything may be done with them
    listing  what a look at something has turned up, such as matches, files or tests: it can be
             narrowed down, counted by category and passed on, but nobody adds it up
    answer   what was to be known, such as the profile of a file: nothing is made of it
    """

    RECORDS = "records"
    LISTING = "listing"
    ANSWER = "answer"


Scale = Literal["amount", "level", "mark"]
"""How figures may be used: amounts are added up; levels, such as percentages, scores and prices per
unit, are compared and averaged; of marks, such as years and lines, there is a first and a last."""

Better = Literal["", "high", "low"]
"""Which figures of a column are the good ones; "" where nobody could say."""


@dataclass(frozen=True)
class Field:
    """A column with its type and its role; `scale` and `better` are those of its figures."""

    name: str
    type: ColumnType
    role: Role
    scale: Scale = "amount"
    better: Better = ""

    @property
    def numeric(self) -> bool:
        """Whether its cells are numbers."""
        return self.type in (ColumnType.INTEGER, ColumnType.NUMBER)


@dataclass(frozen=True)
class Subject:
    """What rows of a domain are about, and what has happened to them: it decides what to ask next.

    Attributes:
        domain: its name.
        first: the first day that its feed tells of.
        last: the last one.
        today: the day on which somebody asks.
        picked: the columns that a selection went by.
        label: what such a selection is called in the names of files, such as `overdue_invoices`.
        joined: the columns that were looked up elsewhere.
        main: of an overview, the figure that it is about.
        cut: whether these are the first few only, whose sum means nothing.
    """

    domain: str
    first: date
    last: date
    today: date
    picked: tuple[str, ...] = ()
    label: str = ""
    joined: tuple[str, ...] = ()
    main: str = ""
    cut: bool = False


_SOME_DAY = date(2000, 1, 31)


def matter(name: str, day: date = _SOME_DAY) -> Subject:
    """The subject of rows that are no events of a domain, such as the dead links of a site.

    Args:
        name: a table of `data/matters.toml`, where the questions stand that people ask of them.
        day: what a question means that speaks of today.
    """
    return Subject(name, day, day, day)


@dataclass(frozen=True)
class RowSet(Value):
    """Rows of a table or of records.

    `key` names the columns that tell rows apart, `topic` what the rows are about. `duplicated`
    says that some ids stand twice, `sorted_rows` that the order is part of the truth, `grouped`
    that a row stands for a group, `use` what the rows are there for, `subject` which questions they
    answer where they are a domain's; it makes no difference to whether rows are the same.
    """

    fields: tuple[Field, ...]
    rows: tuple[Row, ...]
    key: tuple[str, ...]
    topic: str = ""
    duplicated: bool = False
    grouped: bool = False
    sorted_rows: bool = False
    use: Use = Use.RECORDS
    subject: Subject | None = dataclass_field(default=None, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(field.name for field in self.fields)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns as the task graph states them."""
        return tuple(Column(name=field.name, type=field.type) for field in self.fields)

    def index(self, name: str) -> int:
        """The position of a column; `ValueError` if there is none of that name."""
        return self.names.index(name)

    def field(self, name: str) -> Field:
        """The column of that name."""
        return self.fields[self.index(name)]

    def values(self, name: str) -> list[Cell]:
        """One column, top to bottom."""
        place = self.index(name)
        return [row[place] for row in self.rows]

    def of_role(self, *roles: Role) -> list[Field]:
        """The columns that have one of these roles."""
        return [field for field in self.fields if field.role in roles]

    @property
    def amounts(self) -> list[Field]:
        """The figures that may be added up."""
        return [field for field in self.of_role(Role.MEASURE) if field.scale == "amount"]

    def with_rows(self, rows: list[Row]) -> "RowSet":
        """The same columns over other rows."""
        return replace(self, rows=tuple(rows))

    def select(self, names: tuple[str, ...]) -> "RowSet":
        """The same rows, reduced to some columns in a new order."""
        places = [self.index(name) for name in names]
        return replace(
            self,
            fields=tuple(self.fields[place] for place in places),
            rows=tuple(tuple(row[place] for place in places) for row in self.rows),
            key=tuple(name for name in self.key if name in names),
        )

    @property
    def figures(self) -> set[str]:
        """The numbers of groups; other rows are taken over from the input."""
        if not self.grouped:
            return set()
        numeric = [field.name for field in self.fields if field.numeric]
        return {plain(cell) for name in numeric for cell in self.values(name)}

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """As CSV, JSON or JSON lines by the path's extension; or as the entries of a log, say."""
        if kind in ROW_KINDS:
            return {path: _encode(self, path).encode()}
        return {path: render_entries(kind, self.names, self.rows).encode()}

    def checks(self, step: Step) -> list[Check]:
        """The columns as a gate, then the right rows, then every cell, then the stated order."""
        path, columns = step.path, ", ".join(self.names)
        parse = step.gate("parse", f"{path} has the columns {columns}", columns)
        keys = step.core(
            "keys",
            0.4,
            f"{path} holds the right rows",
            f"{len(self.rows)} rows, told apart by {', '.join(self.key)}",
        )
        layout = self._layout_checks(step)
        cells = step.core(
            "cells",
            0.6 - sum(check.weight for check in layout),
            f"every cell of {path} is right",
            f"{len(self.rows)} rows such as {self.sample}",
        )
        expected = self.expected(path)
        return [
            RowsCheck(**parse, **expected, type="rows_parse"),
            RowsCheck(**keys, **expected, type="row_keys"),
            RowsCheck(**cells, **expected, type="row_cells"),
            *layout,
        ]

    def _layout_checks(self, step: Step) -> list[Check]:
        """That rows and columns stand as was stated; of sorted rows, the cells see to that."""
        rows = step.rows_stated and not self.sorted_rows and len(self.rows) > 1
        columns = step.columns_stated and step.path.endswith((".csv", ".tsv"))
        if not (rows or columns):
            return []
        told_apart = len(set(map(self._key_cells, self.rows))) == len(self.rows)
        names = self.key if told_apart else self.names
        said = " and ".join(["rows"] * rows + ["columns"] * columns)
        head = step.core(
            "layout",
            _LAYOUT,
            f"the {said} of {step.path} stand in the order that was asked for",
            self.sample,
        )
        places = [self.index(name) for name in names]
        return [
            RowLayoutCheck(
                **head,
                path=step.path,
                header=self.names if columns else (),
                columns=names,
                numeric=tuple(self.fields[place].numeric for place in places),
                key=names,
                rows=tuple(tuple(row[place] for place in places) for row in self.rows),
                ordered=rows,
            )
        ]

    def _key_cells(self, row: Row) -> tuple[Cell, ...]:
        return tuple(row[self.index(name)] for name in self.key)

    def expected(self, path: str) -> "ExpectedRows":
        """The rows as a check of the file at `path` takes them."""
        return ExpectedRows(
            path=path,
            columns=self.names,
            numeric=tuple(field.numeric for field in self.fields),
            key=self.key,
            rows=self.rows,
            ordered=self.sorted_rows,
        )

    @property
    def sample(self) -> str:
        """The first row, for people."""
        return " / ".join(plain(cell) for cell in self.rows[0]) if self.rows else ""


class ExpectedRows(TypedDict):
    """The part of a `RowsCheck` that says what the rows are."""

    path: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    key: tuple[str, ...]
    rows: tuple[Row, ...]
    ordered: bool


def _encode(value: RowSet, path: str) -> str:
    if path.endswith((".csv", ".tsv")):
        out = io.StringIO()
        comma = "\t" if path.endswith(".tsv") else ","
        writer = csv.writer(out, lineterminator="\n", delimiter=comma)
        writer.writerow(value.names)
        writer.writerows([plain(cell) for cell in row] for row in value.rows)
        return out.getvalue()
    objects = [dict(zip(value.names, row, strict=True)) for row in value.rows]
    if path.endswith(".jsonl"):
        return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in objects)
    return json.dumps(objects, ensure_ascii=False, indent=2) + "\n"
