"""What rows are grouped by: a column as it is, or a bucket of time."""

import random
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from clawgym.artifact import ColumnType
from synth.operations.base import ParamsModel, listing
from synth.values import Cell, Field, Role, Row, RowSet

Bucket = Literal["", "month", "quarter", "weekday", "day", "hour"]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_SAYS = {
    "month": "month of `{}` (as `month`, like 2026-03)",
    "quarter": "quarter of `{}` (as `quarter`, like 2026-Q1)",
    "weekday": "weekday of `{}` (as `weekday`, like Tuesday)",
    "day": "day of `{}` (as `day`, YYYY-MM-DD)",
    "hour": "hour of `{}` (as `hour`, 09:00 standing for 09:00 to 09:59)",
}
_TIMES = ("time", "start")


class Group(ParamsModel):
    """A column to group by; with a `bucket`, the month, say, that its date lies in."""

    column: str
    bucket: Bucket = ""

    @property
    def name(self) -> str:
        """The output column."""
        return self.bucket or self.column

    @property
    def said(self) -> str:
        """What it is, for people."""
        return _SAYS[self.bucket].format(self.column) if self.bucket else f"`{self.column}`"

    def value(self, cell: Cell) -> str:
        """Which group a cell belongs to."""
        said = str(cell)
        match self.bucket:
            case "month":
                return said[:7]
            case "quarter":
                return f"{said[:4]}-Q{(int(said[5:7]) + 2) // 3}"
            case "weekday":
                return WEEKDAYS[date.fromisoformat(said[:10]).weekday()]
            case "day":
                return said[:10]
            case "hour":
                return f"{said.replace(' ', 'T').rpartition('T')[2][:2]}:00"
            case _:
                return said


def choose_groups(rng: random.Random, rows: RowSet, *, hard: bool) -> tuple[Group, ...]:
    """One or two things to group by; none where the rows have nothing of the kind."""
    plain = [Group(column=field.name) for field in rows.of_role(Role.CATEGORY, Role.LINK)]
    plain = [group for group in plain if _parts(group, rows)]
    timed = [g for g in _buckets(rows) if g.name not in rows.names and _parts(g, rows)]
    if timed and (not plain or rng.random() < (0.35 if hard else 0.15)):
        first = rng.choice(timed)
        return (first, rng.choice(plain)) if plain and rng.random() < 0.4 else (first,)
    return tuple(rng.sample(plain, min(len(plain), rng.choice((1, 1, 1, 2)))))


def _parts(group: Group, rows: RowSet) -> bool:
    """Whether there is more than one group."""
    return len({group.value(cell) for cell in rows.values(group.column)}) > 1


def _buckets(rows: RowSet) -> list[Group]:
    buckets: list[Group] = []
    for field in rows.fields:
        if field.role is Role.DATE:
            names: tuple[Bucket, ...] = ("month", "quarter", "weekday")
            buckets += [Group(column=field.name, bucket=name) for name in names]
        elif field.name in _TIMES:
            buckets.append(Group(column=field.name, bucket="hour"))
            if field.name == "time":
                buckets.append(Group(column=field.name, bucket="day"))
    return buckets


def group_field(group: Group, rows: RowSet) -> Field:
    """The output column."""
    if group.bucket:
        return Field(group.name, ColumnType.TEXT, Role.CATEGORY)
    return rows.field(group.column)


def in_order(by: Sequence[Group], groups: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Groups sorted by their columns: text by its letters, weekdays as they come in a week."""

    def place(group: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            str(WEEKDAYS.index(value)) if part.bucket == "weekday" else value
            for part, value in zip(by, group, strict=True)
        )

    return sorted(groups, key=place)


def say_order(by: Sequence[Group]) -> str:
    """The columns that `in_order` sorts by, for people."""
    names = [f"`{group.name}`" for group in by]
    if len(by) == 1:
        return names[0] + (", Monday first" if by[0].bucket == "weekday" else "")
    marked = [
        f"{name} (Monday first)" if group.bucket == "weekday" else name
        for name, group in zip(names, by, strict=True)
    ]
    return listing(marked)


def order_is_plain(by: Sequence[Group], rows: Sequence[Row]) -> bool:
    """Whether everybody sorts these groups alike, whatever capitals, digits and weekdays do."""
    names = [tuple(map(str, row[: len(by)])) for row in rows]
    if any(part.bucket == "weekday" for part in by):
        return False
    if any(
        value[:1].isdigit() and len({len(n[at]) for n in names}) > 1
        for n in names
        for at, value in enumerate(n)
    ):
        return False
    return names == sorted(names, key=lambda group: [_letters(value) for value in group])


def _letters(value: str) -> str:
    return "".join(letter for letter in value.casefold() if letter.isalnum())
