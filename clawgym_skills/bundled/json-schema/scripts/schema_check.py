#!/usr/bin/env python3
"""Check JSON data against a JSON Schema, or draft a schema from examples."""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
COLUMNS = ["document", "path", "keyword", "message"]
DEPTH = 200
NOTES = {
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$anchor",
    "contentMediaType",
    "contentEncoding",
    "minContains",
    "maxContains",
    "then",
    "else",
    "additionalItems",
}
TYPES = {"null", "boolean", "integer", "number", "string", "array", "object"}
MOST_ENUM = 8


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Violation:
    """One place where the data breaks the schema."""

    path: str
    keyword: str
    message: str


# -- checking -------------------------------------------------------------------------------


class Schema:
    """A schema whose references point into itself."""

    def __init__(self, path: Path, document: object) -> None:
        self.path, self.document = path, document

    def violations(
        self, value: object, schema: object, place: str = "", depth: int = 0
    ) -> Iterator[Violation]:
        if depth > DEPTH:
            raise InputError(
                f"{self.path}: the schema or the data is nested deeper than {DEPTH} levels"
            )
        if schema is True:
            return
        if schema is False:
            yield Violation(place, "false", "nothing is allowed here")
            return
        if not isinstance(schema, dict):
            raise InputError(f"{self.path}: a schema must be an object, true or false")
        for keyword, rule in schema.items():
            if keyword == "$ref":
                yield from self.violations(value, self.target(rule), place, depth + 1)
                continue
            check = CHECKS.get(keyword)
            if check is None and keyword not in NOTES:
                raise InputError(f"{self.path}: the keyword {keyword!r} is not known here")
            if check is not None:
                try:
                    yield from check(self, value, rule, schema, place, depth + 1)
                except (TypeError, AttributeError, re.error) as error:
                    raise InputError(
                        f"{self.path}: the value of {keyword!r} is not what the standard asks for"
                    ) from error

    def valid(self, value: object, schema: object, depth: int) -> bool:
        return next(self.violations(value, schema, "", depth), None) is None

    def target(self, reference: object) -> object:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise InputError(
                f"{self.path}: {reference!r} leads out of the schema; put it into $defs"
            )
        found: object = self.document
        for part in reference[1:].split("/")[1:]:
            name = unquoted(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                raise InputError(f"{self.path}: {reference} leads nowhere")
        return found


def unquoted(text: str) -> str:
    data = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode())
    return data.decode("utf-8", errors="replace")


def kind_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if float(value).is_integer() else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(one: object, other: object) -> bool:
    """Equal as JSON: 1 equals 1.0, true does not equal 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return (
        type(one) is type(other)
        and one == other
        or (is_number(one) and is_number(other) and one == other)
    )


def shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def below(place: str, name: object) -> str:
    return f"{place}/{str(name).replace('~', '~0').replace('/', '~1')}"


def check_type(self, value, rule, schema, place, depth):
    wanted = [rule] if isinstance(rule, str) else list(rule)
    if not set(wanted) <= TYPES:
        raise InputError(f"{self.path}: unknown type {shown(rule)}")
    kind = kind_of(value)
    if kind not in wanted and not (kind == "integer" and "number" in wanted):
        yield Violation(place, "type", f"{shown(value)} is {kind}, not {' or '.join(wanted)}")


def check_enum(self, value, rule, schema, place, depth):
    if not any(same(value, each) for each in rule):
        yield Violation(place, "enum", f"{shown(value)} is none of {shown(rule)}")


def check_const(self, value, rule, schema, place, depth):
    if not same(value, rule):
        yield Violation(place, "const", f"{shown(value)} is not {shown(rule)}")


def limit(keyword, measure, fails, words):
    def check(self, value, rule, schema, place, depth):
        size = measure(value)
        if size is not None and fails(size, rule):
            yield Violation(place, keyword, f"{shown(value)} {words} {rule}")

    return check


def number_of(value):
    return Decimal(str(value)) if is_number(value) and math.isfinite(value) else None


def length_of(kind):
    return lambda value: len(value) if isinstance(value, kind) else None


def check_pattern(self, value, rule, schema, place, depth):
    if isinstance(value, str) and not re.search(rule, value):
        yield Violation(place, "pattern", f"{shown(value)} does not match {rule}")


def check_format(self, value, rule, schema, place, depth):
    if isinstance(value, str) and rule in FORMATS and not FORMATS[rule](value):
        yield Violation(place, "format", f"{shown(value)} is no {rule}")


def parses(function):
    def check(text: str) -> bool:
        try:
            function(text)
        except ValueError:
            return False
        return True

    return check


def check_required(self, value, rule, schema, place, depth):
    if isinstance(value, dict):
        yield from (
            Violation(place, "required", f"{name!r} is missing")
            for name in rule
            if name not in value
        )


def check_dependent(self, value, rule, schema, place, depth):
    if isinstance(value, dict):
        for name, needed in rule.items():
            if name in value:
                yield from (
                    Violation(place, "dependentRequired", f"{each!r} is missing beside {name!r}")
                    for each in needed
                    if each not in value
                )


def check_properties(self, value, rule, schema, place, depth):
    if isinstance(value, dict):
        for name, inner in rule.items():
            if name in value:
                yield from self.violations(value[name], inner, below(place, name), depth)


def check_patterns(self, value, rule, schema, place, depth):
    if isinstance(value, dict):
        for pattern, inner in rule.items():
            for name in value:
                if re.search(pattern, name):
                    yield from self.violations(value[name], inner, below(place, name), depth)


def check_additional(self, value, rule, schema, place, depth):
    if isinstance(value, dict):
        named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        for name in value:
            if name not in named and not any(re.search(pattern, name) for pattern in patterns):
                if rule is False:
                    yield Violation(place, "additionalProperties", f"{name!r} is not allowed")
                else:
                    yield from self.violations(value[name], rule, below(place, name), depth)


def check_names(self, value, rule, schema, place, depth):
    if isinstance(value, dict):
        for name in value:
            yield from self.violations(name, rule, below(place, name), depth)


def check_items(self, value, rule, schema, place, depth):
    if not isinstance(value, list):
        return
    if isinstance(rule, list):  # draft 7: a tuple
        yield from check_prefix(self, value, rule, schema, place, depth)
        rest, start = schema.get("additionalItems", True), len(rule)
    else:
        rest, start = rule, len(schema.get("prefixItems", []))
    for index in range(start, len(value)):
        yield from self.violations(value[index], rest, below(place, index), depth)


def check_prefix(self, value, rule, schema, place, depth):
    if isinstance(value, list):
        for index, (item, inner) in enumerate(zip(value, rule)):
            yield from self.violations(item, inner, below(place, index), depth)


def check_contains(self, value, rule, schema, place, depth):
    if isinstance(value, list):
        count = sum(self.valid(item, rule, depth) for item in value)
        if count < schema.get("minContains", 1) or count > schema.get("maxContains", math.inf):
            yield Violation(place, "contains", f"{count} entries are of the wanted kind")


def check_unique(self, value, rule, schema, place, depth):
    if rule and isinstance(value, list):
        seen: set[str] = set()
        for index, item in enumerate(value):
            text = (
                json.dumps(item, sort_keys=True).replace(".0,", ",")
                if not is_number(item)
                else str(float(item))
            )
            if text in seen:
                yield Violation(below(place, index), "uniqueItems", f"{shown(item)} is there twice")
            seen.add(text)


def check_all(self, value, rule, schema, place, depth):
    for inner in rule:
        yield from self.violations(value, inner, place, depth)


def check_any(self, value, rule, schema, place, depth):
    if not any(self.valid(value, inner, depth) for inner in rule):
        yield Violation(place, "anyOf", f"{shown(value)} fits none of {len(rule)} alternatives")


def check_one(self, value, rule, schema, place, depth):
    count = sum(self.valid(value, inner, depth) for inner in rule)
    if count != 1:
        yield Violation(
            place,
            "oneOf",
            f"{shown(value)} fits {count} of {len(rule)} alternatives, not exactly 1",
        )


def check_not(self, value, rule, schema, place, depth):
    if self.valid(value, rule, depth):
        yield Violation(place, "not", f"{shown(value)} is what is ruled out")


def check_if(self, value, rule, schema, place, depth):
    branch = "then" if self.valid(value, rule, depth) else "else"
    yield from self.violations(value, schema.get(branch, True), place, depth)


def moment(day: str, clock: str, *_: str) -> datetime:
    """A date and a time of RFC 3339; a leap second counts as the second before it."""
    if not re.fullmatch(r"(?i)\d\d:\d\d:\d\d(?:\.\d+)?(?:z|[+-]\d\d:\d\d)", clock):
        raise ValueError(clock)
    return datetime.combine(
        date.fromisoformat(day), time.fromisoformat(clock[:8].replace(":60", ":59"))
    )


FORMATS = {
    "date": parses(date.fromisoformat),
    "date-time": parses(lambda text: moment(*re.split("[ tT]", text, maxsplit=1), "")),
    "time": parses(lambda text: moment("2000-01-01", text)),
    "email": lambda text: re.fullmatch(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+", text) is not None,
    "uuid": lambda text: (
        re.fullmatch(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None
    ),
    "ipv4": lambda text: (
        re.fullmatch(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}", text) is not None
    ),
    "uri": lambda text: (
        re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", text) is not None
    ),
}
CHECKS = {
    "type": check_type,
    "enum": check_enum,
    "const": check_const,
    "minimum": limit(
        "minimum", number_of, lambda size, rule: size < Decimal(str(rule)), "is less than"
    ),
    "maximum": limit(
        "maximum", number_of, lambda size, rule: size > Decimal(str(rule)), "is more than"
    ),
    "exclusiveMinimum": limit(
        "exclusiveMinimum",
        number_of,
        lambda size, rule: size <= Decimal(str(rule)),
        "is not more than",
    ),
    "exclusiveMaximum": limit(
        "exclusiveMaximum",
        number_of,
        lambda size, rule: size >= Decimal(str(rule)),
        "is not less than",
    ),
    "multipleOf": limit(
        "multipleOf",
        number_of,
        lambda size, rule: size % Decimal(str(rule)) != 0,
        "is no multiple of",
    ),
    "minLength": limit(
        "minLength", length_of(str), lambda size, rule: size < rule, "is shorter than"
    ),
    "maxLength": limit(
        "maxLength", length_of(str), lambda size, rule: size > rule, "is longer than"
    ),
    "minItems": limit(
        "minItems", length_of(list), lambda size, rule: size < rule, "has fewer entries than"
    ),
    "maxItems": limit(
        "maxItems", length_of(list), lambda size, rule: size > rule, "has more entries than"
    ),
    "minProperties": limit(
        "minProperties", length_of(dict), lambda size, rule: size < rule, "has fewer keys than"
    ),
    "maxProperties": limit(
        "maxProperties", length_of(dict), lambda size, rule: size > rule, "has more keys than"
    ),
    "pattern": check_pattern,
    "format": check_format,
    "required": check_required,
    "dependentRequired": check_dependent,
    "properties": check_properties,
    "patternProperties": check_patterns,
    "additionalProperties": check_additional,
    "propertyNames": check_names,
    "items": check_items,
    "prefixItems": check_prefix,
    "contains": check_contains,
    "uniqueItems": check_unique,
    "allOf": check_all,
    "anyOf": check_any,
    "oneOf": check_one,
    "not": check_not,
    "if": check_if,
}


# -- inferring ------------------------------------------------------------------------------


def inferred(values: list[object], depth: int = 0) -> dict[str, object]:
    """A schema that all values fit."""
    if depth > DEPTH:
        raise InputError(f"the data is nested deeper than {DEPTH} levels")
    kinds = sorted({kind_of(value) for value in values})
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    schema: dict[str, object] = {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}
    objects = [value for value in values if isinstance(value, dict)]
    if objects:
        names = list(dict.fromkeys(name for value in objects for name in value))
        schema["properties"] = {
            name: inferred([value[name] for value in objects if name in value], depth + 1)
            for name in names
        }
        schema["required"] = [name for name in names if all(name in value for value in objects)]
    lists = [value for value in values if isinstance(value, list)]
    if any(lists):
        schema["items"] = inferred([item for value in lists for item in value], depth + 1)
    texts = [value for value in values if isinstance(value, str)]
    if kinds == ["string"]:
        distinct = list(dict.fromkeys(texts))
        formats = [
            name for name, fits in FORMATS.items() if name != "uri" and all(map(fits, texts))
        ]
        if formats:
            schema["format"] = formats[0]
        elif len(texts) >= 3 * len(distinct) and len(distinct) <= MOST_ENUM:
            schema["enum"] = distinct
    return schema


# -- commands -------------------------------------------------------------------------------


def run_check(arguments: argparse.Namespace) -> int:
    schema = Schema(arguments.schema, load_json(str(arguments.schema), read_text(arguments.schema)))
    rows: list[Row] = []
    count = 0
    try:
        for count, document in enumerate(documents(arguments), 1):
            for found in schema.violations(document, schema.document):
                rows.append(
                    dict(zip(COLUMNS, (count, found.path or "/", found.keyword, found.message)))
                )
    except RecursionError as error:
        raise InputError(f"{schema.path}: the schema refers to itself without end") from error
    if arguments.output:
        write_rows(arguments.output, Table(COLUMNS, rows, typed=True))
    for row in rows[:50]:
        print(f"document {row['document']} {row['path']}: {row['message']}")
    if len(rows) > 50:
        print(f"and {len(rows) - 50} more")
    print(
        f"{count} documents, {len({row['document'] for row in rows})} invalid, {len(rows)} violations"
    )
    return 1 if rows else 0


def run_infer(arguments: argparse.Namespace) -> int:
    values = list(documents(arguments))
    if not values:
        raise InputError(f"{arguments.data} holds no document to learn from")
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **inferred(values)}
    write_text(arguments.output, json.dumps(schema, ensure_ascii=False, indent=2) + "\n")
    print(f"wrote {arguments.output}: from {len(values)} documents")
    return 0


def documents(arguments: argparse.Namespace) -> Iterator[object]:
    """Each document; lines are read one at a time."""
    path = arguments.data
    if path.suffix.lower() != ".jsonl":
        document = load_json(str(path), read_text(path))
        if arguments.each and not isinstance(document, list):
            raise InputError(f"{path} does not hold a list; leave out --each")
        yield from document if arguments.each else [document]
        return
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield load_json(f"{path}, line {number}", line)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start})") from error


# -- files ----------------------------------------------------------------------------------


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


# -- command line ---------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "List every violation of the schema; exit status 1 if there is one."
    sub = commands.add_parser("check", help=text, description=text)
    sub.add_argument("--schema", type=Path, required=True, metavar="SCHEMA.json")
    sub.add_argument("-o", "--output", type=Path, metavar="OUT")
    sub.set_defaults(run=run_check)

    text = "Draft a schema that the data keeps to."
    other = commands.add_parser("infer", help=text, description=text)
    other.add_argument("-o", "--output", type=Path, required=True, metavar="SCHEMA.json")
    other.set_defaults(run=run_infer)

    for each in (sub, other):
        each.add_argument("data", type=Path, metavar="DATA")
        each.add_argument("--each", action="store_true", help="a JSON list is a list of documents")
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
