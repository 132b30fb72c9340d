#!/usr/bin/env python3
"""Part a row file into shares, chunks or one file for each value, or draw a sample."""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

DELIMITERS = {".csv": ",", ".tsv": "\t"}
MOST_OPEN = 128


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Source:
    """A row file, read as whole records of bytes; `header` is empty for JSON lines."""

    path: Path
    header: bytes
    columns: list[str]

    @property
    def delimiter(self) -> str:
        return DELIMITERS.get(self.path.suffix.lower(), "")

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Each record with its line number; blank lines are no records."""
        with self.path.open("rb") as stream:
            first = True
            for line, record in records_of(stream, quoted=bool(self.delimiter), path=self.path):
                if first and self.delimiter:
                    first = False
                    continue
                if record.strip():
                    yield line, record if record.endswith(b"\n") else record + b"\n"

    def value(self, record: bytes, line: int, column: str) -> str:
        where = f"{self.path}, line {line}"
        text = decoded(record, where)
        if self.delimiter:
            fields = next(csv.reader([text], delimiter=self.delimiter), [])
            if len(fields) != len(self.columns):
                raise InputError(
                    f"{where}: {len(fields)} fields, but the header has {len(self.columns)}"
                )
            return fields[self.columns.index(column)]
        try:
            entry = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where} is not valid JSON: {error}") from error
        if not isinstance(entry, dict):
            raise InputError(f"{where} is not an object with named fields")
        value = entry.get(column)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def records_of(stream: BinaryIO, *, quoted: bool, path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines, joined while a quote is open; a record that never ends is an error, not a file."""
    held, start, number, is_open = b"", 1, 0, False
    for line in stream:
        number += 1
        if not held:
            start = number
        held += line
        is_open ^= quoted and line.count(b'"') % 2 == 1
        if is_open and len(held) > 50_000_000:
            break
        if not is_open:
            yield start, held
            held = b""
    if held and is_open:
        raise InputError(f"{path}, line {start}: a quoted field is never closed")


def open_source(path: Path, column: str | None) -> Source:
    suffix = path.suffix.lower()
    if suffix not in (*DELIMITERS, ".jsonl"):
        raise InputError(f"{path}: the file name must end in .csv, .tsv or .jsonl")
    try:
        with path.open("rb") as stream:
            if suffix == ".jsonl":
                return Source(path, b"", [])
            _, header = next(records_of(stream, quoted=True, path=path), (1, b""))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    columns = next(csv.reader([decoded(header, str(path))], delimiter=DELIMITERS[suffix]), [])
    if not columns:
        raise InputError(f"{path} is empty: its first line must name the columns")
    if column is not None and column not in columns:
        raise InputError(f"{path} has no column {column!r}; its columns are: {', '.join(columns)}")
    return Source(path, header if header.endswith(b"\n") else header + b"\n", columns)


def decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not UTF-8 text; convert the file first") from error


# -- commands -------------------------------------------------------------------------------


def run_shares(arguments: argparse.Namespace) -> int:
    names = [name for name, _ in arguments.share]
    if len(set(names)) < len(names):
        raise InputError("two shares have the same name")
    total = sum(part for _, part in arguments.share)
    if not 0.999 <= total <= 1.001:
        raise InputError(f"the shares add up to {total:g}, not to 1")
    source = open_source(arguments.input, arguments.group)
    seed = str(arguments.seed).encode()

    def part_of(record: bytes, line: int) -> str:
        key = (
            source.value(record, line, arguments.group).encode()
            if arguments.group
            else record.rstrip(b"\r\n")
        )
        digest = hashlib.sha256(seed + b"\0" + key).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64 * total
        for name, share in arguments.share:
            place -= share
            if place < 0:
                return name
        return names[-1]

    return part_into(arguments, source, part_of, names)


def run_by(arguments: argparse.Namespace) -> int:
    source = open_source(arguments.input, arguments.column)
    stems: dict[str, str] = {}
    taken: set[str] = set()

    def part_of(record: bytes, line: int) -> str:
        value = source.value(record, line, arguments.column)
        if value not in stems:
            if len(stems) >= arguments.most:
                raise InputError(
                    f"{arguments.column} has more than {arguments.most} values; raise --most if you mean it"
                )
            stem = base = safe_stem(value)
            number = 2
            while stem.lower() in taken:
                stem, number = f"{base}-{number}", number + 1
            taken.add(stem.lower())
            stems[value] = stem
        return stems[value]

    return part_into(arguments, source, part_of, [])


def run_chunks(arguments: argparse.Namespace) -> int:
    source = open_source(arguments.input, None)
    seen = 0

    def part_of(record: bytes, line: int) -> str:
        nonlocal seen
        seen += 1
        return f"part-{(seen - 1) // arguments.rows + 1:04d}"

    return part_into(arguments, source, part_of, [])


def run_sample(arguments: argparse.Namespace) -> int:
    source = open_source(arguments.input, None)
    if os.path.realpath(arguments.output) == os.path.realpath(arguments.input):
        raise InputError(f"{arguments.output} is the input; choose another output file")
    if arguments.output.suffix.lower() != arguments.input.suffix.lower():
        raise InputError(
            f"{arguments.output} must end in {arguments.input.suffix}, as the input does"
        )
    rng = random.Random(arguments.seed)
    kept: list[tuple[int, bytes]] = []
    total = 0
    for _, record in source.records():
        if len(kept) < arguments.rows:
            kept.append((total, record))
        elif (place := rng.randrange(total + 1)) < arguments.rows:
            kept[place] = (total, record)
        total += 1
    write_bytes(arguments.output, source.header + b"".join(record for _, record in sorted(kept)))
    print(f"wrote {arguments.output}: {len(kept)} of {total} rows")
    return 0


def part_into(arguments: argparse.Namespace, source: Source, part_of, names: list[str]) -> int:
    """One pass: each record goes to its part. The folder appears only when all are written."""
    folder = arguments.output
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    counts = dict.fromkeys(names, 0)
    suffix = arguments.input.suffix.lower()
    with tempfile.TemporaryDirectory(prefix=".splitting-", dir=folder.parent) as made:
        staging = Path(made) / "parts"
        staging.mkdir()
        with Parts(staging, source.header, suffix) as parts:
            for name in names:
                parts.write(name, b"")
            for line, record in source.records():
                name = part_of(record, line)
                parts.write(name, record)
                counts[name] = counts.get(name, 0) + 1
        facts = {
            "rows": sum(counts.values()),
            "parts": {f"{name}{suffix}": n for name, n in counts.items()},
        }
        (staging / "parts.json").write_text(
            json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
        if folder.exists():
            folder.rmdir()
        staging.rename(folder)
    shown = ", ".join(f"{name} {n}" for name, n in list(counts.items())[:10])
    print(f"wrote {folder}: {facts['rows']} rows in {len(counts)} parts: {shown}")
    return 0


class Parts:
    """Many files that are appended to, few of them open at a time."""

    def __init__(self, folder: Path, header: bytes, suffix: str) -> None:
        self.folder, self.header, self.suffix = folder, header, suffix
        self.streams: dict[str, BinaryIO] = {}
        self.started: set[str] = set()

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *exception: object) -> None:
        with ExitStack() as stack:
            for stream in self.streams.values():
                stack.callback(stream.close)

    def write(self, name: str, record: bytes) -> None:
        stream = self.streams.pop(name, None)
        if stream is None:
            if len(self.streams) >= MOST_OPEN:
                self.streams.pop(next(iter(self.streams))).close()
            stream = (self.folder / f"{name}{self.suffix}").open("ab")
            if name not in self.started:
                self.started.add(name)
                stream.write(self.header)
        self.streams[name] = stream
        stream.write(record)


# -- names and files ------------------------------------------------------------------------


def safe_stem(value: str) -> str:
    """A file name that every system accepts."""
    stem = re.sub(r"[^\w.-]+", "_", value.strip()).strip("._") or "blank"
    stem = stem.encode()[:80].decode(errors="ignore")
    reserved = re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d|parts", stem)
    return f"{stem}_" if reserved else stem


def write_bytes(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


# -- command line ---------------------------------------------------------------------------


def share(text: str) -> tuple[str, float]:
    name, _, part = text.partition("=")
    try:
        number = float(part)
    except ValueError:
        number = -1.0
    if not re.fullmatch(r"[\w-]{1,40}", name) or not 0 < number <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form NAME=SHARE, such as train=0.8"
        )
    return name, number


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, text: str, run, target: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("input", type=Path, metavar="INPUT")
        sub.add_argument("-o", "--output", type=Path, required=True, metavar=target)
        sub.set_defaults(run=run)
        return sub

    sub = add("shares", "Part the rows by chance into named shares.", run_shares, "FOLDER")
    sub.add_argument("--share", type=share, action="append", required=True, metavar="NAME=SHARE")
    sub.add_argument("--group", metavar="COL", help="keep rows with the same value together")
    sub.add_argument("--seed", type=int, default=1)
    sub = add("by", "One part for each value of a column.", run_by, "FOLDER")
    sub.add_argument("--column", required=True, metavar="COL")
    sub.add_argument("--most", type=positive, default=1000, metavar="N")
    sub = add("chunks", "Parts of N rows each, in order.", run_chunks, "FOLDER")
    sub.add_argument("--rows", type=positive, required=True, metavar="N")
    sub = add("sample", "Draw N rows by chance, in the order of the file.", run_sample, "OUT")
    sub.add_argument("--rows", type=positive, required=True, metavar="N")
    sub.add_argument("--seed", type=int, default=1)
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
