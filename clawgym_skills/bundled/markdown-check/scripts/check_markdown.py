#!/usr/bin/env python3
"""Check links, anchors and headings of Markdown files, and keep tables of contents current."""

from __future__ import annotations

import argparse
import csv
import json
import os
import posixpath
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
COLUMNS = ["file", "line", "rule", "found"]
FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})")
HEADING = re.compile(r" {0,3}(?P<marks>#{1,6})[ \t]+(?P<text>.*?)(?:[ \t]+#+)?[ \t]*")
LINK = re.compile(
    r"(?P<image>!)?\[(?P<text>[^\[\]]*)\]\(\s*(?:<(?P<angled>[^<>\n]*)>|(?P<target>(?:[^()\s]|\([^()\s]*\))*))(?:\s+[\"'(][^\n]*?[\"')])?\s*\)"
)
REFERENCE = re.compile(r"(?<!!)\[(?P<text>[^\[\]]+)\]\[(?P<name>[^\[\]]*)\]")
DEFINITION = re.compile(r" {0,3}\[(?P<name>[^\[\]^]+)\]:\s*<?(?P<target>[^\s>]+)>?")
HTML_TARGET = re.compile(
    r"<(?:a|img)\b[^>]*?\b(?:href|src)=[\"'](?P<target>[^\"']*)[\"']", re.IGNORECASE
)
HTML_ID = re.compile(r"\b(?:id|name)=[\"']([^\"']+)[\"']")
EXPLICIT = re.compile(r"\s*\{#([\w.-]+)[^}]*\}\s*$")
CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
TOC = re.compile(
    rb"(?P<open><!--\s*toc\s*-->)(?P<inner>.*?)(?P<close><!--\s*/toc\s*-->)",
    re.DOTALL | re.IGNORECASE,
)


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Heading:
    """A heading with the anchor that a reader's browser knows it by."""

    line: int
    level: int
    text: str
    anchor: str


@dataclass
class Document:
    """What one file offers to link to, and what it links to."""

    headings: list[Heading] = field(default_factory=list)
    anchors: set[str] = field(default_factory=lambda: {"", "top"})
    links: list[tuple[int, str]] = field(default_factory=list)
    problems: list[tuple[int, str, str]] = field(default_factory=list)


# -- reading --------------------------------------------------------------------------------


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Lines outside fenced code, their code spans blanked."""
    fence = ""
    in_comment = False
    for number, line in enumerate(text.splitlines(), 1):
        found = FENCE.match(line)
        if fence:
            closing = found and found["mark"].startswith(fence) and not line.strip().strip("`~")
            fence = "" if closing else fence
        elif found and not in_comment:
            fence = found["mark"]
        elif in_comment:
            in_comment = "-->" not in line
        elif line.lstrip().startswith("<!--"):
            in_comment = "-->" not in line
        else:
            yield number, CODE_SPAN.sub(lambda span: " " * len(span[0]), line)


def parse(text: str) -> Document:
    document = Document()
    counts: Counter[str] = Counter()
    defined = {
        found["name"].strip().casefold()
        for _, line in prose(text)
        if (found := DEFINITION.match(line))
    }
    raw = text.splitlines()
    for number, line in prose(text):
        document.anchors.update(HTML_ID.findall(line))
        if HEADING.fullmatch(line):
            add_heading(document, HEADING.fullmatch(raw[number - 1]), number, counts)
        for found in LINK.finditer(line):
            target = found["angled"] if found["angled"] is not None else found["target"]
            document.links.append((number, target))
            if found["image"] and not found["text"].strip():
                document.problems.append((number, "no-alt-text", target))
            nested = LINK.sub("", line)  # [![alt](image)](target)
            document.links += [
                (number, inner[1]) for inner in re.finditer(r"\]\(([^()\s]+)\)", nested)
            ]
        document.links += [(number, found["target"]) for found in HTML_TARGET.finditer(line)]
        if definition := DEFINITION.match(line):
            document.links.append((number, definition["target"]))
        for found in REFERENCE.finditer(line):
            name = (found["name"] or found["text"]).strip().casefold()
            if name not in defined:
                document.problems.append((number, "undefined-reference", found[0]))
    return document


def add_heading(
    document: Document, found: re.Match[str], number: int, counts: Counter[str]
) -> None:
    text, level = found["text"], len(found["marks"])
    explicit = EXPLICIT.search(text)
    anchor = explicit[1] if explicit else slug(text)
    text = EXPLICIT.sub("", text)
    if counts[anchor]:
        document.problems.append((number, "duplicate-heading", text))
    repeated, counts[anchor] = counts[anchor], counts[anchor] + 1
    anchor = f"{anchor}-{repeated}" if repeated else anchor
    if document.headings and level > document.headings[-1].level + 1 and len(document.headings) > 1:
        document.problems.append((number, "skipped-level", text))
    document.anchors.add(anchor)
    document.headings.append(Heading(number, level, text, anchor))


def slug(text: str) -> str:
    """GitHub's rule for the anchor of a heading."""
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]+>", r"\1", text)
    plain = re.sub(r"(?<!\w)_|_(?!\w)", "", plain).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


# -- commands -------------------------------------------------------------------------------


def run_check(arguments: argparse.Namespace) -> int:
    root = Path(os.path.realpath(arguments.root))
    documents: dict[Path, Document] = {}
    paths = [path for place in arguments.places for path in markdown_files(place)]
    rows: list[Row] = []
    for path in dict.fromkeys(paths):
        document = loaded(documents, path)
        found = [*document.problems, *link_problems(path, document, documents, root)]
        rows += [
            {"file": path.as_posix(), "line": line, "rule": rule, "found": what}
            for line, rule, what in sorted(found)
        ]
    if arguments.output:
        write_rows(arguments.output, Table(COLUMNS, rows, typed=True))
    for row in rows[:50]:
        print(f"{row['file']}:{row['line']}: {row['rule']}: {row['found']}")
    if len(rows) > 50:
        print(f"and {len(rows) - 50} more")
    print(
        f"{len(paths)} files, {sum(len(loaded(documents, path).links) for path in paths)} links, {len(rows)} problems"
    )
    return 1 if rows else 0


def link_problems(
    path: Path, document: Document, documents: dict[Path, Document], root: Path
) -> Iterator[tuple[int, str, str]]:
    for line, target in dict.fromkeys(document.links):
        if not target:
            yield line, "empty-link", ""
        elif not SCHEME.match(target):
            plain, _, anchor = target.partition("#")
            rule = place_problem(
                path, unquoted(plain.partition("?")[0]), unquoted(anchor), documents, root
            )
            if rule:
                yield line, rule, target


def place_problem(
    path: Path, plain: str, anchor: str, documents: dict[Path, Document], root: Path
) -> str:
    base = root if plain.startswith("/") else Path(os.path.realpath(path.parent))
    place = Path(posixpath.normpath(str(base / plain.lstrip("/")))) if plain else path
    real = Path(os.path.realpath(place))
    if plain and real != root and not str(real).startswith(str(root) + os.sep):
        return "outside"
    if not place.exists():
        return "missing-file"
    if place.suffix.lower() != ".md" or place.is_dir():
        return ""
    return "" if anchor in loaded(documents, place).anchors else "missing-anchor"


def unquoted(text: str) -> str:
    data = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode())
    return data.decode("utf-8", errors="replace")


def loaded(documents: dict[Path, Document], path: Path) -> Document:
    real = Path(os.path.realpath(path))
    if real not in documents:
        documents[real] = parse(read_text(path))
    return documents[real]


def markdown_files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    for root, folders, names in os.walk(place):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name != "node_modules"
        )
        yield from (Path(root, name) for name in sorted(names) if name.lower().endswith(".md"))


def run_toc(arguments: argparse.Namespace) -> int:
    text = read_text(arguments.file)
    data = arguments.file.read_bytes()
    marks = TOC.search(data)
    if not marks:
        raise InputError(f"{arguments.file} has no <!-- toc --> … <!-- /toc --> to fill")
    end = b"\r\n" if b"\r\n" in data else b"\n"
    above = data[: marks.start()].count(b"\n") + 1
    headings = [
        h for h in parse(text).headings if h.line > above and h.level <= arguments.depth + 1
    ]
    top = min((heading.level for heading in headings), default=1)
    lines = [
        f"{'  ' * (h.level - top)}- [{plain_text(h.text)}](#{h.anchor})".encode() for h in headings
    ]
    wanted = end + b"".join(line + end for line in lines)
    current = marks["inner"] == wanted
    if not current and not arguments.check:
        changed = data[: marks.start("inner")] + wanted + data[marks.end("inner") :]
        write_text(arguments.file, changed.decode("utf-8"))
    state = "current" if current else "not current" if arguments.check else "written"
    print(f"{arguments.file}: contents {state}, {len(headings)} headings")
    return 1 if arguments.check and not current else 0


def plain_text(text: str) -> str:
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("[", "\\[").replace("]", "\\]")


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


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Name what is wrong with links and headings; exit status 1 if anything is."
    sub = commands.add_parser("check", help=text, description=text)
    sub.add_argument("places", type=Path, nargs="+", metavar="PLACE")
    sub.add_argument("-o", "--output", type=Path, metavar="OUT")
    sub.add_argument("--root", type=Path, default=Path("."), metavar="FOLDER")
    sub.set_defaults(run=run_check)

    text = "Write the table of contents between its marks."
    sub = commands.add_parser("toc", help=text, description=text)
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.add_argument("--depth", type=int, choices=range(1, 6), default=3, metavar="N")
    sub.add_argument("--check", action="store_true", help="only compare")
    sub.set_defaults(run=run_toc)
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
