#!/usr/bin/env python3
"""Get, filter, aggregate and convert JSON and JSON Lines records; nested fields as a.b."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import operator
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, getcontext
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


def load(arguments: argparse.Namespace) -> Table:
    """The input's rows, once it is clear that the output is another file of a known format."""
    refuse_overwrite(arguments.output, arguments.input)
    row_format(arguments.output)
    return read_rows(arguments.input)


def save(path: Path, table: Table) -> None:
    """JSON keeps its nesting; a CSV or TSV gets one column for every dotted path."""
    if path.suffix.lower() in DELIMITERS and table.typed:
        rows = [dict(leaves(row)) for row in table.rows]
        columns = list(dict.fromkeys(key for row in rows for key in row))
        table = Table(columns or table.columns, rows, typed=True)
    write_rows(path, table)


def require(path: Path, table: Table, wanted: list[str]) -> None:
    """Every wanted path exists in at least one record."""
    if table.typed and not table.rows:
        return
    for name in wanted:
        if name in table.columns or any(present(row, name) for row in table.rows):
            continue
        known = dict.fromkeys(path for row in table.rows for path, _ in leaves(row))
        known_text = ", ".join(known or table.columns)
        raise InputError(f"{path} has no field {name!r}; its fields are: {known_text}")


def run_convert(arguments: argparse.Namespace) -> int:
    table = load(arguments)
    save(arguments.output, table)
    print(f"wrote {arguments.output}: {len(table.rows)} records")
    return 0


def run_get(arguments: argparse.Namespace) -> int:
    path = arguments.file
    is_json = row_format(path) == ".json"
    document = load_json(str(path), read_text(path)) if is_json else read_rows(path).rows
    value = step_down(path, document, arguments.path)
    print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2))
    return 0


def step_down(path: Path, document: object, dotted: str) -> object:
    walked = ""
    for part in dotted.split("."):
        found, document_below = child(document, part)
        if not found:
            here = f"below {walked!r}" if walked else "at the top"
            raise InputError(f"{path} has no {part!r} {here}; there is: {inventory(document)}")
        document, walked = document_below, f"{walked}.{part}".lstrip(".")
    return document


def inventory(document: object) -> str:
    if isinstance(document, dict):
        return ", ".join(document) or "an empty object"
    if isinstance(document, list):
        return f"a list of {len(document)} (index it with 0 to {len(document) - 1})"
    return f"only the value {json.dumps(document, ensure_ascii=False)[:80]}"


CONDITION = re.compile(
    r"\s*(?P<column>.+?)\s*(?P<sign>==|!=|<=|>=|<|>|(?<=\s)contains(?=\s))\s*(?P<value>.*?)\s*",
    re.DOTALL,
)
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True)
class Condition:
    """`column sign value`: compares numbers where both sides are numbers, else texts."""

    column: str
    sign: str
    value: str

    def holds(self, cell: object) -> bool:
        text = as_text(cell)
        if self.sign == "contains":
            return self.value in text
        left, right = as_number(cell), as_number(self.value)
        pair = (text, self.value) if left is None or right is None else (left, right)
        if self.sign in ("==", "!="):
            return (pair[0] == pair[1]) is (self.sign == "==")
        return bool(text.strip()) and ORDER[self.sign](*pair)  # a blank is not less than 5


def condition(text: str) -> Condition:
    found = CONDITION.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not 'column OP value' with OP one of == != < <= > >= contains"
        )
    value = found["value"]
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return Condition(found["column"], found["sign"], value)


def run_filter(arguments: argparse.Namespace) -> int:
    table = load(arguments)
    require(arguments.input, table, [rule.column for rule in arguments.where])
    kept = [
        row
        for row in table.rows
        if all(rule.holds(value_of(row, rule.column)) for rule in arguments.where)
    ]
    save(arguments.output, Table(table.columns, kept, table.typed))
    print(f"wrote {arguments.output}: {len(kept)} of {len(table.rows)} rows")
    return 0


@dataclass(frozen=True)
class Measure:
    """`count`, or a function of the numbers in a column."""

    function: str
    column: str = ""

    @property
    def name(self) -> str:
        return f"{self.function}_{self.column}" if self.column else self.function


def measure(text: str) -> Measure:
    function, _, column = text.partition(":")
    if text != "count" and (function not in ("sum", "mean", "min", "max") or not column):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not count, sum:COL, mean:COL, min:COL or max:COL"
        )
    return Measure(function, column)


def result(function: str, found: list[Decimal], whole: bool) -> int | float | None:
    """Round half away from zero to 2 decimals; whole inputs keep sum, min and max whole."""
    if not found:
        return 0 if function == "sum" else None
    if function == "mean":
        value = sum(found, Decimal()) / len(found)
    else:
        value = {"sum": sum, "min": min, "max": max}[function](found)
    if whole and function != "mean":
        return int(value)
    return float(value.quantize(Decimal("0.01"), ROUND_HALF_UP))


def sorted_by_value(rows: list[Row], columns: list[str], descending: bool = False) -> list[Row]:
    """Stable sort: a column of numbers by value, any other by text, blanks last."""
    for column in reversed(columns):
        filled = [row for row in rows if as_text(value_of(row, column)).strip()]
        blank = [row for row in rows if not as_text(value_of(row, column)).strip()]
        keys = [as_number(value_of(row, column)) for row in filled]
        if None in keys:
            keys = [as_text(value_of(row, column)) for row in filled]
        order = sorted(range(len(filled)), key=keys.__getitem__, reverse=descending)
        rows = [filled[index] for index in order] + blank
    return rows


def run_aggregate(arguments: argparse.Namespace) -> int:
    path, by, measures = arguments.input, arguments.by, arguments.measure or [Measure("count")]
    table = load(arguments)
    columns = [*by, *(each.name for each in measures)]
    if len(set(columns)) < len(columns):
        raise InputError(f"the output would have a column twice: {', '.join(columns)}")
    measured = list(dict.fromkeys(each.column for each in measures if each.column))
    require(path, table, [*by, *measured])
    values = {name: numbers(path, table, name) for name in measured}
    whole = {name: all_whole(found) for name, found in values.items()}
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(table.rows):
        identity = json.dumps([value_of(row, name) for name in by], sort_keys=True)
        groups.setdefault(identity, []).append(index)
    rows: list[Row] = []
    for members in groups.values():
        row: Row = {name: value_of(table.rows[members[0]], name) for name in by}
        for each in measures:
            column = values.get(each.column, [])
            found = [column[index] for index in members if column and column[index] is not None]
            row[each.name] = (
                result(each.function, found, whole[each.column]) if each.column else len(members)
            )
        rows.append(row)
    save(arguments.output, Table(columns, sorted_by_value(rows, by), table.typed))
    print(f"wrote {arguments.output}: {len(rows)} groups of {len(table.rows)} rows")
    return 0


def all_whole(found: list[Decimal | None]) -> bool:
    return all(number is None or number.as_tuple().exponent >= 0 for number in found)


# -- nested values --------------------------------------------------------------------------


def child(document: object, part: str) -> tuple[bool, object]:
    if isinstance(document, dict) and part in document:
        return True, document[part]
    if isinstance(document, list) and part.isdecimal() and int(part) < len(document):
        return True, document[int(part)]
    return False, None


def lookup(row: Row, column: str) -> tuple[bool, object]:
    """Whether a row has a field, and its value: the literal name first, then the dotted path."""
    if column in row:
        return True, row[column]
    found, value = True, row
    for part in column.split("."):
        found, value = child(value, part)
        if not found:
            break
    return found, value


def present(row: Row, column: str) -> bool:
    return lookup(row, column)[0]


def value_of(row: Row, column: str) -> object:
    return lookup(row, column)[1]


def leaves(row: Row, prefix: str = "") -> list[tuple[str, object]]:
    """Every dotted path to something that is not an object; lists stay whole."""
    found: list[tuple[str, object]] = []
    for key, value in row.items():
        if isinstance(value, dict) and value:
            found.extend(leaves(value, f"{prefix}{key}."))
        else:
            found.append((prefix + key, value))
    return found


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

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("input", type=Path, metavar="INPUT")
        sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
        sub.set_defaults(run=run)
        return sub

    sub = command("filter", run_filter, "Keep the records for which every condition holds.")
    sub.add_argument(
        "--where", action="append", required=True, type=condition, metavar="'FIELD OP VALUE'"
    )
    sub = command("aggregate", run_aggregate, "One row per group, with measures.")
    sub.add_argument("--by", required=True, type=names, metavar="FIELD[,FIELD]")
    sub.add_argument("--measure", action="append", type=measure, metavar="count|sum:FIELD|…")
    command("convert", run_convert, "Write the same records in the format of OUT's name.")
    text = "Print the value at a dotted path, for example items.0.sku."
    sub = commands.add_parser("get", help=text, description=text)
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.add_argument("path", metavar="DOTTED.PATH")
    sub.set_defaults(run=run_get)
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
