"""Exporting: rows in a form that another program takes, what it is called there, and why."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Literal

from pydantic import Field

from clawgym.artifact import ArtifactKind, ColumnType
from synth.operations.base import AskedParams, listing, told_if
from synth.taxonomy import Domain
from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.domain import domain_of
from synth.taxonomy.matter import questions_about
from synth.values import RowSet, Value
from synth.values.address_book import AddressBook
from synth.values.agenda import Agenda
from synth.values.exported import ExportedRows, ExportForm
from synth.values.shown import heading

Form = Literal["xlsx", "html", "xml", "sqlite", "agenda", "contacts"]

OUTPUTS: Mapping[Form, tuple[tuple[ArtifactKind, str], ...]] = {
    "xlsx": ((ArtifactKind.TABLE, "xlsx"),),
    "html": ((ArtifactKind.DOCUMENT, "html"),),
    "xml": ((ArtifactKind.RECORDS, "xml"),),
    "sqlite": ((ArtifactKind.TABLE, "sqlite"), (ArtifactKind.TABLE, "db")),
    "agenda": ((ArtifactKind.CALENDAR, "ics"),),
    "contacts": ((ArtifactKind.DOCUMENT, "vcf"),),
}
"""What is written in each form, with the file's extension."""

_SESSION = {"id", "title", "day", "start", "end"}
_PROPERTIES = {
    "name": "FN",
    "company": "ORG",
    "role": "TITLE",
    "group": "CATEGORIES",
    "email": "EMAIL",
    "phone": "TEL",
}
_CONTACT = {"name", "email", "phone"}
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_SHEET_NAME = 31
_SHEET = "Rows"
"""What the sheet is called where the rows' own name is longer than a sheet's may be."""
_AGENDA = 0.4
"""How often dates ahead are wanted in a calendar."""

_FOR_PEOPLE: tuple[ExportForm, ...] = ("xlsx", "html")
_FOR_PROGRAMS: tuple[ExportForm, ...] = ("xml", "sqlite")


class ExportParams(AskedParams):
    """The form, and what things are called in it.

    `name` is the sheet, the heading of the page, the root element or the table, `item` the element
    of a row. `properties` are the columns by the property of a calendar or a card, `day`, `start`
    and `end` the columns of when.
    """

    form: Form
    name: str = ""
    item: str = ""
    properties: dict[str, str] = Field(default_factory=dict[str, str])
    day: str = ""
    start: str = ""
    end: str = ""


class _Days(Data):
    day: str
    summary: str
    description: str


class _Exports(Data):
    why: Mapping[str, tuple[str, ...]]
    agenda: Mapping[str, _Days]


@cache
def _exports() -> _Exports:
    return read_toml(_Exports, "exports.toml")


def propose_export(rng: random.Random, rows: RowSet) -> ExportParams | None:
    """A form that suits the rows; None where they have no names that every form can take."""
    if _CONTACT <= set(rows.names) <= set(_PROPERTIES):
        known = {_PROPERTIES[name]: name for name in rows.names}
        return ExportParams(form="contacts", properties=known)
    if set(rows.names) > _SESSION:
        place = next(name for name in rows.names if name not in _SESSION)
        texts = {"UID": "id", "SUMMARY": "title", "LOCATION": place}
        return ExportParams(form="agenda", properties=texts, day="day", start="start", end="end")
    days = _exports().agenda.get(rows.subject.domain) if rows.subject else None
    if days and _has_days(rows, days) and rng.random() < _AGENDA:
        return _agenda_of(rng, rows, days)
    names = {name.lower() for name in rows.names}
    if not 1 < len(rows.names) == len(names) or not all(map(_PLAIN_NAME.fullmatch, names)):
        return None
    domain = domain_of(rows.subject.domain) if rows.subject else None
    for_programs = domain is not None and domain.technical
    forms = (*_FOR_PEOPLE, *_FOR_PROGRAMS, *_FOR_PROGRAMS) if for_programs else _FOR_PEOPLE
    form = rng.choice(forms)
    name, item = _called(rows, domain, form)
    return ExportParams(form=form, name=name, item=item, why=_why(rng, form, rows))


def _has_days(rows: RowSet, days: _Days) -> bool:
    columns = {days.day, days.summary, days.description, *rows.key}
    return columns <= set(rows.names) and len(rows.key) == 1 and "" not in rows.values(days.day)


def _agenda_of(rng: random.Random, rows: RowSet, days: _Days) -> ExportParams:
    texts = {"UID": rows.key[0], "SUMMARY": days.summary, "DESCRIPTION": days.description}
    return ExportParams(
        form="agenda", properties=texts, day=days.day, why=_why(rng, "agenda", rows)
    )


def _called(rows: RowSet, domain: Domain | None, form: Form) -> tuple[str, str]:
    """What all of it is called, and in XML what one row is."""
    label = rows.subject.label if rows.subject else ""
    events = domain is not None and rows.topic == domain.feed and not label
    said = label or (domain.plural if domain and events else rows.topic) or "rows"
    if form in ("xlsx", "html"):
        title = heading(said)
        fits = form == "html" or len(title) <= _SHEET_NAME
        return title if fits else _SHEET, ""
    name = _plain(rows.topic if events else said)
    if form == "sqlite":
        return name, ""
    one = _plain(domain.singular.split()[-1]) if domain and events else "row"
    return name, one if one != name else "row"


def _plain(text: str) -> str:
    """A text as a name that programs take."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "rows"


def _why(rng: random.Random, form: Form, rows: RowSet) -> str:
    """A reason; those that name a reader only where the rows have readers."""
    asked = questions_about(rows.subject.domain) if rows.subject else None
    readers = [page.reader for page in asked.pages] if asked else []
    ways = [way for way in _exports().why[form] if readers or "{reader}" not in way]
    return rng.choice(ways).format(reader=rng.choice(readers or [""]))


def exported(wanted: ExportParams, rows: RowSet) -> Value:
    """The rows in the form that is wanted."""
    properties = tuple(wanted.properties.items())
    if wanted.form == "contacts":
        return AddressBook(rows, properties)
    if wanted.form == "agenda":
        return Agenda(rows, properties, wanted.day, wanted.start, wanted.end)
    return ExportedRows(rows, wanted.form, wanted.name, wanted.item)


def wrongly_exported(wanted: ExportParams, rows: RowSet) -> Sequence[Value]:
    """A row lost, a row twice, cells in the wrong column or row, another name, figures as text."""
    truth = exported(wanted, rows)
    wrong = [
        exported(wanted, rows.with_rows(list(rows.rows[:-1]))),
        exported(wanted, rows.with_rows([*rows.rows, rows.rows[0]])),
    ]
    if isinstance(truth, ExportedRows):
        swapped = rows.with_rows([(*row[:-2], row[-1], row[-2]) for row in rows.rows])
        wrong += [replace(truth, name="rows_2"), replace(truth, rows=swapped)]
        if truth.has_types and any(field.numeric for field in rows.fields):
            wrong.append(replace(truth, worded=True))
    elif isinstance(truth, Agenda):
        wrong.append(exported(wanted, _shifted(rows, wanted.properties["SUMMARY"])))
        late = rows.with_rows([_a_day_late(row, rows.index(wanted.day)) for row in rows.rows])
        wrong.append(exported(wanted, late))
    else:
        wrong.append(exported(wanted, _shifted(rows, wanted.properties["EMAIL"])))
    return wrong


def _shifted(rows: RowSet, name: str) -> RowSet:
    """The rows with the cells of a column one row too far down."""
    at, cells = rows.index(name), rows.values(name)
    moved = [cells[-1], *cells[:-1]]
    return rows.with_rows(
        [(*row[:at], cell, *row[at + 1 :]) for row, cell in zip(rows.rows, moved, strict=True)]
    )


def _a_day_late(row: tuple[str | int | float, ...], at: int) -> tuple[str | int | float, ...]:
    day = date.fromisoformat(str(row[at])) + timedelta(days=1)
    return (*row[:at], day.isoformat(), *row[at + 1 :])


def export_words(wanted: ExportParams, rows: RowSet) -> dict[str, str]:
    """What the phrases of a form say in braces, and which of them it is."""
    texts = [f"`{column}` as {name}" for name, column in wanted.properties.items()]
    whole_days = bool(wanted.start) and "" in rows.values(wanted.start)
    cells = [str(cell) for row in rows.rows for cell in row]
    variant = "sessions" if wanted.start else wanted.form
    return {
        "variant": variant,
        "name": wanted.name,
        "item": wanted.item,
        "day": wanted.day,
        "start": wanted.start,
        "end": wanted.end,
        "summary": wanted.properties.get("SUMMARY", ""),
        "uid": wanted.properties.get("UID", ""),
        "place": wanted.properties.get("LOCATION", ""),
        "about": wanted.properties.get("DESCRIPTION", ""),
        "texts": listing(texts),
        "whole_days": " Without a time it's an all-day entry." if whole_days else "",
        "figures": told_if(any(field.numeric for field in rows.fields)),
        "days": told_if(any(field.type is ColumnType.DATE for field in rows.fields)),
        "gaps": told_if("" in cells),
        "marks": told_if(any(mark in cell for cell in cells for mark in "&<>")),
    }
