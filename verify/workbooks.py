"""Excel workbooks as bytes: sheets of texts, numbers and days, the same for the same cells."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | float | date | None
Sheets = Mapping[str, Sequence[Sequence[Cell]]]
"""The rows of each sheet, by its name."""

_LONG_AGO = (2026, 1, 1, 0, 0, 0)
_EPOCH = date(1899, 12, 30)
_LONGEST_NAME = 31
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/>'
    '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def workbook(sheets: Sheets) -> bytes:
    """A workbook with these sheets in this order; names are cut to what Excel allows."""
    parts = _frame([name[:_LONGEST_NAME] for name in sheets])
    for number, rows in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = _sheet(rows)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), text.encode())
    return out.getvalue()


def _sheet(rows: Sequence[Sequence[Cell]]) -> str:
    lines = "".join(
        f'<row r="{number}">'
        + "".join(f'<c r="{_letters(at)}{number}"{_cell(cell)}</c>' for at, cell in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'


def _letters(at: int) -> str:
    """The name of a column: A for 0, AA for 26."""
    before, last = divmod(at, 26)
    return (_letters(before - 1) if before else "") + chr(65 + last)


def _cell(cell: Cell) -> str:
    """What stands between `<c r=…` and `</c>`."""
    if cell is None or cell == "":
        return ">"
    if isinstance(cell, date):
        return f' s="1"><v>{(cell - _EPOCH).days}</v>'
    if isinstance(cell, str):
        return f' t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is>'
    return f"><v>{cell}</v>"


def _frame(sheets: Sequence[str]) -> dict[str, str]:
    """All of a workbook but its sheets."""
    named = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
        for n, name in enumerate(sheets, 1)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    kinds = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="application/'
        f'vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"/>'
        for part, kind in (
            ("workbook", "sheet.main"),
            ("styles", "styles"),
            *((f"worksheets/sheet{n}", "worksheet") for n in range(1, len(sheets) + 1)),
        )
    )
    start = f'Type="{_RELS}/officeDocument" Target="xl/workbook.xml"'
    last = len(sheets) + 1
    styles = f'<Relationship Id="rId{last}" Type="{_RELS}/styles" Target="styles.xml"/>'
    return {
        "[Content_Types].xml": (
            f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{kinds}</Types>'
        ),
        "_rels/.rels": (
            f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" {start}/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELS}"><sheets>{named}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{links}{styles}</Relationships>'
        ),
        "xl/styles.xml": _STYLES,
    }
