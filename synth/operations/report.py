"""report: write a Markdown report with a table and totals."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot, listing, only_rows
from synth.values import ROW_KINDS, Cell, Role, RowSet, Value
from synth.values import Report as Page
from synth.values.report import Section
from synth.world import Source, World

_LEAST_ROWS, _MAX_ROWS, _MAX_COLUMNS, _MAX_GROUPS = 3, 60, 10, 5
_TITLES = ("{} overview", "{} at a glance", "{} summary")
_READERS = (
    "the team lead",
    "the treasurer",
    "our new colleague",
    "the management",
    "the committee",
)


class ReportParams(ParamsModel):
    """The first line of the report, and the columns to total.

    `by` names the column whose values get a section each; with a `reader` the report has a
    paragraph for them and key findings on the one column.
    """

    title: str
    totals: tuple[str, ...]
    form: Literal["plain", "groups", "findings"] = "plain"
    by: str = ""
    reader: str = ""


class Report(GroundedOperation):
    """`# title`, the rows as a table or one for each group, and lines such as `Total amount: 5`."""

    name = "report"
    kinds = (ArtifactKind.TABLE, ArtifactKind.RECORDS)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Rows."""
        for slot in slots:
            if slot.kind is kind and not slot.side and isinstance(slot.value, RowSet):
                yield (slot.id,)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The events."""
        return world.feed_source(kind) if kind in ROW_KINDS else None

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """Markdown."""
        return ((ArtifactKind.DOCUMENT, "md"),)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """A report on rows that fit on a page and have something to add up."""
        rows = only_rows(inputs)
        measures = [field.name for field in rows.amounts]
        telling = [name for name in measures if name != "count" or not rows.grouped]
        measures = telling or (measures if knobs.prose else [])
        fits = _LEAST_ROWS <= len(rows.rows) <= _MAX_ROWS and len(rows.fields) <= _MAX_COLUMNS
        if rows.duplicated or not fits or not measures:
            return None
        totals = rng.sample(measures, min(len(measures), rng.choice((1, 2))))
        topic = rows.topic or "entries"
        grouped = f"{topic} by {listing(rows.key)}".replace("_", " ")
        plain = rng.choice(_TITLES).format(topic)
        title = (grouped if rows.grouped else plain).capitalize()
        params = ReportParams(title=title, totals=tuple(totals))
        return _deepened(rng, params, rows, knobs).model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> Page:
        """The tables and their figures, rounded to two decimals."""
        rows, wanted = only_rows(inputs), ReportParams.model_validate(params)
        totals = [(f"Total {name}", _sum(rows.values(name))) for name in wanted.totals]
        if wanted.form == "groups":
            return Page(wanted.title, rows, tuple(totals), _sections(rows, wanted))
        if wanted.form == "findings":
            name = wanted.totals[0]
            cells = [cell for cell in rows.values(name) if not isinstance(cell, str)]
            totals += [
                (f"Highest {name}", float(max(cells))),
                (
                    f"Average {name}",
                    round(math.fsum(cells) / len(cells), 6),
                ),  # x.xx5 may be rounded either way
                ("Rows", float(len(cells))),
            ]
        return Page(wanted.title, rows, tuple(totals), reader=wanted.reader)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """The last row overlooked; the rows right and the totals of before; a figure misread."""
        rows, truth = only_rows(inputs), self.apply(params, inputs)
        if len(rows.rows) > 1:
            short = self.apply(params, [rows.with_rows(list(rows.rows[:-1]))])
            yield short
            if short.totals != truth.totals:
                yield replace(truth, totals=short.totals)
        label, total = truth.totals[0]
        yield replace(truth, totals=((label, total + 10), *truth.totals[1:]))

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{title}`, `{total_lines}`, `{totals}`, `{by}`, `{measure}` and `{reader}`."""
        wanted = ReportParams.model_validate(params)
        words = {
            "title": wanted.title,
            "totals": listing([f"`{name}`" for name in wanted.totals]),
            "total_lines": listing([f"`Total {name}: …`" for name in wanted.totals]),
            "by": f"`{wanted.by}`",
            "measure": wanted.totals[0],
            "reader": wanted.reader,
        }
        return words if wanted.form == "plain" else {**words, "variant": wanted.form}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input's stem, and what kind of report it is."""
        wanted = ReportParams.model_validate(params)
        ends = {"plain": "report", "groups": f"by_{wanted.by}", "findings": "briefing"}
        return f"{stems[0]}_{ends[wanted.form]}"


def _deepened(rng: random.Random, params: ReportParams, rows: RowSet, knobs: Knobs) -> ReportParams:
    """Sections or key findings where the rows allow it, more often in harder tasks."""
    groups = [
        field.name
        for field in rows.of_role(Role.CATEGORY)
        if 2 <= len({str(cell) for cell in rows.values(field.name)}) <= _MAX_GROUPS
        and all(rows.values(field.name))
    ]
    if any(isinstance(cell, str) for name in params.totals for cell in rows.values(name)):
        return params
    if not knobs.prose and rng.random() > 0.3 + knobs.level / 10:
        return params
    if not knobs.prose and groups and not rows.grouped and rng.random() < 0.4:
        return params.model_copy(
            update={"form": "groups", "by": rng.choice(groups), "totals": params.totals[:1]}
        )
    return params.model_copy(
        update={"form": "findings", "reader": rng.choice(_READERS), "totals": params.totals[:1]}
    )


def _sections(rows: RowSet, wanted: ReportParams) -> tuple[Section, ...]:
    place, name = rows.index(wanted.by), wanted.totals[0]
    sections: list[Section] = []
    for group in sorted({str(cell) for cell in rows.values(wanted.by)}):
        table = rows.with_rows([row for row in rows.rows if str(row[place]) == group])
        subtotal = _sum(table.values(name))
        sections.append(Section(group, table, f"Subtotal {group}", subtotal))
    return tuple(sections)


def _sum(values: Sequence[Cell]) -> float:
    return round(math.fsum(value for value in values if not isinstance(value, str)), 2)
