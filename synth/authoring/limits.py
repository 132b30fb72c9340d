"""What an authored file may be called and hold: small text files, at safe and ordinary places."""

import csv
import io
import json
import re
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

import yaml

from clawgym.paths import check_relative
from synth.authoring.answers import AuthoredFile
from synth.authoring.language import is_foreign

FILE_BYTES = 200_000
ALL_BYTES = 1_000_000
MAX_FILES = 40
MAX_DEPTH = 5

SUFFIXES = frozenset(
    {
        *(".txt", ".csv", ".tsv", ".json", ".jsonl", ".md", ".yaml", ".toml", ".xml", ".html"),
        *(".ini", ".cfg", ".log", ".ics", ".vcf", ".eml", ".mbox", ".py", ".sh", ".sql", ".diff"),
    }
)
"""Text alone: what a person, a program and a judge can all read."""

_RESERVED = frozenset(
    {
        *("tests", "solution", "skills", "logs", "verifier", "node_modules", "__pycache__"),
        *("con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10))),
        *(f"lpt{n}" for n in range(1, 10)),
    }
)
_STARTUP = frozenset({"sitecustomize.py", "usercustomize.py", "conftest.py"})
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def path_problems(path: str) -> list[str]:
    """What is wrong with a path for a file of a workspace; nothing where it is fine."""
    try:
        check_relative(path)
    except (ValueError, UnicodeEncodeError) as error:
        return [str(error)]
    parts = path.split("/")
    problems: list[str] = []
    if len(parts) > MAX_DEPTH:
        problems.append(f"path {path!r} is more than {MAX_DEPTH} levels deep")
    for part in parts:
        if not _PLAIN.fullmatch(part):
            problems.append(
                f"path {path!r}: use only ASCII letters, digits, and . _ - + @, and no name that "
                "begins with a dot"
            )
        elif part.lower() in _RESERVED or part.lower().split(".")[0] in _RESERVED:
            problems.append(f"path {path!r}: the name {part!r} is reserved")
    if parts[-1].lower() in _STARTUP:
        problems.append(f"path {path!r}: the name {parts[-1]!r} is reserved")
    if PurePosixPath(path).suffix not in SUFFIXES:
        known = " ".join(sorted(SUFFIXES))
        problems.append(f"path {path!r} is no text file that we know; use one of {known}")
    return problems


def paths_problems(paths: Sequence[str]) -> list[str]:
    """What is wrong with some paths, each and together."""
    problems = [problem for path in paths for problem in path_problems(path)]
    folded = [path.casefold() for path in paths]
    problems += [f"two files are called {path!r}" for path in _repeated(folded)]
    folders = {
        "/".join(path.split("/")[:n]) for path in folded for n in range(1, path.count("/") + 1)
    }
    problems += [f"{p!r} is both a file and a folder" for p in sorted(folders.intersection(folded))]
    if len(paths) > MAX_FILES:
        problems.append(f"there are {len(paths)} files; {MAX_FILES} are allowed")
    return problems


def file_problems(files: Sequence[AuthoredFile]) -> list[str]:
    """What is wrong with authored files: names, sizes, encoding, format, language."""
    problems = paths_problems([file.path for file in files])
    sizes = [len(file.content.encode("utf-8", "replace")) for file in files]
    if sum(sizes) > ALL_BYTES:
        problems.append(f"the files have {sum(sizes):,} bytes; {ALL_BYTES:,} are allowed")
    for file, size in zip(files, sizes, strict=True):
        problems += [f"{file.path[:80]}: {problem}" for problem in _content_problems(file, size)]
    return problems


def _content_problems(file: AuthoredFile, size: int) -> Iterable[str]:
    if not file.content.strip():
        yield "it is empty"
        return
    if size > FILE_BYTES:
        yield f"it has {size:,} bytes; {FILE_BYTES:,} are allowed"
        return
    try:
        file.content.encode()
    except UnicodeEncodeError:
        yield "it is not valid UTF-8"
        return
    if _CONTROL.search(file.content):
        yield "it holds control characters"
    if is_foreign(file.content):
        yield "it is not in English"
    reader = _READERS.get(PurePosixPath(file.path).suffix)
    if reader is None:
        return
    try:
        reader(file.content)
    except (ValueError, SyntaxError, RecursionError, yaml.YAMLError) as error:
        yield f"it is not valid: {' '.join(str(error).split())[:200]}"


def _read_table(text: str, delimiter: str) -> None:
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    if not rows or len(rows[0]) < 2:
        raise ValueError(f"the first row has no columns separated by {delimiter!r}")


def _read_lines(text: str) -> None:
    for line in text.splitlines():
        if line.strip():
            json.loads(line)


def _read_xml(text: str) -> None:
    if "<!ENTITY" in text or "<!DOCTYPE" in text:
        raise ValueError("no document type, please")
    try:
        ET.fromstring(text)  # noqa: S314 - without a document type there is nothing to expand
    except ET.ParseError as error:
        raise ValueError(str(error)) from error


def _read_csv(text: str) -> None:
    try:
        _read_table(text, ",")
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _read_tsv(text: str) -> None:
    try:
        _read_table(text, "\t")
    except csv.Error as error:
        raise ValueError(str(error)) from error


_READERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".jsonl": _read_lines,
    ".toml": tomllib.loads,
    ".yaml": yaml.safe_load,
    ".xml": _read_xml,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
}


def _repeated(values: Sequence[str]) -> list[str]:
    return sorted({value for value in values if values.count(value) > 1})
