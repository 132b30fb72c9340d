"""Files in the formats of other programs, made by hand: small, and nothing in them is random."""

import io
import sqlite3
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape


def zip_of(members: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def tar_of(members: Mapping[str, str], mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
    return stream.getvalue()


def database(script: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.db")
        connection = sqlite3.connect(path)
        connection.executescript(script)
        connection.close()
        return path.read_bytes()


def xlsx(rows: Sequence[Sequence[str | float]], *, sheet: str = "Sheet1", date: str = "") -> bytes:
    """A workbook with one sheet; numbers in the column of letter `date` are shown as dates."""
    texts = list(dict.fromkeys(cell for row in rows for cell in row if isinstance(cell, str)))
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for column, cell in zip("ABCDEFGH", row, strict=False):
            place = f'r="{column}{number}"'
            style = ' s="1"' if column == date else ""
            if isinstance(cell, str):
                cells.append(f'<c {place} t="s"><v>{texts.index(cell)}</v></c>')
            else:
                cells.append(f"<c {place}{style}><v>{cell}</v></c>")
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return zip_of(
        {
            "xl/workbook.xml": f'<workbook {main} xmlns:r="{relations}"><sheets>'
            f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": "<Relationships>"
            '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{''.join(lines)}"
            "</sheetData></worksheet>",
            "xl/sharedStrings.xml": f"<sst {main}>"
            + "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
            + "</sst>",
            "xl/styles.xml": f'<styleSheet {main}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
            "</cellXfs></styleSheet>",
        }
    )


def docx(*parts: tuple[str, str] | Sequence[Sequence[str]]) -> bytes:
    """A document of paragraphs `(style, text)` and tables (lists of rows)."""
    body = []
    for part in parts:
        if isinstance(part, tuple):
            style, text = part
            body.append(
                f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>'
                f"<w:r><w:t>{escape(text)}</w:t></w:r></w:p>"
            )
        else:
            rows = (
                "<w:tr>"
                + "".join(
                    f"<w:tc><w:p><w:r><w:t>{escape(cell)}</w:t></w:r></w:p></w:tc>" for cell in row
                )
                + "</w:tr>"
                for row in part
            )
            body.append(f"<w:tbl>{''.join(rows)}</w:tbl>")
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return zip_of(
        {
            "word/document.xml": f'<w:document xmlns:w="{space}"><w:body>{"".join(body)}</w:body>'
            "</w:document>"
        }
    )
