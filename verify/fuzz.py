"""Crash fuzz: each output of a good solution, damaged beyond use.

A grader has to fail such work. It must neither break on it, which would leave the work ungraded,
nor take more than a small part of its time.
"""

import io
import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import PurePosixPath

from clawgym.files import Files
from clawgym.task import Task
from verify.attempts import Attempt, Due, Family, produced, with_files, without
from verify.panel import stubs

HUGE = 10 * 1024 * 1024
SLOW_SHARE = 0.2
"""The share of its time limit that a verifier may spend on a damaged output."""

_LINE = b"1,2,3 lorem ipsum | dolor = sit amet\n"
_MEGABYTES = _LINE * (HUGE // len(_LINE) + 1)
_DEEP = 100_000
_UNPACKED = 20 * 1024 * 1024
_MEMBERS = {
    ".xlsx": ("xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"),
    ".docx": ("word/document.xml",),
}
_LAUGHS = (
    '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x0 "ha">'
    + "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 12))
    + "]>\n<a>&x11;</a>\n"
).encode()
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
_COUNTING = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id FROM n"


def _truncated(path: str, data: bytes) -> bytes:
    del path
    return data[: len(data) // 2]


def _wrong_type(path: str, data: bytes) -> bytes:
    """A valid document of another shape: a number for JSON, JSON for everything else."""
    del data
    return b"42\n" if path.endswith((".json", ".jsonl")) else b'{"rows": [null, {"a": [1]}]}\n'


def _not_finite(path: str, data: bytes) -> bytes:
    """Numbers that many parsers take and arithmetic does not."""
    del data
    words = ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "0x1F", "\u0661\u0662"]
    if path.endswith((".json", ".jsonl")):
        return ("[" + ", ".join(words[:5]) + "]\n").encode()
    separator = "\t" if path.endswith(".tsv") else ","
    return (separator.join(f"c{n}" for n in range(len(words))) + "\n").encode() + (
        separator.join(words) + "\n"
    ).encode()


def _deep(path: str, data: bytes) -> bytes:
    """Nesting that exhausts a recursive parser."""
    del data
    suffix = PurePosixPath(path).suffix
    if suffix in (".xml", ".html", ".svg"):
        return b"<a>" * _DEEP + b"</a>" * _DEEP
    if suffix in (".json", ".jsonl", ".yaml", ".yml"):
        return b"[" * _DEEP + b"]" * _DEEP
    if suffix in (".ics", ".vcf"):
        return b"BEGIN:VCALENDAR\r\nBEGIN:VCARD\r\n" * _DEEP
    return b"> " * _DEEP + b"|" * _DEEP


def _bomb(path: str, data: bytes) -> bytes:
    """A little that means very much: entities, members of an archive, rows without end."""
    suffix = PurePosixPath(path).suffix
    if suffix in (".xml", ".html", ".svg"):
        return _LAUGHS
    if suffix in (".xlsx", ".docx", ".zip"):
        return _full_of_nothing(suffix)
    return _endless(data) if suffix in (".db", ".sqlite", ".sqlite3") else data


@cache
def _full_of_nothing(suffix: str) -> bytes:
    """An archive whose members unpack to more than any reader should take."""
    out, nothing = io.BytesIO(), b" " * _UNPACKED
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in _MEMBERS.get(suffix, ("a", "b")):
            archive.writestr(zipfile.ZipInfo(name), nothing)
    return out.getvalue()


def _endless(data: bytes) -> bytes:
    """The database with a view that never ends in place of each table."""
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.deserialize(data)
            for (table,) in database.execute(_TABLES).fetchall():
                name = '"' + str(table).replace('"', '""') + '"'
                database.execute(f"DROP TABLE {name}")
                database.execute(f"CREATE VIEW {name} AS {_COUNTING}")
            database.commit()
            return database.serialize()
        except (sqlite3.Error, OverflowError):
            return data


def _surrogates(path: str, data: bytes) -> bytes:
    """Text that JSON can carry and UTF-8 cannot."""
    del data
    if path.endswith(".jsonl"):
        return json.dumps({"\ud800": "\udfff"}).encode() + b"\n"
    return json.dumps([{"\ud800": "\udfff"}]).encode()


_DAMAGES: dict[str, Callable[[str, bytes], bytes]] = {
    "empty": lambda path, data: b"",
    "truncated": _truncated,
    "wrong-type": _wrong_type,
    "huge": lambda path, data: _MEGABYTES,
    "one-line": lambda path, data: b"x" * 1_000_000,
    "invalid-utf8": lambda path, data: b"\xff\xfe\x80" + data[:2000] + b"\xc3",
    "nul-bytes": lambda path, data: data[:1000].replace(b"a", b"\0") + b"\0" * 100,
    "not-finite": _not_finite,
    "deep": _deep,
    "surrogates": _surrogates,
    "bomb": _bomb,
}


def fuzz(task: Task, solved: Files | None) -> Iterator[Attempt]:
    """The attempts for every output; without a reference solution stubs are what is damaged.

    A link, a pipe or a device in place of an output never leaves the agent's box: what the grader
    sees of it is a missing file, the damage called `link`.
    """
    base = solved if solved is not None else with_files(task.workspace, stubs(task))
    due = Due.LESS if solved is not None else Due.GRADE
    for path, file in produced(task, base).items():
        for name, damage in _DAMAGES.items():
            data = damage(path, file.data)
            if data != file.data:
                yield _attempt(path, name, base | Files({path: data}), due)
        yield _attempt(path, "link", without(base, path), due)
        inside = {f"{path}/{PurePosixPath(path).name}": file}
        yield _attempt(path, "directory", without(base, path) | Files(inside), due)


def _attempt(path: str, name: str, files: Files, due: Due) -> Attempt:
    return Attempt(Family.FUZZ, f"fuzz:{name}:{path}", files, due, path)
