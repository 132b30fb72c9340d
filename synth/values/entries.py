"""Rows as the entries of a log, a mailbox or a calendar."""

import unicodedata
import zlib
from collections.abc import Sequence
from datetime import date

from clawgym.artifact import ArtifactKind
from synth.values.plain import Row, plain

_TRACE = "    at handle (service.py:%d)\n    at main (service.py:12)"
_FIXED_LOG = ("time", "level", "component", "message")
_FIXED_MAIL = ("date", "from", "subject")
_HELLOS = ("Hello,", "Good morning,", "Hi,", "Dear all,", "Good afternoon,")
_BYES = ("Kind regards", "Best wishes", "Thank you", "Thanks and regards", "Many thanks")
_LEADS = (
    "please see the details below.",
    "as discussed on the phone, I am sending you the details.",
    "I hope that this is all you need.",
    "this is everything in one place, so that nothing gets lost.",
    "sorry that it took me so long.",
    "could you look into this, please?",
    "I was told to write to this address.",
    "my last mail came back, so I am trying once more.",
    "please confirm that this has reached you.",
    "I could not find anybody on the phone, so I am writing.",
)
_TAILS = (
    "",
    "",
    "Please tell me if anything is missing.",
    "You can reach me by phone in the morning.",
    "I look forward to your answer.",
    "A short reply would be enough.",
    "There is no hurry, but I would like to know by the end of the week.",
)


def render_entries(kind: ArtifactKind, names: Sequence[str], rows: Sequence[Row]) -> str:
    """A file of that kind with one entry a row.

    Raises:
        TypeError: rows have no such form.
    """
    if kind not in _FORMS:
        raise TypeError(f"rows cannot be written as {kind}")
    return _FORMS[kind](names, rows)


def _log(names: Sequence[str], rows: Sequence[Row]) -> str:
    extra = [name for name in names if name not in _FIXED_LOG]
    lines: list[str] = []
    for row in rows:
        cell = dict(zip(names, row, strict=True))
        pairs = " ".join(f"{name}={plain(cell[name])}" for name in extra)
        lines.append(
            f"{cell['time']} {cell['level']} {cell['component']}: {cell['message']} {pairs}"
        )
        if cell["level"] == "ERROR":
            lines.append(_TRACE % (zlib.crc32(lines[-1].encode()) % 400))
    return "\n".join(lines) + "\n"


def _mailbox(names: Sequence[str], rows: Sequence[Row]) -> str:
    extra = [name for name in names if name not in _FIXED_MAIL]
    parts: list[str] = []
    for number, row in enumerate(rows, 1):
        cell = dict(zip(names, row, strict=True))
        day = date.fromisoformat(str(cell["date"]))
        clock = f"{8 + number % 9:02d}:{number * 7 % 60:02d}:00"
        body = "\n".join(f"{_said(name)}: {plain(cell[name])}" for name in extra)
        parts.append(
            f"From {cell['from']} {day:%a %b} {day.day:>2} {clock} {day.year}\n"
            f"Date: {day:%a, %d %b %Y} {clock} +0000\n"
            f"From: <{cell['from']}>\nTo: <office@ours.example>\nSubject: {cell['subject']}\n"
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
            f"{_letter(str(cell['from']), number, body)}\n"
        )
    return "\n".join(parts)


def _letter(sender: str, number: int, body: str) -> str:
    """The text around a filled-in form: everybody greets in a way of their own."""
    habit = zlib.crc32(sender.casefold().encode())
    hello, bye = _HELLOS[habit % len(_HELLOS)], _BYES[habit // 7 % len(_BYES)]
    lead = _LEADS[(habit // 49 + number) % len(_LEADS)]
    first, dot, _ = sender.partition("@")[0].partition(".")
    name = f"\n{first.capitalize()}" if dot else ""
    tail = _TAILS[(habit // 490 + number) % len(_TAILS)]
    parts = [hello, lead, body, *([tail] if tail else []), f"{bye}{name}"]
    return "\n\n".join(parts)


def _address(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.split(maxsplit=1)[0]).lower()
    return f"{''.join(sign for sign in folded if sign.isascii())}@office.example"


def _said(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _calendar(names: Sequence[str], rows: Sequence[Row]) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//diary//EN"]
    for number, row in enumerate(rows, 1):
        cell = {name: str(item) for name, item in zip(names, row, strict=True)}
        day = cell["date"].replace("-", "")
        lines += [
            "BEGIN:VEVENT",
            f"UID:{number}@diary.example",
            f"DTSTART:{day}T{cell['start'].replace(':', '')}00",
            f"DTEND:{day}T{cell['end'].replace(':', '')}00",
            f"SUMMARY:{cell['summary']}",
            f"LOCATION:{cell['location']}",
            f"ORGANIZER;CN={cell['organizer']}:mailto:{_address(cell['organizer'])}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


_FORMS = {
    ArtifactKind.LOG: _log,
    ArtifactKind.MAILBOX: _mailbox,
    ArtifactKind.CALENDAR: _calendar,
}
