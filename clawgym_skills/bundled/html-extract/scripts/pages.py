#!/usr/bin/env python3
"""Take text, tables and links out of a saved HTML page."""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import tempfile
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
SKIPPED = {"script", "style", "noscript", "template", "svg", "nav", "head"}
BLOCKS = {
    "p",
    "div",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "table",
    "tr",
    "ul",
    "ol",
    "blockquote",
    "pre",
    "hr",
    "dl",
    "dt",
    "dd",
}
HEADINGS = {f"h{level}": level for level in range(1, 7)}
MOST_SPAN = 1000
CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass
class Cell:
    """One cell: its text, and over how many rows and columns it reaches."""

    rows: int
    columns: int
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


class Page(HTMLParser):
    """What a reader sees of a page: title, lines of Markdown, tables and links."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.lines: list[str] = []
        self.tables: list[list[list[Cell]]] = []
        self.links: list[tuple[str, str]] = []
        self._skipped: list[str] = []
        self._open: list[list[list[Cell]]] = []
        self._cells: list[Cell | None] = []
        self._words: list[str] = []
        self._prefix = ""
        self._link: tuple[str, list[str]] | None = None
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "title" and not self.title:
            self._in_title = True
        elif tag in SKIPPED:
            self._skipped.append(tag)
        elif tag == "a" and values.get("href"):
            self._link = (str(values["href"]).strip(), [])
        elif self._skipped:
            pass
        elif tag in HEADINGS:
            self._flush("#" * HEADINGS[tag] + " ")
        elif tag == "li":
            self._flush("- ")
        elif tag == "br":
            self._say(" ")
        elif tag in BLOCKS:
            self._flush()
        if not self._skipped:
            self._table_start(tag, values)

    def _table_start(self, tag: str, values: dict[str, str | None]) -> None:
        if tag == "table":
            self.tables.append([])
            self._open.append(self.tables[-1])
            self._cells.append(None)
        elif tag == "tr" and self._open:
            self._open[-1].append([])
            self._cells[-1] = None
        elif tag in ("td", "th") and self._open:
            if not self._open[-1]:
                self._open[-1].append([])
            self._flush()
            cell = Cell(span(values.get("rowspan")), span(values.get("colspan")))
            self._open[-1][-1].append(cell)
            self._cells[-1] = cell

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in SKIPPED and tag in self._skipped:
            while self._skipped.pop() != tag:
                pass
        elif tag == "a" and self._link:
            self._end_link()
        elif self._skipped:
            pass
        elif tag in HEADINGS or tag in BLOCKS or tag == "li":
            self._flush()
        if tag == "table" and self._open and not self._skipped:
            self._end_table()
        elif tag in ("td", "th") and self._cells and not self._skipped:
            self._flush()
            self._cells[-1] = None

    def _end_table(self) -> None:
        """A table of the text: its header, a line below it, and its rows."""
        self._cells.pop()
        grid = grid_of(self._open.pop())
        lines = [
            "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in grid
        ]
        if lines:
            self._flush()
            self.lines += [lines[0], "|" + " --- |" * len(grid[0]), *lines[1:]]

    def _end_link(self) -> None:
        target, words = self._link or ("", [])
        self._link = None
        self.links.append((" ".join("".join(words).split()), target))
        if not self._skipped and not any(self._cells):
            self._say(f" <{target}>")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
            return
        if self._link:
            self._link[1].append(data)
        if not self._skipped:
            self._say(data)

    def _say(self, data: str) -> None:
        cell = self._cells[-1] if self._cells else None
        (self._words if cell is None else cell.words).append(data)

    def _flush(self, prefix: str = "") -> None:
        cell = self._cells[-1] if self._cells else None
        if cell is not None:
            cell.words.append(" ")
        text = " ".join("".join(self._words).split())
        if text:
            self.lines.append(self._prefix + text)
            self._prefix = ""
        self._words = []
        self._prefix = prefix or self._prefix

    def close(self) -> None:
        super().close()
        self._flush()
        while self._open:
            self._end_table()


def span(text: str | None) -> int:
    return min(max(int(text), 1), MOST_SPAN) if text and text.strip().isdecimal() else 1


# -- commands -------------------------------------------------------------------------------


def run_show(arguments: argparse.Namespace) -> int:
    page = read_page(arguments.page)
    print(f"title: {' '.join(page.title.split()) or '(none)'}")
    print(f"{len(page.lines)} blocks of text, {len(page.links)} links, {len(page.tables)} tables")
    for number, table in enumerate(page.tables, 1):
        grid = grid_of(table)
        head = ", ".join(grid[0]) if grid else ""
        print(
            f"table {number}: {len(grid)} rows, {len(grid[0]) if grid else 0} columns: {head[:80]}"
        )
    return 0


def run_text(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.page)
    lines = read_page(arguments.page).lines
    text = ""
    for above, line in zip(["", *lines], lines):
        listed = (above[:1], line[:1]) in (("-", "-"), ("|", "|"))
        text += ("" if listed or not text else "\n") + line + "\n"
    write_text(arguments.output, text)
    print(f"wrote {arguments.output}: {len(lines)} blocks of text")
    return 0


def run_table(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.page)
    tables = read_page(arguments.page).tables
    if not 1 <= arguments.number <= len(tables):
        raise InputError(
            f"{arguments.page} has {len(tables)} tables, none is number {arguments.number}"
        )
    grid = grid_of(tables[arguments.number - 1])
    if not grid:
        raise InputError(f"table {arguments.number} of {arguments.page} has no cells")
    columns = unique_names(grid[0])
    rows: list[Row] = [dict(zip(columns, line)) for line in grid[1:]]
    write_rows(arguments.output, Table(columns, rows, typed=False))
    print(f"wrote {arguments.output}: {len(rows)} rows, {len(columns)} columns")
    return 0


def run_links(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.page)
    rows: list[Row] = [
        {"text": text, "target": target} for text, target in read_page(arguments.page).links
    ]
    write_rows(arguments.output, Table(["text", "target"], rows, typed=True))
    print(f"wrote {arguments.output}: {len(rows)} links")
    return 0


# -- tables ---------------------------------------------------------------------------------


def grid_of(table: list[list[Cell]]) -> list[list[str]]:
    """A rectangle of texts; a cell that spans is repeated in every place that it covers."""
    grid: list[list[str]] = []
    reaching: dict[int, tuple[int, str]] = {}
    for cells in table:
        line: list[str] = []
        waiting = list(cells)
        while waiting or any(column >= len(line) for column in reaching):
            column = len(line)
            if column in reaching:
                left, text = reaching.pop(column)
                if left > 1:
                    reaching[column] = (left - 1, text)
                line.append(text)
            elif waiting:
                cell = waiting.pop(0)
                for place in range(column, column + cell.columns):
                    if cell.rows > 1:
                        reaching[place] = (cell.rows - 1, cell.text)
                    line.append(cell.text)
            else:
                line.append("")
        if line:
            grid.append(line)
    width = max(map(len, grid), default=0)
    return [line + [""] * (width - len(line)) for line in grid]


def unique_names(header: list[str]) -> list[str]:
    taken: list[str] = []
    for number, name in enumerate(header, 1):
        name = name or f"column_{number}"
        candidate, count = name, 2
        while candidate in taken:
            candidate, count = f"{name}_{count}", count + 1
        taken.append(candidate)
    return taken


# -- values ---------------------------------------------------------------------------------


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


# -- files ----------------------------------------------------------------------------------


def read_page(path: Path) -> Page:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path} is no HTML page: it holds binary data")
    page = Page()
    page.feed(decoded(data, path))
    page.close()
    return page


def decoded(data: bytes, path: Path) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    named = CHARSET.search(data[:4096])
    for encoding in (named[1].decode("ascii") if named else "utf-8-sig", "utf-8-sig"):
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    print(f"note: {path} is not UTF-8; read as Windows-1252", file=sys.stderr)
    return data.decode("cp1252", errors="replace")


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


def refuse_overwrite(output: Path, *inputs: Path) -> None:
    for source in inputs:
        if os.path.realpath(output) == os.path.realpath(source):
            raise InputError(f"{output} is the input; choose another output file")


# -- command line ---------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Print the title and what the page holds."
    sub = commands.add_parser("show", help=text, description=text)
    sub.add_argument("page", type=Path, metavar="PAGE")
    sub.set_defaults(run=run_show)

    for name, text, run in (
        ("text", "Write the readable text as Markdown.", run_text),
        ("table", "Write one table as rows.", run_table),
        ("links", "Write all links as rows.", run_links),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("page", type=Path, metavar="PAGE")
        sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
        if name == "table":
            sub.add_argument(
                "--number", type=int, default=1, metavar="N", help="which table, from 1"
            )
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
