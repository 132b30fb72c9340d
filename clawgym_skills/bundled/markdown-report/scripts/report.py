#!/usr/bin/env python3
"""Write a row file (.csv, .tsv, .json or .jsonl) as a Markdown report with a table and totals."""

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
from decimal import ROUND_HALF_UP, Decimal, getcontext
from pathlib import Path

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


# -- report ---------------------------------------------------------------------------------


def run_report(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.input)
    table = read_rows(arguments.input)
    columns = arguments.columns or table.columns
    require_columns(arguments.input, table, [*columns, *arguments.total])
    totals = {
        name: sum(filter(None, numbers(arguments.input, table, name)), Decimal())
        for name in arguments.total
    }
    paragraphs = ["# " + " ".join(arguments.title.split())]
    if columns:
        paragraphs.append(markdown_table(table.rows, columns))
    # A blank line between them: Markdown would join consecutive lines into one.
    paragraphs += [f"Total {name}: {total_text(total)}" for name, total in totals.items()]
    paragraphs.append(f"Rows: {len(table.rows)}")
    if arguments.note:
        paragraphs.append(arguments.note.strip())
    write_text(arguments.output, "\n\n".join(paragraphs) + "\n")
    print(f"wrote {arguments.output}: {len(table.rows)} rows")
    return 0


def markdown_table(rows: list[Row], columns: list[str]) -> str:
    """A GitHub table; a column of numbers is aligned to the right."""
    lines = [
        [cell(column) for column in columns],
        ["---:" if is_numeric(rows, column) else "---" for column in columns],
        *([cell(as_text(row.get(column))) for column in columns] for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(text: str) -> str:
    escaped = text.strip().replace("|", "\\|")
    return re.sub(r"\s*(?:\r\n|\r|\n)\s*", "<br>", escaped)


def is_numeric(rows: list[Row], column: str) -> bool:
    filled = [row.get(column) for row in rows if as_text(row.get(column)).strip()]
    return bool(filled) and all(as_number(value) is not None for value in filled)


def total_text(total: Decimal) -> str:
    """Round half away from zero to 2 decimals and drop zeros that say nothing."""
    text = f"{total.quantize(Decimal('0.01'), ROUND_HALF_UP):f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def value_of(row: Row, column: str) -> object:
    return row.get(column)


# -- values ---------------------------------------------------------------------------------


def numbers(path: Path, table: Table, column: str) -> list[Decimal | None]:
    """The numbers of one column, in row order; `None` where the cell is blank."""
    found: list[Decimal | None] = []
    for row_number, row in enumerate(table.rows, 1):
        value = value_of(row, column)
        number = as_number(value)
        if number is None and as_text(value).strip():
            raise InputError(
                f"{path}, row {row_number}: {column} is {as_text(value)!r}, which is not a plain "
                "number; filter such rows out or clean them first"
            )
        found.append(number)
    if blanks := found.count(None):
        note(f"{blanks} blank values of {column} do not count")
    return found


def note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def as_number(value: object) -> Decimal | None:
    """The number that a value is or is written as: 007, 1,200 and 5% stay text."""
    if isinstance(value, (bool, dict, list)) or value is None:
        return None
    text = as_text(value).strip()
    if not isinstance(value, str) or INTEGER.fullmatch(text) or DECIMAL.fullmatch(text):
        return Decimal(text)
    return None


def as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
    text = "Write the title, the table, the totals and the number of rows."
    sub = commands.add_parser("report", help=text, description=text)
    sub.add_argument("input", type=Path, metavar="ROWS")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.md")
    sub.add_argument("--title", required=True)
    sub.add_argument("--columns", type=names, metavar="COL[,COL]", help="only these, in this order")
    sub.add_argument("--total", nargs="+", action="extend", default=[], metavar="COL")
    sub.add_argument("--note", help="a paragraph at the end")
    sub.set_defaults(run=run_report)
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
