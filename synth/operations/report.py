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
    differing,
    listing,
    only_rows,
)
from synth.operations.briefing import (
    Briefing,
    asked_for,
    called,
    choose_briefing,
    opening_of,
    reader_columns,
    said_table,
    table_of,
)
from synth.taxonomy.matter import is_matter
from synth.taxonomy.question import Page as Asked
from synth.taxonomy.question import Questions, read_grouping
from synth.values import ROW_KINDS, Cell, Role, RowSet, Value
from synth.values import Report as Page
from synth.values.report import Section
from synth.world import Source, World

_LEAST_ROWS, _MAX_ROWS, _MAX_COLUMNS, _MAX_GROUPS = 3, 40, 10, 5
_BRIEFING, _BRIEFING_ONLY = 0.1, 0.3
"""How likely a page is a briefing, and where nothing else would do, that it is one at all."""

_TITLES = ("{} overview", "{} at a glance", "{} summary")

_ROUNDED = {
    "rounded": ", rounded to two decimals",
    "at_most": " (two decimals at most)",
    "with_two": ", with two decimals at most",
    "round_line": "\n- Round sums to two decimals.",
    "round_it": " Round to two decimals.",
    "and_round": ", and round sums to two decimals",
    "exact": " (rounded to two decimals)",
}
"""Where figures have more than two decimals, the words for how many, by what phrases call them."""

_EXACT = " (the exact figures, not rounded)"
"""Where they have one or two, nobody need round them, and in a sentence nobody should."""

_ADVICE = {
    "In short": " Then say in one more sentence {}, and why.",
    "Summary": " Add one more sentence on {}, and why.",
    "At a glance": " Close it with one more sentence on {}, and why.",
}
"""What else a reader wants to know, by what stands above the sentences."""


class ReportParams(AskedParams):
    """The first line of the report, the columns of its table (all where empty), and those to total.

    `by` names the column whose values get a section each; with a `briefing` the page says in two
    sentences what matters, with a short table. `audience` is who gets it, `labels` are what stands
    before the totals.
    """

    title: str
    totals: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    by: str = ""
    briefing: Briefing | None = None
    audience: str = ""

    @property
    def form(self) -> Literal["plain", "groups", "briefing"]:
        """Which kind of page it is."""
        return "briefing" if self.briefing else "groups" if self.by else "plain"


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
        """A page that somebody reads: all of a few rows, or what matters in many."""
        rows = only_rows(inputs)
        cut = rows.subject and rows.subject.cut  # whose sum means nothing
        if rows.duplicated or cut or len(rows.fields) > _MAX_COLUMNS:
            return None
        asked = asked_of(rows)
        params = _answer(rng, rows, asked, knobs) if asked else _about_nothing_known(rng, rows)
        if params is None:
            return None
        labels = tuple(map(_label, params.totals))
        return params.model_copy(update={"labels": labels}).model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> Page:
        """The tables and their figures, rounded to two decimals."""
        rows, wanted = only_rows(inputs), ReportParams.model_validate(params)
        if wanted.briefing:
            opening = opening_of(rows, wanted.briefing, wanted.audience)
            return Page(wanted.title, table_of(rows, wanted.briefing), opening=opening)
        totals = [(_label(name), _sum(rows.values(name))) for name in wanted.totals]
        sections = _sections(rows, wanted) if wanted.by else ()
        return Page(wanted.title, rows.select(_columns(rows, wanted)), tuple(totals), sections)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """The last row overlooked; the rows right and the figures of before; a figure misread."""
        rows, truth = only_rows(inputs), self.apply(params, inputs)
        if len(rows.rows) > 1:
            short = self.apply(params, [rows.with_rows(list(rows.rows[:-1]))])
            if truth.opening and short.opening:
                if short.opening.text != truth.opening.text:
                    yield replace(truth, opening=short.opening)
                if short.table.rows != truth.table.rows:
                    yield replace(truth, table=short.table)
            else:
                yield short
                yield from differing(truth, (replace(truth, totals=short.totals),))
        if truth.opening:
            yield from self._misread(truth, rows, ReportParams.model_validate(params))
            return
        label, total = truth.totals[0]
        yield replace(truth, totals=((label, total + 10), *truth.totals[1:]))

    def _misread(self, truth: Page, rows: RowSet, wanted: ReportParams) -> Iterator[Page]:
        """The runner-up taken for the first; a total that includes something else."""
        assert wanted.briefing
        second = opening_of(rows, wanted.briefing, wanted.audience, place=1)
        yield replace(truth, opening=second)
        more = opening_of(rows, wanted.briefing, wanted.audience, besides=10)
        yield replace(truth, opening=more)

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{title}`, `{table}`, the figures, `{by}`, and for whom."""
        wanted, rows = ReportParams.model_validate(params), only_rows(inputs)
        words = {
            "title": wanted.title,
            "reader": wanted.audience,
            "for_reader": f" for {wanted.audience}" if wanted.audience else "",
        }
        words |= self._said_decimals(wanted, rows)
        if wanted.briefing:
            asked = asked_for(rows, wanted.briefing)
            said = {
                "total_said": asked.total,
                "first_said": asked.first,
                "size_said": asked.size,
                "table": said_table(rows, wanted.briefing),
                "heading": wanted.briefing.heading,
                "below": wanted.briefing.below,
                "advice": _said_advice(wanted.briefing),
            }
            return {**words, **said, "variant": "briefing"}
        words |= {
            "columns": _said_columns(rows, wanted),
            "totals": listing([f"`{name}`" for name in wanted.totals]),
            "total_lines": listing([f"`{_label(name)}: …`" for name in wanted.totals]),
        }
        if wanted.form == "plain":
            return words
        return {
            **words,
            "by": f"`{wanted.by}`",
            "measure": wanted.totals[0],
            "variant": "groups",
        }

    def _said_decimals(self, wanted: ReportParams, rows: RowSet) -> dict[str, str]:
        """What is said of decimals: nothing of figures that have none."""
        figures = self.apply(wanted.model_dump(mode="json"), [rows]).numbers
        if all(figure == int(figure) for figure in figures):
            return dict.fromkeys(_ROUNDED, "")
        names = [wanted.briefing.measure] if wanted.briefing else wanted.totals
        cells = [cell for name in names if name for cell in rows.values(name)]
        if any(not isinstance(cell, str) and round(cell, 2) != cell for cell in cells):
            return dict(_ROUNDED)
        return {**dict.fromkeys(_ROUNDED, ""), "exact": _EXACT}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input's stem, and what kind of report it is."""
        wanted = ReportParams.model_validate(params)
        ends = {"plain": "report", "groups": f"by_{wanted.by}", "briefing": "briefing"}
        return f"{stems[0]}_{ends[wanted.form]}"


# Which page is wanted


def _answer(
    rng: random.Random, rows: RowSet, asked: Questions, knobs: Knobs
) -> ReportParams | None:
    """A page that somebody reads about such rows, by the figure that matters to them."""
    added_up = {field.name for field in rows.amounts if "" not in rows.values(field.name)}
    for page in shuffled(rng, asked.pages):
        counted = page.measure == "count"
        measure = f"sum_{page.measure}" if rows.grouped and not counted else page.measure
        if counted and not rows.grouped and "count" not in rows.names:
            measure = ""
        if measure in added_up | {""}:
            return _page(rng, rows, page, measure, asked, knobs)
    return None


def _page(
    rng: random.Random,
    rows: RowSet,
    page: Asked,
    measure: str,
    asked: Questions,
    knobs: Knobs,
) -> ReportParams | None:
    if about(rows).main and is_matter(about(rows).domain):
        return None  # whoever has to see to it needs the list, and not how long it is
    some = bool(about(rows).label)  # the reason to read about all of them is none for some
    params = ReportParams(
        title=_title(rows, page),
        totals=(measure,) if measure else (),
        audience=page.reader,
        why="" if some else page.why,
    )
    likely = _BRIEFING if measure and _fits(rows) else _BRIEFING_ONLY
    if knobs.prose or rng.random() < likely:
        groups = page.by or _looked_at_by(rows, asked, measure)
        first = page.first if knobs.prose and not rows.grouped else ""
        briefing = choose_briefing(rng, rows, measure, groups, named=page.named, advice=first)
        if briefing:
            return params.model_copy(update={"briefing": briefing})
    if not measure or not _fits(rows):
        return None
    groups = [] if rows.grouped else _grouped_by(rows, asked, measure)
    columns = reader_columns(rows, measure)
    if groups and rng.random() < 0.5:
        return params.model_copy(update={"by": rng.choice(groups)})
    return params.model_copy(update={"columns": columns if columns != rows.names else ()})


def _about_nothing_known(rng: random.Random, rows: RowSet) -> ReportParams | None:
    """All rows, and the sums of a column or two, of rows of which nobody said what they are for."""
    measures = [field.name for field in rows.amounts]
    if rows.grouped:
        measures = [name for name in measures if name != "count"]
    if not measures or not _fits(rows):
        return None
    topic = rows.topic or "entries"
    grouped = f"{topic} by {listing(rows.key)}".replace("_", " ")
    plain = rng.choice(_TITLES).format(topic)
    title = (grouped if rows.grouped else plain).capitalize()
    return ReportParams(
        title=title, totals=tuple(rng.sample(measures, min(len(measures), rng.choice((1, 2)))))
    )


def _fits(rows: RowSet) -> bool:
    """Whether all rows can be shown on a page."""
    return _LEAST_ROWS <= len(rows.rows) <= _MAX_ROWS


def _looked_at_by(rows: RowSet, asked: Questions, measure: str) -> list[str]:
    """The columns by which somebody looks at a figure, and whom or what the rows refer to."""
    figure = f"sum {measure}" if measure else "count"
    wanted = [
        read_grouping(overview.by[0])
        for overview in asked.overviews
        if figure in overview.figures and len(overview.by) == 1
    ]
    names = [group.column for group in wanted if not group.bucket]
    names += [field.name for field in rows.of_role(Role.LINK)] if measure else []
    picked = about(rows).picked
    return list(dict.fromkeys(n for n in names if n in rows.names and n not in picked))


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
        [first, *others] = rows.key
        if others or " by " in page.title:
            return page.title
        return f"{page.title} by {first.replace('_', ' ')}"
    return about(rows).label.replace("_", " ").capitalize() or page.title


def _columns(rows: RowSet, wanted: ReportParams) -> tuple[str, ...]:
    return wanted.columns or rows.names


def _said_columns(rows: RowSet, wanted: ReportParams) -> str:
    """Which columns the table has."""
    named = [f"`{name}`" for name in wanted.columns]
    return listing(named) if named else "all columns"


def _said_advice(wanted: Briefing) -> str:
    """The request for the sentence on what comes first, where one is wanted."""
    return _ADVICE[wanted.heading].format(wanted.advice) if wanted.advice else ""


def _label(name: str) -> str:
    """What a total is called."""
    return "Total" if name == "count" else f"Total {called(name)}"


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
