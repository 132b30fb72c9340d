#!/usr/bin/env python3
"""List what differs between two versions of a row file, key by key and cell by cell."""

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
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]
Key = tuple[str, ...]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


# -- commands -------------------------------------------------------------------------------


def run_compare(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.old, arguments.new)
    row_format(arguments.output)
    old, new = read_rows(arguments.old), read_rows(arguments.new)
    old = renamed(old, dict(arguments.rename), arguments.old)
    require_columns(arguments.old, old, arguments.key)
    require_columns(arguments.new, new, arguments.key)
    before, after = (
        keyed(old, arguments.key, arguments.old),
        keyed(new, arguments.key, arguments.new),
    )
    columns = compared_columns(arguments, old, new)
    rows = list(differences(before, after, columns, arguments))
    write_rows(
        arguments.output,
        Table([*arguments.key, "change", "column", "old", "new"], rows, typed=True),
    )
    counts = {
        change: len({key_of(row, arguments.key) for row in rows if row["change"] == change})
        for change in ("added", "removed", "changed")
    }
    print(f"{len(before)} old rows, {len(after)} new rows")
    print(
        ", ".join(f"{count} {change}" for change, count in counts.items())
        + f"; {len(rows)} differences"
    )
    print(f"wrote {arguments.output}")
    return 1 if rows else 0


def differences(
    before: dict[Key, Row], after: dict[Key, Row], columns: list[str], arguments: argparse.Namespace
) -> Iterator[Row]:
    for key, row in before.items():
        identity = dict(zip(arguments.key, key))
        if key not in after:
            yield {**identity, "change": "removed", "column": "", "old": "", "new": ""}
            continue
        for column in columns:
            was, now = as_text(row.get(column)).strip(), as_text(after[key].get(column)).strip()
            if not same(was, now, arguments.tolerance):
                yield {**identity, "change": "changed", "column": column, "old": was, "new": now}
    for key in after:
        if key not in before:
            yield {
                **dict(zip(arguments.key, key)),
                "change": "added",
                "column": "",
                "old": "",
                "new": "",
            }


def same(was: str, now: str, tolerance: Decimal) -> bool:
    if was == now:
        return True
    numbers = number(was), number(now)
    if numbers[0] is None or numbers[1] is None:
        return False
    return abs(numbers[0] - numbers[1]) <= tolerance


def number(text: str) -> Decimal | None:
    return Decimal(text) if INTEGER.fullmatch(text) or DECIMAL.fullmatch(text) else None


def renamed(table: Table, names_of: dict[str, str], path: Path) -> Table:
    require_columns(path, table, list(names_of))
    columns = [names_of.get(name, name) for name in table.columns]
    if len(set(columns)) < len(columns):
        raise InputError(f"{path}: --rename gives two columns the same name")
    rows = [{names_of.get(name, name): value for name, value in row.items()} for row in table.rows]
    return Table(columns, rows, table.typed)


def compared_columns(arguments: argparse.Namespace, old: Table, new: Table) -> list[str]:
    wanted = arguments.columns or [name for name in old.columns if name not in arguments.ignore]
    if arguments.columns:
        require_columns(arguments.old, old, wanted)
        require_columns(arguments.new, new, wanted)
    for path, mine, other in ((arguments.old, old, new), (arguments.new, new, old)):
        alone = [name for name in mine.columns if name not in other.columns and other.columns]
        if alone and not arguments.columns:
            note(f"only {path} has {', '.join(alone)}; not compared")
    return [name for name in wanted if name in new.columns and name not in arguments.key]


def keyed(table: Table, key: list[str], path: Path) -> dict[Key, Row]:
    rows: dict[Key, Row] = {}
    for row in table.rows:
        identity = key_of(row, key)
        if identity in rows:
            raise InputError(
                f"{path}: the key {', '.join(identity)!r} appears twice; add a column to --key"
            )
        rows[identity] = row
    return rows


def key_of(row: Row, key: list[str]) -> Key:
    return tuple(as_text(row.get(name)).strip() for name in key)


def note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


# -- values and files -----------------------------------------------------------------------


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


def pair(text: str) -> tuple[str, str]:
    old, found, new = text.partition("=")
    if not found or not old.strip() or not new.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form old=new")
    return old.strip(), new.strip()


def amount(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return value


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    text = "List added and removed rows and changed cells; exit status 1 if there are any."
    sub = commands.add_parser("compare", help=text, description=text)
    sub.add_argument("old", type=Path, metavar="OLD")
    sub.add_argument("new", type=Path, metavar="NEW")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    sub.add_argument("--key", type=names, required=True, metavar="COL[,COL]")
    sub.add_argument("--columns", type=names, default=[], metavar="COL[,COL]")
    sub.add_argument("--ignore", type=names, default=[], metavar="COL[,COL]")
    sub.add_argument("--tolerance", type=amount, default=Decimal(0), metavar="N")
    sub.add_argument("--rename", type=pair, action="append", default=[], metavar="OLD=NEW")
    sub.set_defaults(run=run_compare)
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
