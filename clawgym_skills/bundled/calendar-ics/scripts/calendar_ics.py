#!/usr/bin/env python3
"""Turn an iCalendar (.ics) file into rows, print a day's agenda, or find free time."""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import getcontext
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
getcontext().prec = 700  # sums of any numbers that we accept are exact


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


FIELDS = ["date", "start", "end", "summary", "location", "minutes", "organizer"]
MORE_FIELDS = ["organizer_email", "description", "status", "uid", "repeats"]
LINE = re.compile(r'(?P<name>[A-Za-z0-9-]+)(?P<params>(?:;[^=:;]+=(?:"[^"]*"|[^":;])*)*):')
PARAM = re.compile(r';([^=]+)=("[^"]*"|[^";]*)')
MOMENT = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
DURATION = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAY = timedelta(days=1)


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Property:
    """One content line: its parameters and its value as written."""

    params: dict[str, str]
    value: str


@dataclass(frozen=True)
class Moment:
    """A date or a date with a time, as written, in the zone that it names."""

    when: datetime
    whole_day: bool
    zone: str


@dataclass(frozen=True)
class Event:
    """One VEVENT."""

    start: Moment
    end: Moment
    texts: dict[str, str]
    rule: dict[str, str]
    excluded: frozenset[date]
    replaces: date | None

    @property
    def length(self) -> timedelta:
        """Elapsed time; across two zones, as their clocks differ on that day."""
        start, end = self.start, self.end
        if start.zone != end.zone and start.zone and end.zone:
            try:
                return end.when.replace(tzinfo=ZoneInfo(end.zone)) - start.when.replace(
                    tzinfo=ZoneInfo(start.zone)
                )
            except (KeyError, ValueError, OSError, OverflowError):
                note(f"{self.texts['SUMMARY']!r}: its zones are unknown here and were ignored")
        return end.when - start.when

    @property
    def address(self) -> str:
        """The organizer's bare mail address, in lower case."""
        return re.sub(r"(?i)^mailto:", "", self.texts["ORGANIZER"]).lower()

    @property
    def blocks(self) -> bool:
        """Whether the event takes up time: not cancelled, not marked as free."""
        return self.texts["STATUS"] != "CANCELLED" and self.texts["TRANSP"] != "TRANSPARENT"

    def row(self) -> Row:
        whole = self.start.whole_day
        return {
            "date": self.start.when.date().isoformat(),
            "start": "" if whole else f"{self.start.when:%H:%M}",
            "end": "" if whole else f"{self.end.when:%H:%M}",
            "summary": self.texts["SUMMARY"],
            "location": self.texts["LOCATION"],
            "minutes": int(self.length.total_seconds() // 60),
            "organizer": self.texts["CN"] or self.address,
            "organizer_email": self.address,
            "description": self.texts["DESCRIPTION"],
            "status": self.texts["STATUS"],
            "uid": self.texts["UID"],
            "repeats": self.texts["RRULE"],
        }


@dataclass(frozen=True)
class Slot:
    """One occurrence of an event."""

    start: datetime
    end: datetime
    event: Event


# -- commands -------------------------------------------------------------------------------


def run_extract(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.ics)
    row_format(arguments.output)
    columns = chosen(arguments.fields, [*FIELDS, *MORE_FIELDS], arguments.ics)
    events = read_events(arguments.ics)
    repeating = sum(bool(event.rule) for event in events)
    if repeating:
        note(f"{repeating} events repeat; each is one row, for its first occurrence")
    rows = [{name: event.row()[name] for name in columns} for event in events]
    write_rows(arguments.output, Table(columns, rows, typed=True))
    print(f"wrote {arguments.output}: {len(rows)} events")
    return 0


def run_agenda(arguments: argparse.Namespace) -> int:
    slots = day_slots(read_events(arguments.ics), arguments.day)
    print(f"{arguments.day} ({arguments.day:%A}): {len(slots)} events")
    latest = datetime.combine(arguments.day, datetime.min.time())
    for slot in slots:
        whole = slot.event.start.whole_day
        span = "all day    " if whole else f"{slot.start:%H:%M}-{slot.end:%H:%M}"
        place = slot.event.texts["LOCATION"]
        marks = [f"({place})"] if place else []
        if slot.event.texts["STATUS"] == "CANCELLED":
            marks.append("[cancelled]")
        elif slot.event.blocks and not whole:
            marks += ["[overlaps]"] if slot.start < latest else []
            latest = max(latest, slot.end)
        print("  ".join([span, slot.event.texts["SUMMARY"] or "(no title)", *marks]))
    return 0


def run_free(arguments: argparse.Namespace) -> int:
    midnight = datetime.combine(arguments.day, datetime.min.time())
    begin, stop = midnight + arguments.begin, midnight + arguments.stop
    if begin >= stop:
        raise InputError("--from must be earlier than --to")
    for slot in day_slots(read_events(arguments.ics), arguments.day):
        if not slot.event.blocks or slot.end <= begin:
            continue
        if slot.start >= stop:
            break
        print_gap(begin, slot.start)
        begin = max(begin, slot.end)
    print_gap(begin, stop)
    return 0


def print_gap(begin: datetime, stop: datetime) -> None:
    if begin < stop:
        minutes = int((stop - begin).total_seconds() // 60)
        print(f"{begin:%H:%M}-{stop:%H:%M}  {minutes} minutes")


# -- occurrences ----------------------------------------------------------------------------


def day_slots(events: list[Event], day: date) -> list[Slot]:
    """What happens on a day, in order of time; replaced occurrences appear once."""
    begin = datetime.combine(day, datetime.min.time())
    moved = {(event.texts["UID"], event.replaces) for event in events if event.replaces}
    slots: list[Slot] = []
    for event in events:
        for start in occurrences(event, begin + DAY):
            replaced = not event.replaces and (event.texts["UID"], start.date()) in moved
            slot = Slot(start, start + (event.end.when - event.start.when), event)
            touches = slot.end > begin or slot.start >= begin
            if touches and not replaced and start.date() not in event.excluded:
                slots.append(slot)
    zones = {slot.event.start.zone for slot in slots} - {""}
    if len(zones) > 1:
        note(f"times are as written, in several zones: {', '.join(sorted(zones))}")
    return sorted(slots, key=lambda slot: (not slot.event.start.whole_day, slot.start, slot.end))


def occurrences(event: Event, before: datetime) -> Iterator[datetime]:
    """The starts of an event that lie before a moment."""
    starts = repeated(event) if event.rule and not event.replaces else iter([event.start.when])
    until = event.rule.get("UNTIL", "")
    last = moment(until, {}).when if until else None
    if last and moment(until, {}).whole_day:
        last += DAY - timedelta(seconds=1)
    count = int(event.rule.get("COUNT", "0")) if event.rule.get("COUNT", "0").isdecimal() else 0
    for number, start in enumerate(starts, 1):
        if start >= before or (last and start > last) or (count and number > count):
            return
        yield start


def repeated(event: Event) -> Iterator[datetime]:
    """Every start that the repetition rule gives, without its end."""
    rule, start = event.rule, event.start.when
    frequency = rule.get("FREQ", "")
    days = [name for name in rule.get("BYDAY", "").split(",") if name]
    interval = rule.get("INTERVAL", "1")
    extra = set(rule) - {"FREQ", "BYDAY", "INTERVAL", "COUNT", "UNTIL", "WKST"}
    simple_days = frequency == "WEEKLY" and set(days) <= set(WEEKDAYS)
    if extra or (days and not simple_days) or not interval.isdecimal() or interval == "0":
        note(f"{event.texts['SUMMARY']!r}: RRULE:{event.texts['RRULE']} is not expanded")
        yield start
        return
    if frequency == "WEEKLY":
        yield from weekly(start, [WEEKDAYS.index(day) for day in days], int(interval))
    elif frequency == "DAILY":
        yield from stepped(start, int(interval))
    elif frequency in ("MONTHLY", "YEARLY"):
        yield from monthly(start, int(interval) * (12 if frequency == "YEARLY" else 1))
    else:
        note(f"{event.texts['SUMMARY']!r}: RRULE:{event.texts['RRULE']} is not expanded")
        yield start


def stepped(start: datetime, days: int) -> Iterator[datetime]:
    while start.year < 9999:
        yield start
        start += days * DAY


def weekly(start: datetime, weekdays: list[int], interval: int) -> Iterator[datetime]:
    monday = start - start.weekday() * DAY
    for week in stepped(monday, 7 * interval):
        for weekday in sorted(weekdays or [start.weekday()]):
            if week + weekday * DAY >= start:
                yield week + weekday * DAY


def monthly(start: datetime, interval: int) -> Iterator[datetime]:
    """The same day of the month; months that lack it are left out."""
    for months in range(0, 12 * (9999 - start.year), interval):
        year, month = divmod(start.month - 1 + months, 12)
        try:
            yield start.replace(year=start.year + year, month=month + 1)
        except ValueError:
            continue


# -- reading --------------------------------------------------------------------------------


def read_events(path: Path) -> list[Event]:
    lines = unfolded(read_text(path))
    if not any(line.upper() == "BEGIN:VCALENDAR" for line in lines):
        raise InputError(f"{path} is not an iCalendar file: it has no BEGIN:VCALENDAR line")
    events: list[Event] = []
    open_parts: list[str] = []
    current: dict[str, list[Property]] = {}
    for line in lines:
        name, parsed = content_line(path, line)
        if name == "BEGIN":
            open_parts.append(parsed.value.upper())
            if open_parts[-1] == "VEVENT":
                current = {}
        elif name == "END":
            part = open_parts.pop() if open_parts else ""
            if part != parsed.value.upper():
                raise InputError(f"{path}: END:{parsed.value} closes nothing that is open")
            if part == "VEVENT":
                events.append(event_of(path, current))
        elif open_parts and open_parts[-1] == "VEVENT":
            current.setdefault(name, []).append(parsed)
    if open_parts:
        raise InputError(f"{path} ends inside {open_parts[-1]}; it seems to be cut off")
    return events


def unfolded(text: str) -> list[str]:
    joined = re.sub(r"\r?\n[ \t]", "", text)
    return [line.rstrip("\r") for line in joined.split("\n") if line.strip()]


def content_line(path: Path, line: str) -> tuple[str, Property]:
    found = LINE.match(line)
    if not found:
        raise InputError(f"{path}: not a calendar line: {line[:60]!r}")
    params = {name.upper(): value.strip('"') for name, value in PARAM.findall(found["params"])}
    return found["name"].upper(), Property(params, line[found.end() :])


def event_of(path: Path, properties: dict[str, list[Property]]) -> Event:
    first = {name: found[0] for name, found in properties.items()}
    wanted = ["SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "TRANSP", "UID", "ORGANIZER", "RRULE"]
    texts = {name: unescaped(first[name].value) if name in first else "" for name in wanted}
    texts["CN"] = first["ORGANIZER"].params.get("CN", "") if "ORGANIZER" in first else ""
    title = texts["SUMMARY"] or texts["UID"] or "an event"
    if "DTSTART" not in first:
        raise InputError(f"{path}: {title!r} has no DTSTART")
    try:
        start = moment(first["DTSTART"].value, first["DTSTART"].params)
        end = end_of(start, first)
        replaced = first.get("RECURRENCE-ID")
        replaces = moment(replaced.value, replaced.params).when.date() if replaced else None
        excluded = [
            moment(value, {}).when.date()
            for found in properties.get("EXDATE", [])
            for value in found.value.split(",")
        ]
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path}: {title!r}: {error}") from error
    texts["STATUS"], texts["TRANSP"] = texts["STATUS"].upper(), texts["TRANSP"].upper()
    pairs = (part.partition("=") for part in texts["RRULE"].upper().split(";") if part)
    rule = {name: value for name, _, value in pairs}
    return Event(start, end, texts, rule, frozenset(excluded), replaces)


def end_of(start: Moment, first: dict[str, Property]) -> Moment:
    if "DTEND" in first:
        return moment(first["DTEND"].value, first["DTEND"].params)
    if "DURATION" in first:
        length = duration(first["DURATION"].value)
    else:
        length = DAY if start.whole_day else timedelta()
    return Moment(start.when + length, start.whole_day, start.zone)


def moment(text: str, params: dict[str, str]) -> Moment:
    found = MOMENT.fullmatch(text.strip())
    parts = [found[1][:4], *re.findall("..", found[1][4:] + (found[2] or ""))] if found else []
    try:
        when = datetime(*map(int, parts))
    except (TypeError, ValueError) as error:
        message = f"{text!r} is not a calendar date or time such as 20260301T090000"
        raise ValueError(message) from error
    zone = "UTC" if found[3] else params.get("TZID", "")
    return Moment(when, not found[2], zone)


def duration(text: str) -> timedelta:
    found = DURATION.fullmatch(text.strip())
    if not found or not any(found.groups()[1:]):
        raise ValueError(f"{text!r} is not a duration such as PT45M")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if found[1] == "-" else length


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


# -- files ----------------------------------------------------------------------------------


def chosen(wanted: list[str] | None, known: list[str], source: Path) -> list[str]:
    """The fields to write: those asked for, which must be known, or all of them."""
    for name in wanted or []:
        if name not in known:
            raise InputError(f"{source} has no field {name!r}; its fields are: {', '.join(known)}")
    return wanted or known


def as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def row_format(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in (*DELIMITERS, ".json", ".jsonl"):
        raise InputError(f"{path}: the file name must end in .csv, .tsv, .json or .jsonl")
    return suffix


def write_rows(path: Path, table: Table) -> None:
    suffix = row_format(path)
    if suffix in DELIMITERS:
        write_text(path, delimited(table, DELIMITERS[suffix]))
        return
    rows = table.rows
    if not table.typed:
        rows = [{key: as_json_value(value) for key, value in row.items()} for row in rows]
    try:
        if suffix == ".json":
            text = json.dumps(rows, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        else:
            lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
            text = "".join(line + "\n" for line in lines)
    except ValueError as error:
        raise InputError(f"cannot write {path}: {error}") from error
    write_text(path, text)


def delimited(table: Table, delimiter: str) -> str:
    # The writer quotes a lone carriage return only where line ends hold one: hence the cut.
    echo = SimpleNamespace(write=str)
    writer = csv.writer(echo, delimiter=delimiter, lineterminator="\r\n")
    cells = [[as_text(row.get(column)) for column in table.columns] for row in table.rows]
    return "".join(writer.writerow(line)[:-2] + "\n" for line in [table.columns, *cells])


def as_json_value(value: object) -> object:
    """A CSV text that is written like a plain number becomes that number."""
    if isinstance(value, str) and INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return float(value)
    return value


def read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}); convert it first, "
            "for example with `iconv -f latin1 -t utf-8`"
        ) from error


def write_text(path: Path, text: str, errors: str = "strict") -> None:
    """Write through a temporary file: a crash leaves the old file or the new one."""
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors=errors, newline="") as stream:
                stream.write(text)
            os.chmod(temporary, mode)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    except UnicodeEncodeError as error:
        raise InputError(f"cannot write {path}: the text is not valid Unicode") from error


def refuse_overwrite(output: Path, *inputs: Path) -> None:
    for source in inputs:
        if os.path.realpath(output) == os.path.realpath(source):
            raise InputError(f"{output} is the input; choose another output file")


# -- command line ---------------------------------------------------------------------------


def names(text: str) -> list[str]:
    """Split `a,b`; a name that holds a comma is written in double quotes."""
    return [name.strip() for name in next(csv.reader([text]), []) if name.strip()]


def day_of(text: str) -> date:
    try:
        return min(date.fromisoformat(text), date.max - DAY)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-03-01") from error


def clock(text: str) -> timedelta:
    found = re.fullmatch(r"(\d\d?):([0-5]\d)", text)
    if not found or int(found[1]) > 24:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 09:00")
    return timedelta(hours=int(found[1]), minutes=int(found[2]))


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("ics", type=Path, metavar="ICS")
        sub.set_defaults(run=run)
        return sub

    sub = command("extract", run_extract, "Write one row per event.")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    sub.add_argument(
        "--fields", type=names, default=FIELDS, help=f"of {', '.join([*FIELDS, *MORE_FIELDS])}"
    )
    sub = command("agenda", run_agenda, "Print what happens on a day.")
    sub.add_argument("--day", type=day_of, required=True, metavar="YYYY-MM-DD")
    sub = command("free", run_free, "Print the gaps between the events of a day.")
    sub.add_argument("--day", type=day_of, required=True, metavar="YYYY-MM-DD")
    sub.add_argument("--from", dest="begin", type=clock, default="09:00", metavar="HH:MM")
    sub.add_argument("--to", dest="stop", type=clock, default="17:00", metavar="HH:MM")
    return top


def main() -> int:
    arguments = parser().parse_args()
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        return arguments.run(arguments)
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
