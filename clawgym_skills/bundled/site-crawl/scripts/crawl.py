#!/usr/bin/env python3
"""Follow the links of a web site in a folder: list its pages, name what is broken."""

from __future__ import annotations

import argparse
import csv
import json
import os
import posixpath
import re
import sys
import tempfile
from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
PAGE_SUFFIXES = (".html", ".htm")
TARGETS = {
    "a": "href",
    "area": "href",
    "link": "href",
    "img": "src",
    "script": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
MOST_BYTES = 20_000_000


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


class Reader(HTMLParser):
    """The title, the words, the ids and the targets of one page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.words = 0
        self.ids = {"", "top"}
        self.targets: list[tuple[int, str, str]] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("title", "script", "style"):
            self._inside = tag
        self.ids.update(str(values[name]) for name in ("id", "name") if values.get(name))
        target = values.get(TARGETS.get(tag, ""))
        if target is not None and not (tag == "link" and "canonical" in (values.get("rel") or "")):
            self.targets.append((self.getpos()[0], tag, target.strip()))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif not self._inside:
            self.words += len(data.split())


@dataclass
class Visit:
    """One page as it was reached."""

    path: str
    depth: int
    reader: Reader


@dataclass
class Walk:
    """The pages in the order of their discovery, and what is wrong."""

    pages: dict[str, Visit] = field(default_factory=dict)
    problems: list[Row] = field(default_factory=list)
    external: int = 0

    def problem(self, page: str, line: int, target: str, problem: str) -> None:
        self.problems.append({"page": page, "line": line, "target": target, "problem": problem})


# -- walking --------------------------------------------------------------------------------


def walk(site: Path, start: str) -> Walk:
    """Breadth first from the start page; every page once."""
    files = files_below(site)
    if start not in files:
        raise InputError(f"{site} has no page {start}; name another with --start")
    found = Walk()
    waiting = deque([(start, 0)])
    anchors: list[tuple[str, int, str, str, str]] = []
    queued = {start}
    while waiting:
        path, depth = waiting.popleft()
        visit = Visit(path, depth, read_page(site / path))
        found.pages[path] = visit
        for line, tag, target in visit.reader.targets:
            if not target or target.startswith(("data:", "javascript:")):
                continue
            if SCHEME.match(target):
                found.external += 1
                continue
            place, problem = resolve(path, target, files)
            if problem:
                found.problem(path, line, target, problem)
            elif place.endswith(PAGE_SUFFIXES):
                anchors.append((path, line, target, place, unquoted(target.partition("#")[2])))
                if tag in ("a", "area", "iframe") and place not in queued:
                    queued.add(place)
                    waiting.append((place, depth + 1))
    for path, line, target, place, anchor in anchors:
        if place in found.pages and anchor not in found.pages[place].reader.ids:
            found.problem(path, line, target, "anchor")
    for path in sorted(files):
        if path.endswith(PAGE_SUFFIXES) and path not in found.pages:
            found.problem(path, 0, "", "orphan")
    return found


def resolve(page: str, target: str, files: set[str]) -> tuple[str, str]:
    """The file that a link means, or what is wrong with it."""
    plain = unquoted(re.split(r"[?#]", target, maxsplit=1)[0])
    if not plain:
        return page, ""
    base = "" if plain.startswith("/") else posixpath.dirname(page)
    path = posixpath.normpath(posixpath.join(base, plain.lstrip("/") or "."))
    if path.startswith("../") or path == "..":
        return "", "outside"
    folder = plain.endswith("/") or path == "."
    stem = "" if path == "." else path
    candidates = [] if folder else [stem, f"{stem}.html"]
    candidates.append(posixpath.join(stem, "index.html"))
    return next(((name, "") for name in candidates if name in files), ("", "missing"))


def unquoted(text: str) -> str:
    """Percent escapes as UTF-8, without the module that could open connections."""
    data = re.sub(
        rb"%([0-9A-Fa-f]{2})",
        lambda found: bytes([int(found[1], 16)]),
        text.encode("utf-8", "surrogateescape"),
    )
    return data.decode("utf-8", errors="replace")


def files_below(site: Path) -> set[str]:
    if not site.is_dir():
        raise InputError(f"{site} is not a folder")
    found: set[str] = set()
    for root, folders, names in os.walk(site):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found.update(Path(root, name).relative_to(site).as_posix() for name in names)
    return found


def read_page(path: Path) -> Reader:
    reader = Reader()
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise InputError(f"{path} has more than {MOST_BYTES:,} bytes: that is no page")
    reader.feed(data.decode("utf-8-sig", errors="replace"))
    reader.close()
    return reader


# -- commands -------------------------------------------------------------------------------


def run_pages(arguments: argparse.Namespace) -> int:
    found = walk(arguments.site, arguments.start)
    rows: list[Row] = [
        {
            "path": visit.path,
            "title": " ".join(visit.reader.title.split()),
            "depth": visit.depth,
            "links": len(visit.reader.targets),
            "words": visit.reader.words,
        }
        for visit in found.pages.values()
    ]
    write_rows(
        arguments.output, Table(["path", "title", "depth", "links", "words"], rows, typed=True)
    )
    print(f"wrote {arguments.output}: {len(rows)} pages, {found.external} external links")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    found = walk(arguments.site, arguments.start)
    if arguments.output:
        write_rows(
            arguments.output,
            Table(["page", "line", "target", "problem"], found.problems, typed=True),
        )
    for row in found.problems[:50]:
        where = f"{row['page']}:{row['line']}" if row["line"] else row["page"]
        print(f"{where}: {row['problem']} {row['target']}".rstrip())
    if len(found.problems) > 50:
        print(f"and {len(found.problems) - 50} more")
    print(
        f"{len(found.pages)} pages, {found.external} external links, {len(found.problems)} problems"
    )
    return 1 if found.problems else 0


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
        ("pages", "List the pages that can be reached.", run_pages),
        ("check", "Name broken links and orphans; exit status 1 when there are any.", run_check),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("site", type=Path, metavar="SITE")
        sub.add_argument("-o", "--output", type=Path, required=name == "pages", metavar="OUT")
        sub.add_argument("--start", default="index.html", metavar="PAGE")
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
