"""Spreadsheets (xlsx) as text: one line a row, each cell with its address."""

import json
import posixpath
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from verify.rubric.render.archive import Archive, UnreadableError
from verify.rubric.render.markup import walk

_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_LITERALS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001 - cells have no zone
_MAX_SERIAL = 2_958_465  # 9999-12-31


def render_xlsx(data: bytes) -> str:
    """Every sheet, hidden ones marked: `A1 "text" | B1 =SUM(C1:C9) -> 4.5`. Dates are ISO 8601.

    Raises:
        UnreadableError: it is no xlsx file.
    """
    archive = Archive(data)
    book = _Book()
    walk(archive.read("xl/workbook.xml"), book.start, _nothing, _nothing)
    targets = _relations(archive)
    cells = _Formats(
        strings=_shared_strings(archive),
        dates=_date_styles(archive),
        epoch=_EPOCHS[book.since_1904],
    )
    texts = [
        _render_sheet(archive, sheet, targets.get(sheet.relation, ""), cells)
        for sheet in book.sheets
    ]
    return "\n\n".join(texts)


@dataclass(frozen=True)
class _Sheet:
    name: str
    relation: str
    hidden: bool


@dataclass
class _Book:
    sheets: list[_Sheet] = field(default_factory=list[_Sheet])
    since_1904: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append(_Sheet(attributes.get("name", ""), attributes.get("id", ""), hidden))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "0") in ("1", "true")


@dataclass(frozen=True)
class _Formats:
    strings: list[str]
    dates: frozenset[int]
    epoch: datetime

    def value(self, kind: str, style: str, raw: str) -> str:
        if kind == "s":
            return self._shared(raw)
        if kind in ("str", "inlineStr", "d", "e"):
            return json.dumps(raw, ensure_ascii=False)
        if kind == "b":
            return "TRUE" if raw == "1" else "FALSE"
        return self._number(style, raw)

    def _shared(self, raw: str) -> str:
        known = raw.isdecimal() and len(raw) < 10 and int(raw) < len(self.strings)
        return json.dumps(self.strings[int(raw)] if known else raw, ensure_ascii=False)

    def _number(self, style: str, raw: str) -> str:
        try:
            number = float(raw)
        except ValueError:
            return json.dumps(raw, ensure_ascii=False)
        is_date = style.isdecimal() and len(style) < 10 and int(style) in self.dates
        if not is_date or not 0 <= number <= _MAX_SERIAL:
            return raw.strip()
        moment = self.epoch + timedelta(seconds=round(number * 86_400))
        if number < 1:
            return moment.time().isoformat()
        midnight = moment.hour == moment.minute == moment.second == 0
        return moment.date().isoformat() if midnight else moment.isoformat(sep=" ")


@dataclass
class _Rows:
    formats: _Formats
    lines: list[str] = field(default_factory=list[str])
    _row: list[str] = field(default_factory=list[str])
    _cell: dict[str, str] = field(default_factory=dict[str, str])
    _texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    _inside: str = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._cell, self._texts = attributes, {"v": [], "f": [], "t": []}
        self._inside = name if name in ("v", "f", "t") else ""

    def text(self, text: str) -> None:
        if self._inside in self._texts:
            self._texts[self._inside].append(text)

    def end(self, name: str) -> None:
        self._inside = ""
        if name == "c":
            self._end_cell()
        elif name == "row":
            if self._row:
                self.lines.append(" | ".join(self._row))
            self._row = []

    def _end_cell(self) -> None:
        raw = "".join(self._texts.get("v") or self._texts.get("t") or [])
        formula = "".join(self._texts.get("f", []))
        value = self.formats.value(self._cell.get("t", "n"), self._cell.get("s", ""), raw)
        if formula:
            shown = json.dumps("=" + formula, ensure_ascii=False)[1:-1]
            self._row.append(
                f"{_address(self._cell)} {shown} -> {value if raw else 'not computed'}"
            )
        elif raw:
            self._row.append(f"{_address(self._cell)} {value}")
        self._texts = {}


def _address(cell: dict[str, str]) -> str:
    address = cell.get("r", "?")
    return address if re.fullmatch(r"[A-Z]{1,3}[0-9]{1,7}", address) else "?"


def _render_sheet(archive: Archive, sheet: _Sheet, target: str, formats: _Formats) -> str:
    title = json.dumps(sheet.name, ensure_ascii=False) + (" (hidden)" if sheet.hidden else "")
    if not target:
        raise UnreadableError(f"its sheet {title} has no part")
    rows = _Rows(formats)
    walk(archive.read(target), rows.start, rows.end, rows.text)
    return "\n".join([f"[sheet {title}]", *(rows.lines or ["(no cells)"])])


def _relations(archive: Archive) -> dict[str, str]:
    found: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = posixpath.join("/xl", attributes.get("Target", ""))
            found[attributes.get("Id", "")] = posixpath.normpath(target).lstrip("/")

    walk(archive.read("xl/_rels/workbook.xml.rels"), start, _nothing, _nothing)
    return found


def _shared_strings(archive: Archive) -> list[str]:
    name = "xl/sharedStrings.xml"
    if name not in archive.names:
        return []
    strings: list[str] = []
    inside: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        del attributes
        inside.append(name)
        if name == "si":
            strings.append("")

    def text(text: str) -> None:
        # `rPh` is how to pronounce the text, and no part of it.
        if strings and inside[-1] == "t" and "rPh" not in inside:
            strings[-1] += text

    walk(archive.read(name), start, lambda _: _forget(inside), text)
    return strings


def _forget(inside: list[str]) -> None:
    inside.pop()


def _date_styles(archive: Archive) -> frozenset[int]:
    """The indices of the cell styles that show a number as a date or a time."""
    name = "xl/styles.xml"
    if name not in archive.names:
        return frozenset()
    custom: set[str] = set()
    formats: list[str] = []
    in_cells: list[bool] = [False]

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            code = _LITERALS.sub("", attributes.get("formatCode", "")).lower()
            if re.search(r"[ymdhs]", code) and "general" not in code:
                custom.add(attributes.get("numFmtId", ""))
        elif name == "cellXfs":
            in_cells[0] = True
        elif name == "xf" and in_cells[0]:
            formats.append(attributes.get("numFmtId", "0"))

    def end(name: str) -> None:
        if name == "cellXfs":
            in_cells[0] = False

    walk(archive.read(name), start, end, _nothing)
    builtin = {str(number) for number in _DATE_FORMATS}
    return frozenset(i for i, number in enumerate(formats) if number in custom | builtin)


def _nothing(*_: object) -> None:
    """An event that does not matter here."""
