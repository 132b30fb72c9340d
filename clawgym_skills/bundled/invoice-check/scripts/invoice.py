#!/usr/bin/env python3
"""Check invoice lines and invoice totals in .csv, .tsv, .json or .jsonl files."""

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
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, getcontext
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


CENT = Decimal("0.01")
LINE_COLUMNS = ["invoice", "description", "quantity", "unit_price", "line_total"]
HEADER_COLUMNS = ["invoice", "subtotal", "tax", "total"]
SAME_CONTENT = ["supplier", "date", "total"]
FINDING_COLUMNS = ["file", "row", "invoice", "rule", "expected", "found", "message"]


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Source:
    """One input file with its columns under our names."""

    path: Path
    columns: list[str]
    rows: list[Row]


@dataclass(frozen=True)
class Place:
    """One row of a source, counted from 1."""

    source: Source
    number: int

    @property
    def row(self) -> Row:
        return self.source.rows[self.number - 1]

    @property
    def invoice(self) -> str:
        return text_of(self.row, "invoice")


@dataclass
class Findings:
    """What is wrong, in the order of the checks, and how far two amounts may differ."""

    tolerance: Decimal
    rows: list[Row]

    def add(
        self, place: Place, rule: str, message: str, expected: object = "", found: object = ""
    ) -> None:
        file = place.source.path.name
        values = (file, place.number, place.invoice, rule, str(expected), str(found), message)
        self.rows.append(dict(zip(FINDING_COLUMNS, values)))

    def compare(self, place: Place, rule: str, expected: Decimal, found: Decimal | None) -> None:
        if found is not None and abs(expected - found) > self.tolerance:
            self.add(place, rule, f"differs by {found - expected:+f}", expected, found)

    def amount(self, place: Place, name: str) -> Decimal | None:
        """The number in a cell; anything else is a finding."""
        value = place.row.get(name)
        number = as_number(value)
        if number is None:
            message = f"{name} is not a plain number"
            self.add(place, "not-a-number", message, "a number", as_text(value))
        return number


# -- checks ---------------------------------------------------------------------------------


def run_check(arguments: argparse.Namespace) -> int:
    inputs = [path for path in (arguments.lines, arguments.invoices) if path]
    refuse_overwrite(arguments.output, *inputs)
    row_format(arguments.output)
    findings = Findings(arguments.tolerance, [])
    lines = source_of(arguments.lines, arguments.columns, LINE_COLUMNS)
    check_lines(lines, findings)
    if arguments.invoices:
        headers = source_of(arguments.invoices, arguments.columns, HEADER_COLUMNS)
        check_headers(headers, findings)
        check_totals(lines, headers, arguments.tax_rate, findings)
    write_rows(arguments.output, Table(FINDING_COLUMNS, findings.rows, typed=True))
    for row in findings.rows[:20]:
        wanted = f" (expected {row['expected']}, found {row['found']})" if row["expected"] else ""
        print(f"{row['file']} row {row['row']}: {row['rule']}: {row['message']}{wanted}")
    if len(findings.rows) > 20:
        print(f"and {len(findings.rows) - 20} more")
    print(f"wrote {arguments.output}: {len(findings.rows)} findings")
    return 1 if findings.rows else 0


def source_of(path: Path, renames: dict[str, str], wanted: list[str]) -> Source:
    table = read_rows(path)
    ours = {theirs: name for name, theirs in renames.items()}
    require_columns(path, table, [renames.get(name, name) for name in wanted])
    rows = [{ours.get(key, key): value for key, value in row.items()} for row in table.rows]
    return Source(path, [ours.get(name, name) for name in table.columns], rows)


def places(source: Source) -> list[Place]:
    return [Place(source, number) for number in range(1, len(source.rows) + 1)]


def check_lines(lines: Source, findings: Findings) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for place in places(lines):
        if not place.invoice:
            findings.add(place, "no-invoice", "the line names no invoice")
        quantity = findings.amount(place, "quantity")
        price = findings.amount(place, "unit_price")
        total = findings.amount(place, "line_total")
        if quantity is not None and price is not None:
            findings.compare(place, "line-total", cents(quantity * price), total)
        key = tuple(text_of(place.row, name).casefold() for name in LINE_COLUMNS)
        if key in seen:
            findings.add(place, "duplicate-line", f"repeats row {seen[key]}")
        seen.setdefault(key, place.number)


def check_headers(headers: Source, findings: Findings) -> None:
    used: dict[str, int] = {}
    contents: dict[tuple[str, ...], int] = {}
    for place in places(headers):
        key = place.invoice.casefold()
        if key in used:
            message = f"the number is already used in row {used[key]}"
            findings.add(place, "duplicate-invoice", message)
        elif {"supplier", "date"} <= set(headers.columns):
            content = tuple(text_of(place.row, name).casefold() for name in SAME_CONTENT)
            if content in contents:
                message = f"same supplier, date and total as row {contents[content]}"
                findings.add(place, "possible-duplicate", message)
            contents.setdefault(content, place.number)
        used.setdefault(key, place.number)


def check_totals(
    lines: Source, headers: Source, default_rate: Decimal | None, findings: Findings
) -> None:
    members: dict[str, list[Place]] = {}
    for place in places(lines):
        members.setdefault(place.invoice.casefold(), []).append(place)
    known = {place.invoice.casefold() for place in places(headers)}
    for key, own in members.items():
        if key and key not in known:
            findings.add(own[0], "no-header", f"{len(own)} lines, but no such invoice")
    for place in places(headers):
        own = members.get(place.invoice.casefold(), [])
        if not own:
            findings.add(place, "no-lines", "the invoice has no lines")
        check_invoice(place, [line.row for line in own], default_rate, findings)


def check_invoice(
    place: Place, lines: list[Row], default_rate: Decimal | None, findings: Findings
) -> None:
    """Subtotal and tax against the lines, and total against subtotal and tax as written."""
    subtotal, tax = findings.amount(place, "subtotal"), findings.amount(place, "tax")
    total = findings.amount(place, "total")
    if subtotal is not None and tax is not None:
        findings.compare(place, "total", subtotal + tax, total)
    sums = [as_number(line.get("line_total")) for line in lines]
    if not lines or None in sums:
        return
    findings.compare(place, "subtotal", sum(sums, Decimal()), subtotal)
    rates = [as_number(line.get("tax_rate")) for line in lines]
    rates = [default_rate if rate is None else rate for rate in rates]
    if None not in rates:
        owed = sum((each * rate / 100 for each, rate in zip(sums, rates)), Decimal())
        findings.compare(place, "tax", cents(owed), tax)


# -- values ---------------------------------------------------------------------------------


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def text_of(row: Row, name: str) -> str:
    return as_text(row.get(name)).strip()


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


def plain_number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
    if not number.is_finite() or number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of zero or more")
    return number


def renames(text: str) -> dict[str, str]:
    pairs = dict(part.partition("=")[::2] for part in text.split(","))
    known = [*LINE_COLUMNS, *HEADER_COLUMNS, "tax_rate", "supplier", "date"]
    for ours, theirs in pairs.items():
        if ours not in known or not theirs:
            ours_text = ", ".join(dict.fromkeys(known))
            raise argparse.ArgumentTypeError(
                f"{text!r} is not OURS=THEIRS[,…] with OURS one of {ours_text}"
            )
    return pairs


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    text = "Write what is wrong, one row per finding; exit status 1 when there is any."
    sub = commands.add_parser("check", help=text, description=text)
    sub.add_argument("lines", type=Path, metavar="LINES")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="FINDINGS")
    sub.add_argument("--invoices", type=Path, help="one row per invoice with its totals")
    sub.add_argument("--tax-rate", type=plain_number, metavar="PERCENT")
    sub.add_argument("--tolerance", type=plain_number, default=CENT, metavar="AMOUNT")
    sub.add_argument("--columns", type=renames, default={}, metavar="quantity=qty,…")
    sub.set_defaults(run=run_check)
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
