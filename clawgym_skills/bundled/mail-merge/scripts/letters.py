#!/usr/bin/env python3
"""Fill a template once for each row: as files, or as mail drafts. Nothing is sent."""

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
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
GAP = re.compile(
    r"\{\{\s*(?P<name>[^{}:|]+?)\s*(?::\s*(?P<form>[^{}|]+?)\s*)?(?:\|(?P<default>[^{}]*))?\}\}"
)
CASES = {"upper": str.upper, "lower": str.lower, "title": str.title}
PLACES = re.compile(r"\.([0-6])f")
ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


class GapError(Exception):
    """One gap of one row that cannot be filled."""


# -- filling --------------------------------------------------------------------------------


def filled(template: str, row: Row) -> str:
    return GAP.sub(lambda gap: one(gap, row), template)


def one(gap: re.Match[str], row: Row) -> str:
    text = as_text(row.get(gap["name"]))
    if not text.strip():
        if gap["default"] is None:
            raise GapError(f"{gap['name']} is blank, and {gap[0]} names no text to take instead")
        return gap["default"]
    form = gap["form"]
    if not form:
        return text
    if form in CASES:
        return CASES[form](text)
    if not re.fullmatch(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?", text.strip()):
        raise GapError(f"{gap['name']} is {text!r}, which is no plain number")
    places = int(PLACES.fullmatch(form)[1])
    return str(Decimal(text.strip()).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def check_template(template: str, columns: list[str], where: str) -> None:
    for gap in GAP.finditer(template):
        if gap["name"] not in columns:
            raise InputError(
                f"{where}: no column {gap['name']!r}; the columns are: {', '.join(columns)}"
            )
        form = gap["form"]
        if form and form not in CASES and not PLACES.fullmatch(form):
            raise InputError(
                f"{where}: {gap[0]} has an unknown form; use .2f, upper, lower or title"
            )
    if "{{" in GAP.sub("", template):
        raise InputError(f"{where}: a gap is not closed, or holds a brace")


def fill_all(templates: dict[str, str], rows: list[Row]) -> tuple[list[dict[str, str]], list[str]]:
    """Every template for every row, and what went wrong, by row counted from 1."""
    made: list[dict[str, str]] = []
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        texts: dict[str, str] = {}
        for name, template in templates.items():
            try:
                texts[name] = filled(template, row)
            except GapError as error:
                problems.append(f"row {number}: {error}")
        made.append(texts)
    return made, problems


# -- commands -------------------------------------------------------------------------------


def run_check(arguments: argparse.Namespace) -> int:
    table, template = inputs(arguments)
    _, problems = fill_all({"text": template}, table.rows)
    for problem in problems:
        print(problem)
    print(f"{len(table.rows)} rows, {len(problems)} problems")
    return 1 if problems else 0


def run_fill(arguments: argparse.Namespace) -> int:
    folder = arguments.output
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder")
    table, template = inputs(arguments)
    check_template(arguments.name, table.columns, "--name")
    made = without_problems(fill_all({"name": arguments.name, "text": template}, table.rows))
    seen: dict[str, int] = {}
    for number, texts in enumerate(made, 1):
        name = texts["name"].strip()
        if (
            not name
            or name.startswith(".")
            or re.search(r"[/\\\0\n\r:]", name)
            or len(name.encode()) > 200
        ):
            raise InputError(
                f"row {number}: {name!r} cannot be the name of a file; change --name or the cell"
            )
        if name.casefold() in seen:
            raise InputError(
                f"rows {seen[name.casefold()]} and {number} would both be {name}; use a column that is unique"
            )
        seen[name.casefold()] = number
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".filling-", dir=folder.parent) as made_in:
        staging = Path(made_in) / "letters"
        staging.mkdir()
        for texts in made:
            (staging / texts["name"].strip()).write_bytes(texts["text"].encode())
        if folder.exists():
            folder.rmdir()
        staging.rename(folder)
    print(f"wrote {folder}: {len(made)} files")
    return 0


def run_draft(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.rows, arguments.template)
    table, template = inputs(arguments)
    require_columns(arguments.rows, table, [arguments.to])
    check_template(arguments.subject, table.columns, "--subject")
    made = without_problems(fill_all({"subject": arguments.subject, "text": template}, table.rows))
    messages: list[str] = []
    for number, (row, texts) in enumerate(zip(table.rows, made), 1):
        message = EmailMessage(
            policy=SMTP.clone(linesep="\n", cte_type="8bit", utf8=True, max_line_length=0)
        )
        for name, value in (
            ("From", arguments.sender),
            ("To", as_text(row.get(arguments.to)).strip()),
            ("Subject", texts["subject"]),
        ):
            if (
                "\n" in value
                or "\r" in value
                or (name != "Subject" and not ADDRESS.fullmatch(value))
            ):
                raise InputError(f"row {number}: {value!r} cannot be the {name} of a message")
            message[name] = value
        message["X-Unsent"] = "1"
        message.set_content(texts["text"], cte="8bit")
        body = re.sub(r"(?m)^(>*From )", r">\1", message.as_bytes().decode())
        messages.append(f"From drafts Thu Jan  1 00:00:00 1970\n{body}\n")
    write_text(arguments.output, "".join(messages))
    print(f"wrote {arguments.output}: {len(messages)} drafts, none sent")
    return 0


def without_problems(outcome: tuple[list[dict[str, str]], list[str]]) -> list[dict[str, str]]:
    made, problems = outcome
    if problems:
        more = f" (and {len(problems) - 1} more; `check` lists them)" if len(problems) > 1 else ""
        raise InputError(f"{problems[0]}{more}; nothing was written")
    return made


def inputs(arguments: argparse.Namespace) -> tuple[Table, str]:
    table = read_rows(arguments.rows)
    template = read_text(arguments.template)
    check_template(template, table.columns, str(arguments.template))
    return table, template


# -- values and files -----------------------------------------------------------------------


def as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def require_columns(path: Path, table: Table, names: list[str]) -> None:
    if table.typed and not table.rows:
        return  # an empty JSON list has every column and none
    for name in names:
        if name not in table.columns:
            known = ", ".join(table.columns)
            raise InputError(f"{path} has no column {name!r}; its columns are: {known}")


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

    def add(name: str, text: str, run) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("rows", type=Path, metavar="ROWS")
        sub.add_argument("template", type=Path, metavar="TEMPLATE")
        sub.set_defaults(run=run)
        return sub

    add("check", "Name every gap that cannot be filled; exit status 1 if there is one.", run_check)
    sub = add("fill", "Write one file for each row.", run_fill)
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    sub.add_argument("--name", required=True, metavar="TEMPLATE", help="such as '{{id}}.txt'")
    sub = add("draft", "Write one unsent message for each row into an mbox file.", run_draft)
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.mbox")
    sub.add_argument("--to", required=True, metavar="COL")
    sub.add_argument("--sender", required=True, metavar="ADDRESS")
    sub.add_argument("--subject", required=True, metavar="TEMPLATE")
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
