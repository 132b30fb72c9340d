#!/usr/bin/env python3
"""Read and edit INI-style files; every byte outside the changed values stays as it is."""

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


HEADER = re.compile(r"[ \t]*\[(?P<name>[^\]]+)\][ \t]*(?:[#;].*)?")
ASSIGNMENT = re.compile(
    r"(?P<key>[ \t]*[^\s=:#;\[](?:[^=:]*?[^\s=:])?)(?P<sign>[ \t]*[=:][ \t]*)(?P<rest>.*?)"
)
VALUE = re.compile(r"""(?P<value>"[^"]*"|'[^']*'|.*?)(?P<tail>[ \t]*|[ \t]+[#;].*)""")
NEW_KEY = re.compile(r"[^\s=:#;\[](?:[^=:\n]*[^\s=:])?")


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Entry:
    """One `key = value`, which may continue on indented lines."""

    section: str
    key: str
    value: str
    line: int
    more: int

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}" if self.section else self.key


class Config:
    """The lines of a file with what they mean; changes touch only the lines that they must."""

    def __init__(self, path: Path) -> None:
        try:
            text = path.read_bytes().decode("utf-8", errors="surrogateescape")
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from error
        self.path = path
        self.lines = re.findall(r"[^\n]*\n|[^\n]+", text)
        self.newline = "\r\n" if self.lines and self.lines[0].endswith("\r\n") else "\n"
        self.parse()

    def parse(self) -> None:
        self.entries: list[Entry] = []
        self.sections: dict[str, int] = {}  # name to the line where a new key belongs
        section, indent, last = "", -1, None
        for number, line in enumerate(self.lines):
            text = line.rstrip("\r\n").lstrip("\ufeff")
            if not text.strip() or text.lstrip()[0] in "#;":
                continue
            depth = len(text) - len(text.lstrip())
            if last is not None and depth > indent:
                self.entries[-1] = last = continued(last, number, text)
            elif header := HEADER.fullmatch(text):
                section, indent, last = header["name"].strip(), -1, None
            elif found := ASSIGNMENT.fullmatch(text):
                value = VALUE.fullmatch(found["rest"])["value"]
                last = Entry(section, found["key"].strip(), value, number, 0)
                indent = depth
                self.entries.append(last)
            else:
                last = None  # a bare word, as in .npmrc or my.cnf: kept, not understood
            self.sections[section] = number + 1

    def find(self, section: str, key: str) -> Entry | None:
        found = [
            entry
            for entry in self.entries
            if entry.section == section and entry.key.casefold() == key.casefold()
        ]
        if len(found) > 1:
            lines = ", ".join(str(entry.line + 1) for entry in found)
            raise InputError(f"{self.path}: {found[0].name} appears on lines {lines}; keep one")
        return found[0] if found else None

    def split_name(self, name: str) -> tuple[str, str]:
        """`section.key`; dots may be part of either, so an existing section wins."""
        owners = [each for each in self.sections if each and name.startswith(each + ".")]
        if owners:
            section = max(owners, key=len)
            return section, name[len(section) + 1 :]
        section, _, key = name.rpartition(".")
        return section, key

    def change(self, entry: Entry, value: str) -> None:
        check_value(entry.name, value)
        line = self.lines[entry.line]
        body = line.rstrip("\r\n")
        found = ASSIGNMENT.fullmatch(body)
        tail = VALUE.fullmatch(found["rest"])["tail"]
        sign = found["sign"] if found["rest"] or not value else spaced(found["sign"])
        self.lines[entry.line] = found["key"] + sign + value + tail + line[len(body) :]
        if entry.more:
            first = entry.line + 1
            kept = [each for each in self.lines[first : first + entry.more] if is_comment(each)]
            self.lines[first : first + entry.more] = kept
        self.parse()

    def set(self, section: str, key: str, value: str) -> str:
        """Change or add a key; says which it was."""
        if entry := self.find(section, key):
            if entry.value == value:
                return "unchanged"
            self.change(entry, value)
            return "changed"
        if not NEW_KEY.fullmatch(key):
            raise InputError(f"{key!r} cannot be a key: it is empty or holds one of = : # ; [")
        check_value(key, value)
        if section and section not in self.sections:
            self.add_section(section)
        place = self.sections.get(section, 0)
        self.end_line(place)
        self.lines.insert(place, key + self.sign_in(section) + value + self.newline)
        self.parse()
        return "added"

    def add_section(self, section: str) -> None:
        if not re.fullmatch(r"[^\]\n]+", section):
            raise InputError(f"{section!r} cannot be the name of a section")
        self.end_line(len(self.lines))
        gap = [self.newline] if self.lines and self.lines[-1].strip() else []
        self.lines += [*gap, f"[{section}]{self.newline}"]
        self.parse()

    def end_line(self, place: int) -> None:
        if place and not self.lines[place - 1].endswith("\n"):
            self.lines[place - 1] += self.newline

    def sign_in(self, section: str) -> str:
        """How the section, or else the file, writes the sign between key and value."""
        same = [entry for entry in self.entries if entry.section == section]
        for entry in [*reversed(same), *self.entries]:
            found = ASSIGNMENT.fullmatch(self.lines[entry.line].rstrip("\r\n"))
            if found["rest"]:
                return found["sign"]
        return " = "

    def save(self, output: Path | None) -> Path:
        target = output or self.path
        write_text(target, "".join(self.lines), errors="surrogateescape")
        return target


def continued(entry: Entry, number: int, text: str) -> Entry:
    value = f"{entry.value}\n{text.strip()}"
    return Entry(entry.section, entry.key, value, entry.line, number - entry.line)


def is_comment(line: str) -> bool:
    return not line.strip() or line.lstrip()[0] in "#;"


def spaced(sign: str) -> str:
    """The sign for a value that takes the place of nothing: `key =` becomes `key = value`."""
    return sign + " " if sign[:1] in " \t" and sign[-1:] in "=:" else sign


def check_value(name: str, value: str) -> None:
    if "\n" in value or "\r" in value:
        raise InputError(f"the value for {name} holds a line break")


# -- commands -------------------------------------------------------------------------------


def run_get(arguments: argparse.Namespace) -> int:
    config = Config(arguments.file)
    if arguments.name is None:
        for entry in config.entries:
            value = entry.value.replace("\n", "\\n")
            print(f"{entry.name}={value}")
        return 0
    section, key = config.split_name(arguments.name)
    entry = config.find(section, key)
    if entry is None:
        known = ", ".join(each.name for each in config.entries) or "nothing"
        raise InputError(f"{arguments.file} has no {arguments.name!r}; it has: {known}")
    print(entry.value)
    return 0


def run_set(arguments: argparse.Namespace) -> int:
    config = Config(arguments.file)
    for text in arguments.assignments:
        name, sign, value = text.partition("=")
        if not sign:
            raise InputError(f"{text!r} is not section.key=VALUE")
        section, key = config.split_name(name.strip())
        print(f"{config.set(section, key, value.strip())} {name.strip()}")
    print(f"wrote {config.save(arguments.output)}")
    return 0


def run_scale(arguments: argparse.Namespace) -> int:
    config = Config(arguments.file)
    if arguments.section is not None and arguments.section not in config.sections:
        known = ", ".join(filter(None, config.sections))
        raise InputError(f"{arguments.file} has no section {arguments.section!r}; it has: {known}")
    wanted = [
        entry
        for entry in config.entries
        if entry.key.casefold() == arguments.key.casefold()
        and arguments.section in (None, entry.section)
    ]
    if not wanted:
        known = ", ".join(dict.fromkeys(entry.key for entry in config.entries))
        raise InputError(f"{arguments.file} has no key {arguments.key!r}; its keys are: {known}")
    for entry in reversed(wanted):  # from the end, so that line numbers stay right
        value = scaled(entry.value, arguments.factor)
        if value is None:
            note(f"{entry.name} = {entry.value!r} is not a plain number and stays as it is")
        else:
            config.change(entry, value)
            print(f"{entry.name}: {entry.value} -> {value}")
    print(f"wrote {config.save(arguments.output)}")
    return 0


def scaled(value: str, factor: Decimal) -> str | None:
    """Whole numbers stay whole, decimals get 2 places; halves go away from zero."""
    if INTEGER.fullmatch(value):
        places = Decimal(1)
    elif DECIMAL.fullmatch(value):
        places = Decimal("0.01")
    else:
        return None
    product = (Decimal(value) * factor).quantize(places, ROUND_HALF_UP)
    return f"{product:f}" if product else f"{abs(product):f}"


def run_set_from(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output or arguments.file, arguments.rows)
    config = Config(arguments.file)
    table = read_rows(arguments.rows)
    require_columns(arguments.rows, table, [arguments.key_column, arguments.value_column])
    counts = {"changed": 0, "added": 0, "unchanged": 0}
    for number, row in enumerate(table.rows, 1):
        key = as_text(row.get(arguments.key_column)).strip()
        if not key:
            raise InputError(f"{arguments.rows}, row {number}: {arguments.key_column} is blank")
        value = as_text(row.get(arguments.value_column)).strip()
        counts[config.set(arguments.section, key, value)] += 1
    target = config.save(arguments.output)
    print(f"wrote {target}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    return 0


def note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


# -- files ----------------------------------------------------------------------------------


def as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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


def factor(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
    if not number.is_finite() or abs(number.adjusted()) > 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a usable factor")
    return number


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str, writes: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("file", type=Path, metavar="FILE")
        if writes:
            sub.add_argument("-o", "--output", type=Path, metavar="OUT", help="instead of in place")
        sub.set_defaults(run=run)
        return sub

    sub = command("get", run_get, "Print one value, or every section.key=value.", writes=False)
    sub.add_argument("name", nargs="?", metavar="SECTION.KEY")
    sub = command("set", run_set, "Change or add values.")
    sub.add_argument("assignments", nargs="+", metavar="SECTION.KEY=VALUE")
    sub = command("scale", run_scale, "Multiply every number of a key by a factor.")
    sub.add_argument("--key", required=True)
    sub.add_argument("--factor", required=True, type=factor)
    sub.add_argument("--section", help="only in this section")
    sub = command("set-from", run_set_from, "Set one key for every row of a row file.")
    sub.add_argument("rows", type=Path, metavar="ROWS")
    sub.add_argument("--section", required=True)
    sub.add_argument("--key-column", required=True, metavar="COL")
    sub.add_argument("--value-column", required=True, metavar="COL")
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
