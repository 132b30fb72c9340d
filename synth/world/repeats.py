"""Feeds in which things stand twice: entered again later, entered in halves, or by two people."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from synth.taxonomy.domain import ColumnMaker
from synth.taxonomy.period import working_day
from synth.values import Cell, Role, Row, RowSet
from synth.world.columns import corrected

Manner = Literal["later", "halves", "anew"]
_SHARE = (0.2, 0.4)
_NUMBER = re.compile(r"(.*?)(\d+)")


@dataclass(frozen=True)
class RepeatedRows(RowSet):
    """Rows of which some mean the same.

    manner  "later": again with a later date of that month and another cell, at any place in the
            file; "halves": twice, each with some cells blank; "anew": again under another id,
            further down where that number belongs
    by      the columns that tell things apart
    """

    manner: Manner = "later"
    by: tuple[str, ...] = ()


def make_repeats(
    rng: random.Random, feed: RowSet, makers: Sequence[ColumnMaker], manner: Manner
) -> RepeatedRows | None:
    """The feed with repeats of that manner, or None where it has not the columns for it."""
    ids, dates = feed.of_role(Role.ID), feed.of_role(Role.DATE)
    if not ids or (manner == "later" and not dates):
        return None
    by: tuple[str, ...] | None = (ids[0].name,)
    if manner == "anew":
        by = _telling(rng, feed)
    if by is None:
        return None
    rows = _repeated(rng, feed, makers, manner)
    made = RepeatedRows(
        feed.fields,
        tuple(rows),
        feed.key,
        topic=feed.topic,
        duplicated=True,
        subject=feed.subject,
    )
    return replace(made, manner=manner, by=by)


def _telling(rng: random.Random, feed: RowSet) -> tuple[str, ...] | None:
    """Two or three columns that tell all rows apart without the id."""
    links = [field.name for field in feed.of_role(Role.LINK)]
    dates = [field.name for field in feed.of_role(Role.DATE)]
    measures = [field.name for field in feed.of_role(Role.MEASURE)]
    if not links or not measures:
        return None
    for names in ((links[0], *dates[:1], rng.choice(measures)), (*links[:1], *measures[:2])):
        places = [feed.index(name) for name in names]
        if len(names) > 1 and len({tuple(r[p] for p in places) for r in feed.rows}) == len(
            feed.rows
        ):
            return tuple(name for name in feed.names if name in names)
    return None


def _repeated(
    rng: random.Random, feed: RowSet, makers: Sequence[ColumnMaker], manner: Manner
) -> list[Row]:
    rows = list(feed.rows)
    count = max(2, int(len(rows) * rng.uniform(*_SHARE)))
    originals = [row for row in rows if _days_left(feed, row)] if manner == "later" else rows
    for original in rng.sample(originals, min(count, len(originals))):
        at = rows.index(original)
        if manner == "halves":
            rows[at], again = _halves(rng, feed, original)
            rows.insert(rng.randint(at + 1, len(rows)), again)
        elif manner == "later":
            rows.insert(rng.randint(0, len(rows)), _later(rng, feed, makers, original))
        else:
            place, again = _anew(rng, feed, rows, at)
            rows.insert(place, again)
    return rows


def _halves(rng: random.Random, feed: RowSet, row: Row) -> tuple[Row, Row]:
    fixed = {feed.index(name) for name in feed.key}
    spare = [at for at in range(len(row)) if at not in fixed]
    lost = rng.sample(spare, min(len(spare), 3))
    cut = rng.randint(1, len(lost) - 1) if len(lost) > 1 else 1
    first: list[Cell] = ["" if at in lost[:cut] else cell for at, cell in enumerate(row)]
    second: list[Cell] = ["" if at in lost[cut:] else cell for at, cell in enumerate(row)]
    return tuple(first), tuple(second)


def _days_left(feed: RowSet, row: Row) -> list[int]:
    """After how many days there are other days of work in the month of a row."""
    day = date.fromisoformat(str(row[feed.index(feed.of_role(Role.DATE)[0].name)]))
    later = [(n, day + timedelta(days=n)) for n in range(1, 21)]
    return [n for n, on in later if on.month == day.month and working_day(on) == on]


def _later(rng: random.Random, feed: RowSet, makers: Sequence[ColumnMaker], row: Row) -> Row:
    """The row some days later, and so is all that is due then; one cell is corrected."""
    again = list(corrected(rng, makers, row))
    days = timedelta(days=rng.choice(_days_left(feed, row)))
    for field in feed.of_role(Role.DATE):
        at = feed.index(field.name)
        again[at] = (date.fromisoformat(str(row[at])) + days).isoformat()
    return tuple(again)


def _anew(rng: random.Random, feed: RowSet, rows: Sequence[Row], at: int) -> tuple[int, Row]:
    """The row at a place under another id, and where it goes: numbers rise from top to bottom."""
    key = feed.index(feed.key[0])
    found = [_NUMBER.fullmatch(str(row[key])) for row in rows]
    numbers = [int(match[2]) for match in found if match]
    assert len(numbers) == len(rows), "ids end in a number"
    free = [
        (place, number)
        for place in range(at + 1, len(rows))
        for number in range(numbers[place - 1] + 1, numbers[place])
    ]
    place, number = rng.choice(free) if free else (len(rows), numbers[-1] + 1)
    again = list(rows[at])
    again[key] = _NUMBER.sub(rf"\g<1>{number}", str(again[key]))
    return place, tuple(again)
