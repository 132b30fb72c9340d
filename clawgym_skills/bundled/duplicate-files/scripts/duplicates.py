#!/usr/bin/env python3
"""Find files with the same content, and set the extra copies aside with an undo log."""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
COLUMNS = ["group", "size", "path", "modified", "digest"]
HEAD = 65_536


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Entry:
    """One regular file below the folder."""

    path: str
    size: int
    modified: int
    identity: tuple[int, int]


# -- finding --------------------------------------------------------------------------------


def groups_in(folder: Path, least: int) -> list[tuple[str, list[Entry]]]:
    """Digest and copies of each content that is there more than once, most wasted bytes first."""
    found: list[tuple[str, list[Entry]]] = []
    for same_size in classes(entries_below(folder, least), lambda entry: entry.size):
        for same_head in classes(same_size, lambda entry: digest_of(folder / entry.path, HEAD)):
            for copies in classes(same_head, lambda entry: digest_of(folder / entry.path)):
                found.append(
                    (
                        digest_of(folder / copies[0].path),
                        sorted(copies, key=lambda entry: entry.path),
                    )
                )
    return sorted(
        found, key=lambda group: (-group[1][0].size * (len(group[1]) - 1), group[1][0].path)
    )


def classes(entries: Iterable[Entry], key) -> list[list[Entry]]:
    """Entries with equal keys, where there are at least two."""
    by_key: dict[object, list[Entry]] = {}
    for entry in entries:
        by_key.setdefault(key(entry), []).append(entry)
    return [each for each in by_key.values() if len(each) > 1]


def entries_below(folder: Path, least: int) -> list[Entry]:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    found: dict[tuple[int, int], Entry] = {}
    for root, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            facts = path.lstat()
            if (
                name.startswith(".")
                or not stat.S_ISREG(facts.st_mode)
                or facts.st_size < max(least, 1)
            ):
                continue
            identity = (facts.st_dev, facts.st_ino)
            relative = path.relative_to(folder).as_posix()
            found.setdefault(identity, Entry(relative, facts.st_size, facts.st_mtime_ns, identity))
    return list(found.values())


def unreadable(error: OSError) -> None:
    raise InputError(f"cannot list {error.filename}: {error.strerror}")


def digest_of(path: Path, most: int | None = None) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            if most is not None:
                digest.update(stream.read(most))
                return digest.hexdigest()
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return digest.hexdigest()


def same_bytes(one: Path, other: Path) -> bool:
    with one.open("rb") as left, other.open("rb") as right:
        while True:
            a, b = left.read(1 << 20), right.read(1 << 20)
            if a != b:
                return False
            if not a:
                return True


# -- commands -------------------------------------------------------------------------------


def run_find(arguments: argparse.Namespace) -> int:
    groups = groups_in(arguments.folder, arguments.least)
    rows: list[Row] = []
    for number, (digest, copies) in enumerate(groups, 1):
        for entry in copies:
            moment = datetime.fromtimestamp(entry.modified // 10**9, timezone.utc).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            )
            rows.append(dict(zip(COLUMNS, (number, entry.size, entry.path, moment, digest))))
    write_rows(arguments.output, Table(COLUMNS, rows, typed=True))
    wasted = sum(copies[0].size * (len(copies) - 1) for _, copies in groups)
    print(
        f"wrote {arguments.output}: {len(groups)} groups, {len(rows) - len(groups)} extra copies, {wasted} bytes"
    )
    return 0


def run_plan(arguments: argparse.Namespace) -> int:
    groups = groups_in(arguments.folder, arguments.least)
    order = {
        "oldest": lambda entry: (entry.modified, entry.path),
        "newest": lambda entry: (-entry.modified, entry.path),
        "shortest": lambda entry: (len(entry.path), entry.path),
        "first": lambda entry: (0, entry.path),
    }[arguments.keep]
    moves: list[dict[str, str]] = []
    for _, copies in groups:
        kept, *extra = sorted(copies, key=order)
        moves += [{"path": entry.path, "same_as": kept.path} for entry in extra]
    plan = {"plan": "duplicate-files", "folder": str(arguments.folder), "moves": moves}
    write_text(
        arguments.output,
        json.dumps(plan, ensure_ascii=False, indent=2) + "\n",
        errors="surrogateescape",
    )
    print(f"wrote {arguments.output}: {len(groups)} groups, {len(moves)} files to set aside")
    return 0


def run_apply(arguments: argparse.Namespace) -> int:
    plan = loaded(arguments.plan, "plan", "moves")
    folder = Path(plan["folder"])
    if arguments.undo.exists():
        raise InputError(f"{arguments.undo} exists; it may be needed to take an earlier run back")
    if arguments.aside.exists() and any(arguments.aside.iterdir()):
        raise InputError(f"{arguments.aside} is not an empty folder")
    if f"{os.path.realpath(arguments.aside)}/".startswith(f"{os.path.realpath(folder)}/"):
        raise InputError(f"{arguments.aside} lies inside {folder}; choose another place")
    kept = {move["same_as"] for move in plan["moves"]}
    for move in plan["moves"]:
        check_move(folder, move, kept)
    moves = [
        {"from": str(folder / move["path"]), "to": str(arguments.aside / move["path"])}
        for move in plan["moves"]
    ]
    write_text(
        arguments.undo,
        json.dumps({"undo": "duplicate-files", "moves": moves}, ensure_ascii=False, indent=2)
        + "\n",
        errors="surrogateescape",
    )
    for move in moves:
        shift(Path(move["from"]), Path(move["to"]))
    print(f"moved {len(moves)} files to {arguments.aside}; {arguments.undo} takes it back")
    return 0


def check_move(folder: Path, move: dict[str, str], kept: set[str]) -> None:
    for name in (move["path"], move["same_as"]):
        if name.startswith("/") or ".." in name.split("/") or not name:
            raise InputError(f"{name!r} lies outside {folder}; nothing was moved")
        if not (folder / name).is_file() or (folder / name).is_symlink():
            raise InputError(
                f"{folder / name} is not there any more; make a new plan. Nothing was moved"
            )
    if move["path"] in kept or (folder / move["path"]).samefile(folder / move["same_as"]):
        raise InputError(f"{move['path']} is also a copy that stays; nothing was moved")
    if not same_bytes(folder / move["path"], folder / move["same_as"]):
        raise InputError(
            f"{move['path']} has changed since the plan; make a new one. Nothing was moved"
        )


def run_undo(arguments: argparse.Namespace) -> int:
    log = loaded(arguments.log, "undo", "moves")
    back = [
        (Path(move["to"]), Path(move["from"])) for move in log["moves"] if Path(move["to"]).exists()
    ]
    for _, original in back:
        if original.exists():
            raise InputError(f"{original} exists again; nothing was moved back")
    for aside, original in back:
        shift(aside, original)
    print(f"moved {len(back)} files back")
    return 0


def shift(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, target)
    except OSError as error:
        raise InputError(
            f"cannot move {source}: {error.strerror}; `undo` takes back what was moved"
        ) from error


def loaded(path: Path, kind: str, key: str) -> dict:
    document = load_json(str(path), read_text(path))
    moves = (
        document.get(key)
        if isinstance(document, dict) and document.get(kind) == "duplicate-files"
        else None
    )
    if not isinstance(moves, list) or not all(
        isinstance(m, dict) and all(isinstance(v, str) for v in m.values()) for m in moves
    ):
        raise InputError(f"{path} is not a {kind} of this program")
    return document


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
    for name, text, run in (
        ("find", "List every content that is there more than once.", run_find),
        ("plan", "Decide which copies stay; change nothing.", run_plan),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("folder", type=Path, metavar="FOLDER")
        sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
        sub.add_argument("--least", type=int, default=1, metavar="BYTES")
        if name == "plan":
            sub.add_argument(
                "--keep", choices=["oldest", "newest", "shortest", "first"], required=True
            )
        sub.set_defaults(run=run)

    text = "Move the extra copies of a plan aside."
    sub = commands.add_parser("apply", help=text, description=text)
    sub.add_argument("plan", type=Path, metavar="PLAN.json")
    sub.add_argument("--aside", type=Path, required=True, metavar="FOLDER")
    sub.add_argument("--undo", type=Path, required=True, metavar="UNDO.json")
    sub.set_defaults(run=run_apply)

    text = "Move everything back."
    sub = commands.add_parser("undo", help=text, description=text)
    sub.add_argument("log", type=Path, metavar="UNDO.json")
    sub.set_defaults(run=run_undo)
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
