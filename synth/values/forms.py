"""Rows that came as something else: cards, a printed list, a folder of forms, a workbook."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.values.base import Step, Value
from synth.values.rows import Field, Row, RowSet
from synth.values.shown import heading, shown
from verify.checks import Check
from verify.workbooks import workbook

Form = Literal["cards", "listing", "forms", "book"]

_PAGE = 12


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
        """A section for each row; what is missing is left out. Between some stands a remark."""
        last = len(self.rows.rows) - 1
        marks = dict(zip((last // 3, 2 * last // 3), self.asides[1:], strict=False))
        lines = [f"# {self.title}", "", self.asides[0]]
        for number, row in enumerate(self.rows.rows):
            lines += ["", f"## {row[0]}", ""]
            lines += [f"- {name}: {said}" for name, said in self._facts(row)]
            if number in marks:
                lines += ["", marks[number]]
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
        rows = [
            [_cell(field, cell) for field, cell in zip(self.rows.fields, row, strict=True)]
            for row in self.rows.rows
        ]
        notes = [[line] for line in self.asides]
        return workbook({"Read me": notes, self.title: [self.rows.names, *rows]})


def _columns(fields: Sequence[Field], cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line; figures stand to the right."""
    parts = (
        cell.rjust(width) if field.numeric else cell.ljust(width)
        for field, cell, width in zip(fields, cells, widths, strict=True)
    )
    return "  ".join(parts).rstrip()


def _cell(field: Field, cell: str | float) -> str | float | date:
    """A cell of a workbook: days are days there."""
    return date.fromisoformat(str(cell)) if cell and field.type is ColumnType.DATE else cell
