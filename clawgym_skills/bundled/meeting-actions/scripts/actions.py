#!/usr/bin/env python3
"""Collect action items and decisions from meeting notes."""

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
from datetime import date
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
COLUMNS = ["kind", "owner", "due", "done", "text", "file", "line"]
MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}
HEADING = re.compile(
    r"(?:#{1,6}\s+(?P<marked>.+?)\s*#*|\*\*(?P<bold>[^*]+)\*\*:?|(?P<plain>[A-Z][\w ]{2,30}):)\s*"
)
ACTIONS = re.compile(
    r"(?i)\W*(?:action(?:s| items?| points?)?|next steps?|to[- ]?dos?|follow[- ]?ups?|tasks?)\b"
)
DECISIONS = re.compile(r"(?i)\W*(?:decisions?|decided|agreements?|agreed)\b")
BOX = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\[(?P<mark>[ xX])\]\s+(?P<text>.+)")
BULLET = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+(?P<text>.+)")
MARKED = re.compile(
    r"(?:^|(?<=[.!?]\s)|^\s*[-*+]\s+)\**(?P<word>[Aa]ction(?: item)?|AI|TODO|[Dd]ecision|[Dd]ecided|[Aa]greed)\**\s*:\**\s*(?P<text>.+)"
)
NAME = r"[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){0,2}"
OWNERS = [
    re.compile(r"(?<![\w.])@(?P<name>[\w][\w.-]*\w|\w)"),
    re.compile(r"\((?:owner|who|assignee)\s*[:=]\s*(?P<name>[^)]+)\)", re.IGNORECASE),
    re.compile(rf"^(?P<name>{NAME}):\s"),
    re.compile(rf"^(?P<name>{NAME}) (?:to|will|should|must|shall)\s"),
    re.compile(rf"\s[—–-]{{1,2}}\s*(?P<name>{NAME})\s*$"),
]
NOBODY = {
    "somebody",
    "someone",
    "we",
    "team",
    "the team",
    "all",
    "everyone",
    "everybody",
    "tbd",
    "nobody",
    "i",
    "they",
    "it",
    "this",
    "that",
}
DATES = re.compile(
    r"\b(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)\b"
    r"|\b(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>\d{4})\b"
    r"|\b(?P<d3>\d{1,2})(?:st|nd|rd|th)?\.? (?P<m3>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\.?(?:,? (?P<y3>\d{4}))?\b"
    r"|\b(?P<m4>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\.? (?P<d4>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<y4>\d{4}))?\b",
    re.IGNORECASE,
)
AMBIGUOUS = re.compile(r"\b\d{1,2}/\d{1,2}/\d{2,4}\b")


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Item:
    """One action or decision, with the words of the notes."""

    kind: str
    owner: str
    due: str
    done: bool
    text: str
    file: str
    line: int

    def row(self) -> Row:
        return {name: getattr(self, name) for name in COLUMNS} | {
            "done": "yes" if self.done else "no"
        }


# -- reading --------------------------------------------------------------------------------


def items_of(path: Path, year: int | None) -> Iterator[Item]:
    section, in_code = "", False
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
        if in_code or not line.strip():
            continue
        heading = HEADING.fullmatch(line.strip())
        if heading:
            title = heading["marked"] or heading["bold"] or heading["plain"]
            if heading["marked"] or ACTIONS.match(title) or DECISIONS.match(title):
                section = (
                    "action"
                    if ACTIONS.match(title)
                    else "decision"
                    if DECISIONS.match(title)
                    else ""
                )
            year = year_in(title) or year
            continue
        kind, text, done = classified(line, section)
        if kind:
            yield item(kind, text, done, year, (path.as_posix(), number))


def year_in(title: str) -> int | None:
    found = DATES.search(title)
    written = found and (found["y"] or found["y2"] or found["y3"] or found["y4"])
    return int(written) if written else None


def classified(line: str, section: str) -> tuple[str, str, bool]:
    if box := BOX.fullmatch(line):
        return "action", box["text"], box["mark"] != " "
    if marked := MARKED.search(line):
        decided = marked["word"].lower() in ("decision", "decided", "agreed")
        return ("decision" if decided else "action"), marked["text"], False
    if section and (bullet := BULLET.fullmatch(line)):
        return section, bullet["text"], False
    return "", "", False


def item(kind: str, text: str, done: bool, year: int | None, place: tuple[str, int]) -> Item:
    text = " ".join(text.replace("**", "").split())
    due = due_of(text, year)
    if not due and AMBIGUOUS.search(text):
        print(f"note: {place[0]}, line {place[1]}: the date may mean two days", file=sys.stderr)
    return Item(kind, owner_of(text) if kind == "action" else "", due, done, text, *place)


def owner_of(text: str) -> str:
    for pattern in OWNERS:
        found = pattern.search(text)
        if found and found["name"].strip().lower() not in NOBODY:
            return found["name"].strip()
    return ""


def due_of(text: str, year: int | None) -> str:
    for found in DATES.finditer(text):
        parts = found.groupdict()
        for suffix in ("", "2", "3", "4"):
            day, month = parts[f"d{suffix}"], parts[f"m{suffix}"]
            if day and month:
                written = parts[f"y{suffix}"] or year
                number = int(month) if month.isdigit() else MONTHS[month[:3].lower()]
                try:
                    return date(int(written), number, int(day)).isoformat() if written else ""
                except ValueError:
                    return ""
    return ""


# -- commands -------------------------------------------------------------------------------


def run_items(arguments: argparse.Namespace) -> int:
    items = collected(arguments)
    write_rows(arguments.output, Table(COLUMNS, [each.row() for each in items], typed=True))
    print(f"wrote {arguments.output}: {counts(items)}")
    return 0


def run_summary(arguments: argparse.Namespace) -> int:
    items = collected(arguments)
    lines = [f"# {arguments.title}", ""]
    decisions = [each for each in items if each.kind == "decision"]
    if decisions:
        lines += ["## Decisions", "", *(f"- {each.text}" for each in decisions), ""]
    actions = sorted(
        (each for each in items if each.kind == "action"),
        key=lambda each: (not each.owner, each.owner.casefold(), each.due or "9", each.line),
    )
    if actions:
        lines += ["## Actions", ""]
        for each in actions:
            who = each.owner or "**owner?**"
            when = f", due {each.due}" if each.due else ""
            lines.append(f"- [{'x' if each.done else ' '}] {who}{when}: {each.text}")
        lines.append("")
    lines.append(f"{counts(items)}.")
    write_text(arguments.output, "\n".join(lines) + "\n")
    print(f"wrote {arguments.output}: {counts(items)}")
    return 0


def collected(arguments: argparse.Namespace) -> list[Item]:
    for path in arguments.notes:
        refuse_overwrite(arguments.output, path)
    return [each for path in arguments.notes for each in items_of(path, arguments.year)]


def counts(items: list[Item]) -> str:
    actions = [each for each in items if each.kind == "action"]
    ownerless = sum(not each.owner for each in actions)
    done = sum(each.done for each in actions)
    return f"{len(actions)} actions ({done} done, {ownerless} without an owner), {len(items) - len(actions)} decisions"


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


def refuse_overwrite(output: Path, *inputs: Path) -> None:
    for source in inputs:
        if os.path.realpath(output) == os.path.realpath(source):
            raise InputError(f"{output} is the input; choose another output file")


# -- command line ---------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, text, run in (
        ("items", "Write one row for each action and decision.", run_items),
        ("summary", "Write a Markdown page for the people who were there.", run_summary),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("notes", type=Path, nargs="+", metavar="NOTES")
        sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
        sub.add_argument("--year", type=int, metavar="YYYY", help="for dates without a year")
        if name == "summary":
            sub.add_argument("--title", default="Actions and decisions")
        sub.set_defaults(run=run)
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
