"""Reports: a Markdown page with a title, one table or one a group, labelled figures, and words."""

from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.plain import Cell, plain
from synth.values.rows import RowSet
from synth.values.wordings import wordings
from verify.checks import Check, FigureCheck, HeadingsCheck, RowsCheck, SectionCheck, TitleCheck
from verify.checks.documents import Heading, Labelled

_LONGEST = 1500
"""Characters that are still a short paragraph."""

_WORDS, _FIGURES = 40, 4
"""How many words, and how many different figures, a sentence for a reader has at most."""

_SAID = 0.6
"""What the facts of an opening earn of the step's point; the table earns the rest."""


@dataclass(frozen=True)
class Section:
    """The rows of one group below a heading of its own, with a subtotal."""

    heading: str
    table: RowSet
    label: str
    subtotal: float


@dataclass(frozen=True)
class Fact:
    """One thing that somebody has asked a paragraph to say: `asked` is what, `value` the answer.

    `of` is what a figure is a figure of where there are two such, `others` are what may be taken
    for the answer.
    """

    asked: str
    value: Cell
    of: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opening:
    """A few sentences for a reader, in whatever words, which say the facts; a table comes below.

    `text` is one way to say them, in so many `sentences` at most.
    """

    reader: str
    heading: str
    below: str
    facts: tuple[Fact, ...]
    text: str
    sentences: int = 3


@dataclass(frozen=True)
class Report(Value):
    """A Markdown report: a title, its rows in one table or by sections, and labelled figures.

    With an `opening` it has no labelled figures: it begins with what its reader wants to know.
    """

    title: str
    table: RowSet
    totals: tuple[tuple[str, float], ...] = ()
    sections: tuple[Section, ...] = ()
    opening: Opening | None = None

    @property
    def figures(self) -> set[str]:
        """The totals, and the figures that are to be said."""
        return {form for one in self.numbers for form in (plain(one), f"{one:.10g}")}

    @property
    def numbers(self) -> list[float]:
        """The totals, and the figures that are to be said."""
        facts = [fact.value for fact in self.opening.facts] if self.opening else []
        said = [value for value in facts if not isinstance(value, str)]
        return [*(t for _, t in self.totals), *(part.subtotal for part in self.sections), *said]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The page."""
        lines = [f"# {self.title}", ""]
        if self.opening:
            lines += [f"## {self.opening.heading}", "", self.opening.text, ""]
            lines += [f"## {self.opening.below}", "", *_table(self.table), ""]
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

    def covers(self, other: Value) -> bool:
        """Whether it shows all of another report, and maybe more."""
        if not isinstance(other, Report) or (self.title, self.table) != (other.title, other.table):
            return False
        parts = other.sections in ((), self.sections) and other.opening in (None, self.opening)
        return parts and set(other.totals) <= set(self.totals)

    def checks(self, step: Step) -> list[Check]:
        """The title as a gate, the tables for one half, the figures or facts for the other."""
        path, title = step.path, f"# {self.title}"
        gate = step.gate("title", f"{path} begins with the heading that was asked for", title)
        checks: list[Check] = [TitleCheck(**gate, path=path, title=self.title)]
        parts = [part.heading for part in self.sections]
        if self.opening:
            parts = [self.opening.heading, self.opening.below]
        if parts:
            said = f"{path} has the sections that were asked for, in the right order"
            head = step.gate("sections", said, ", ".join(parts))
            # how many number signs there are is nobody's business on a page for a reader
            level = 2 if self.sections else None
            wanted = tuple(Heading(level=level, text=part) for part in parts)
            checks.append(HeadingsCheck(**head, path=path, headings=wanted))
        if self.opening:
            checks += _fact_checks(step, self.opening)
        return checks + self._table_checks(step) + self._figure_checks(step)

    def _table_checks(self, step: Step) -> list[Check]:
        tables = [part.table for part in self.sections] or [self.table]
        weight = 1 - _SAID if self.opening else 0.5
        checks: list[Check] = []
        if not self.sections:  # the figures of a page about other rows are right by chance only
            said = f"{step.path} has a table of the rows that it is about"
            gate = step.gate("about", said, f"{len(self.table.rows)} rows")
            rows = RowsCheck(**gate, **self.table.expected(step.path), type="document_keys")
            checks.append(rows)
        for number, table in enumerate(tables, 1):
            head = step.core(
                f"table{number}" if self.sections else "table",
                weight / len(tables),
                f"{step.path} has the table that was asked for, with the right rows"
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


def _fact_checks(step: Step, opening: Opening) -> list[Check]:
    """What is to be said, within the bounds of the few sentences that were asked for."""
    checks: list[Check] = []
    counted = [fact for fact in opening.facts if fact.of]
    apart = tuple(Labelled(label=wordings(f.of), figure=wordings(f.value)) for f in counted)
    for number, fact in enumerate(opening.facts, 1):
        head = step.core(
            f"fact{number}",
            _SAID / len(opening.facts),
            f'"{opening.heading}" in {step.path} says, in whatever words, {fact.asked}',
            plain(fact.value),
        )
        checks.append(
            SectionCheck(
                **head,
                path=step.path,
                heading=opening.heading,
                until=opening.below,
                facts=(wordings(fact.value),),
                most_characters=_LONGEST,
                most_words=_WORDS * opening.sentences,
                most_figures=_FIGURES * opening.sentences,
                others=fact.others,
                most_others=opening.sentences,
                apart=apart if fact.of else (),
            )
        )
    return checks


def _table(table: RowSet) -> list[str]:
    lines = [_line(table.names), "|" + " --- |" * len(table.names)]
    return lines + [_line([plain(cell) for cell in row]) for row in table.rows]


def _line(cells: "list[str] | tuple[str, ...]") -> str:
    return f"| {' | '.join(cells)} |"
