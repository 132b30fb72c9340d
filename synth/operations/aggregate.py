"""aggregate: group rows and compute counts, sums, means or extremes."""

import math
import random
from collections.abc import Sequence
from typing import Literal

from clawgym.artifact import ColumnType
from synth.operations.base import Params, ParamsModel, listing, only_rows
from synth.values import Cell, Field, Role, Row, RowSet, Value

_SAYS = {
    "count": "the number of rows as `count`",
    "sum": "the sum of `{}` as `sum_{}`",
    "mean": "the mean of `{}` as `mean_{}`",
    "min": "the smallest `{}` as `min_{}`",
    "max": "the largest `{}` as `max_{}`",
}


class Measure(ParamsModel):
    """A figure a group: `count`, or a function of one column; figures have two decimals."""

    function: Literal["count", "sum", "mean", "min", "max"]
    column: str = ""

    @property
    def name(self) -> str:
        """The output column."""
        return f"{self.function}_{self.column}" if self.column else self.function


class AggregateParams(ParamsModel):
    """Group columns and figures."""

    by: tuple[str, ...]
    measures: tuple[Measure, ...]


class Aggregate:
    """One row a group, sorted by the group columns."""

    name = "aggregate"

    def propose(self, rng: random.Random, inputs: Sequence[Value]) -> Params | None:
        """One or two group columns that make 2 to 12 groups, and two or three figures."""
        rows = only_rows(inputs)
        groupable = rows.of_role(Role.CATEGORY, Role.LINK)
        if rows.grouped or rows.duplicated or not groupable or len(rows.rows) < 4:
            return None
        by = _choose_groups(rng, groupable)
        groups = {tuple(row[rows.index(name)] for name in by) for row in rows.rows}
        if not 2 <= len(groups) <= 12:
            return None
        measures = [Measure(function="count")]
        numbers = rows.of_role(Role.MEASURE)
        for field in rng.sample(numbers, min(len(numbers), rng.choice((1, 1, 2)))):
            function = rng.choice(("sum", "sum", "mean", "max", "min"))
            measures.append(Measure(function=function, column=field.name))
        return AggregateParams(by=by, measures=tuple(measures)).model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The figures of every group."""
        rows = only_rows(inputs)
        wanted = AggregateParams.model_validate(params)
        places = [rows.index(name) for name in wanted.by]
        groups: dict[Row, list[Row]] = {}
        for row in rows.rows:
            groups.setdefault(tuple(row[place] for place in places), []).append(row)
        made = [
            (*group, *(_figure(measure, rows, members) for measure in wanted.measures))
            for group, members in sorted(groups.items(), key=lambda item: tuple(map(str, item[0])))
        ]
        fields = (
            *(rows.field(name) for name in wanted.by),
            *(_field(m, rows) for m in wanted.measures),
        )
        return RowSet(
            fields, tuple(made), wanted.by, topic=rows.topic, grouped=True, sorted_rows=True
        )

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{by}` and `{measures}`."""
        wanted = AggregateParams.model_validate(params)
        return {
            "by": listing([f"`{name}`" for name in wanted.by]),
            "measures": listing(
                [_SAYS[m.function].format(m.column, m.column) for m in wanted.measures]
            ),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed and the group columns."""
        return f"{base}_by_{'_'.join(AggregateParams.model_validate(params).by)}"


def _choose_groups(rng: random.Random, groupable: Sequence[Field]) -> tuple[str, ...]:
    count = min(len(groupable), rng.choice((1, 1, 1, 2)))
    return tuple(field.name for field in rng.sample(list(groupable), count))


def _figure(measure: Measure, rows: RowSet, members: Sequence[Row]) -> Cell:
    if measure.function == "count":
        return len(members)
    place = rows.index(measure.column)
    numbers = [cell for row in members if not isinstance(cell := row[place], str)]
    if measure.function == "mean":
        # Not yet to cents: a mean of x.xx5 may be rounded either way, and both are right.
        return round(math.fsum(numbers) / len(numbers), 6)
    total = {"sum": math.fsum, "min": min, "max": max}[measure.function](numbers)
    whole = rows.field(measure.column).type is ColumnType.INTEGER
    return int(total) if whole else round(float(total), 2)


def _field(measure: Measure, rows: RowSet) -> Field:
    if measure.function == "count":
        return Field("count", ColumnType.INTEGER, Role.MEASURE)
    kind = ColumnType.NUMBER if measure.function == "mean" else rows.field(measure.column).type
    return Field(measure.name, kind, Role.MEASURE)
