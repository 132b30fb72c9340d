"""aggregate: group rows and compute counts, sums, means or extremes."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.asking import (
    asked_of,
    groups_of,
    main_figure,
    measures_of,
    shuffled,
)
from synth.operations.base import AskedParams, GroundedOperation, Params, ParamsModel, listing
from synth.operations.figures import Measure, choose_measures, figure, measured_field
from synth.operations.grouping import (
    Group,
    choose_groups,
    group_field,
    in_order,
    order_is_plain,
    say_order,
)
from synth.operations.tidying import (
    Tidy,
    feed_sources,
    meant,
    say_tidy,
    tidy_of,
    tidy_rows,
    tidy_within,
)
from synth.taxonomy.question import Questions
from synth.values import ROW_KINDS, Cell, Row, RowSet, Value
from synth.world import Source, World

_MAX_GROUPS = 24
_PER_GROUP = 2
"""How many rows a group has on average at least: figures of single rows are these rows again."""

_HAVING = 0.3


class Having(ParamsModel):
    """Only groups whose figure is so much or more."""

    column: str
    least: float


class AggregateParams(AskedParams):
    """Groups and figures; `top` is how many groups to keep, the largest first figure first."""

    by: tuple[Group, ...]
    measures: tuple[Measure, ...]
    having: Having | None = None
    top: int = 0
    tidy: Tidy | None = None


class Aggregate(GroundedOperation):
    """One row a group, sorted by the group columns."""

    name = "aggregate"
    kinds = (ArtifactKind.TABLE, ArtifactKind.RECORDS, ArtifactKind.CALENDAR, ArtifactKind.LOG)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The events, at times written carelessly."""
        return feed_sources(rng, world, kind) if kind in ROW_KINDS else world.feed_source(kind)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """One or two group columns, two to five figures, at times a threshold or the top few."""
        rows = tidy_rows(inputs)
        if rows is None or rows.grouped or len(rows.rows) < 4:
            return None
        hard = knobs.level > 2
        if asked := asked_of(rows):
            return self._answer(rng, inputs, asked)
        by = choose_groups(rng, rows, hard=hard)
        sizes = _sizes(rows, by)
        if not sizes:
            return None
        names = [group.column for group in by]
        params = AggregateParams(
            by=by,
            measures=choose_measures(rng, rows, names, hard=hard, smallest=min(sizes)),
            tidy=tidy_of(inputs),
        )
        return (_narrow(rng, params, inputs) if hard else params).model_dump(mode="json")

    def _answer(
        self, rng: random.Random, inputs: Sequence[Value], asked: Questions
    ) -> Params | None:
        """An overview that somebody asks for of such rows."""
        rows, tidy = meant(inputs), tidy_of(inputs)
        for overview in shuffled(rng, asked.overviews):
            by, measures = groups_of(overview, rows), measures_of(overview, rows)
            if by and measures and len(_sizes(rows, by)) >= _least_groups(measures):
                whole = len(measures) == len(overview.figures)
                why = overview.why if whole else ""  # it may speak of a figure that is gone
                wanted = AggregateParams(by=by, measures=measures, tidy=tidy, why=why)
                return wanted.model_dump(mode="json")
        return None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The figures of every group."""
        rows, wanted = meant(inputs), AggregateParams.model_validate(params)
        made = _narrowed(wanted, _table(wanted, rows))
        some = bool(wanted.having or wanted.top)
        figures = [measured_field(measure, rows) for measure in wanted.measures]
        if some:  # the total of some groups is the total of nothing
            figures = [replace(field, scale="level") for field in figures]
        fields = (*(group_field(group, rows) for group in wanted.by), *figures)
        ordered = not wanted.top and order_is_plain(wanted.by, made)
        key = tuple(group.name for group in wanted.by)
        subject = rows.subject and replace(rows.subject, main=main_figure(wanted.measures))
        return RowSet(
            fields,
            tuple(made),
            key,
            topic=rows.topic,
            grouped=True,
            sorted_rows=ordered,
            subject=subject,
        )

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """The threshold forgotten; one group lost; one row counted twice."""
        right, rows = self.apply(params, inputs), meant(inputs)
        wanted = AggregateParams.model_validate(params)
        if wanted.having or wanted.top:
            yield self.apply({**params, "having": None, "top": 0}, inputs)
        if len(right.rows) > 1:
            lost = rng.randrange(len(right.rows))
            yield right.with_rows([row for at, row in enumerate(right.rows) if at != lost])
        twice = rows.with_rows([*rows.rows, rng.choice(rows.rows)])
        yield self.apply({**params, "having": None, "top": 0}, [twice])

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{by}`, `{order}`, `{groups}`, `{measures}`; `{top}` and what follows it may be ""."""
        wanted = AggregateParams.model_validate(params)
        only = "all groups"
        if wanted.having:
            least = f"{wanted.having.least:.10g}"
            only = f"only the groups whose `{wanted.having.column}` is {least} or more"
        if wanted.top:
            only = f"only the {wanted.top} groups with the largest `{wanted.measures[-1].name}`"
        gaps = "count the row as a row, but leave it out of the figures for that column"
        if all(measure.function != "count" for measure in wanted.measures):
            gaps = "leave the row out of the figures for that column"
        used = {*(group.column for group in wanted.by), *(one.column for one in wanted.measures)}
        figures = [cell for row in self.apply(params, inputs).rows for cell in row]
        for one in wanted.measures:
            figures += meant(inputs).values(one.column) if one.column else []
        broken = any(isinstance(cell, float) and round(cell, 2) != cell for cell in figures)
        return {
            "by": listing([f"`{group.name}`" for group in wanted.by]),
            "order": say_order(wanted.by),
            "groups": listing([group.said for group in wanted.by]),
            "measures": listing([measure.said for measure in wanted.measures]),
            "only": only,
            "top": "" if only == "all groups" else f", keeping {only}",
            "rounding": " Round to two decimals." if broken else "",
            "then": ", then the figures in this order" * (len(wanted.measures) > 1),
            "these": "these figures, in this order" if len(wanted.measures) > 1 else "this figure",
            "tidy": say_tidy(tidy_within(wanted.tidy, used), gaps, written=False),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed and the group columns."""
        by = AggregateParams.model_validate(params).by
        return f"{base}_by_{'_'.join(group.name for group in by)}"


def _least_groups(measures: Sequence[Measure]) -> int:
    """Nobody needs a file that holds two numbers of rows."""
    return 3 if [measure.function for measure in measures] == ["count"] else 2


def _sizes(rows: RowSet, by: Sequence[Group]) -> list[int]:
    """How many rows each group has; nothing where it makes no sense to group them so."""
    sizes = [len(members) for members in _members(rows, by).values()] if by else []
    fits = 2 <= len(sizes) <= min(_MAX_GROUPS, len(rows.rows) // _PER_GROUP)
    return sizes if fits else []


def _members(rows: RowSet, by: Sequence[Group]) -> dict[tuple[str, ...], list[Row]]:
    places = [(rows.index(group.column), group) for group in by]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows.rows:
        name = tuple(group.value(row[place]) for place, group in places)
        groups.setdefault(name, []).append(row)
    return groups


def _table(wanted: AggregateParams, rows: RowSet) -> list[Row]:
    groups = _members(rows, wanted.by)
    return [
        (*group, *(figure(measure, rows, groups[group]) for measure in wanted.measures))
        for group in in_order(wanted.by, groups)
    ]


def _narrow(
    rng: random.Random, params: AggregateParams, inputs: Sequence[Value]
) -> AggregateParams:
    """At times only groups over a threshold, or the top few, where neither is a close call."""
    rows = _table(params, meant(inputs))
    last = params.measures[-1]
    figures: list[Cell] = sorted(
        (row[-1] for row in rows if row[-1] != ""), reverse=True, key=float
    )
    if len(rows) < 4 or len(figures) < len(rows) or rng.random() > 2 * _HAVING:
        return params
    cut = rng.randint(2, len(figures) - 1)
    upper, lower = float(figures[cut - 1]), float(figures[cut])
    if rng.random() < 0.5 and upper - lower > 0.02 and cut <= 5:
        return params.model_copy(update={"top": cut})
    least = float(int(lower) + 1)
    if last.function != "distinct" and lower + 0.02 < least < upper - 0.02:
        return params.model_copy(update={"having": Having(column=last.name, least=least)})
    return params


def _narrowed(wanted: AggregateParams, rows: list[Row]) -> list[Row]:
    if wanted.having:
        place = len(wanted.by) + [m.name for m in wanted.measures].index(wanted.having.column)
        return [
            row for row in rows if row[place] != "" and float(row[place]) >= wanted.having.least
        ]
    if wanted.top:
        best = sorted(rows, key=lambda row: -float(row[-1]))[: wanted.top]
        return [row for row in rows if row in best]
    return rows
