"""Rows that came as something else: cards, a printed list, a folder of forms, a workbook."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.values.base import Step, Value
from synth.values.rows import Field, Row, RowSet
from synth.values.shown import heading, shown
from verify.checks import Check

Form = Literal["cards", "listing", "forms", "book"]

_LONG_AGO = (2026, 1, 1, 0, 0, 0)
_EPOCH = date(1899, 12, 30)
_PAGE = 12
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


@dataclass(frozen=True)
class Formed(Value):
    """Rows in a form; `asides` are what else is said there, `title` is what it is called."""

    rows: RowSet
    form: Form
    title: str
    asides: tuple[str, ...]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The rows in their form."""
        if self.form == "forms":
            return {f"{path}/{name}": text.encode() for name, text in self._forms().items()}
        if self.form == "book":
            return {path: self._book()}
        return {path: (self._cards() if self.form == "cards" else self._listing()).encode()}

    def checks(self, step: Step) -> list[Check]:
        """None: nobody is asked to write that.

        Raises:
            TypeError: always.
        """
        raise TypeError(f"{self.form} are no output")

    def _facts(self, row: Row) -> list[tuple[str, str]]:
        """The columns but the first, as they are called, with what stands there."""
        pairs = zip(self.rows.fields[1:], row[1:], strict=True)
        return [(heading(field.name), shown(field, cell)) for field, cell in pairs if cell != ""]

    def _cards(self) -> str:
        """A section for each row; what is missing is left out."""
        lines = [f"# {self.title}", "", self.asides[0]]
        for number, row in enumerate(self.rows.rows):
            lines += ["", f"## {row[0]}", ""]
            lines += [f"- {name}: {said}" for name, said in self._facts(row)]
            if number % 5 == 3:
                lines += ["", self.asides[number % len(self.asides)]]
        return "\n".join(lines) + "\n"

    def _forms(self) -> dict[str, str]:
        """A file for each row, and a note that is none."""
        first = heading(self.rows.names[0])
        found = {"README.txt": "\n".join(self.asides) + "\n"}
        for row in self.rows.rows:
            facts = "\n".join(f"{name}: {said}" for name, said in self._facts(row))
            text = f"{self.title}\n\n{first}: {row[0]}\n{facts}\n"
            found[f"{row[0]}.txt"] = text
        return found

    def _listing(self) -> str:
        """Columns of fixed width with a head on each page, and the count at its foot."""
        cells = [
            [shown(field, cell) for field, cell in zip(self.rows.fields, row, strict=True)]
            for row in self.rows.rows
        ]
        names = [heading(name) for name in self.rows.names]
        widths = [max(len(line[at]) for line in [names, *cells]) for at in range(len(names))]
        lines: list[str] = []
        for start in range(0, len(cells), _PAGE):
            page = cells[start : start + _PAGE]
            lines += [f"{self.title.upper()}{' ' * 12}Page {start // _PAGE + 1}", ""]
            lines += [_columns(self.rows.fields, names, widths), "  ".join("-" * w for w in widths)]
            lines += [_columns(self.rows.fields, line, widths) for line in page]
            lines += ["", f"* {len(page)} lines on this page", ""]
        return "\n".join([*lines, self.asides[0], ""])

    def _book(self) -> bytes:
        """A workbook with a sheet of remarks before the one with the rows."""
        notes = [[_text(line)] for line in self.asides]
        rows = [
            [_text(name) for name in self.rows.names],
            *(
                [_cell(field, cell) for field, cell in zip(self.rows.fields, row, strict=True)]
                for row in self.rows.rows
            ),
        ]
        parts = _frame(("Read me", self.title))
        parts["xl/worksheets/sheet1.xml"] = _sheet(notes)
        parts["xl/worksheets/sheet2.xml"] = _sheet(rows)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in parts.items():
                archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), text.encode())
        return out.getvalue()


def _columns(fields: Sequence[Field], cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line; figures stand to the right."""
    parts = (
        cell.rjust(width) if field.numeric else cell.ljust(width)
        for field, cell, width in zip(fields, cells, widths, strict=True)
    )
    return "  ".join(parts).rstrip()


def _text(text: str) -> str:
    return f' t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is>'


def _cell(field: Field, cell: str | float) -> str:
    """What stands between `<c r=…` and `</c>`."""
    if cell == "":
        return ">"
    if field.type is ColumnType.DATE:
        return f' s="1"><v>{(date.fromisoformat(str(cell)) - _EPOCH).days}</v>'
    return _text(cell) if isinstance(cell, str) else f"><v>{cell}</v>"


def _sheet(rows: Sequence[Sequence[str]]) -> str:
    lines = "".join(
        f'<row r="{number}">'
        + "".join(f'<c r="{chr(65 + at)}{number}"{cell}</c>' for at, cell in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'


def _frame(sheets: Sequence[str]) -> dict[str, str]:
    """All of a workbook but its sheets."""
    named = "".join(
        f'<sheet name="{escape(name[:31])}" sheetId="{n}" r:id="rId{n}"/>'
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
    styles = f'<Relationship Id="rId9" Type="{_RELS}/styles" Target="styles.xml"/>'
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
