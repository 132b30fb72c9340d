"""Files of records, read lazily: JSON lines, a JSON array, Parquet."""

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import JsonValue

from clawgym.errors import TaskFormatError, UsageError
from verify.suites.suite import Notes
from verify.suites.text import decode

SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet")

JsonObject = Mapping[str, JsonValue]


class Row(Protocol):
    """One record of a file."""

    def read(self) -> JsonObject:
        """The record.

        Raises:
            TaskFormatError: it is broken.
        """
        ...


@dataclass(frozen=True)
class HeldRow:
    """A record in memory."""

    value: JsonValue
    where: str

    def read(self) -> JsonObject:
        """The record, if it is an object."""
        return _object(self.value, self.where)


@dataclass(frozen=True)
class Line:
    """A line of a file, read again whenever it is wanted."""

    path: Path
    start: int
    length: int
    where: str

    def read(self) -> JsonObject:
        """The record on the line."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.start)
                data = stream.read(self.length)
        except OSError as error:
            raise TaskFormatError(f"{self.path} cannot be read: {error.strerror}") from error
        return _object(_json(decode(data, Notes()), self.where), self.where)


@dataclass(frozen=True)
class ParquetRow:
    """A row of a table, turned into plain values whenever it is wanted."""

    table: Any
    index: int
    where: str

    def read(self) -> JsonObject:
        """The record; columns that hold JSON text are read."""
        [row] = cast("list[dict[str, JsonValue]]", self.table.slice(self.index, 1).to_pylist())
        return {key: _nested(value) for key, value in row.items() if value is not None}


def read_rows(path: Path, notes: Notes) -> Iterator[tuple[int, Row]]:
    """Each record with its number: the line in a file of lines, else counted from 0.

    Raises:
        TaskFormatError: the file as a whole cannot be read.
        UsageError: Parquet needs an extra that is not installed.
    """
    try:
        if path.suffix == ".parquet":
            yield from _parquet_rows(path)
        elif path.suffix == ".json":
            yield from _array_rows(path, notes)
        else:
            yield from _lines(path, notes)
    except OSError as error:
        raise TaskFormatError(f"{path} cannot be read: {error.strerror}") from error


def _lines(path: Path, notes: Notes) -> Iterator[tuple[int, Row]]:
    start = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise TaskFormatError(f"{path} is UTF-16; JSON lines are UTF-8: convert it first")
            if line.strip(b" \t\r\n\xef\xbb\xbf"):
                where = f"{path}:{number}"
                decode(line.removesuffix(b"\n").removesuffix(b"\r"), notes.at(where))
                yield number, Line(path, start, len(line), where)
            start += len(line)


def _array_rows(path: Path, notes: Notes) -> Iterator[tuple[int, Row]]:
    value = _json(decode(path.read_bytes(), notes.at(str(path))), str(path))
    if isinstance(value, dict):
        inner = [
            value[key] for key in ("tasks", "data", "records") if isinstance(value.get(key), list)
        ]
        value = inner[0] if inner else [value]
    if not isinstance(value, list):
        raise TaskFormatError(f"{path} must hold an array of tasks, found {type(value).__name__}")
    for index, record in enumerate(value):
        yield index, HeldRow(record, f"{path}:{index}")


def _parquet_rows(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError(
            f"{path} is Parquet, which needs pyarrow: pip install 'clawgym[parquet]'"
        ) from error
    try:
        table = parquet.read_table(path)
    except ValueError as error:
        raise TaskFormatError(f"{path} is no Parquet file: {error}") from error
    for index in range(int(table.num_rows)):
        yield index, ParquetRow(table, index, f"{path}:{index}")


def _nested(value: JsonValue) -> JsonValue:
    """Structures are often kept as JSON text in a column: what looks like one is read."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return cast("JsonValue", json.loads(value))
        except ValueError:
            return value
    return value


def _json(text: str, where: str) -> JsonValue:
    try:
        return cast("JsonValue", json.loads(text))
    except (ValueError, RecursionError) as error:
        raise TaskFormatError(f"{where} is no JSON: {error}") from error


def _object(value: JsonValue, where: str) -> JsonObject:
    if not isinstance(value, dict):
        raise TaskFormatError(f"{where} must be an object, found {type(value).__name__}")
    return value
