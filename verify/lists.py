"""A list of texts as a file of any type, so that it at least parses: work-shaped, without work."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from html import escape

from verify.workbooks import workbook

_MOST_COLUMNS = 200


def as_file(suffix: str, items: Sequence[str]) -> bytes | None:
    """The items in the format that a suffix stands for; None for formats of plain text."""
    writer = _WRITERS.get(suffix)
    return writer(items) if writer else None


def _delimited(items: Sequence[str], delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerows([items, items])
    return out.getvalue().encode()


def _object(items: Sequence[str]) -> bytes:
    return json.dumps({item: item for item in items}, ensure_ascii=False).encode()


def _lines(items: Sequence[str]) -> bytes:
    return "".join(json.dumps({"item": item}) + "\n" for item in items).encode()


def _xml(items: Sequence[str]) -> bytes:
    rows = "".join(f"<item>{escape(_printable(item))}</item>\n" for item in items)
    return f"<items>\n{rows}</items>\n".encode()


def _page(items: Sequence[str]) -> bytes:
    cells = "".join(f"<th>{escape(item)}</th>" for item in items)
    rows = "".join(f"<h2>{escape(item)}</h2>\n<p>To be completed.</p>\n" for item in items)
    return f"<!doctype html>\n{rows}<table><tr>{cells}</tr></table>\n".encode()


def _book(items: Sequence[str]) -> bytes:
    row = [_printable(item) for item in items]
    return workbook({"Sheet1": [row, row]})


def _calendar(items: Sequence[str]) -> bytes:
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}\r\nDTSTART:20260101T000000\r\nSUMMARY:{_one_line(item)}\r\n"
        "END:VEVENT\r\n"
        for number, item in enumerate(items)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n".encode()


def _cards(items: Sequence[str]) -> bytes:
    return "".join(
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{_one_line(item)}\r\nEND:VCARD\r\n" for item in items
    ).encode()


def _database(items: Sequence[str]) -> bytes:
    """Every item as a table of its own, and as a column of each."""
    names = list({_one_line(item).lower(): _one_line(item) for item in items}.values())
    quoted = ['"' + name.replace('"', '""') + '"' for name in names if name][:_MOST_COLUMNS]
    with closing(sqlite3.connect(":memory:")) as database:
        for table in quoted:
            if not table.lower().startswith('"sqlite_'):
                database.execute(f"CREATE TABLE {table} ({', '.join(quoted)})")
        database.commit()
        return database.serialize()


def _one_line(item: str) -> str:
    return " ".join(_printable(item).split())


def _printable(item: str) -> str:
    """Without signs that XML has no place for."""
    return "".join(sign for sign in item if sign.isprintable() or sign in "\n\t")


_WRITERS: Mapping[str, Callable[[Sequence[str]], bytes]] = {
    ".json": _object,
    ".jsonl": _lines,
    ".csv": lambda items: _delimited(items, ","),
    ".tsv": lambda items: _delimited(items, "\t"),
    ".xml": _xml,
    ".html": _page,
    ".xlsx": _book,
    ".ics": _calendar,
    ".vcf": _cards,
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), _database),
}
