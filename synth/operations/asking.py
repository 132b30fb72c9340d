"""Asking: the questions that fit the rows at hand, as an operation's parameters need them.

Rows that are a domain's feed, or come of it, know what they are about. A question fits where its
columns are still there and say something: not one by which a selection went before, nor, once
columns were looked up elsewhere, one that has no use for them.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from synth.operations.conditions import Comparison, Condition
from synth.operations.figures import Measure
from synth.operations.grouping import Group
from synth.taxonomy.matter import questions_about
from synth.taxonomy.question import (
    Overview,
    Pick,
    Questions,
    Term,
    read_condition,
    read_figure,
    read_grouping,
)
from synth.values import RowSet, Subject

_ONE_PERIOD = 20
"""The most days of a feed that has a middle, and not the 15th of a month."""

_OPS: dict[str, Comparison] = {
    "is": "==",
    "is not": "!=",
    "is one of": "in",
    "is not one of": "not-in",
    ">=": ">=",
    "<=": "<=",
    "before": "<",
    "from": ">=",
}

T = TypeVar("T")


def asked_of(rows: RowSet) -> Questions | None:
    """What people ask of such rows; None where nobody has said."""
    return questions_about(rows.subject.domain) if rows.subject else None


def about(rows: RowSet) -> Subject:
    """The subject of rows that have one."""
    assert rows.subject
    return rows.subject


def shuffled(rng: random.Random, entries: Sequence[T]) -> list[T]:
    """The entries in an order of chance."""
    return rng.sample(entries, len(entries))


def uses_what_was_joined(rows: RowSet, columns: Sequence[str]) -> bool:
    """Whether a question is one for which columns were looked up, where some were."""
    joined = about(rows).joined
    return not joined or not set(joined).isdisjoint(columns)


def conditions_of(
    pick: Pick, rows: RowSet, lowered: Sequence[str] = ()
) -> tuple[Condition, ...] | None:
    """The conditions of a pick, or None where it does not fit the rows.

    Args:
        pick: what is wanted.
        rows: where it is wanted from.
        lowered: the columns whose words count in lower case.
    """
    terms = [read_condition(text) for text in pick.where]
    columns = [term.column for term in terms]
    if about(rows).picked or not set(columns) <= set(rows.names):
        return None
    if not uses_what_was_joined(rows, columns):
        return None
    return tuple(_condition(term, rows, term.column in lowered) for term in terms)


def _condition(term: Term, rows: RowSet, lowered: bool) -> Condition:
    days = _days(about(rows))
    values: list[str | int | float] = []
    for value in term.values:
        if value in days:
            values.append(days[value])
        elif rows.field(term.column).numeric:
            number = float(value)
            values.append(int(number) if number.is_integer() else number)
        else:
            values.append(value.lower() if lowered else value)
    return Condition(column=term.column, op=_OPS[term.verb], values=tuple(values))


def _days(subject: Subject) -> dict[str, str]:
    """The days that conditions name."""
    span = subject.last - subject.first
    middle = subject.last.replace(day=15)
    if span.days < _ONE_PERIOD:
        middle = subject.first + span // 2 + timedelta(days=span.days % 2)
    return {
        "{mid_period}": middle.isoformat(),
        "{last_week}": (subject.last - timedelta(days=7)).isoformat(),
        "{today}": subject.today.isoformat(),
    }


def groups_of(overview: Overview, rows: RowSet) -> tuple[Group, ...]:
    """What an overview is by; nothing where it does not fit the rows."""
    wanted = [read_grouping(text) for text in overview.by]
    columns = [part.column for part in wanted]
    if not set(columns) <= set(rows.names) or not uses_what_was_joined(rows, columns):
        return ()
    if about(rows).picked and not about(rows).joined:
        return ()  # its reason speaks of all rows
    groups = tuple(Group(column=part.column, bucket=part.bucket) for part in wanted)
    return groups if all(_tells_apart(group, rows) for group in groups) else ()


def _tells_apart(group: Group, rows: RowSet) -> bool:
    """Whether rows fall in several groups, and no cell is empty."""
    cells = rows.values(group.column)
    return "" not in cells and len({group.value(cell) for cell in cells}) > 1


def measures_of(overview: Overview, rows: RowSet) -> tuple[Measure, ...]:
    """The figures of an overview, those of which the rows still have the column."""
    figures = [read_figure(text) for text in overview.figures]
    return tuple(
        Measure(function=figure.function, column=figure.column)
        for figure in figures
        if not figure.column
        or (figure.column in rows.names and _is_fit(rows, figure.column, figure.function))
    )


def _is_fit(rows: RowSet, column: str, function: str) -> bool:
    return function == "distinct" or rows.field(column).numeric


def main_figure(measures: Sequence[Measure]) -> str:
    """The figure that an overview is about: the first sum, else the first count."""
    sums = [measure.name for measure in measures if measure.function == "sum"]
    counts = [measure.name for measure in measures if measure.function == "count"]
    return next(iter((*sums, *counts)), "")
