"""report: write a Markdown report with a table and totals."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.asking import about, asked_of, shuffled
from synth.operations.base import (
    AskedParams,
    GroundedOperation,
    Params,
    Slot,
    listing,
    only_rows,
)
from synth.taxonomy.question import Page as Asked
from synth.taxonomy.question import Questions, read_grouping
from synth.values import ROW_KINDS, Cell, Role, RowSet, Value
from synth.values import Report as Page
from synth.values.report import Section
from synth.world import Source, World

_LEAST_ROWS, _MAX_ROWS, _MAX_COLUMNS, _MAX_GROUPS = 3, 60, 10, 5
_BRIEFING = 0.55
_TITLES = ("{} overview", "{} at a glance", "{} summary")
_READERS = (
    "the team lead",
    "the treasurer",
    "our new colleague",
    "the management",
    "the committee",
)


Finding = Literal["total", "highest", "average", "rows"]
_ALL: tuple[Finding, ...] = ("total", "highest", "average", "rows")
_OF_GROUPS: tuple[Finding, ...] = ("total", "highest")
_LABELS: dict[Finding, str] = {
    "total": "Total {}",
    "highest": "Highest {}",
    "average": "Average {}",
    "rows": "Rows",
}
_MEANINGS: dict[Finding, str] = {
    "total": "the sum",
    "highest": "the largest value",
    "average": "the mean",
}


_ROUNDED = {
    "rounded": ", rounded to two decimals",
    "at_most": " (two decimals at most)",
    "with_two": ", with two decimals at most",
    "round_line": "\n- Round sums to two decimals.",
    "round_it": " Round to two decimals.",
    "and_round": ", and round sums to two decimals",
    "and_rounded": " and rounded to two decimals",
}
"""Where figures have decimals, the words for how many, by what phrases call them."""


class ReportParams(AskedParams):
    """The first line of the report, and the columns to total.

    `by` names the column whose values get a section each; with a `reader` the report has a
    paragraph for them and the key findings that `figures` lists, on the one column. `audience` is
    who gets it in any case.
    """

    title: str
    totals: tuple[str, ...]
    form: Literal["plain", "groups", "findings"] = "plain"
    by: str = ""
    reader: str = ""
    figures: tuple[Finding, ...] = _ALL
    audience: str = ""


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
        if asked := asked_of(rows):
            whole = not rows.duplicated and not (rows.subject and rows.subject.cut)
            answer = _answer(rng, rows, asked, knobs) if whole and _fits(rows) else None
            return answer.model_dump(mode="json") if answer else None
        measures = [field.name for field in rows.amounts]
        telling = [name for name in measures if name != "count" or not rows.grouped]
        measures = telling or (measures if knobs.prose else [])
        if rows.duplicated or not _fits(rows) or not measures:
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
            figures: dict[Finding, float] = {
                "total": totals[0][1],
                "highest": max(cells),
                "average": round(math.fsum(cells) / len(cells), 6),  # x.xx5 may go either way
                "rows": len(cells),
            }
            totals = [(_LABELS[key].format(name), figures[key]) for key in wanted.figures]
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
            "finding_lines": listing(
                [f"`{_LABELS[key].format(wanted.totals[0])}: …`" for key in wanted.figures]
            ),
            "finding_said": _say_findings(wanted.figures),
        }
        made = self.apply(params, inputs)
        figures = [figure for _, figure in made.totals] + [part.subtotal for part in made.sections]
        means = wanted.form == "findings" and "average" in wanted.figures
        whole = not means and all(figure == int(figure) for figure in figures)
        words |= {key: "" if whole else said for key, said in _ROUNDED.items()}
        return words if wanted.form == "plain" else {**words, "variant": wanted.form}

    def why(self, params: Params) -> str:
        """The reason, and who gets the page where its words do not say so."""
        wanted = ReportParams.model_validate(params)
        if not wanted.audience or wanted.form == "findings":
            return wanted.why
        return f"It goes to {wanted.audience}. {wanted.why}".strip()

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input's stem, and what kind of report it is."""
        wanted = ReportParams.model_validate(params)
        ends = {"plain": "report", "groups": f"by_{wanted.by}", "findings": "briefing"}
        return f"{stems[0]}_{ends[wanted.form]}"


def _fits(rows: RowSet) -> bool:
    """Whether rows can be shown on a page."""
    return _LEAST_ROWS <= len(rows.rows) <= _MAX_ROWS and len(rows.fields) <= _MAX_COLUMNS


def _answer(
    rng: random.Random, rows: RowSet, asked: Questions, knobs: Knobs
) -> ReportParams | None:
    """A page that somebody reads about such rows, by the figure that matters to them."""
    added_up = {field.name for field in rows.amounts if "" not in rows.values(field.name)}
    for page in shuffled(rng, asked.pages):
        counted = page.measure == "count"
        measure = f"sum_{page.measure}" if rows.grouped and not counted else page.measure
        if measure in added_up:
            return _page(rng, rows, page, measure, asked, knobs)
    return None


def _page(
    rng: random.Random,
    rows: RowSet,
    page: Asked,
    measure: str,
    asked: Questions,
    knobs: Knobs,
) -> ReportParams:
    groups = [] if rows.grouped else _grouped_by(rows, asked, measure)
    some = bool(about(rows).label)  # the reason to read about all of them is none for some
    params = ReportParams(
        title=_title(rows, page),
        totals=(measure,),
        audience=page.reader,
        why="" if some else page.why,
    )
    if knobs.prose or rng.random() < _BRIEFING:
        figures = _OF_GROUPS if rows.grouped else _ALL
        return params.model_copy(
            update={"form": "findings", "reader": page.reader, "figures": figures}
        )
    if groups and rng.random() < 0.5:
        return params.model_copy(update={"form": "groups", "by": rng.choice(groups)})
    return params


def _grouped_by(rows: RowSet, asked: Questions, measure: str) -> list[str]:
    """The columns by which somebody wants a figure added up, where they have few values."""
    wanted = {
        read_grouping(text).column
        for overview in asked.overviews
        if f"sum {measure}" in overview.figures
        for text in overview.by
    }
    return [
        field.name
        for field in rows.of_role(Role.CATEGORY)
        if field.name in wanted
        and 2 <= len({str(cell) for cell in rows.values(field.name)}) <= _MAX_GROUPS
        and all(rows.values(field.name))
    ]


def _title(rows: RowSet, page: Asked) -> str:
    """What the page is called, by what a selection or an overview has made of the rows."""
    if rows.grouped and page.measure != "count" and not about(rows).label:
        by = listing(rows.key).replace("_", " ")
        return page.title if " by " in page.title else f"{page.title} by {by}"
    return about(rows).label.replace("_", " ").capitalize() or page.title


def _say_findings(figures: Sequence[Finding]) -> str:
    """What the lines of the key findings hold."""
    said = [_MEANINGS[key] for key in figures if key in _MEANINGS]
    number = " and the number of rows" if "rows" in figures else ""
    return f"{', '.join(said) if number else listing(said)} of that column{number}"


def _deepened(rng: random.Random, params: ReportParams, rows: RowSet, knobs: Knobs) -> ReportParams:
    """Key findings where the rows allow it, more often in harder tasks."""
    if any(isinstance(cell, str) for name in params.totals for cell in rows.values(name)):
        return params
    if not knobs.prose and rng.random() > 0.3 + knobs.level / 10:
        return params
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
    numbers = [value for value in values if not isinstance(value, str)]
    total = round(math.fsum(numbers), 2)
    return total if any(isinstance(number, float) for number in numbers) else int(total)
