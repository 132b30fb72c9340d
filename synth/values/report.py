"""Reports: a Markdown page with a title, one table or one a group, labelled figures, and words."""

from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.plain import plain
from synth.values.rows import RowSet
from verify.checks import Check, FigureCheck, HeadingsCheck, RowsCheck, SectionCheck, TitleCheck
from verify.checks.documents import Heading

_WORDS = 25


@dataclass(frozen=True)
class Section:
    """The rows of one group below a heading of its own, with a subtotal."""

    heading: str
    table: RowSet
    label: str
    subtotal: float


@dataclass(frozen=True)
class Report(Value):
    """A Markdown report: a title, its rows in one table or by sections, and labelled figures.

    With a `reader` it begins with a paragraph for them, in whatever words.
    """

    title: str
    table: RowSet
    totals: tuple[tuple[str, float], ...]
    sections: tuple[Section, ...] = ()
    reader: str = ""

    @property
    def figures(self) -> set[str]:
        """The totals."""
        every = [total for _, total in self.totals] + [part.subtotal for part in self.sections]
        return {plain(total) for total in every} | {f"{total:.10g}" for total in every}

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The page."""
        lines = [f"# {self.title}", ""]
        if self.reader:
            lines += [f"## For {self.reader}", "", self.paragraph, "", "## Key findings", ""]
            lines += [*self._figure_lines(), "## Details", "", *_table(self.table)]
        elif self.sections:
            for part in self.sections:
                lines += [f"## {part.heading}", "", *_table(part.table), ""]
                lines += [f"{part.label}: {plain(part.subtotal)}", ""]
            lines += ["## Overall", "", *self._figure_lines()]
        else:
            lines += [*_table(self.table), "", *self._figure_lines()]
        return {path: "\n".join(lines).encode()}

    def _figure_lines(self) -> list[str]:
        return [f"{label}: {plain(total)}\n" for label, total in self.totals]

    @property
    def paragraph(self) -> str:
        """A plain paragraph from the figures."""
        said = "; ".join(f"{label.lower()} is {plain(total)}" for label, total in self.totals)
        return (
            f"This is what to take away from the {len(self.table.rows)} rows below: {said}. Please "
            "look at the largest entries first, and ask before any of these figures is passed on, "
            "as they only cover what had been recorded when this page was written."
        )

    def covers(self, other: Value) -> bool:
        """Whether it shows all of another report, and maybe more."""
        if not isinstance(other, Report) or (self.title, self.table) != (other.title, other.table):
            return False
        parts = other.sections in ((), self.sections) and other.reader in ("", self.reader)
        return parts and set(other.totals) <= set(self.totals)

    def checks(self, step: Step) -> list[Check]:
        """The title as a gate, the tables for one half, the figures for the other."""
        path, title = step.path, f"# {self.title}"
        gate = step.gate("title", f"{path} begins with the heading that was asked for", title)
        checks: list[Check] = [TitleCheck(**gate, path=path, title=self.title)]
        if self.reader:
            head = step.gate(
                "reader", f"{path} has a paragraph for {self.reader}", f"{_WORDS} words"
            )
            section = f"For {self.reader}"
            checks.append(
                SectionCheck(**head, path=path, heading=section, facts=(), least_words=_WORDS)
            )
        if self.sections:
            head = step.gate(
                "sections", f"{path} has a section for each value, in the right order", ""
            )
            wanted = tuple(Heading(level=2, text=part.heading) for part in self.sections)
            checks.append(HeadingsCheck(**head, path=path, headings=wanted))
        return checks + self._table_checks(step) + self._figure_checks(step)

    def _table_checks(self, step: Step) -> list[Check]:
        tables = [part.table for part in self.sections] or [self.table]
        checks: list[Check] = []
        for number, table in enumerate(tables, 1):
            head = step.core(
                f"table{number}" if self.sections else "table",
                0.5 / len(tables),
                f"{step.path} shows all rows and columns in one table"
                if not self.sections
                else f"{step.path} has a table of all `{self.sections[number - 1].heading}` rows",
                f"{len(table.rows)} rows such as {table.sample}",
            )
            checks.append(RowsCheck(**head, **table.expected(step.path), type="document_table"))
        return checks

    def _figure_checks(self, step: Step) -> list[Check]:
        figures = [*self.totals, *((part.label, part.subtotal) for part in self.sections)]
        checks: list[Check] = []
        for number, (label, total) in enumerate(figures, 1):
            head = step.core(
                f"total{number}",
                0.5 / len(figures),
                f"{step.path} gives the right figure for `{label}`",
                f"{label}: {plain(total)}",
            )
            checks.append(FigureCheck(**head, path=step.path, label=label, value=total))
        return checks


def _table(table: RowSet) -> list[str]:
    lines = [_line(table.names), "|" + " --- |" * len(table.names)]
    return lines + [_line([plain(cell) for cell in row]) for row in table.rows]


def _line(cells: "list[str] | tuple[str, ...]") -> str:
    return f"| {' | '.join(cells)} |"
