"""Feeds in which things stand twice: entered again later, entered in halves, or by two people."""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from synth.values import Cell, Role, Row, RowSet

Manner = Literal["later", "halves", "anew"]
_SHARE = (0.2, 0.4)


@dataclass(frozen=True)
class RepeatedRows(RowSet):
    """Rows of which some mean the same.

    manner  "later": again with a later date and another figure, at any place in the file;
            "halves": twice, each with some cells blank; "anew": again under another id
    by      the columns that tell things apart
    """

    manner: Manner = "later"
    by: tuple[str, ...] = ()


def make_repeats(rng: random.Random, feed: RowSet, manner: Manner) -> RepeatedRows | None:
    """The feed with repeats of that manner, or None where it has not the columns for it."""
    ids, dates = feed.of_role(Role.ID), feed.of_role(Role.DATE)
    if not ids or (manner == "later" and not dates):
        return None
    by: tuple[str, ...] | None = (ids[0].name,)
    if manner == "anew":
        by = _telling(rng, feed)
    if by is None:
        return None
    rows = _repeated(rng, feed, manner)
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


def _repeated(rng: random.Random, feed: RowSet, manner: Manner) -> list[Row]:
    rows = list(feed.rows)
    count = max(2, int(len(rows) * rng.uniform(*_SHARE)))
    known = set(feed.values(feed.key[0]))
    for original in rng.sample(feed.rows, min(count, len(rows))):
        at = rows.index(original)
        if manner == "halves":
            rows[at], again = _halves(rng, feed, original)
        elif manner == "later":
            again = _later(rng, feed, original)
        else:
            again = _anew(rng, feed, original, known)
        rows.insert(rng.randint(0 if manner == "later" else at + 1, len(rows)), again)
    return rows


def _halves(rng: random.Random, feed: RowSet, row: Row) -> tuple[Row, Row]:
    fixed = {feed.index(name) for name in feed.key}
    spare = [at for at in range(len(row)) if at not in fixed]
    lost = rng.sample(spare, min(len(spare), 3))
    cut = rng.randint(1, len(lost) - 1) if len(lost) > 1 else 1
    first: list[Cell] = ["" if at in lost[:cut] else cell for at, cell in enumerate(row)]
    second: list[Cell] = ["" if at in lost[cut:] else cell for at, cell in enumerate(row)]
    return tuple(first), tuple(second)


def _later(rng: random.Random, feed: RowSet, row: Row) -> Row:
    again = list(row)
    day = feed.index(feed.of_role(Role.DATE)[0].name)
    later = date.fromisoformat(str(row[day])) + timedelta(days=rng.randint(1, 20))
    again[day] = later.isoformat()
    for field in feed.of_role(Role.MEASURE)[:1]:
        at = feed.index(field.name)
        cell = row[at]
        assert not isinstance(cell, str)
        again[at] = cell + rng.randint(1, 9) if isinstance(cell, int) else round(cell + 3.5, 2)
    return tuple(again)


def _anew(rng: random.Random, feed: RowSet, row: Row, known: set[Cell]) -> Row:
    """The same under another id, which becomes known."""
    again = list(row)
    at = feed.index(feed.key[0])
    text = str(row[at])
    prefix = text.rstrip("0123456789")
    width = len(text) - len(prefix)
    while again[at] in known:
        again[at] = f"{prefix}{rng.randrange(10 ** (width - 1), 10**width)}"
    known.add(again[at])
    return tuple(again)
