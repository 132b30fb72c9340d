"""Figures of a group of rows: counts, sums, means, medians, extremes."""

import math
import random
import statistics
from collections.abc import Sequence
from typing import Literal

from clawgym.artifact import ColumnType
from synth.operations.base import ParamsModel
from synth.values import Cell, Field, Role, Row, RowSet, Scale, Use

Function = Literal["count", "sum", "mean", "median", "min", "max", "distinct"]

_SAYS = {
    "count": "the number of rows as `{}`",
    "sum": "the sum of `{}` as `{}`",
    "mean": "the mean of `{}` as `{}`",
    "median": "the median of `{}` as `{}` (of an even number, the mean of the middle two)",
    "min": "the smallest `{}` as `{}`",
    "max": "the largest `{}` as `{}`",
    "distinct": "the number of different `{}` as `{}`",
}
_FITTING: dict[Scale, tuple[Function, ...]] = {
    "amount": ("sum", "sum", "mean", "max", "min"),
    "level": ("mean", "mean", "max", "min"),
    "mark": ("min", "max"),
}
_LEAST_FOR_MEDIAN = 3
"""How many rows every group must have before a median says more than the rows themselves."""


class Measure(ParamsModel):
    """A figure a group: `count`, or a function of one column; figures have two decimals."""

    function: Function
    column: str = ""

    @property
    def name(self) -> str:
        """The output column."""
        return f"{self.function}_{self.column}" if self.column else self.function

    @property
    def said(self) -> str:
        """What it is, for people."""
        names = (self.column, self.name) if self.column else (self.name,)
        return _SAYS[self.function].format(*names)


def choose_measures(
    rng: random.Random, rows: RowSet, by: Sequence[str], *, hard: bool, smallest: int
) -> tuple[Measure, ...]:
    """The count and one to three figures of each group of `by`; the least has `smallest` rows."""
    measures = [Measure(function="count")]
    links = [field for field in rows.of_role(Role.LINK) if field.name not in by]
    things = [field for field in links if len(set(rows.values(field.name))) > 3]
    if hard and things and rng.random() < 0.3:
        measures.append(Measure(function="distinct", column=rng.choice(things).name))
    numbers = rows.of_role(Role.MEASURE) if rows.use is Use.RECORDS else rows.amounts
    count = rng.choice((1, 2, 2, 3) if hard else (1, 1, 2))
    for field in rng.sample(numbers, min(len(numbers), count)):
        functions = _FITTING[field.scale]
        if hard and field.scale != "mark" and smallest >= _LEAST_FOR_MEDIAN:
            functions = (*functions, "median")
        function = rng.choice(functions)
        measures.append(Measure(function=function, column=field.name))
    return tuple(measures)


def figure(measure: Measure, rows: RowSet, members: Sequence[Row]) -> Cell:
    """The figure of some rows; "" where all that it is taken of is missing."""
    if measure.function == "count":
        return len(members)
    place = rows.index(measure.column)
    if measure.function == "distinct":
        return len({row[place] for row in members})
    numbers = [cell for row in members if not isinstance(cell := row[place], str)]
    if not numbers:
        return 0 if measure.function == "sum" else ""
    # Not yet to cents: a mean of x.xx5 may be rounded either way, and both are right.
    if measure.function == "mean":
        return round(math.fsum(numbers) / len(numbers), 6)
    if measure.function == "median":
        return round(float(statistics.median(numbers)), 6)
    total = {"sum": math.fsum, "min": min, "max": max}[measure.function](numbers)
    whole = rows.field(measure.column).type is ColumnType.INTEGER
    return int(total) if whole else round(float(total), 2)


def measured_field(measure: Measure, rows: RowSet) -> Field:
    """The output column."""
    if measure.function in ("count", "distinct"):
        scale: Scale = "amount" if measure.function == "count" else "level"
        return Field(measure.name, ColumnType.INTEGER, Role.MEASURE, scale)
    exact = measure.function in ("sum", "min", "max")
    source = rows.field(measure.column)
    scale = "amount" if measure.function == "sum" else "level"
    kind = source.type if exact else ColumnType.NUMBER
    return Field(measure.name, kind, Role.MEASURE, scale, source.better)
