#!/usr/bin/env python3
"""List a folder, plan and apply a tidy-up that can be undone, and pack and unpack zip files."""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import getcontext
from pathlib import Path, PurePosixPath
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


TYPES = {
    "documents": "pdf doc docx odt rtf txt md tex pages epub",
    "tables": "csv tsv xls xlsx ods parquet",
    "data": "json jsonl xml yaml yml toml ini sqlite db ics mbox eml",
    "slides": "ppt pptx odp key",
    "images": "jpg jpeg png gif webp svg heic bmp tif tiff",
    "audio": "mp3 wav flac ogg m4a aac",
    "video": "mp4 mov mkv avi webm",
    "archives": "zip tar gz tgz bz2 xz 7z rar",
    "code": "py js ts c h cpp rs go java rb sh sql html css ipynb",
    "logs": "log",
}
TYPE_OF = {suffix: name for name, suffixes in TYPES.items() for suffix in suffixes.split()}
COLUMNS = ["path", "type", "bytes", "modified"]


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Found:
    """A regular file below a folder."""

    path: str
    size: int
    modified: datetime

    @property
    def type(self) -> str:
        return TYPE_OF.get(PurePosixPath(self.path).suffix.lower().lstrip("."), "other")


# -- looking --------------------------------------------------------------------------------


def run_inventory(arguments: argparse.Namespace) -> int:
    found = files_below(arguments.folder, deep=True)
    by_type = Counter(each.type for each in found)
    sizes = Counter(dict.fromkeys(by_type, 0))
    for each in found:
        sizes[each.type] += each.size
    print(f"{arguments.folder}: {len(found)} files, {sum(sizes.values())} bytes")
    for name, count in by_type.most_common():
        print(f"  {count:6d}  {name}  {sizes[name]} bytes")
    if arguments.output:
        rows: list[Row] = [
            dict(zip(COLUMNS, (each.path, each.type, each.size, stamp(each)))) for each in found
        ]
        write_rows(arguments.output, Table(COLUMNS, rows, typed=True))
        print(f"wrote {arguments.output}")
    return 0


def stamp(found: Found) -> str:
    return found.modified.isoformat(timespec="seconds")


def files_below(folder: Path, deep: bool) -> list[Found]:
    """Regular files in order of path; links, dot files and what lies in dot folders stay out."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    found: list[Found] = []
    for root, folders, names_here in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if deep else []
        for name in names_here:
            path = Path(root, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and not name.startswith("."):
                modified = datetime.fromtimestamp(status.st_mtime)  # noqa: DTZ006
                relative = path.relative_to(folder).as_posix()
                found.append(Found(relative, status.st_size, modified))
    return sorted(found, key=lambda each: each.path)


# -- moving ---------------------------------------------------------------------------------


def run_plan(arguments: argparse.Namespace) -> int:
    folder = arguments.folder
    taken = {each.path for each in files_below(folder, deep=True)}
    moves: list[dict[str, str]] = []
    for each in files_below(folder, deep=False):
        group = each.type if arguments.by == "type" else each.modified.strftime("%Y-%m")
        target = free_name(f"{group}/{each.path}", taken)
        taken.add(target)
        moves.append({"from": each.path, "to": target})
    plan = {"folder": os.path.abspath(folder), "moves": moves}
    write_text(arguments.output, json.dumps(plan, ensure_ascii=False, indent=2) + "\n")
    for move in moves[:20]:
        print(f"{move['from']} -> {move['to']}")
    if len(moves) > 20:
        print(f"and {len(moves) - 20} more")
    print(f"wrote {arguments.output}: {len(moves)} moves; nothing has been moved yet")
    return 0


def free_name(wanted: str, taken: set[str]) -> str:
    path, number, name = PurePosixPath(wanted), 1, wanted
    while name in taken:
        number += 1
        name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
    return name


def run_apply(arguments: argparse.Namespace) -> int:
    folder, moves = read_plan(arguments.plan)
    if arguments.undo.exists():
        raise InputError(f"{arguments.undo} exists; it may be needed to undo an earlier tidy-up")
    check_moves(folder, moves)
    undo = [{"from": move["to"], "to": move["from"]} for move in reversed(moves)]
    text = json.dumps({"folder": str(folder), "moves": undo}, ensure_ascii=False, indent=2)
    write_text(arguments.undo, text + "\n")  # before the first move: a crash can be undone
    carry_out(folder, moves)
    print(f"moved {len(moves)} files; `undo {arguments.undo}` takes it back")
    return 0


def run_undo(arguments: argparse.Namespace) -> int:
    folder, moves = read_plan(arguments.undo)
    pending = [move for move in moves if os.path.lexists(folder / move["from"])]
    check_moves(folder, pending)
    carry_out(folder, pending)
    for move in pending:
        parent = (folder / move["from"]).parent
        if parent != folder and not any(parent.iterdir()):
            parent.rmdir()
    if len(pending) < len(moves):
        print(f"{len(moves) - len(pending)} files are no longer where they were moved to")
    print(f"moved {len(pending)} files back")
    return 0


def read_plan(path: Path) -> tuple[Path, list[dict[str, str]]]:
    try:
        plan = json.loads(read_text(path))
        folder, moves = Path(plan["folder"]), plan["moves"]
        wanted = [{"from": str(move["from"]), "to": str(move["to"])} for move in moves]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not a plan that this script wrote: {error!r}") from error
    if not folder.is_dir():
        raise InputError(f"{path} is for {folder}, which is not a folder")
    return folder, wanted


def check_moves(folder: Path, moves: list[dict[str, str]]) -> None:
    """Refuse the whole plan if one move would leave the folder or replace a file."""
    targets = Counter(move["to"] for move in moves)
    for move in moves:
        for name in move.values():
            if not is_inside(name) or leads_out(folder, name):
                raise InputError(f"{name!r} would leave {folder}; nothing was moved")
        source, target = folder / move["from"], folder / move["to"]
        if not source.is_file() or source.is_symlink():
            raise InputError(f"{source} is gone; make a new plan. Nothing was moved")
        if os.path.lexists(target) or targets[move["to"]] > 1:
            raise InputError(f"{target} exists; make a new plan. Nothing was moved")


def carry_out(folder: Path, moves: list[dict[str, str]]) -> None:
    for move in moves:
        target = folder / move["to"]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(folder / move["from"], target)
        except OSError as error:
            raise InputError(
                f"cannot move {move['from']} to {move['to']}: {error.strerror}; use the undo log "
                "to take back the moves before it"
            ) from error


def is_inside(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return bool(name) and not name.startswith(("/", "\\")) and ".." not in parts and "" not in parts


def leads_out(folder: Path, name: str) -> bool:
    """Whether a link on the way points out of the folder."""
    real = os.path.realpath(folder / Path(name).parent)
    return os.path.commonpath([real, os.path.realpath(folder)]) != os.path.realpath(folder)


# -- zip files ------------------------------------------------------------------------------


def run_zip(arguments: argparse.Namespace) -> int:
    output = arguments.output
    if output.exists():
        raise InputError(f"{output} exists; choose another name or delete it first")
    found = files_below(arguments.folder, deep=True)
    own = os.path.realpath(output)
    temporary = output.with_name(output.name + ".partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as box:
            for each in found:
                path = arguments.folder / each.path
                if os.path.realpath(path) not in (own, os.path.realpath(temporary)):
                    box.write(path, each.path)
        os.replace(temporary, output)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(f"cannot write {output}: {error.strerror}") from error
    print(f"wrote {output}: {len(found)} files, {output.stat().st_size} bytes")
    return 0


def run_unzip(arguments: argparse.Namespace) -> int:
    """Unpack beside the target first, so that a bad archive leaves nothing behind."""
    output = arguments.output
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output} exists and is not an empty folder; choose another")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(arguments.zip) as box:
            members = checked_members(arguments.zip, box, arguments.max_bytes)
            folder = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=output.parent))
            try:
                count = sum(unpack(box, member, folder) for member in members)
                os.chmod(folder, 0o755)
                if output.exists():
                    output.rmdir()
                os.rename(folder, output)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise InputError(f"cannot unpack {arguments.zip}: {error}") from error
    except OSError as error:
        raise InputError(f"cannot unpack {arguments.zip}: {error.strerror or error}") from error
    print(f"unpacked {count} files into {output}")
    return 0


def checked_members(path: Path, box: zipfile.ZipFile, limit: int) -> list[zipfile.ZipInfo]:
    """Refuse names that leave the target, links, name clashes and archives that explode."""
    members = box.infolist()
    seen: set[str] = set()
    for member in members:
        name = member.filename.rstrip("/")
        if not is_inside(name) or re.match(r"[A-Za-z]:", name) or "\0" in member.orig_filename:
            raise InputError(f"{path} holds the unsafe name {member.filename!r}; nothing unpacked")
        mode = stat.S_IFMT(member.external_attr >> 16)
        if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise InputError(f"{path}: {name!r} is a link or device; nothing unpacked")
        if name.casefold() in seen:
            raise InputError(f"{path}: {name!r} appears twice; nothing unpacked")
        seen.add(name.casefold())
    if (total := sum(member.file_size for member in members)) > limit:
        raise InputError(f"{path} unpacks to {total} bytes; raise --max-bytes to allow that")
    return members


def unpack(box: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> int:
    target = folder / member.filename
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with box.open(member) as source, target.open("xb") as sink:
        shutil.copyfileobj(source, sink)  # never more than file_size: zipfile stops there
    return 1


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


def byte_count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of bytes")
    return int(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, first: str, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument(first, type=Path, metavar=first.upper())
        sub.set_defaults(run=run)
        return sub

    sub = command("inventory", run_inventory, "folder", "Count files and bytes by type.")
    sub.add_argument("-o", "--output", type=Path, metavar="OUT", help="one row per file")
    sub = command("plan", run_plan, "folder", "Propose moves; moves nothing.")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="PLAN.json")
    sub.add_argument("--by", choices=["type", "date"], default="type", help="type, or YYYY-MM")
    sub = command("apply", run_apply, "plan", "Carry out a plan and write an undo log first.")
    sub.add_argument("--undo", type=Path, required=True, metavar="UNDO.json")
    command("undo", run_undo, "undo", "Take back an applied plan.")
    sub = command("zip", run_zip, "folder", "Pack a folder.")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.zip")
    sub = command("unzip", run_unzip, "zip", "Unpack into a new folder, or refuse.")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    sub.add_argument("--max-bytes", type=byte_count, default=2**30, metavar="N")
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
