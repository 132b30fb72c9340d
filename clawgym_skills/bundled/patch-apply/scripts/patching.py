#!/usr/bin/env python3
"""Make, check, apply and reverse unified diffs: all files of a patch, or none."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
UNSUPPORTED = (
    b"rename from ",
    b"rename to ",
    b"old mode ",
    b"GIT binary patch",
    b"Binary files ",
    b"copy from ",
)
NO_NEWLINE = b"\\ No newline at end of file"
MOST_OFFSET = 2000


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


class MisfitError(Exception):
    """The patch is fine, but these files are not the ones that it was made for."""


@dataclass
class Hunk:
    """Lines with their marks; `start` is the first line in the old file, from 1."""

    start: int
    old: list[bytes] = field(default_factory=list)
    new: list[bytes] = field(default_factory=list)

    def reversed(self, shift: int) -> Hunk:
        return Hunk(self.start + shift, self.new, self.old)


@dataclass
class Change:
    """What happens to one file; None for a side that does not exist."""

    old: str | None
    new: str | None
    hunks: list[Hunk] = field(default_factory=list)

    @property
    def path(self) -> str:
        return self.new or self.old or ""

    def reversed(self) -> Change:
        shift, hunks = 0, []
        for hunk in self.hunks:
            hunks.append(hunk.reversed(shift))
            shift += len(hunk.new) - len(hunk.old)
        return Change(self.new, self.old, hunks)


# -- reading a patch ------------------------------------------------------------------------


def read_patch(path: Path, strip: int) -> list[Change]:
    lines = read_bytes(path).split(b"\n")
    changes: list[Change] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        if line.startswith(UNSUPPORTED):
            raise InputError(
                f"{path}, line {position + 1}: {line[:40].decode(errors='replace')!r} is not supported"
            )
        if (
            line.startswith(b"--- ")
            and position + 1 < len(lines)
            and lines[position + 1].startswith(b"+++ ")
        ):
            old, new = (name_of(lines[position + n][4:], strip, path) for n in (0, 1))
            if old is None and new is None:
                raise InputError(f"{path}, line {position + 1}: both files are /dev/null")
            changes.append(Change(old, new))
            position += 2
        elif found := HUNK.match(line):
            if not changes:
                raise InputError(f"{path}, line {position + 1}: a hunk before any file name")
            position = read_hunk(lines, position, found, changes[-1], path)
        else:
            position += 1
    if not changes:
        raise InputError(f"{path} is not a unified diff: it names no file")
    names = [change.path for change in changes]
    if len(set(names)) < len(names):
        raise InputError(f"{path} changes a file twice; split it")
    return changes


def read_hunk(
    lines: list[bytes], position: int, found: re.Match[bytes], change: Change, path: Path
) -> int:
    start, olds = int(found[1]), int(found[2] or 1)
    news = int(found[4] or 1)
    hunk = Hunk(start if olds else start + 1)
    position += 1
    while (
        len(hunk.old) < olds
        or len(hunk.new) < news
        or (position < len(lines) and lines[position].startswith(NO_NEWLINE))
    ):
        line = lines[position] if position < len(lines) else None
        position += 1
        if line is None or line[:1] not in (b" ", b"-", b"+", b"\\", b""):
            raise InputError(f"{path}, line {position}: the hunk is cut short or damaged")
        if line.startswith(NO_NEWLINE):
            drop_newline(hunk, lines[position - 2])
            continue
        if line[:1] in (b" ", b"-", b""):
            hunk.old.append(line[1:] + b"\n")
        if line[:1] in (b" ", b"+", b""):
            hunk.new.append(line[1:] + b"\n")
    if len(hunk.old) != olds or len(hunk.new) != news:
        raise InputError(f"{path}, line {position}: the hunk has more lines than it says")
    change.hunks.append(hunk)
    return position


def drop_newline(hunk: Hunk, above: bytes) -> None:
    for side, marks in ((hunk.old, b" -"), (hunk.new, b" +")):
        if above[:1] in (marks[:1], marks[1:]) and side:
            side[-1] = side[-1][:-1]


def name_of(text: bytes, strip: int, patch: Path) -> str | None:
    name = text.split(b"\t")[0].rstrip(b"\r").decode(errors="surrogateescape").strip('"')
    if name == "/dev/null":
        return None
    parts = name.split("/")
    kept = parts[strip:] if len(parts) > strip else []
    if (
        not kept
        or name.startswith("/")
        or any(part in ("", ".", "..") for part in kept)
        or "\\" in name
    ):
        raise InputError(f"{patch}: {name!r} does not stay inside the folder with --strip {strip}")
    return "/".join(kept)


# -- applying -------------------------------------------------------------------------------


def outcome_of(changes: list[Change], root: Path) -> tuple[dict[str, bytes | None], list[str]]:
    """The new content of each file, None for one that goes; and what is worth saying."""
    results: dict[str, bytes | None] = {}
    notes: list[str] = []
    for change in changes:
        for name in {change.old, change.new} - {None}:
            inside(root, name)
        if change.old is None:
            if (root / change.path).exists():
                raise MisfitError(f"{change.path}: exists already, but the patch would create it")
            lines: list[bytes] = []
        else:
            source = root / change.old
            if not source.is_file():
                raise MisfitError(f"{change.old}: there is no such file in {root}")
            lines = split_lines(read_bytes(source))
        content = b"".join(patched(lines, change, notes))
        if change.new is None and content:
            raise MisfitError(
                f"{change.old}: the patch deletes the file, but it holds more than the patch says"
            )
        if change.old and change.old != change.new:
            results[change.old] = None
        if change.new:
            results[change.new] = content
    return results, notes


def split_lines(data: bytes) -> list[bytes]:
    """Lines with their ends; only LF ends a line, as in a patch."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def patched(lines: list[bytes], change: Change, notes: list[str]) -> list[bytes]:
    made: list[bytes] = []
    done = shift = 0
    for number, hunk in enumerate(change.hunks, 1):
        place = find(lines, hunk, hunk.start - 1 + shift, done)
        if place is None:
            raise MisfitError(
                f"{change.path}: hunk {number} of {len(change.hunks)} (line {hunk.start}) does not fit"
            )
        if place != hunk.start - 1:
            notes.append(
                f"{change.path}: hunk {number} fits at an offset of {place - hunk.start + 1:+d} lines"
            )
        shift = place - (hunk.start - 1)
        made += lines[done:place] + hunk.new
        done = place + len(hunk.old)
    return made + lines[done:]


def find(lines: list[bytes], hunk: Hunk, expected: int, earliest: int) -> int | None:
    """The place nearest to the expected one where all old lines stand."""
    for offset in range(MOST_OFFSET):
        for place in dict.fromkeys((expected + offset, expected - offset)):
            if (
                earliest <= place <= len(lines) - len(hunk.old)
                and lines[place : place + len(hunk.old)] == hunk.old
            ):
                if hunk.old or offset == 0 or place == len(lines):
                    return place
    return None


def inside(root: Path, name: str) -> None:
    real = os.path.realpath(root / name)
    if not real.startswith(os.path.realpath(root) + os.sep) or os.path.islink(root / name):
        raise InputError(f"{name} leads out of {root} through a link; nothing was changed")


def carry_out(root: Path, results: dict[str, bytes | None]) -> None:
    """Write all new contents beside the old ones first; only then put them in place."""
    staged: list[tuple[str, Path]] = []
    try:
        for name, data in results.items():
            if data is None:
                continue
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".patching-", dir=target.parent)
            staged.append((temporary, target))
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o644)
        while staged:
            os.replace(*staged[0])
            staged.pop(0)
        for name, data in results.items():
            if data is None:
                os.unlink(root / name)
    except OSError as error:
        raise InputError(f"cannot write below {root}: {error.strerror}") from error
    finally:
        for temporary, _ in staged:
            os.unlink(temporary)


# -- commands -------------------------------------------------------------------------------


def run_diff(arguments: argparse.Namespace) -> int:
    pairs = pairs_of(arguments.old, arguments.new)
    pieces: list[bytes] = []
    differing = 0
    for name, old, new in pairs:
        before, after = (read_bytes(path) if path else b"" for path in (old, new))
        if before == after and old and new:
            continue
        if b"\0" in before or b"\0" in after:
            print(f"note: {name} is binary and left out", file=sys.stderr)
            continue
        differing += 1
        pieces += diff_of(name, before if old else None, after if new else None)
    write_bytes(arguments.output, b"".join(pieces))
    print(f"wrote {arguments.output}: {differing} files differ")
    return 0


def diff_of(name: str, before: bytes | None, after: bytes | None) -> list[bytes]:
    tab = "\t" if " " in name else ""  # so that other programs see where the name ends
    labels = [
        b"/dev/null" if data is None else f"{side}/{name}{tab}".encode(errors="surrogateescape")
        for side, data in (("a", before), ("b", after))
    ]
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        split_lines(before or b""),
        split_lines(after or b""),
        *labels,
        lineterm=b"\n",
    )
    made = [line if line.endswith(b"\n") else line + b"\n" + NO_NEWLINE + b"\n" for line in lines]
    return made or [b"--- " + labels[0] + b"\n", b"+++ " + labels[1] + b"\n"]


def pairs_of(old: Path, new: Path) -> list[tuple[str, Path | None, Path | None]]:
    if old.is_dir() and new.is_dir():
        names = [
            {
                p.relative_to(root).as_posix()
                for p in root.rglob("*")
                if p.is_file() and not p.is_symlink()
            }
            for root in (old, new)
        ]
        kept = sorted(
            name
            for name in names[0] | names[1]
            if not any(part.startswith(".") for part in name.split("/"))
        )
        return [
            (
                name,
                old / name if name in names[0] else None,
                new / name if name in names[1] else None,
            )
            for name in kept
        ]
    for path in (old, new):
        if not path.is_file():
            raise InputError(f"{path} is not a file; give two files or two folders")
    return [(new.name, old, new)]


def run_check(arguments: argparse.Namespace) -> int:
    return fit(arguments, write=False)


def run_apply(arguments: argparse.Namespace) -> int:
    return fit(arguments, write=True)


def fit(arguments: argparse.Namespace, write: bool) -> int:
    if not arguments.root.is_dir():
        raise InputError(f"{arguments.root} is not a folder")
    changes = read_patch(arguments.patch, arguments.strip)
    if arguments.reverse:
        changes = [change.reversed() for change in changes]
    try:
        results, notes = outcome_of(changes, arguments.root)
    except MisfitError as error:
        print(f"{error}; nothing was changed")
        return 1
    for note in notes:
        print(note)
    if write:
        carry_out(arguments.root, results)
    hunks = sum(len(change.hunks) for change in changes)
    print(f"{'applied' if write else 'fits'}: {len(changes)} files, {hunks} hunks")
    return 0


# -- files ----------------------------------------------------------------------------------


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def write_bytes(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


# -- command line ---------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Write what differs between two files or folders."
    sub = commands.add_parser("diff", help=text, description=text)
    sub.add_argument("old", type=Path, metavar="OLD")
    sub.add_argument("new", type=Path, metavar="NEW")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="CHANGE.patch")
    sub.set_defaults(run=run_diff)

    for name, text, run in (
        ("check", "Say whether the patch fits; change nothing.", run_check),
        ("apply", "Apply the patch, wholly or not at all.", run_apply),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("patch", type=Path, metavar="CHANGE.patch")
        sub.add_argument("--root", type=Path, default=Path("."), metavar="ROOT")
        sub.add_argument("--strip", type=int, choices=range(10), default=1, metavar="N")
        sub.add_argument("--reverse", action="store_true", help="take the change back")
        sub.set_defaults(run=run)
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
