"""Briefings: what a page for a busy reader says in two sentences, and the short table below them.

A reader wants to know what a figure comes to and who or what stands for most of it, or how many
there are and which kind comes up most often. So the sentences have to say exactly that, and the
table shows the largest rows or the totals of groups: nobody reads sixty rows for it.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Literal

from clawgym.artifact import ColumnType
from synth.operations.base import ParamsModel, listing
from synth.taxonomy._toml import Data, read_toml
from synth.values import Cell, Field, Role, Row, RowSet, plain
from synth.values.report import Fact, Opening

_LEAST_ROWS, _LEAST_GROUPS, _WHOLE, _LISTED, _COLUMNS, _OTHERS = 6, 3, 12, 20, 5, 40
_TOPS = (5, 5, 5, 8, 10, 6, 4, 3)
_NUMBERS = {3: "three", 4: "four", 5: "five", 6: "six", 8: "eight", 10: "ten"}
_HEADINGS = (("In short", "Details"), ("Summary", "Figures"), ("At a glance", "The figures"))
_LISTS = (("In short", "The list"), ("Summary", "Details"), ("At a glance", "In detail"))

Ranked = list[tuple[str, float]]
"""Names with their figures, the largest first."""


class Briefing(ParamsModel):
    """What the sentences say, and what the table shows.

    Attributes:
        measure: the column that is added up; "" where rows are counted.
        key: the column that tells rows apart.
        by: the column of which the value that stands for most is named; "" where a row is.
        named: two values of `by` whose numbers the reader wants, in place of the most frequent one.
        listed: a row of the table is one of the rows, or one of the values of `by`.
        top: so many of the largest are in the table; 0 for all.
        columns: the columns of the table.
        heading: what stands above the sentences.
        below: what stands above the table.
        advice: what the reader is told besides, such as `which outage to look into first`.
    """

    measure: str = ""
    key: str
    by: str = ""
    named: tuple[str, ...] = ()
    listed: Literal["rows", "groups"] = "rows"
    top: int = 0
    columns: tuple[str, ...]
    heading: str
    below: str
    advice: str = ""


def choose_briefing(
    rng: random.Random,
    rows: RowSet,
    measure: str,
    groups: Sequence[str],
    *,
    named: Sequence[str] = (),
    advice: str = "",
) -> Briefing | None:
    """A briefing that says something about rows, or None where there is nothing to say.

    Args:
        rng: chooses.
        rows: what it is about.
        measure: the column to add up, "" to count.
        groups: the columns that somebody looks at it by.
        named: two values of the only one of them, such as `passed` and `failed`.
        advice: what the reader wants to be told besides.
    """
    heading, below = rng.choice(_HEADINGS if measure else _LISTS)
    base = Briefing(
        measure=measure,
        key=rows.key[0],
        columns=(),
        heading=heading,
        below=below,
        advice=advice,
    )
    if named and (not rows.grouped or rows.key == tuple(groups)):
        base = base.model_copy(update={"by": groups[0], "named": tuple(named)})
        return _by_groups(rng, rows, base) if _told_apart_by_numbers(rows, base) else None
    if rows.grouped:
        return _by_rows(rng, rows, base) if len(rows.rows) >= _LEAST_GROUPS else None
    if len(rows.rows) < _LEAST_ROWS:
        return None
    fitting = [name for name in groups if _tells_apart(rows, base, name)]
    if fitting and (not measure or rng.random() < 0.8):
        by = base.model_copy(update={"by": rng.choice(fitting)})
        return _by_groups(rng, rows, by)
    return _by_rows(rng, rows, base) if measure else None


def _tells_apart(rows: RowSet, base: Briefing, name: str) -> bool:
    """Whether one of several values of a column stands for most, and is written in one way."""
    cells = [str(cell) for cell in rows.values(name)]
    ranked = ranking(rows, base.model_copy(update={"by": name}))
    least = _LEAST_GROUPS if base.measure else _LEAST_GROUPS - 1
    written_once = len({cell.strip().casefold() for cell in cells}) == len(ranked)
    return (
        all(cells)
        and written_once
        and least <= len(ranked) <= len(cells) // 2
        and ranked[0][1] > ranked[1][1]
    )


def _told_apart_by_numbers(rows: RowSet, base: Briefing) -> bool:
    """Whether there are many rows, both named values among them, and no two numbers are equal."""
    sizes = dict(ranking(rows, base))
    numbers = [sum(sizes.values()), *(sizes.get(value, 0) for value in base.named)]
    return numbers[0] >= _LEAST_ROWS and all(numbers) and len(set(numbers)) == len(numbers)


def _by_groups(rng: random.Random, rows: RowSet, base: Briefing) -> Briefing | None:
    """The value that stands for most; below it each one's total, the largest rows, or all."""
    whole = base.model_copy(update={"columns": reader_columns(rows, base.measure, base.by)})
    if not base.measure and len(rows.rows) <= _LISTED:
        return whole
    largest = _cut(rng, _sizes(rows, base.measure)) if base.measure else None
    if base.measure and len(rows.rows) <= _WHOLE:
        return whole
    if largest and rng.random() < 0.4:
        return whole.model_copy(update={"top": largest})
    figure = "total" if base.measure else "count"
    sizes = [size for _, size in ranking(rows, base)]
    top = _cut(rng, sizes) if len(sizes) > _WHOLE else 0
    if top is None or figure == base.by:
        return None
    return base.model_copy(update={"listed": "groups", "top": top, "columns": (base.by, figure)})


def _by_rows(rng: random.Random, rows: RowSet, base: Briefing) -> Briefing | None:
    """The row that stands for most, and those that come next."""
    sizes = _sizes(rows, base.measure)
    if len(rows.key) != 1 or sizes[0] == sizes[1]:
        return None
    top = _cut(rng, sizes) if len(sizes) > _WHOLE else 0
    columns = reader_columns(rows, base.measure, base.by)
    return None if top is None else base.model_copy(update={"top": top, "columns": columns})


def _sizes(rows: RowSet, measure: str) -> list[float]:
    return sorted((_number(cell) for cell in rows.values(measure)), reverse=True)


def _cut(rng: random.Random, sizes: Sequence[float]) -> int | None:
    """How many of the largest to show: so many that it is clear which; None where it never is.

    Best are those of which none are equal: nobody has to ask which of them comes first.
    """
    fitting = [top for top in _TOPS if top < len(sizes) and sizes[top - 1] > sizes[top]]
    distinct = [top for top in fitting if len(set(sizes[:top])) == top]
    return rng.choice(distinct or fitting) if fitting else None


def reader_columns(rows: RowSet, measure: str = "", by: str = "") -> tuple[str, ...]:
    """The few columns that a reader needs: which one, whose, when, how much, and what of it."""
    if len(rows.fields) <= _COLUMNS:
        return rows.names
    joined = rows.subject.joined if rows.subject else ()
    wanted = [*rows.key, measure, by, *joined[:1]]
    wanted += [field.name for field in rows.of_role(Role.LINK)[:1]]
    wanted += [field.name for field in rows.of_role(Role.CATEGORY)[-1:]]
    wanted += [field.name for field in rows.of_role(Role.DATE)[:1]]
    chosen = list(dict.fromkeys(name for name in wanted if name))[:_COLUMNS]
    return tuple(name for name in rows.names if name in chosen)


# What it comes to


def ranking(rows: RowSet, wanted: Briefing) -> Ranked:
    """What each value of a column, or each row, stands for: the largest first."""
    name = wanted.by or wanted.key
    sums: dict[str, float] = {}
    for cell, part in zip(rows.values(name), _parts(rows, wanted), strict=True):
        sums[str(cell)] = sums.get(str(cell), 0) + part
    return sorted(((n, _rounded(s)) for n, s in sums.items()), key=lambda one: (-one[1], one[0]))


def _parts(rows: RowSet, wanted: Briefing) -> list[float]:
    if not wanted.measure:
        return [1] * len(rows.rows)
    return [_number(cell) for cell in rows.values(wanted.measure)]


def table_of(rows: RowSet, wanted: Briefing) -> RowSet:
    """The table below the sentences; its order counts where a rank is clear."""
    if wanted.listed == "groups":
        return _shortened(_table_of_groups(rows, wanted), wanted, wanted.columns[1])
    return _shortened(rows, wanted, wanted.measure).select(wanted.columns)


def _table_of_groups(rows: RowSet, wanted: Briefing) -> RowSet:
    ranked: list[Row] = list(ranking(rows, wanted))
    whole = all(isinstance(size, int) for _, size in ranked)
    fields = (
        Field(wanted.by, ColumnType.TEXT, Role.CATEGORY),
        Field(wanted.columns[1], ColumnType.INTEGER if whole else ColumnType.NUMBER, Role.MEASURE),
    )
    return RowSet(fields, tuple(ranked), key=(wanted.by,), topic=rows.topic, grouped=True)


def _shortened(rows: RowSet, wanted: Briefing, name: str) -> RowSet:
    if not wanted.top and wanted.listed == "rows":
        return replace(rows, sorted_rows=False)
    place = rows.index(name)
    ordered = sorted(rows.rows, key=lambda row: -_number(row[place]))
    sizes = [row[place] for row in ordered[: wanted.top or None]]
    clear = len(set(sizes)) == len(sizes)
    return replace(rows, rows=tuple(ordered[: wanted.top or None]), sorted_rows=clear)


def opening_of(
    rows: RowSet, wanted: Briefing, reader: str, *, place: int = 0, besides: float = 0
) -> Opening:
    """The sentences; `place` and `besides` get them wrong.

    Args:
        rows: what they are about.
        wanted: what they say.
        reader: for whom they are.
        place: which one is taken for the first; of two that are named, each for the other.
        besides: what is added up though it does not belong there.
    """
    ranked = ranking(rows, wanted)
    name, size = ranked[min(place, len(ranked) - 1)]
    total = _rounded(sum(_parts(rows, wanted)) + besides)
    asked = asked_for(rows, wanted)
    counted = _is_count(wanted)
    noun = _things(rows.topic) if counted else _unit(wanted.measure)
    head = f"The total {_amount(wanted.measure)} is {plain(total)}"
    head = f"There are {plain(total)} {noun} in all" if noun else head
    verb = "comes up most often" if counted else "stands out"
    text = f"{head}. {name} {verb}, with {plain(size)}."
    others = tuple(other for other, _ in ranked[:_OTHERS] if other != name and _is_name(other))
    answers = (Fact(asked.first, name, others=others), Fact(asked.size, size))
    if wanted.named:
        sizes = dict(ranked)
        one, two = wanted.named
        # a mistaken input may lack one of them
        first, second = (sizes.get(value, 0) for value in ((two, one) if place else (one, two)))
        text = f"{head}: {plain(first)} are {one}, {plain(second)} {two}."
        answers = (Fact(asked.first, first, of=one), Fact(asked.size, second, of=two))
    sentences = 3
    if wanted.advice:
        sentences += 1
        text += f" I would look at {name} first, because nothing else weighs as much."
    facts = (Fact(asked.total, total), *answers)
    return Opening(reader, wanted.heading, wanted.below, facts, text, sentences)


def _is_name(text: str) -> bool:
    """Whether a value is no mere figure, which any sentence may hold."""
    return any(letter.isalpha() for letter in text)


def _number(cell: Cell) -> float:
    return 0 if isinstance(cell, str) else cell


def _rounded(total: float) -> float:
    return int(total) if total == int(total) else round(total, 2)


# How it is asked for


class Asked(ParamsModel):
    """What the sentences have to say, as it is asked for."""

    total: str
    first: str
    size: str


def asked_for(rows: RowSet, wanted: Briefing) -> Asked:
    """The three things."""
    many = human(rows.subject.label if rows.subject else "") or _things(rows.topic) or "rows"
    name = wanted.by or wanted.key
    noun = _labels().columns.get(name) or human(name)
    if _is_count(wanted):
        total = f"how many {many} there are in all"
        if wanted.named:
            first, second = wanted.named
            return Asked(
                total=total, first=f"how many of them are `{first}`", size=f"how many `{second}`"
            )
        first = f"which {noun} comes up most often"
        return Asked(total=total, first=first, size="how often")
    unit, amount = _unit(wanted.measure), _amount(wanted.measure)
    total = f"how many {unit} there are in all" if unit else f"what the total {amount} is"
    size = f"how many {unit} that is" if unit else "how much that is"
    if wanted.by or rows.grouped:
        most = "the most" if unit else "the largest share of it"
        return Asked(total=total, first=f"which {noun} has {most}", size=size)
    most = "the most" if unit else f"the highest {amount}"
    first = f"which of the {many} has {most} (give its `{name}`)"
    return Asked(total=total, first=first, size=size)


class _LabelFile(Data):
    counted: dict[str, str]
    amounts: dict[str, str]
    columns: dict[str, str]
    topics: dict[str, str]


@cache
def _labels() -> _LabelFile:
    return read_toml(_LabelFile, "words", "labels.toml")


def _unit(measure: str) -> str:
    """What the figures of a column count, such as `minutes of downtime`; "" for amounts."""
    known = _labels().counted
    return known.get(measure) or known.get(measure.removeprefix("sum_"), "")


def _amount(measure: str) -> str:
    """What people call the figures of a column."""
    known = _labels().amounts
    return known.get(measure) or known.get(measure.removeprefix("sum_"), human(measure))


def _things(topic: str) -> str:
    """What people call the rows of a topic."""
    return _labels().topics.get(topic) or human(topic)


def called(measure: str) -> str:
    """What people call all of a column's figures together."""
    return _unit(measure) or _amount(measure)


def _is_count(wanted: Briefing) -> bool:
    return wanted.measure in ("", "count")


def said_table(rows: RowSet, wanted: Briefing) -> str:
    """What the table shows, for people."""
    columns = listing([f"`{name}`" for name in wanted.columns])
    top = _NUMBERS.get(wanted.top, "")
    if wanted.listed == "groups":
        if top:
            return f"a table with {columns} of only the {top} largest, the largest first"
        return f"a table with {columns}, one row for each `{wanted.by}`, the largest first"
    with_columns = "all columns" if wanted.columns == rows.names else columns
    if top:
        return (
            f"a table of only the {top} rows with the highest `{wanted.measure}`, the highest "
            f"first, with {with_columns}"
        )
    return f"a table of all rows with {with_columns}"


def human(name: str) -> str:
    """A column or a topic as people say it."""
    return name.removeprefix("sum_").replace("_", " ")
