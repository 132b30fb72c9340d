"""Rows in the files of other programs: XML, pages with one table, workbooks, calendars, cards.

Each is read as a table and written back around the same table with one mistake in it. What is said
besides the rows stays as it is, and what nobody reads, such as a time stamp, is left out.
"""

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Sequence
from html import escape
from html.parser import HTMLParser

from verify.mutants.cells import Cell, meaning_of
from verify.mutants.rows import RowFormat, Table

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_TABLE = re.compile(rb"<table\b.*</table>", re.DOTALL | re.IGNORECASE)
_LINE = re.compile(r"([A-Za-z-]+)(?:;[^:]*)?:(.*)")
_UNREAD = {"BEGIN", "END", "VERSION", "PRODID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "N", "REV"}
_BLOCKS = {"VEVENT", "VCARD"}


class XmlRows(RowFormat):
    """A root, an element for each row, and in it an element for each column."""

    def __init__(self) -> None:
        super().__init__(".xml")

    def load(self, data: bytes) -> Table:
        """As for all rows; documents that declare a type are not ours to expand."""
        root = _parsed(data)
        rows = [{cell.tag: cell.text or "" for cell in row} for row in root]
        if len({row.tag for row in root}) != 1 or any(len(cell) for row in root for cell in row):
            raise ValueError("no rows of plain elements")
        return _table(rows)

    def rewrite(self, data: bytes, table: Table) -> bytes:
        """Under the same names."""
        old = _parsed(data)
        root, item = ET.Element(old.tag, old.attrib), old[0].tag
        for row in table.rows:
            element = ET.SubElement(root, item)
            for name, cell in zip(table.columns, row, strict=True):
                ET.SubElement(element, name).text = _said(cell)
        return ET.tostring(root, encoding="utf-8", xml_declaration=True)


class PageRows(RowFormat):
    """A page with one table, whose first row is the header."""

    def __init__(self) -> None:
        super().__init__(".html")

    def load(self, data: bytes) -> Table:
        """As for all rows."""
        page = _Page()
        page.feed(data.decode("utf-8-sig"))
        if page.tables != 1 or not page.rows or len(page.rows) < 2:
            raise ValueError("no page with one table")
        return _table_of(page.rows)

    def rewrite(self, data: bytes, table: Table) -> bytes:
        """With the rest of the page as it is."""
        lines = "".join(
            "<tr>" + "".join(f"<td>{escape(_said(cell))}</td>" for cell in row) + "</tr>\n"
            for row in (table.columns, *table.rows)
        )
        return _TABLE.sub(lambda _: f"<table>\n{lines}</table>".encode(), data, count=1)


class BookRows(RowFormat):
    """The first sheet of a workbook, whose first row is the header."""

    def __init__(self) -> None:
        super().__init__(".xlsx")

    def load(self, data: bytes) -> Table:
        """As for all rows."""
        parts = _members(data)
        shared = ["".join(part.itertext()) for part in _parsed(parts.get(_STRINGS, b"<sst/>"))]
        rows = _parsed(parts[_first_sheet(parts)]).iterfind(f"{_MAIN}sheetData/{_MAIN}row")
        cells = [dict(_cells(row, shared)) for row in rows]
        width = max((max(line, default=-1) for line in cells), default=-1) + 1
        return _table_of([[line.get(at, "") for at in range(width)] for line in cells])

    def rewrite(self, data: bytes, table: Table) -> bytes:
        """With all other parts as they are."""
        parts = _members(data)
        root = ET.Element(f"{_MAIN}worksheet")
        sheet = ET.SubElement(root, f"{_MAIN}sheetData")
        for row in (table.columns, *table.rows):
            line = ET.SubElement(sheet, f"{_MAIN}row")
            for cell in row:
                _put(ET.SubElement(line, f"{_MAIN}c"), cell)
        parts[_first_sheet(parts)] = ET.tostring(root, encoding="utf-8")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in parts.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        return out.getvalue()


class EntryRows(RowFormat):
    """The events of a calendar (`.ics`) or the cards of an address book (`.vcf`)."""

    def load(self, data: bytes) -> Table:
        """As for all rows; alarms and the like inside of an entry are not of this format."""
        text = re.sub(r"\r?\n[ \t]", "", data.decode("utf-8-sig"))
        entries = list(_entries(text.splitlines()))
        names = dict.fromkeys(name for entry in entries for name in entry)
        return _table([{name: entry.get(name, "") for name in names} for entry in entries])

    def rewrite(self, data: bytes, table: Table) -> bytes:
        """In a file of its own."""
        block = "VEVENT" if self.suffix == ".ics" else "VCARD"
        lines: list[str] = []
        for row in table.rows:
            pairs = zip(table.columns, row, strict=True)
            said = [_content_line(name, _said(cell)) for name, cell in pairs if _said(cell)]
            version = [] if self.suffix == ".ics" else ["VERSION:3.0"]
            lines += [f"BEGIN:{block}", *version, *said, f"END:{block}"]
        if self.suffix == ".ics":
            lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR"]
        return "\r\n".join([*lines, ""]).encode()


def _content_line(name: str, said: str) -> str:
    whole_day = name in ("DTSTART", "DTEND") and "T" not in said
    return f"{name}{';VALUE=DATE' if whole_day else ''}:{said}"


def _entries(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    entry: dict[str, str] | None = None
    for line in filter(None, lines):
        match = _LINE.fullmatch(line)
        if not match:
            raise ValueError(f"no `name:value` line: {line[:80]!r}")
        name, value = match[1].upper(), match[2]
        if name == "BEGIN" and value in _BLOCKS:
            entry = {}
        elif name == "END" and value in _BLOCKS and entry is not None:
            yield entry
            entry = None
        elif entry is not None and (name == "BEGIN" or name in entry):
            raise ValueError(f"an entry with {name} in it, or twice")
        elif entry is not None and name not in _UNREAD:
            entry[name] = value


def _table(rows: Sequence[dict[str, str]]) -> Table:
    """Rows that all have the same columns."""
    columns = tuple(rows[0]) if rows else ()
    if not columns or any(set(row) != set(columns) for row in rows):
        raise ValueError("no rows, or such as differ in their columns")
    return Table(columns, tuple(tuple(row[name] for name in columns) for row in rows))


def _table_of(lines: Sequence[Sequence[Cell]]) -> Table:
    """A header and rows of as many cells."""
    header = tuple(_said(cell) for cell in lines[0]) if lines else ()
    if not header or len(set(header)) < len(header) or any(len(r) != len(header) for r in lines):
        raise ValueError("no header with rows below it")
    return Table(header, tuple(tuple(row) for row in lines[1:]))


def _said(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _parsed(data: bytes) -> ET.Element:
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError("a document type is declared")
    try:
        return ET.fromstring(data)  # noqa: S314 - a solution of ours, without entities
    except ET.ParseError as error:
        raise ValueError(str(error)) from error


_STRINGS = "xl/sharedStrings.xml"


def _members(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise ValueError(str(error)) from error


def _first_sheet(parts: dict[str, bytes]) -> str:
    sheets = sorted(name for name in parts if name.startswith("xl/worksheets/"))
    if len(sheets) != 1:
        raise ValueError(f"{len(sheets)} sheets")
    return sheets[0]


def _cells(row: ET.Element, shared: Sequence[str]) -> Iterator[tuple[int, Cell]]:
    """The cells of a row by their place; dates are numbers."""
    for number, cell in enumerate(row.iterfind(f"{_MAIN}c")):
        letters = re.match(r"[A-Z]+", cell.get("r", ""))
        at = number
        if letters:
            at = -1
            for letter in letters[0]:
                at = (at + 1) * 26 + ord(letter) - 65
        raw = cell.findtext(f"{_MAIN}v")
        inline = cell.find(f"{_MAIN}is")
        if inline is not None:
            yield at, "".join(inline.itertext())
        elif raw is not None:
            kind = cell.get("t", "n")
            yield at, shared[int(raw)] if kind == "s" else float(raw) if kind == "n" else raw


def _put(place: ET.Element, cell: Cell) -> None:
    if isinstance(cell, int | float):
        ET.SubElement(place, f"{_MAIN}v").text = str(cell)
    elif meaning_of(cell):
        place.set("t", "inlineStr")
        ET.SubElement(ET.SubElement(place, f"{_MAIN}is"), f"{_MAIN}t").text = str(cell)


class _Page(HTMLParser):
    """The cells of all tables of a page; ends of rows and cells may be missing."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = 0
        self.rows: list[list[str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A table, a row or a cell begins."""
        self.tables += tag == "table"
        if tag == "tr":
            self.rows.append([])
        self._open = tag in ("td", "th") and bool(self.rows)
        if self._open:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """A cell ends."""
        self._open = self._open and tag not in ("td", "th", "tr", "table")

    def handle_data(self, data: str) -> None:
        """Text, in a cell or elsewhere."""
        if self._open:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]}{data}".split())
