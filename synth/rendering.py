"""From values to files: the bytes that a task's workspace starts with."""

import csv
import io
import json
import zlib
from datetime import date

from clawgym.artifact import ArtifactKind
from synth.values import Cell, Config, Document, RowSet, Value

_TRACE = "    at handler (service.py:%d)\n    caused by: TimeoutError"
_FIXED_LOG = ("time", "level", "component", "message")
_FIXED_MAIL = ("date", "from", "subject")


def render(value: Value, kind: ArtifactKind, path: str) -> bytes:
    """The file content of a source value.

    Raises:
        TypeError: the value is a document, which is no source.
    """
    if isinstance(value, Config):
        return value.text.encode()
    if isinstance(value, Document):
        raise TypeError("documents are results, not sources")
    if kind is ArtifactKind.LOG:
        return _log(value).encode()
    if kind is ArtifactKind.MAILBOX:
        return _mailbox(value).encode()
    if kind is ArtifactKind.CALENDAR:
        return _calendar(value).encode()
    return _rows(value, path).encode()


def plain(cell: Cell) -> str:
    """A cell as a person writes it: two decimals for money, no exponent."""
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def _rows(value: RowSet, path: str) -> str:
    if path.endswith(".csv"):
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(value.names)
        writer.writerows([plain(cell) for cell in row] for row in value.rows)
        return out.getvalue()
    objects = [dict(zip(value.names, row, strict=True)) for row in value.rows]
    if path.endswith(".jsonl"):
        return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in objects)
    return json.dumps(objects, ensure_ascii=False, indent=2) + "\n"


def _log(value: RowSet) -> str:
    extra = [name for name in value.names if name not in _FIXED_LOG]
    lines: list[str] = []
    for row in value.rows:
        cell = dict(zip(value.names, row, strict=True))
        pairs = " ".join(f"{name}={plain(cell[name])}" for name in extra)
        lines.append(
            f"{cell['time']} {cell['level']} {cell['component']}: {cell['message']} {pairs}"
        )
        if cell["level"] == "ERROR":
            lines.append(_TRACE % (zlib.crc32(lines[-1].encode()) % 400))
    return "\n".join(lines) + "\n"


def _mailbox(value: RowSet) -> str:
    extra = [name for name in value.names if name not in _FIXED_MAIL]
    parts: list[str] = []
    for number, row in enumerate(value.rows, 1):
        cell = dict(zip(value.names, row, strict=True))
        day = date.fromisoformat(str(cell["date"]))
        clock = f"{8 + number % 9:02d}:{number * 7 % 60:02d}:00"
        body = "\n".join(f"{name.capitalize()}: {plain(cell[name])}" for name in extra)
        parts.append(
            f"From {cell['from']} {day:%a %b} {day.day:>2} {clock} {day.year}\n"
            f"Date: {day:%a, %d %b %Y} {clock} +0000\n"
            f"From: <{cell['from']}>\nTo: <orders@our-shop.example>\nSubject: {cell['subject']}\n"
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
            f"Hello,\n\nplease note our order:\n\n{body}\n\nKind regards\n"
        )
    return "\n".join(parts)


def _calendar(value: RowSet) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//diary//EN"]
    for number, row in enumerate(value.rows, 1):
        cell = {name: str(item) for name, item in zip(value.names, row, strict=True)}
        day = cell["date"].replace("-", "")
        lines += [
            "BEGIN:VEVENT",
            f"UID:{number}@diary.example",
            f"DTSTART:{day}T{cell['start'].replace(':', '')}00",
            f"DTEND:{day}T{cell['end'].replace(':', '')}00",
            f"SUMMARY:{cell['summary']}",
            f"LOCATION:{cell['location']}",
            f"ORGANIZER;CN={cell['organizer']}:mailto:{cell['organizer'].split()[0].lower()}@office.example",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])
