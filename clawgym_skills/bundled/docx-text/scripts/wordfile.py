#!/usr/bin/env python3
"""Convert Word .docx files to Markdown and back; take tables, comments and changes out as rows."""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree
from xml.sax.saxutils import escape

Row = dict[str, object]
Element = ElementTree.Element

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MOST_PART = 200_000_000
REVIEW = ["kind", "author", "date", "text", "at"]


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass
class Document:
    """An open document: its body and the parts that the text refers to."""

    path: Path
    body: Element
    links: dict[str, str]
    headings: dict[str, int]
    ordered: set[tuple[str, str]]
    parts: dict[str, Element] = field(default_factory=dict)
    original: bool = False

    # -- text -------------------------------------------------------------------------------

    def markdown(self) -> tuple[str, int]:
        blocks: list[str] = []
        tables = 0
        for block in blocks_of(self.body):
            if block.tag == f"{W}p":
                blocks.append(self.paragraph(block))
            else:
                tables += 1
                blocks.append(table_text(self.grid(block)))
        text = ""
        for above, block in zip(["", *blocks], blocks):
            if block:
                listed = is_item(above) and is_item(block)
                text += ("" if not text or listed else "\n") + block + "\n"
        return text + self.footnotes(), tables

    def paragraph(self, paragraph: Element) -> str:
        text = "".join(self.inline(paragraph)).strip()
        text = re.sub(r"\*\*\*\*|(?<=\S)\*\*(\s*)\*\*(?=\S)", r"\1", text)
        if not text:
            return ""
        style = value(paragraph.find(f"{W}pPr/{W}pStyle"))
        if level := self.headings.get(style, 0):
            return "#" * min(level, 6) + " " + text.replace("**", "")
        numbering = paragraph.find(f"{W}pPr/{W}numPr")
        if numbering is not None and value(numbering.find(f"{W}numId")) != "0":
            number, depth = (
                value(numbering.find(f"{W}numId")),
                value(numbering.find(f"{W}ilvl")) or "0",
            )
            mark = "1." if (number, depth) in self.ordered else "-"
            return "   " * int(depth) + f"{mark} {text}"
        return text

    def inline(self, element: Element) -> Iterator[str]:
        """The words of a paragraph, changes accepted or refused."""
        for child in element:
            name = child.tag.removeprefix(W)
            if name == "r":
                yield self.run(child)
            elif name == "hyperlink":
                words = "".join(self.inline(child))
                target = self.links.get(child.get(f"{R}id", ""))
                yield f"[{words}]({target})" if target and words.strip() else words
            elif name == ("ins" if self.original else "del") or name == (
                "moveTo" if self.original else "moveFrom"
            ):
                continue
            elif name in (
                "ins",
                "del",
                "moveTo",
                "moveFrom",
                "smartTag",
                "sdt",
                "sdtContent",
                "fldSimple",
            ):
                yield from self.inline(child)

    def run(self, run: Element) -> str:
        text = run_text(run)
        if not text.strip():
            return text
        properties = run.find(f"{W}rPr")
        if properties is not None:
            for tag, mark in (("i", "*"), ("b", "**")):
                flag = properties.find(f"{W}{tag}")
                if flag is not None and value(flag) not in ("0", "false", "none"):
                    lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
                    text = f"{lead}{mark}{text.strip()}{mark}{trail}"
        return text

    def footnotes(self) -> str:
        part = self.parts.get("footnotes")
        if part is None:
            return ""
        lines = []
        for note in part.iter(f"{W}footnote"):
            if note.get(f"{W}type") is None:
                words = " ".join(filter(None, map(self.paragraph, note.iter(f"{W}p"))))
                lines.append(f"[^{note.get(f'{W}id')}]: {words}\n")
        return "\n" + "".join(lines) if lines else ""

    # -- tables -----------------------------------------------------------------------------

    def grid(self, table: Element) -> list[list[str]]:
        """A rectangle of texts; merged cells are repeated."""
        grid: list[list[str]] = []
        for row in table.findall(f"{W}tr"):
            line: list[str] = []
            for cell in row.findall(f"{W}tc"):
                merge = cell.find(f"{W}tcPr/{W}vMerge")
                continued = merge is not None and value(merge) != "restart"
                text = " ".join(filter(None, map(self.paragraph, cell.iter(f"{W}p"))))
                if continued and grid and len(grid[-1]) > len(line):
                    text = grid[-1][len(line)]
                spanned = value(cell.find(f"{W}tcPr/{W}gridSpan"))
                line += [text] * (min(int(spanned), 1000) if spanned.isdecimal() else 1)
            grid.append(line)
        width = max(map(len, grid), default=0)
        return [line + [""] * (width - len(line)) for line in grid if line]


def run_text(run: Element) -> str:
    parts = []
    for child in run:
        name = child.tag.removeprefix(W)
        if name in ("t", "delText"):
            parts.append(child.text or "")
        elif name in ("tab", "br", "cr"):
            parts.append("\t" if name == "tab" else "  \n")
        elif name == "noBreakHyphen":
            parts.append("-")
        elif name == "footnoteReference":
            parts.append(f"[^{child.get(f'{W}id')}]")
    return "".join(parts)


def is_item(block: str) -> bool:
    return re.match(r"\s*(?:-|1\.) ", block) is not None


def table_text(grid: list[list[str]]) -> str:
    if not grid:
        return ""
    lines = [
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
        for line in grid
    ]
    return "\n".join([lines[0], "|" + " --- |" * len(grid[0]), *lines[1:]])


def blocks_of(element: Element) -> Iterator[Element]:
    """Paragraphs and tables of the text, also inside content controls."""
    for child in element:
        if child.tag in (f"{W}p", f"{W}tbl"):
            yield child
        elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}customXml"):
            yield from blocks_of(child)


def value(element: Element | None) -> str:
    return "" if element is None else element.get(f"{W}val", "")


# -- opening --------------------------------------------------------------------------------


def open_document(path: Path, original: bool = False) -> Document:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = {
                name: part_of(archive, name, path)
                for name in archive.namelist()
                if re.fullmatch(
                    r"word/(?:document|styles|numbering|footnotes|comments|_rels/document\.xml)\.(?:xml|rels)",
                    name,
                )
            }
            pictures = sum(name.startswith("word/media/") for name in archive.namelist())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, RuntimeError) as error:
        with path.open("rb") as stream:
            old = stream.read(4) == b"\xd0\xcf\x11\xe0"
        reason = "protected by a password, or an old .doc file" if old else "not a .docx document"
        raise InputError(f"{path} is {reason}") from error
    main = parts.get("word/document.xml")
    body = main.find(f"{W}body") if main is not None else None
    if body is None:
        raise InputError(f"{path} is not a .docx document: it has no text")
    if pictures:
        print(f"note: {pictures} pictures are left out", file=sys.stderr)
    relations = parts.get("word/_rels/document.xml.rels")
    links = {
        each.get("Id", ""): each.get("Target", "")
        for each in (relations if relations is not None else [])
        if each.get("TargetMode") == "External"
    }
    named = {name.split("/")[-1].split(".")[0]: part for name, part in parts.items()}
    return Document(
        path,
        body,
        links,
        heading_styles(parts.get("word/styles.xml")),
        ordered_lists(parts.get("word/numbering.xml")),
        named,
        original,
    )


def part_of(archive: zipfile.ZipFile, name: str, path: Path) -> Element:
    with archive.open(name) as stream:
        data = stream.read(MOST_PART + 1)
    if len(data) > MOST_PART or b"<!DOCTYPE" in data[:2000]:
        raise InputError(f"{path}: {name} is too large or declares entities")
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise InputError(f"{path} is damaged: {name}: {error}") from error


def heading_styles(styles: Element | None) -> dict[str, int]:
    """Style ids that are headings, with their level; by outline level or by their name."""
    found = {"Title": 1, **{f"Heading{level}": level for level in range(1, 10)}}
    for style in styles.iter(f"{W}style") if styles is not None else ():
        outline = value(style.find(f"{W}pPr/{W}outlineLvl"))
        name = value(style.find(f"{W}name")).lower()
        if outline.isdecimal() and int(outline) < 9:
            found[style.get(f"{W}styleId", "")] = int(outline) + 1
        elif named := re.fullmatch(r"heading (\d)", name):
            found[style.get(f"{W}styleId", "")] = int(named[1])
        elif name == "title":
            found[style.get(f"{W}styleId", "")] = 1
    return found


def ordered_lists(numbering: Element | None) -> set[tuple[str, str]]:
    """(list, depth) of the lists that Word numbers."""
    if numbering is None:
        return set()
    abstract = {
        each.get(f"{W}abstractNumId"): {
            level.get(f"{W}ilvl", "0")
            for level in each.iter(f"{W}lvl")
            if value(level.find(f"{W}numFmt")) not in ("bullet", "none", "")
        }
        for each in numbering.iter(f"{W}abstractNum")
    }
    return {
        (each.get(f"{W}numId", ""), depth)
        for each in numbering.iter(f"{W}num")
        for depth in abstract.get(value(each.find(f"{W}abstractNumId")), set())
    }


# -- commands -------------------------------------------------------------------------------


def run_text_command(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.document)
    text, tables = open_document(arguments.document, arguments.changes == "original").markdown()
    write_text(arguments.output, text)
    print(f"wrote {arguments.output}: {len(text.split())} words, {tables} tables")
    return 0


def run_table(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.document)
    document = open_document(arguments.document)
    tables = [block for block in blocks_of(document.body) if block.tag == f"{W}tbl"]
    if not 1 <= arguments.number <= len(tables):
        raise InputError(
            f"{arguments.document} has {len(tables)} tables, none is number {arguments.number}"
        )
    grid = document.grid(tables[arguments.number - 1])
    columns: list[str] = []
    for number, name in enumerate(grid[0] if grid else [], 1):
        name = name.replace("**", "") or f"column_{number}"
        columns.append(name if name not in columns else f"{name}_{number}")
    rows: list[Row] = [dict(zip(columns, line)) for line in grid[1:]]
    write_rows(arguments.output, Table(columns, rows, typed=False))
    print(f"wrote {arguments.output}: {len(rows)} rows, {len(columns)} columns")
    return 0


def run_review(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.document)
    document = open_document(arguments.document)
    rows: list[Row] = []
    for tag, kind in (("ins", "inserted"), ("del", "deleted")):
        for change in document.body.iter(f"{W}{tag}"):
            text = "".join(run_text(run) for run in change.iter(f"{W}r"))
            if text:
                rows.append(review_row(kind, change, text, ""))
    anchors = commented(document.body)
    comments = document.parts.get("comments")
    for comment in comments.iter(f"{W}comment") if comments is not None else ():
        text = "\n".join(
            "".join(run_text(run) for run in p.iter(f"{W}r")) for p in comment.iter(f"{W}p")
        )
        rows.append(
            review_row("comment", comment, text.strip(), anchors.get(comment.get(f"{W}id", ""), ""))
        )
    write_rows(arguments.output, Table(REVIEW, rows, typed=True))
    print(f"wrote {arguments.output}: {len(rows)} comments and changes")
    return 0


def review_row(kind: str, element: Element, text: str, at: str) -> Row:
    return dict(
        zip(REVIEW, (kind, element.get(f"{W}author", ""), element.get(f"{W}date", ""), text, at))
    )


def commented(body: Element) -> dict[str, str]:
    """The words that each comment is about."""
    active: dict[str, list[str]] = {}
    done: dict[str, str] = {}
    for element in body.iter():
        if element.tag == f"{W}commentRangeStart":
            active[element.get(f"{W}id", "")] = []
        elif element.tag == f"{W}commentRangeEnd":
            number = element.get(f"{W}id", "")
            done[number] = "".join(active.pop(number, []))
        elif element.tag == f"{W}r":
            for words in active.values():
                words.append(run_text(element))
    return done


# -- writing a document ---------------------------------------------------------------------


XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = R[1:-2]
TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
ITEM = re.compile(r"(?P<indent> *)(?P<mark>[-*+]|\d+[.)]) +(?P<text>.*)")
SPANS = re.compile(r"\*\*(?P<bold>(?=\S).+?(?<=\S))\*\*|\*(?P<italic>(?=\S)[^*]+?(?<=\S))\*")
CELLS = re.compile(r"(?<!\\)\|")


def run_write(arguments: argparse.Namespace) -> int:
    if arguments.output.suffix.lower() != ".docx":
        raise InputError(f"{arguments.output}: the file name must end in .docx")
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", read_text(arguments.document))
    blocks = list(word_blocks(text.splitlines()))
    body = f'{XML}<w:document xmlns:w="{W[1:-1]}"><w:body>{"".join(blocks)}</w:body></w:document>'
    write_archive(arguments.output, {**PARTS, "word/document.xml": body})
    print(f"wrote {arguments.output}: {len(blocks)} blocks")
    return 0


def word_blocks(lines: list[str]) -> Iterator[str]:
    """Each block of the Markdown as WordprocessingML."""
    held: list[str] = []
    rows: list[list[str]] = []
    for line in [*lines, ""]:
        is_row = line.startswith("|") and line.rstrip().endswith("|")
        heading, item = re.fullmatch(r"(#{1,6}) +(.+)", line), ITEM.fullmatch(line)
        if held and (is_row or heading or item or not line.strip()):
            yield paragraph_xml(" ".join(held), "")
            held = []
        if rows and not is_row:
            yield table_xml(rows)
            rows = []
        if is_row:
            cells = [cell.strip().replace("\\|", "|") for cell in CELLS.split(line.strip()[1:-1])]
            if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                rows.append(cells)
        elif heading:
            yield paragraph_xml(heading[2], f'<w:pStyle w:val="Heading{len(heading[1])}"/>')
        elif item:
            number = 1 if item["mark"] in "-*+" else 2
            depth = min(len(item["indent"]) // 2, 8)
            level = f'<w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/>'
            yield paragraph_xml(item["text"], f"<w:numPr>{level}</w:numPr>")
        elif line.strip():
            held.append(line.strip())


def paragraph_xml(text: str, properties: str) -> str:
    runs, done = [], 0
    for found in SPANS.finditer(text):
        runs.append(run_xml(text[done : found.start()], ""))
        tag = "b" if found["bold"] else "i"
        runs.append(run_xml(found["bold"] or found["italic"], f"<w:rPr><w:{tag}/></w:rPr>"))
        done = found.end()
    runs.append(run_xml(text[done:], ""))
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def run_xml(text: str, properties: str) -> str:
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""


def table_xml(rows: list[list[str]]) -> str:
    width = max(map(len, rows))
    lines = (
        "".join(
            f"<w:tc>{paragraph_xml(cell, '')}</w:tc>" for cell in row + [""] * (width - len(row))
        )
        for row in rows
    )
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = "<w:gridCol/>" * width
    head = f"<w:tblPr><w:tblBorders>{borders}</w:tblBorders></w:tblPr><w:tblGrid>{grid}</w:tblGrid>"
    return f"<w:tbl>{head}{''.join(f'<w:tr>{line}</w:tr>' for line in lines)}</w:tbl>"


def list_levels(form: str) -> str:
    text = "•" if form == "bullet" else None
    return "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text or f"%{depth + 1}."}"/>'
        f'<w:pPr><w:ind w:left="{360 * (depth + 1)}" w:hanging="360"/></w:pPr></w:lvl>'
        for depth in range(9)
    )


def heading_style(level: int) -> str:
    return (
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/><w:pPr><w:outlineLvl w:val="{level - 1}"/></w:pPr>'
        f'<w:rPr><w:b/><w:sz w:val="{40 - 4 * level}"/></w:rPr></w:style>'
    )


PARTS = {
    "[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    + "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{TYPE}.{kind}+xml"/>'
        for name, kind in (
            ("document", "document.main"),
            ("styles", "styles"),
            ("numbering", "numbering"),
        )
    )
    + "</Types>",
    "_rels/.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
    "word/_rels/document.xml.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships">'
    + "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{name}" Target="{name}.xml"/>'
        for n, name in enumerate(("styles", "numbering"), 1)
    )
    + "</Relationships>",
    "word/styles.xml": f'{XML}<w:styles xmlns:w="{W[1:-1]}">{"".join(map(heading_style, range(1, 7)))}</w:styles>',
    "word/numbering.xml": f'{XML}<w:numbering xmlns:w="{W[1:-1]}">'
    + "".join(
        f'<w:abstractNum w:abstractNumId="{n}">{list_levels(form)}</w:abstractNum>'
        for n, form in enumerate(("bullet", "decimal"), 1)
    )
    + "".join(f'<w:num w:numId="{n}"><w:abstractNumId w:val="{n}"/></w:num>' for n in (1, 2))
    + "</w:numbering>",
}


def write_archive(path: Path, parts: dict[str, str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        try:
            with (
                os.fdopen(handle, "wb") as stream,
                zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
            ):
                for name, text in parts.items():
                    archive.writestr(
                        zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)),
                        text.encode(),
                        zipfile.ZIP_DEFLATED,
                    )
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


# -- values and files -----------------------------------------------------------------------


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


def refuse_overwrite(output: Path, *inputs: Path) -> None:
    for source in inputs:
        if os.path.realpath(output) == os.path.realpath(source):
            raise InputError(f"{output} is the input; choose another output file")


# -- command line ---------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, text, run in (
        ("text", "Write the document as Markdown.", run_text_command),
        ("table", "Write one table as rows.", run_table),
        ("review", "Write comments and tracked changes as rows.", run_review),
        ("write", "Write Markdown as a Word document.", run_write),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("document", type=Path, metavar="DOCUMENT")
        sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
        if name == "text":
            sub.add_argument("--changes", choices=["accepted", "original"], default="accepted")
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
