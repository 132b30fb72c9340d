#!/usr/bin/env python3
"""Remove duplicate rows and join two row files (.csv, .tsv, .json or .jsonl)."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import os
import re
import sys
import tempfile
from dataclasses import dataclass
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


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


# -- commands -------------------------------------------------------------------------------


def run_dedup(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.input)
    row_format(arguments.output)
    table = read_rows(arguments.input)
    require_columns(arguments.input, table, arguments.key)
    chosen: dict[tuple[str, ...], int] = {}
    for index, row in enumerate(table.rows):
        key = tuple(as_text(row.get(name)).strip().casefold() for name in arguments.key)
        if arguments.keep == "last" or key not in chosen:
            chosen[key] = index
    kept = [table.rows[index] for index in sorted(chosen.values())]
    if any(not any(key) for key in chosen):
        note(f"rows with a blank {' and '.join(arguments.key)} counted as duplicates of each other")
    write_rows(arguments.output, Table(table.columns, kept, table.typed))
    removed = len(table.rows) - len(kept)
    print(f"wrote {arguments.output}: {len(kept)} rows, {removed} duplicates removed")
    return 0


def run_join(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.left, arguments.right)
    to_json = row_format(arguments.output) not in DELIMITERS
    left = read_side(arguments.left, arguments.on, to_json)
    right = read_side(arguments.right, arguments.on, to_json)
    added = right_names(left.columns, right.columns, arguments.on)
    matches = by_key(right, arguments.on)
    rows: list[Row] = []
    unmatched = 0
    for row in left.rows:
        found = matches.get(as_text(row.get(arguments.on)), [])
        unmatched += not found
        blanks: list[Row] = [{}] if arguments.how == "left" else []
        rows.extend(
            {**row, **{name: other.get(column) for column, name in added.items()}}
            for other in found or blanks
        )
    write_rows(arguments.output, Table([*left.columns, *added.values()], rows, typed=True))
    print(
        f"wrote {arguments.output}: {len(rows)} rows; "
        f"{unmatched} of {len(left.rows)} left rows had no match"
    )
    return 0


def read_side(path: Path, on: str, to_json: bool) -> Table:
    """One side of the join; on the way to JSON, numbers in a CSV become numbers."""
    table = read_rows(path)
    require_columns(path, table, [on])
    if table.typed or not to_json:
        return table
    rows = [{key: as_json_value(value) for key, value in row.items()} for row in table.rows]
    return Table(table.columns, rows, typed=True)


def right_names(left: list[str], right: list[str], on: str) -> dict[str, str]:
    """The right side's other columns, with the names that they get in the output."""
    taken, names_of = set(left), {}
    for column in right:
        if column == on:
            continue
        name = column
        while name in taken:
            name += "_right"
        taken.add(name)
        names_of[column] = name
    return names_of


def by_key(table: Table, on: str) -> dict[str, list[Row]]:
    """Rows by the text of their key; a blank key matches nothing."""
    rows: dict[str, list[Row]] = {}
    for row in table.rows:
        if key := as_text(row.get(on)):
            rows.setdefault(key, []).append(row)
    return rows


def note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


# -- values ---------------------------------------------------------------------------------


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


# -- files ----------------------------------------------------------------------------------


def row_format(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in (*DELIMITERS, ".json", ".jsonl"):
        raise InputError(f"{path}: the file name must end in .csv, .tsv, .json or .jsonl")
    return suffix


def read_rows(path: Path) -> Table:
    suffix = row_format(path)
    text = read_text(path)
    if suffix in DELIMITERS:
        return parse_delimited(path, text, DELIMITERS[suffix])
    documents = parse_json(path, text) if suffix == ".json" else parse_json_lines(path, text)
    rows: list[Row] = []
    for number, document in enumerate(documents, 1):
        if not isinstance(document, dict):
            raise InputError(f"{path}: entry {number} is not an object with named fields")
        rows.append(document)
    return Table(list(dict.fromkeys(key for row in rows for key in row)), rows, typed=True)


def parse_delimited(path: Path, text: str, delimiter: str) -> Table:
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = next(reader, None)
        if not columns:
            raise InputError(f"{path} is empty: its first line must name the columns")
        if len(set(columns)) < len(columns):
            raise InputError(f"{path}: a column name appears twice in {', '.join(columns)}")
        rows: list[Row] = []
        for fields in reader:
            if fields and len(fields) != len(columns):
                raise InputError(
                    f"{path}, line {reader.line_num}: {len(fields)} fields, but the header has "
                    f"{len(columns)}; quote the field or complete the line"
                )
            if fields:
                rows.append(dict(zip(columns, fields)))
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from error
    return Table(columns, rows, typed=False)


def load_json(where: str, text: str) -> object:
    def finite(literal: str) -> float:
        number = float(literal)
        if not math.isfinite(number):
            raise ValueError(f"{literal} is not a JSON number")
        return number

    try:
        return json.loads(text, parse_constant=finite, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not valid JSON: {error}") from error


def parse_json(path: Path, text: str) -> list[object]:
    document = load_json(str(path), text)
    if not isinstance(document, list):
        raise InputError(f"{path} does not hold a list of objects")
    return document


def parse_json_lines(path: Path, text: str) -> list[object]:
    return [
        load_json(f"{path}, line {number}", line)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]


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


def require_columns(path: Path, table: Table, names: list[str]) -> None:
    if table.typed and not table.rows:
        return  # an empty JSON list has every column and none
    for name in names:
        if name not in table.columns:
            known = ", ".join(table.columns)
            raise InputError(f"{path} has no column {name!r}; its columns are: {known}")


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


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Keep one row per key; keys are compared without case and outer spaces."
    sub = commands.add_parser("dedup", help=text, description=text)
    sub.add_argument("input", type=Path, metavar="INPUT")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    sub.add_argument("--key", required=True, type=names, metavar="COL[,COL]")
    sub.add_argument("--keep", choices=["first", "last"], default="first")
    sub.set_defaults(run=run_dedup)

    text = "Add the right file's columns to the left file's rows where COL is equal."
    sub = commands.add_parser("join", help=text, description=text)
    sub.add_argument("left", type=Path, metavar="LEFT")
    sub.add_argument("right", type=Path, metavar="RIGHT")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    sub.add_argument("--on", required=True, metavar="COL")
    sub.add_argument("--how", choices=["inner", "left"], default="inner")
    sub.set_defaults(run=run_join)
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
