#!/usr/bin/env python3
"""Explain a crontab, check it, and list when its jobs run next."""

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
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()
WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
MONTH_NAMES = [
    "",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
FIELDS = (
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day", 1, 31, []),
    ("month", 1, 12, ["", *MONTHS]),
    ("weekday", 0, 7, DAYS),
)
SHORTCUTS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
VARIABLE = re.compile(r"\s*[A-Za-z_]\w*\s*=")
YEARS = 9  # a 29 February may be eight years away


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


class FieldError(Exception):
    """One line of the crontab that cron would refuse."""


@dataclass(frozen=True)
class Job:
    """One job: the values of its five fields, and whether each day field is restricted."""

    line: int
    fields: tuple[frozenset[int], ...]
    texts: tuple[str, ...]
    command: str

    def runs_on(self, moment: datetime) -> bool:
        """Cron's rule: two restricted day fields are alternatives."""
        _, _, days, months, weekdays = self.fields
        if moment.month not in months:
            return False
        in_month = moment.day in days
        in_week = (moment.weekday() + 1) % 7 in weekdays
        if self.texts[2].startswith("*") or self.texts[4].startswith("*"):
            return in_month and in_week
        return in_month or in_week

    def runs(self, after: datetime) -> Iterator[datetime]:
        """Moments after a moment, in order; ends where none comes for years."""
        day = after.replace(hour=0, minute=0)
        end = later(after)
        while day < end:
            if self.runs_on(day):
                for hour in sorted(self.fields[1]):
                    for minute in sorted(self.fields[0]):
                        moment = day.replace(hour=hour, minute=minute)
                        if moment > after:
                            end = later(moment)
                            yield moment
            try:
                day += timedelta(days=1)
            except OverflowError:
                return


def later(moment: datetime) -> datetime:
    """How far ahead a run is looked for; the calendar of the machine ends with the year 9999."""
    try:
        return moment + timedelta(days=366 * YEARS)
    except OverflowError:
        return datetime.max


# -- reading --------------------------------------------------------------------------------


def read_crontab(
    path: Path, system: bool
) -> tuple[list[Job], list[tuple[int, str]], list[tuple[int, str]]]:
    """Jobs, problems, and the lines of jobs that have no time (`@reboot`)."""
    jobs: list[Job] = []
    problems: list[tuple[int, str]] = []
    at_boot: list[tuple[int, str]] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#") or VARIABLE.match(line):
            continue
        try:
            job = job_of(number, line.strip(), system)
        except FieldError as error:
            problems.append((number, str(error)))
            continue
        if job is None:
            at_boot.append((number, line.split(None, 1)[1]))
            continue
        jobs.append(job)
        if re.search(r"(?<!\\)%", job.command):
            problems.append((number, "an unescaped % ends the command for cron; write \\%"))
        if next(job.runs(datetime(2024, 1, 1)), None) is None:
            problems.append((number, "no such date: the job never runs"))
    return jobs, problems, at_boot


def job_of(number: int, line: str, system: bool) -> Job | None:
    if line.startswith("@"):
        name, _, rest = line.partition(" ")
        if name.lower() == "@reboot" and rest.strip():
            return None
        if name.lower() not in SHORTCUTS:
            raise FieldError(f"{name} is no shortcut that cron knows")
        line = f"{SHORTCUTS[name.lower()]} {rest}"
    parts = line.split(None, 6 if system else 5)
    wanted = 7 if system else 6
    if len(parts) < wanted:
        raise FieldError(f"five time fields{', a user' if system else ''} and a command are needed")
    fields = tuple(values_of(text, *field) for text, field in zip(parts, FIELDS))
    weekdays = frozenset(value % 7 for value in fields[4])
    return Job(number, (*fields[:4], weekdays), tuple(parts[:5]), parts[-1].strip())


def values_of(text: str, name: str, low: int, high: int, names: list[str]) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?", part)
        if not found:
            raise FieldError(f"{name} {part!r} is no value, range or step")
        step = int(found[3] or 1)
        first = low if found[1] is None else number_of(found[1], name, names)
        last = number_of(found[2], name, names) if found[2] else first
        if found[1] is None or (found[3] and not found[2]):
            last = 6 if name == "weekday" else high
        if name == "weekday" and found[2] and last == 0:
            last = 7  # fri-sun
        if not low <= first <= high or not low <= last <= high or step < 1:
            raise FieldError(f"{name} {part!r} lies outside {low}-{high}")
        if first > last:
            raise FieldError(f"{name} {part!r} runs backwards")
        values.update(range(first, last + 1, step))
    return frozenset(values)


def number_of(text: str, name: str, names: list[str]) -> int:
    if text.isdecimal():
        return int(text)
    if text.lower()[:3] in names and text.isalpha():
        return names.index(text.lower()[:3])
    raise FieldError(f"{name} {text!r} is unknown")


# -- words ----------------------------------------------------------------------------------


def in_words(job: Job) -> str:
    minute, hour, day, month, weekday = job.texts
    minutes, hours = sorted(job.fields[0]), sorted(job.fields[1])
    if len(minutes) * len(hours) <= 4:
        when = "at " + listing([f"{h:02d}:{m:02d}" for h in hours for m in minutes])
    else:
        when = minute_words(minute, minutes) + (
            "" if hour == "*" else f", in the hours {spans(hours)}"
        )
    days = []
    if day != "*":
        days.append(f"on day {spans(sorted(job.fields[2]))} of the month")
    if weekday != "*":
        days.append("on " + listing([WEEKDAYS[value] for value in sorted(job.fields[4])]))
    joint = " and " if day.startswith("*") or weekday.startswith("*") else " or "
    months = (
        ""
        if month == "*"
        else " in " + listing([MONTH_NAMES[value] for value in sorted(job.fields[3])])
    )
    return " ".join([when, joint.join(days) or "every day"]) + months


def minute_words(text: str, minutes: list[int]) -> str:
    if text == "*":
        return "every minute"
    if found := re.fullmatch(r"\*/(\d+)", text):
        return f"every {found[1]} minutes"
    return f"at minute {spans(minutes)}"


def spans(values: list[int]) -> str:
    """1, 2, 3, 7 as `1-3 and 7`."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return listing([str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs])


def listing(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


# -- commands -------------------------------------------------------------------------------


def run_explain(arguments: argparse.Namespace) -> int:
    jobs, problems, at_boot = read_crontab(arguments.crontab, arguments.system)
    said = [(job.line, f"{in_words(job)}: {job.command}") for job in jobs]
    said += [
        (line, f"once after each start of the machine: {command}") for line, command in at_boot
    ]
    said += [(line, f"problem: {text}") for line, text in problems]
    for line, text in sorted(said, key=lambda entry: entry[0]):
        print(f"line {line}: {text}")
    print(f"{len(jobs) + len(at_boot)} jobs, {len(problems)} problems")
    return 1 if problems else 0


def run_next(arguments: argparse.Namespace) -> int:
    jobs, problems, _ = read_crontab(arguments.crontab, arguments.system)
    for line, text in problems:
        print(f"note: line {line}: {text}", file=sys.stderr)
    found: list[tuple[datetime, int, str]] = []
    for job in jobs:
        for count, moment in enumerate(job.runs(arguments.after)):
            if count >= arguments.runs or (arguments.until and moment >= arguments.until):
                break
            found.append((moment, job.line, job.command))
    rows: list[Row] = [
        {"time": moment.strftime("%Y-%m-%d %H:%M"), "line": line, "command": command}
        for moment, line, command in sorted(found)
    ]
    for row in rows[:20]:
        print(f"{row['time']}  {row['command']}")
    if arguments.output:
        write_rows(arguments.output, Table(["time", "line", "command"], rows, typed=True))
        print(f"wrote {arguments.output}: {len(rows)} runs")
    return 0


# -- files ----------------------------------------------------------------------------------


def as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_json_value(value: object) -> object:
    """A CSV text that is written like a plain number becomes that number."""
    if isinstance(value, str) and INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return float(value)
    return value


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


# -- command line ---------------------------------------------------------------------------


def moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M")
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form 'YYYY-MM-DD HH:MM'"
        ) from error


def positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 100000")
    return int(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Say what each job does, and what is wrong."
    sub = commands.add_parser("explain", help=text, description=text)
    sub.set_defaults(run=run_explain)

    text = "List the next runs in order of time."
    other = commands.add_parser("next", help=text, description=text)
    other.add_argument("--after", type=moment, required=True, metavar="TIME")
    other.add_argument("--until", type=moment, metavar="TIME")
    other.add_argument("--runs", type=positive, default=5, metavar="N")
    other.add_argument("-o", "--output", type=Path, metavar="OUT")
    other.set_defaults(run=run_next)

    for each in (sub, other):
        each.add_argument("crontab", type=Path, metavar="CRONTAB")
        each.add_argument("--system", action="store_true", help="the sixth field is a user")
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
