#!/usr/bin/env python3
"""Turn a log of `TIME LEVEL component: message key=value` lines into rows, or summarise it."""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from decimal import getcontext
from pathlib import Path
from types import SimpleNamespace

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


FIXED = ["time", "level", "component", "message"]
TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?=\s|$)", re.ASCII
)
HEAD = re.compile(r"\s+\[?(?P<level>[A-Za-z]+)\]?\s+(?P<component>\S+?):(?=\s|$)")
TOKEN = re.compile(r'(?P<key>[A-Za-z_][\w.-]*)=(?P<value>"(?:[^"\\]|\\.)*"(?=\s|$)|\S*)|\S+')


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass
class Entry:
    """One log entry: its fixed fields, its key=value pairs, and the lines that continue it."""

    time: str
    level: str
    component: str
    message: str
    pairs: dict[str, str]
    continuation: list[str] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        return getattr(self, name) if name in FIXED else self.pairs.get(name)


# -- commands -------------------------------------------------------------------------------


def run_extract(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.log)
    row_format(arguments.output)
    entries = read_log(arguments.log)
    keys = dict.fromkeys(key for entry in entries for key in entry.pairs)
    known = [*FIXED, *keys]
    wanted = arguments.fields
    columns = chosen(wanted, known, arguments.log) if entries else wanted or FIXED
    levels = {level.upper() for level in arguments.level or []}
    kept = [entry for entry in entries if not levels or entry.level.upper() in levels]
    rows: list[Row] = [{name: entry.get(name) for name in columns} for entry in kept]
    save_fields(arguments.output, columns, FIXED, rows)
    print(f"wrote {arguments.output}: {len(rows)} of {len(entries)} entries")
    return 0


def run_summary(arguments: argparse.Namespace) -> int:
    entries = read_log(arguments.log)
    traces = sum(bool(entry.continuation) for entry in entries)
    print(f"{arguments.log}: {len(entries)} entries, {traces} with continuation lines")
    if not entries:
        return 0
    times = [entry.time for entry in entries]
    print(f"from {min(times)} to {max(times)}")
    show("levels", Counter(entry.level for entry in entries))
    show("components", Counter(entry.component for entry in entries))
    show("top messages", Counter(f"{entry.level} {shape(entry.message)}" for entry in entries))
    return 0


def show(title: str, counts: Counter[str]) -> None:
    shown = counts.most_common(10)
    rest = f" (the 10 most frequent of {len(counts)})" if len(counts) > 10 else ""
    print(f"{title}{rest}:")
    for name, count in shown:
        print(f"  {count:6d}  {name or '(none)'}")


def shape(message: str) -> str:
    """Messages that differ only in numbers or hexadecimal ids count as the same."""
    return re.sub(r"\b(?:0x)?(?=[0-9a-fA-F-]*\d)[0-9a-fA-F-]{2,}\b|\d+", "#", message)[:120]


# -- reading --------------------------------------------------------------------------------


def read_log(path: Path) -> list[Entry]:
    entries: list[Entry] = []
    before, odd = 0, 0
    for raw in log_text(path).split("\n"):
        line = raw.rstrip("\r")
        stamp = TIMESTAMP.match(line)
        if stamp:
            entry = parse_entry(line, stamp)
            odd += not entry.level
            entries.append(entry)
        elif entries:
            entries[-1].continuation.append(line)
        else:
            before += bool(line.strip())
    if before:
        note(f"{before} lines before the first time stamp belong to no entry")
    if odd:
        note(f"{odd} entries are not `TIME LEVEL component: message`; they have no level")
    for entry in entries:
        entry.continuation = [line for line in entry.continuation if line.strip()]
    return entries


def log_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    text = data.decode("utf-8-sig", errors="replace")
    if "\ufffd" in text:
        note(f"{path} holds bytes that are not UTF-8; they read as \ufffd")
    return text


def parse_entry(line: str, stamp: re.Match[str]) -> Entry:
    head = HEAD.match(line, stamp.end())
    if not head:
        return Entry(stamp[0], "", "", line[stamp.end() :].strip(), {})
    message, pairs = split_pairs(line[head.end() :].strip())
    return Entry(stamp[0], head["level"], head["component"], message, pairs)


def split_pairs(rest: str) -> tuple[str, dict[str, str]]:
    """Cut the key=value pairs at the end of a line from the message before them."""
    tokens = list(TOKEN.finditer(rest))
    start = len(tokens)
    while start and tokens[start - 1]["key"]:
        start -= 1
    pairs: dict[str, str] = {}
    for token in tokens[start:]:
        key = token["key"] + "_value" if token["key"] in FIXED else token["key"]
        pairs[key] = unquoted(token["value"])
    message = rest[: tokens[start].start()] if start < len(tokens) else rest
    return message.rstrip(), pairs


def unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


# -- writing --------------------------------------------------------------------------------


def chosen(wanted: list[str] | None, known: list[str], source: Path) -> list[str]:
    """The fields to write: those asked for, which must be known, or all of them."""
    for name in wanted or []:
        if name not in known:
            raise InputError(f"{source} has no field {name!r}; its fields are: {', '.join(known)}")
    return wanted or known


def save_fields(output: Path, columns: list[str], fixed: list[str], rows: list[Row]) -> None:
    """JSON gets numbers where a free field is written like one; CSV keeps every text."""
    if row_format(output) not in DELIMITERS:
        rows = [
            {key: value if key in fixed else as_json_value(value) for key, value in row.items()}
            for row in rows
        ]
    write_rows(output, Table(columns, rows, typed=True))


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


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Write one row per log entry."
    sub = commands.add_parser("extract", help=text, description=text)
    sub.add_argument("log", type=Path, metavar="LOG")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    sub.add_argument("--fields", type=names, metavar="time,level,component,message,KEY")
    sub.add_argument("--level", type=names, metavar="ERROR,WARN", help="keep only these levels")
    sub.set_defaults(run=run_extract)

    text = "Print counts by level and component, and the most frequent messages."
    sub = commands.add_parser("summary", help=text, description=text)
    sub.add_argument("log", type=Path, metavar="LOG")
    sub.set_defaults(run=run_summary)
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
