#!/usr/bin/env python3
"""Rank the passages of text files that answer a question, or list the lines with a phrase."""

from __future__ import annotations

import argparse
import csv
import heapq
import json
import math
import os
import re
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
COLUMNS = ["rank", "score", "file", "line", "text"]
WORD = re.compile(r"[^\W_]+")
SKIPPED = {"node_modules", "__pycache__"}
MOST_SHOWN = 300
K1, B = 1.2, 0.75  # the usual constants of BM25


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Passage:
    """A paragraph: where it starts, its text, its words."""

    file: str
    line: int
    text: str
    words: Counter[str]
    length: int


# -- commands -------------------------------------------------------------------------------


def run_find(arguments: argparse.Namespace) -> int:
    required = [
        word for part in re.findall(r'"([^"]+)"', arguments.query) for word in words_of(part)
    ]
    terms = list(dict.fromkeys(words_of(arguments.query)))
    if not terms:
        raise InputError("the query holds no word")
    passages, total, length = matching(arguments, set(terms))
    frequency = Counter(term for passage in passages for term in passage.words)
    weights = {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in frequency.items()}
    average = length / total if total else 1.0
    scored = [
        (round(score(passage, weights, average), 3), passage)
        for passage in passages
        if all(word in passage.words for word in required)
    ]
    best = heapq.nsmallest(
        arguments.top, scored, key=lambda hit: (-hit[0], hit[1].file, hit[1].line)
    )
    return finish(arguments, [(each, p.file, p.line, p.text) for each, p in best], len(scored))


def run_phrase(arguments: argparse.Namespace) -> int:
    wanted = arguments.text.casefold()
    if not wanted.strip():
        raise InputError("the phrase is blank")
    hits = [
        (1.0, name, number, line.strip())
        for path, name in text_files(arguments)
        for number, line in lines_of(path)
        if wanted in line.casefold()
    ]
    return finish(arguments, hits, len(hits))


def finish(
    arguments: argparse.Namespace, hits: list[tuple[float, str, int, str]], found: int
) -> int:
    rows: list[Row] = [
        {"rank": rank, "score": points, "file": name, "line": line, "text": text[:MOST_SHOWN]}
        for rank, (points, name, line, text) in enumerate(hits, 1)
    ]
    for row in rows[:20]:
        print(f"{row['file']}:{row['line']}: {str(row['text'])[:100]}")
    if arguments.output:
        write_rows(arguments.output, Table(COLUMNS, rows, typed=True))
        print(f"wrote {arguments.output}: {len(rows)} of {found} matches")
    else:
        print(f"{len(rows)} of {found} matches")
    return 0 if rows else 1


# -- ranking --------------------------------------------------------------------------------


def matching(arguments: argparse.Namespace, terms: set[str]) -> tuple[list[Passage], int, int]:
    """Passages with any of the terms; and how many passages and words there are in all."""
    kept: list[Passage] = []
    total = length = 0
    for path, name in text_files(arguments):
        for line, text in paragraphs(path):
            words = words_of(text)
            total += 1
            length += len(words)
            hits = Counter(word for word in words if word in terms)
            if hits:
                kept.append(Passage(name, line, text, hits, len(words)))
    return kept, total, length


def score(passage: Passage, weights: dict[str, float], average: float) -> float:
    spread = K1 * (1 - B + B * passage.length / average)
    return sum(weights[word] * n * (K1 + 1) / (n + spread) for word, n in passage.words.items())


def words_of(text: str) -> list[str]:
    """Words without case and accents; a plural counts as its singular."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    found = WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))
    return [
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
        for word in found
    ]


# -- files ----------------------------------------------------------------------------------


def paragraphs(path: Path) -> Iterator[tuple[int, str]]:
    """Runs of lines between blank ones, with the number of their first line."""
    start, held = 0, []
    for number, line in lines_of(path):
        if line.strip():
            start = start if held else number
            held.append(line.strip())
        if held and (not line.strip() or len(held) >= 40):
            yield start, " ".join(held)
            held = []
    if held:
        yield start, " ".join(held)


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            yield from enumerate(stream, 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def text_files(arguments: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    skipped = 0
    for place in arguments.places:
        if not place.exists():
            raise InputError(f"{place} does not exist")
        for path in below(place):
            if arguments.suffix and path.suffix.lower() not in arguments.suffix:
                continue
            if is_binary(path):
                skipped += 1
            else:
                yield path, path.as_posix()
    if skipped:
        print(f"note: {skipped} binary files were skipped", file=sys.stderr)


def below(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    for root, folders, names in os.walk(place):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED)
        yield from (Path(root, name) for name in sorted(names) if Path(root, name).is_file())


def is_binary(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return b"\0" in stream.read(8192)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


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


def suffix(text: str) -> str:
    return text.lower() if text.startswith(".") else f".{text.lower()}"


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Rank the paragraphs that hold words of QUERY."
    sub = commands.add_parser("find", help=text, description=text)
    sub.add_argument("query", metavar="QUERY")
    sub.add_argument("--top", type=positive, default=10, metavar="N")
    sub.set_defaults(run=run_find)

    text = "List every line that holds TEXT."
    other = commands.add_parser("phrase", help=text, description=text)
    other.add_argument("text", metavar="TEXT")
    other.set_defaults(run=run_phrase)

    for each in (sub, other):
        each.add_argument("places", type=Path, nargs="+", metavar="PLACE")
        each.add_argument("-o", "--output", type=Path, metavar="OUT")
        each.add_argument("--suffix", type=suffix, action="append", default=[], metavar=".EXT")
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
