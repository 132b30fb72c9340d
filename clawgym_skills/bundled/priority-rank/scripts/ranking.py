#!/usr/bin/env python3
"""Score and rank rows by weighted criteria or a known formula."""

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
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
CENT = Decimal("0.01")
FORMULAS = {
    "rice": ["reach", "impact", "confidence", "effort"],
    "wsjf": ["value", "urgency", "risk", "size"],
}


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


# -- commands -------------------------------------------------------------------------------


def run_weigh(arguments: argparse.Namespace) -> int:
    table = opened(arguments)
    weights = dict(arguments.weight)
    if len(weights) < len(arguments.weight):
        raise InputError("a column is weighed twice")
    require_columns(arguments.input, table, list(weights))
    shares: dict[str, list[Decimal]] = {}
    for name in weights:
        values = [
            amount(arguments.input, row, number, name) for number, row in enumerate(table.rows, 1)
        ]
        low, high = min(values, default=Decimal(0)), max(values, default=Decimal(0))
        print(
            f"{name}: {low} to {high}, weight {weights[name]:g}"
            + ("; all equal, decides nothing" if low == high and values else "")
        )
        shares[name] = [
            (value - low) / (high - low) if high > low else Decimal(0) for value in values
        ]
    total = sum((abs(weight) for weight in weights.values()), Decimal(0))
    scores = []
    for index in range(len(table.rows)):
        parts = (
            weight * shares[n][index] if weight > 0 else -weight * (1 - shares[n][index])
            for n, weight in weights.items()
        )
        scores.append(100 * sum(parts, Decimal(0)) / total)
    return finish(arguments, table, scores)


def run_formula(arguments: argparse.Namespace) -> int:
    table = opened(arguments)
    columns = FORMULAS[arguments.name]
    require_columns(arguments.input, table, columns)
    scores = []
    for number, row in enumerate(table.rows, 1):
        values = [amount(arguments.input, row, number, name) for name in columns]
        if values[3] <= 0:
            raise InputError(f"{arguments.input}, row {number}: {columns[3]} must be above 0")
        above = values[0] * values[1] * values[2] if arguments.name == "rice" else sum(values[:3])
        scores.append(above / values[3])
    return finish(arguments, table, scores)


def finish(arguments: argparse.Namespace, table: Table, scores: list[Decimal]) -> int:
    rounded = [score.quantize(CENT, ROUND_HALF_UP) for score in scores]
    order = list(range(len(rounded)))
    if arguments.then:
        column = arguments.then.removesuffix(":desc")
        require_columns(arguments.input, table, [column])
        order.sort(
            key=lambda i: sort_key(table.rows[i].get(column)), reverse=column != arguments.then
        )
        order.sort(key=lambda i: not as_text(table.rows[i].get(column)).strip())  # blanks last
    order.sort(key=lambda i: -rounded[i])
    rows: list[Row] = []
    for place, index in enumerate(order, 1):
        tied = bool(rows) and rows[-1]["score"] == str(rounded[index])
        rank = rows[-1]["rank"] if tied else place
        if arguments.top and int(str(rank)) > arguments.top:
            break
        rows.append({"rank": rank, "score": str(rounded[index]), **table.rows[index]})
    if arguments.output.suffix.lower() not in DELIMITERS:
        for row in rows:
            row["score"] = float(str(row["score"]))
    taken = [name for name in ("rank", "score") if name in table.columns]
    if taken:
        raise InputError(f"{arguments.input} has a column {taken[0]!r} already; rename it first")
    write_rows(arguments.output, Table(["rank", "score", *table.columns], rows, typed=True))
    print(
        f"wrote {arguments.output}: {len(rows)} of {len(table.rows)} rows, {len({row['rank'] for row in rows})} ranks"
    )
    return 0


def opened(arguments: argparse.Namespace) -> Table:
    refuse_overwrite(arguments.output, arguments.input)
    row_format(arguments.output)
    return read_rows(arguments.input)


def sort_key(value: object) -> tuple[int, Decimal, str]:
    """Numbers by value and before texts; dates in ISO form sort as texts."""
    text = as_text(value).strip()
    plain = INTEGER.fullmatch(text) or DECIMAL.fullmatch(text)
    return (0, Decimal(text), "") if plain else (1, Decimal(0), text.casefold())


def amount(path: Path, row: Row, number: int, name: str) -> Decimal:
    text = as_text(row.get(name)).strip()
    percent = name == "confidence" and text.endswith("%")
    plain = text[:-1].strip() if percent else text
    if not (INTEGER.fullmatch(plain) or DECIMAL.fullmatch(plain)):
        raise InputError(f"{path}, row {number}: {name} is {text!r}, which is no plain number")
    return Decimal(plain) / 100 if percent else Decimal(plain)


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


def weight(text: str) -> tuple[str, Decimal]:
    name, _, factor = text.rpartition("=")
    if (
        not name.strip()
        or not re.fullmatch(r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?", factor)
        or not Decimal(factor)
    ):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form COLUMN=WEIGHT, such as impact=3"
        )
    return name.strip(), Decimal(factor)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Rank by weighted shares; a negative weight means that less is better."
    sub = commands.add_parser("weigh", help=text, description=text)
    sub.add_argument("--weight", type=weight, action="append", required=True, metavar="COL=WEIGHT")
    sub.set_defaults(run=run_weigh)

    text = "Rank by RICE or WSJF from columns of these names."
    other = commands.add_parser("formula", help=text, description=text)
    other.add_argument("--name", choices=sorted(FORMULAS), required=True)
    other.set_defaults(run=run_formula)

    for each in (sub, other):
        each.add_argument("input", type=Path, metavar="INPUT")
        each.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
        each.add_argument(
            "--then", metavar="COL", help="decides among equal scores; COL:desc descending"
        )
        each.add_argument("--top", type=positive, metavar="N")
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
