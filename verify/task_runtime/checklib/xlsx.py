"""Excel workbooks: the cells of a sheet, as values; dates in ISO 8601."""

import re
from datetime import datetime, timedelta

from checklib import zips
from checklib.cells import as_text
from checklib.tables import alike, reading
from checklib.verdict import Mismatch, settle
from checklib.xmltree import parse_xml

MAX_CELLS = 200_000
REFERENCE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
QUOTED = re.compile(r'"[^"]*"|\\.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)


def part(archive, name):
    return parse_xml(archive.read(name), "%s!%s" % (archive.where, name))


def sheet_paths(archive):
    """{name of the sheet: name of its part}, in the order of the tabs."""
    relations = {
        item.get("Id"): item.get("Target", "")
        for item in part(archive, "xl/_rels/workbook.xml.rels")
    }
    book = part(archive, "xl/workbook.xml")
    paths = {}
    for sheet in book.iterfind("./sheets/sheet"):
        target = relations.get(sheet.get("id"), "")
        paths[sheet.get("name", "")] = (
            target.lstrip("/") if target.startswith("/") else "xl/" + target
        )
    return paths, is_1904(book)


def is_1904(book):
    properties = book.find("./workbookPr")
    return properties is not None and properties.get("date1904") in ("1", "true")


def strings(archive):
    if "xl/sharedStrings.xml" not in archive.infos:
        return []
    return [rich_text(item) for item in part(archive, "xl/sharedStrings.xml")]


def rich_text(item):
    """The text of a string, without its phonetic reading."""
    parts = [item.findtext("./t") or ""]
    parts += [run.findtext("./t") or "" for run in item.findall("./r")]
    return "".join(parts)


def date_styles(archive):
    """Which cell styles show dates: [bool]."""
    if "xl/styles.xml" not in archive.infos:
        return []
    root = part(archive, "xl/styles.xml")
    custom = {
        item.get("numFmtId"): bool(
            re.search(r"[ymdhs]", QUOTED.sub("", item.get("formatCode", "")), re.IGNORECASE)
        )
        for item in root.iterfind("./numFmts/numFmt")
    }
    found = []
    for style in root.iterfind("./cellXfs/xf"):
        number = style.get("numFmtId", "0")
        known = number.isdigit() and len(number) < 6 and int(number) in DATE_FORMATS
        found.append(custom.get(number, known))
    return found


def load(case, path, sheet):
    """{(row, column): value} of a sheet, by its name or the first one."""
    archive = case.once(zips.load, path)
    paths, old = sheet_paths(archive)
    if not paths or (sheet and sheet not in paths):
        raise Mismatch("sheets %s" % ", ".join(paths), path)
    root = part(archive, paths[sheet] if sheet else next(iter(paths.values())))
    known, dates, cells = strings(archive), date_styles(archive), {}
    for row_number, row in enumerate(root.iterfind("./sheetData/row"), 1):
        for column_number, cell in enumerate(row.findall("./c"), 1):
            match = REFERENCE.fullmatch(cell.get("r", ""))
            place = (int(match[2]), column_of(match[1])) if match else (row_number, column_number)
            cells[place] = value_of(cell, known, dates, old, path)
        if len(cells) > MAX_CELLS:
            raise Mismatch("more than %d cells" % MAX_CELLS, path)
    return cells


def column_of(letters):
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def value_of(cell, known, dates, old, path):
    kind, raw = cell.get("t", "n"), cell.findtext("./v")
    where = "%s %s" % (path, cell.get("r", ""))
    if kind == "inlineStr":
        inline = cell.find("./is")
        return rich_text(inline) if inline is not None else ""
    if raw is None:
        return ""
    try:
        if kind == "s":
            return known[int(raw)]
        if kind == "b":
            return raw == "1"
        if kind in ("str", "e", "d"):
            return raw
        return number_of(raw, cell.get("s", "0"), dates, old)
    except (ValueError, IndexError, OverflowError) as error:
        raise Mismatch("an unreadable cell: %s" % error, where) from None


def number_of(raw, style, dates, old):
    """A number, or the date that its style makes of it."""
    number = float(raw[:60])
    if style.isdigit() and len(style) < 8 and int(style) < len(dates) and dates[int(style)]:
        return serial_date(number, old)
    return int(number) if number.is_integer() else number


def serial_date(number, old):
    """A day number as a date; with a time behind it where it has one; below 1 a time alone."""
    start = datetime(1904, 1, 1) if old else datetime(1899, 12, 30)  # noqa: DTZ001
    moment = start + timedelta(seconds=round(number * 86400))
    if 0 <= number < 1:
        return moment.strftime("%H:%M:%S")
    return moment.date().isoformat() if number == int(number) else moment.isoformat()


def tables(case, check):
    """The sheet as one table; its header is the first row that is not empty."""
    path, sheet = check["path"], check["sheet"]
    cells = case.once(load, path, sheet)
    filled = {place: value for place, value in cells.items() if as_text(value) != ""}
    where = "%s, sheet %s" % (path, sheet or "1")
    if not filled:
        raise Mismatch("an empty sheet", where)
    top = min(row for row, _ in filled)
    columns = sorted(column for row, column in filled if row == top)
    rows = sorted({row for row, _ in filled if row > top})
    beside = [place for place in filled if place[1] not in set(columns)]
    if beside:
        raise Mismatch("a cell outside of the columns: row %d" % beside[0][0], where)
    header = [as_text(filled[top, column]) for column in columns]
    return [(where, header, [[filled.get((row, c), "") for c in columns] for row in rows])]


def check_cells(case, check):
    """These cells of a sheet have these values."""
    path, problems = check["path"], []
    cells = case.once(load, path, check["sheet"])
    for item in check["cells"]:
        match = REFERENCE.fullmatch(item["cell"])
        found = cells.get((int(match[2]), column_of(match[1])), "")
        column = dict(item, ignore_case=False, day_first=None, units=[])
        if not alike(reading(item["equals"], column), reading(found, column), column):
            problems.append(("%s = %s" % (item["cell"], as_text(found) or "empty"), path))
    total = len(check["cells"])
    return settle(problems, total, check["partial"], "%d cells" % total)


CHECKS = {"cells": check_cells}
