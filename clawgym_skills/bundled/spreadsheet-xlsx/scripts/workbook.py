#!/usr/bin/env python3
"""Read sheets of an .xlsx workbook into rows, and write rows as a workbook."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import os
import posixpath
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree
from xml.sax.saxutils import escape

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
LITERAL = re.compile(r"\"[^\"]*\"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]", re.IGNORECASE)
ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
MOST_BYTES = 1_000_000_000
MOST_PART = 500_000_000
MOST_COLUMNS = 16_384


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook: its name, its part in the archive, whether a reader sees it."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """An open workbook; sheets are read row by row, so that their size does not matter much."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.errors = 0
        try:
            self.archive = zipfile.ZipFile(path)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from error
        except zipfile.BadZipFile as error:
            encrypted = path.read_bytes()[:4] == b"\xd0\xcf\x11\xe0"
            reason = (
                "protected by a password, or an old .xls file"
                if encrypted
                else "not an .xlsx workbook"
            )
            raise InputError(f"{path} is {reason}") from error
        if sum(entry.file_size for entry in self.archive.infolist()) > MOST_BYTES:
            raise InputError(f"{path} unpacks to more than {MOST_BYTES:,} bytes")
        self.date1904 = False
        self.sheets = self._sheets()
        self._strings: list[str] | None = None
        self._dates: list[bool] | None = None

    def part(self, name: str) -> ElementTree.Element:
        try:
            with self.archive.open(name) as stream:
                data = stream.read(MOST_PART)
        except (KeyError, zipfile.BadZipFile, RuntimeError) as error:
            raise InputError(f"{self.path} is damaged: {name} cannot be read") from error
        self._refuse_entities(name, data[:2000])
        try:
            return ElementTree.fromstring(data)
        except ElementTree.ParseError as error:
            raise InputError(f"{self.path} is damaged: {name}: {error}") from error

    def _elements(self, name: str, tag: str) -> Iterator[ElementTree.Element]:
        """The elements of one tag, each forgotten after its turn."""
        try:
            with self.archive.open(name) as stream:
                self._refuse_entities(name, stream.read(2000))
            with self.archive.open(name) as stream:
                for _, element in ElementTree.iterparse(stream):
                    if element.tag == tag:
                        yield element
                        element.clear()
        except (KeyError, zipfile.BadZipFile, RuntimeError, ElementTree.ParseError) as error:
            raise InputError(f"{self.path} is damaged: {name} cannot be read: {error}") from error

    def _refuse_entities(self, name: str, start: bytes) -> None:
        if b"<!DOCTYPE" in start:
            raise InputError(
                f"{self.path}: {name} declares entities, which no spreadsheet program writes"
            )

    def _sheets(self) -> list[Sheet]:
        book = self.part("xl/workbook.xml")
        properties = book.find(f"{MAIN}workbookPr")
        self.date1904 = properties is not None and properties.get("date1904") in ("1", "true")
        relations = {
            each.get("Id"): posixpath.normpath(
                posixpath.join("/xl", each.get("Target", ""))
            ).lstrip("/")
            for each in self.part("xl/_rels/workbook.xml.rels")
        }
        return [
            Sheet(
                each.get("name", ""),
                relations.get(each.get(RELATION), ""),
                each.get("state", "visible") != "visible",
            )
            for each in book.iter(f"{MAIN}sheet")
        ]

    @property
    def strings(self) -> list[str]:
        if self._strings is None:
            self._strings = []
            if "xl/sharedStrings.xml" in self.archive.namelist():
                self._strings = [
                    text_of(item) for item in self.part("xl/sharedStrings.xml").iter(f"{MAIN}si")
                ]
        return self._strings

    @property
    def dates(self) -> list[bool]:
        """For each cell style, whether it shows a date."""
        if self._dates is None:
            self._dates = []
            if "xl/styles.xml" in self.archive.namelist():
                styles = self.part("xl/styles.xml")
                custom = {
                    int(each.get("numFmtId", "0")): each.get("formatCode", "")
                    for each in styles.iter(f"{MAIN}numFmt")
                }
                cells = styles.find(f"{MAIN}cellXfs")
                formats = [
                    int(each.get("numFmtId", "0")) for each in (cells if cells is not None else [])
                ]
                self._dates = [
                    number in DATE_FORMATS
                    or bool(DATE_LETTERS.search(LITERAL.sub("", custom.get(number, ""))))
                    for number in formats
                ]
        return self._dates

    def rows(self, sheet: Sheet) -> Iterator[tuple[int, dict[int, object]]]:
        """Row numbers with their values by column, from 0; rows without a value are left out."""
        last = 0
        for row in self._elements(sheet.part, f"{MAIN}row"):
            number = int(row.get("r") or last + 1)
            last = number
            values: dict[int, object] = {}
            for place, cell in enumerate(row.iter(f"{MAIN}c")):
                found = ADDRESS.fullmatch(cell.get("r", ""))
                column = column_number(found[1]) if found else place
                value = self._value(cell)
                if value not in (None, ""):
                    values[column] = value
            if values:
                yield number, values

    def _value(self, cell: ElementTree.Element) -> object:
        kind, raw = cell.get("t", "n"), cell.findtext(f"{MAIN}v")
        if kind == "inlineStr":
            return text_of(cell)
        if raw is None:
            return None
        if kind == "s":
            index = int(raw) if raw.isdecimal() else -1
            if not 0 <= index < len(self.strings):
                raise InputError(f"{self.path} is damaged: a cell names text number {raw}")
            return self.strings[index]
        if kind == "b":
            return raw == "1"
        if kind == "e":
            self.errors += 1
            return None
        if kind in ("str", "d"):
            return raw
        return self._number(raw, int(cell.get("s", "0")))

    def _number(self, raw: str, style: int) -> object:
        try:
            number = float(raw)
        except ValueError:
            return raw
        if not math.isfinite(number):
            return raw
        if style < len(self.dates) and self.dates[style]:
            return self._date(number)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number

    def _date(self, number: float) -> object:
        if number < 1:
            return (
                (datetime(1900, 1, 1) + timedelta(seconds=round(number * 86400))).strftime(
                    "%H:%M:%S"
                )
                if number >= 0
                else number
            )
        # Excel believes that 1900 was a leap year.
        start = (
            datetime(1904, 1, 1)
            if self.date1904
            else datetime(1899, 12, 30)
            if number >= 60
            else datetime(1899, 12, 31)
        )
        try:
            moment = start + timedelta(seconds=round(number * 86400))
        except OverflowError:
            return number
        return moment.date().isoformat() if number.is_integer() else moment.isoformat()


def text_of(item: ElementTree.Element) -> str:
    """The text of rich or plain text, without the reading aids of Japanese."""
    parts = []
    for child in item.iter(f"{MAIN}r" if item.find(f".//{MAIN}r") is not None else f"{MAIN}t"):
        parts.append(
            child.text or "" if child.tag == f"{MAIN}t" else child.findtext(f"{MAIN}t") or ""
        )
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), "".join(parts))


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letters(number: int) -> str:
    letters, number = "", number + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# -- commands -------------------------------------------------------------------------------


def run_sheets(arguments: argparse.Namespace) -> int:
    book = Workbook(arguments.book)
    for sheet in book.sheets:
        count = width = 0
        head = ""
        for _, values in book.rows(sheet) if sheet.part.startswith("xl/worksheets/") else ():
            count, width = count + 1, max(width, *values) if count else max(values)
            head = head or ", ".join(as_text(value) for _, value in sorted(values.items()))
        size = f"{count} rows with the header, {width + 1 if count else 0} columns"
        print(f"{sheet.name}: {size}{', hidden' if sheet.hidden else ''}: {head[:80]}".rstrip(": "))
    return 0


def run_read(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.book)
    row_format(arguments.output)
    book = Workbook(arguments.book)
    sheet = chosen_sheet(book, arguments.sheet)
    header: dict[int, str] = {}
    rows: list[Row] = []
    for number, values in book.rows(sheet):
        if number < arguments.header_row:
            continue
        if not header:
            header = header_names(values)
            continue
        for column in values:
            if column not in header:
                header[column] = free_name(f"column_{column_letters(column)}", header)
        rows.append({header[column]: value for column, value in values.items()})
    if not header:
        raise InputError(
            f"sheet {sheet.name!r} of {arguments.book} has no row {arguments.header_row} or later"
        )
    columns = [header[column] for column in sorted(header)]
    complete: list[Row] = [{name: row.get(name) for name in columns} for row in rows]
    write_rows(arguments.output, Table(columns, complete, typed=True))
    if book.errors:
        print(f"note: {book.errors} cells with an error are blank", file=sys.stderr)
    print(
        f"wrote {arguments.output}: {len(rows)} rows, {len(columns)} columns from sheet {sheet.name}"
    )
    return 0


def chosen_sheet(book: Workbook, name: str | None) -> Sheet:
    for sheet in book.sheets:
        if name is None or sheet.name == name:
            return sheet
    raise InputError(
        f"{book.path} has no sheet {name!r}; its sheets are: {', '.join(s.name for s in book.sheets)}"
    )


def header_names(values: dict[int, object]) -> dict[int, str]:
    header: dict[int, str] = {}
    for column, value in sorted(values.items()):
        header[column] = free_name(" ".join(as_text(value).split()), header)
    return header


def free_name(name: str, header: dict[int, str]) -> str:
    candidate, count = name, 2
    while candidate in header.values():
        candidate, count = f"{name}_{count}", count + 1
    return candidate


def run_write(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.rows)
    if arguments.output.suffix.lower() != ".xlsx":
        raise InputError(f"{arguments.output}: the file name must end in .xlsx")
    name = arguments.sheet
    if not name or len(name) > 31 or re.search(r"[\[\]:*?/\\]", name):
        raise InputError(
            f"{name!r} cannot be the name of a sheet: 1 to 31 characters without []:*?/\\"
        )
    table = read_rows(arguments.rows)
    if len(table.columns) > MOST_COLUMNS or len(table.rows) >= 1_048_576:
        raise InputError(f"{arguments.rows} has more rows or columns than a sheet can hold")
    lines = [sheet_row(1, table.columns, plain=True)]
    lines += [
        sheet_row(n, [row.get(c) for c in table.columns], plain=False)
        for n, row in enumerate(table.rows, 2)
    ]
    sheet = (
        f'{XML}<worksheet xmlns="{MAIN[1:-1]}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    )
    write_archive(arguments.output, {**parts_around(name), "xl/worksheets/sheet1.xml": sheet})
    print(
        f"wrote {arguments.output}: {len(table.rows)} rows, {len(table.columns)} columns in sheet {name}"
    )
    return 0


XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def parts_around(name: str) -> dict[str, str]:
    """The parts that every workbook has beside its sheets."""
    attribute = escape(name, {'"': "&quot;"})
    return {
        "[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN[1:-1]}" xmlns:r="{OFFICE}"><sheets><sheet name="{attribute}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    }


def sheet_row(number: int, values: list[object], plain: bool) -> str:
    cells = (
        cell(f"{column_letters(column)}{number}", value, plain)
        for column, value in enumerate(values)
    )
    return f'<row r="{number}">{"".join(cells)}</row>'


def cell(address: str, value: object, plain: bool) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f'<c r="{address}" t="b"><v>{int(value)}</v></c>'
    text = as_text(value)
    if not plain and len(text) <= 15 and (INTEGER.fullmatch(text) or DECIMAL.fullmatch(text)):
        return f'<c r="{address}"><v>{text}</v></c>'
    if len(text) > 32_767:
        raise InputError(f"the text of cell {address} is longer than a cell can hold")
    safe = re.sub(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)",
        lambda found: f"_x{ord(found[0]):04X}_",
        text,
    )
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{escape(safe)}</t></is></c>'


def write_archive(path: Path, parts: dict[str, str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        try:
            with (
                os.fdopen(handle, "wb") as stream,
                zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
            ):
                for name, text in parts.items():
                    archive.writestr(
                        zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)),
                        text.encode(),
                        zipfile.ZIP_DEFLATED,
                    )
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


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

    text = "List the sheets with their size and header."
    sub = commands.add_parser("sheets", help=text, description=text)
    sub.add_argument("book", type=Path, metavar="BOOK")
    sub.set_defaults(run=run_sheets)

    text = "Write one sheet as rows."
    sub = commands.add_parser("read", help=text, description=text)
    sub.add_argument("book", type=Path, metavar="BOOK")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    sub.add_argument("--sheet", metavar="NAME", help="default: the first one")
    sub.add_argument("--header-row", type=int, default=1, metavar="N")
    sub.set_defaults(run=run_read)

    text = "Write rows as a workbook of one sheet."
    sub = commands.add_parser("write", help=text, description=text)
    sub.add_argument("rows", type=Path, metavar="ROWS")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="BOOK.xlsx")
    sub.add_argument("--sheet", default="Sheet1", metavar="NAME")
    sub.set_defaults(run=run_write)
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
