#!/usr/bin/env python3
"""Create and verify SHA-256 manifests of a folder, in the format of sha256sum."""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import os
import re
import stat
import sys
import tempfile
from pathlib import Path

LINE = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9a-fA-F]{64}) [ *](?P<path>.+)")


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


# -- commands -------------------------------------------------------------------------------


def run_create(arguments: argparse.Namespace) -> int:
    paths = files_below(arguments.folder, arguments.exclude, arguments.output)
    lines = [manifest_line(digest_of(arguments.folder / path), path) + "\n" for path in paths]
    write_text(arguments.output, "".join(lines), errors="surrogateescape")
    print(f"wrote {arguments.output}: {len(lines)} files")
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    listed = read_manifest(arguments.manifest)
    root = arguments.root or arguments.manifest.parent
    present = files_below(root, arguments.exclude, arguments.manifest)
    wanted = {path for path in listed if not excluded(path, arguments.exclude)}
    both = sorted(wanted & set(present))
    changed = [path for path in both if digest_of(root / path) != listed[path]]
    outcome = {
        "changed": changed,
        "missing": sorted(wanted - set(present)),
        "new": sorted(set(present) - wanted),
    }
    for kind, paths in outcome.items():
        for path in paths:
            print(f"{kind}: {path}")
    same = len(both) - len(changed)
    if arguments.output:
        facts = json.dumps({"unchanged": same, **outcome}, ensure_ascii=False, indent=2)
        write_text(arguments.output, facts + "\n")
    counts = ", ".join(f"{len(each)} {kind}" for kind, each in outcome.items())
    print(f"{same} unchanged, {counts}")
    return 1 if any(outcome.values()) else 0


# -- trees and manifests --------------------------------------------------------------------


def files_below(folder: Path, patterns: list[str], manifest: Path) -> list[str]:
    """Regular files in order of path, without the manifest itself; links are not followed."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    found: list[str] = []
    links = 0
    for root, folders, names in os.walk(folder, onerror=unreadable):
        links += sum(os.path.islink(os.path.join(root, name)) for name in folders)
        for name in names:
            path = Path(root, name)
            relative = path.relative_to(folder).as_posix()
            links += path.is_symlink()
            is_manifest = os.path.realpath(path) == os.path.realpath(manifest)
            is_file = stat.S_ISREG(path.lstat().st_mode)
            if is_file and not is_manifest and not excluded(relative, patterns):
                found.append(relative)
    if links:
        print(f"note: {links} symbolic links are not in the manifest", file=sys.stderr)
    return sorted(found)


def unreadable(error: OSError) -> None:
    raise InputError(f"cannot list {error.filename}: {error.strerror}")


def excluded(path: str, patterns: list[str]) -> bool:
    """Whether the path, its name or a folder above it matches a pattern."""
    parts = path.split("/")
    places = [path, *parts, *("/".join(parts[:end]) for end in range(1, len(parts)))]
    return any(fnmatch.fnmatchcase(place, pattern) for place in places for pattern in patterns)


def digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return digest.hexdigest()


def manifest_line(digest: str, path: str) -> str:
    """One line as sha256sum writes it: a leading backslash announces escapes in the name."""
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != path else ""
    return f"{mark}{digest}  {escaped}"


def read_manifest(path: Path) -> dict[str, str]:
    listed: dict[str, str] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        found = LINE.fullmatch(line.rstrip("\r"))
        if not found:
            raise InputError(f"{path}, line {number}: not a line of a SHA-256 manifest")
        name = unescaped(found["path"]) if found["escaped"] else found["path"]
        name = name.removeprefix("./")
        if name.startswith("/") or ".." in name.split("/"):
            raise InputError(f"{path}, line {number}: {name!r} lies outside the folder")
        listed[name] = found["digest"].lower()
    if not listed:
        raise InputError(f"{path} lists no files")
    return listed


def unescaped(name: str) -> str:
    known = {"n": "\n", "r": "\r", "\\": "\\"}
    return re.sub(r"\\(.)", lambda found: known.get(found[1], found[0]), name)


# -- files ----------------------------------------------------------------------------------


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

    text = "Write the digest of every file below FOLDER."
    sub = commands.add_parser("create", help=text, description=text)
    sub.add_argument("folder", type=Path, metavar="FOLDER")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="MANIFEST")
    sub.add_argument("--exclude", action="append", default=[], metavar="GLOB")
    sub.set_defaults(run=run_create)

    text = "Compare a folder with a manifest; exit status 1 when anything differs."
    sub = commands.add_parser("verify", help=text, description=text)
    sub.add_argument("manifest", type=Path, metavar="MANIFEST")
    sub.add_argument("--root", type=Path, metavar="FOLDER", help="where the files are")
    sub.add_argument("--exclude", action="append", default=[], metavar="GLOB")
    sub.add_argument("-o", "--output", type=Path, metavar="RESULT.json")
    sub.set_defaults(run=run_verify)
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
