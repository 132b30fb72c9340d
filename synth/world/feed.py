"""Feeds: the rows of events that a world is about, with the mess of real ones."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from clawgym.artifact import ArtifactKind, ColumnType
from synth.taxonomy.domain import Domain
from synth.taxonomy.period import Period, working_day
from synth.values import Cell, Field, Role, Row, RowSet, Subject
from synth.world.columns import Backdrop, Event, field_of, make_row

_DUPLICATES = (2, 5)
_WEEKEND = 0.2
_LOG_DAYS = 2
_LENGTHS = (30, 45, 60, 90, 120)
_OFFICE_HOURS = (8 * 60, 17 * 60)
_TRIES = 20


def make_feed(
    rng: random.Random, backdrop: Backdrop, period: Period, size: tuple[int, int]
) -> RowSet:
    """The events of a domain, by date, all of them within the period.

    Args:
        rng: the only source of chance.
        backdrop: the domain, and whom or what the events may refer to.
        period: the month in which they happen; a log tells of two days of it.
        size: the fewest and the most events.
    """
    domain = backdrop.domain
    fields = tuple(field_of(maker) for maker in domain.columns)
    events = _events(rng, backdrop, period, rng.randint(*size))
    rows: list[Row] = [make_row(rng, domain.columns, event, backdrop) for event in events]
    ids = tuple(field.name for field in fields if field.role is Role.ID)
    subject = Subject(domain.name, events[0].day, events[-1].day, period.today)
    return RowSet(fields, tuple(rows), key=ids, topic=domain.feed, subject=subject)


def _events(rng: random.Random, backdrop: Backdrop, period: Period, count: int) -> list[Event]:
    """Events in the order of time; their numbers rise with gaps, as numbers do."""
    times = sorted(_times(rng, backdrop.domain, period, count))
    number = _first_number(rng, backdrop.domain, count)
    events: list[Event] = []
    for place, (day, start) in enumerate(times):
        number += rng.randint(1, 4)
        link = rng.choice(backdrop.links)
        events.append(Event(number, day, start, rng.choice(_LENGTHS), link, place))
    return _without_clashes(rng, events) if _is_diary(backdrop.domain) else events


def _is_diary(domain: Domain) -> bool:
    return ArtifactKind.CALENDAR in domain.entry


def _without_clashes(rng: random.Random, events: Sequence[Event]) -> list[Event]:
    """The events at other hours of their days where several would be at once, if they have to."""
    kept: list[Event] = []
    for event in events:
        others = [other for other in kept if other.day == event.day]
        kept.append(_placed(rng, event, others))
    numbers = [event.number for event in events]
    ordered = sorted(kept, key=lambda event: (event.day, event.start))
    return [
        replace(event, number=number, place=place)
        for place, (event, number) in enumerate(zip(ordered, numbers, strict=True))
    ]


def _placed(rng: random.Random, event: Event, others: Sequence[Event]) -> Event:
    if not any(_clash(event, other) for other in others):
        return event
    hours = rng.sample(range(*_OFFICE_HOURS, 15), _TRIES)
    tried = (replace(event, start=start) for start in hours)
    return min(tried, key=lambda one: sum(_clash(one, other) for other in others))


def _clash(one: Event, other: Event) -> int:
    """How bad two events of a day are for each other: worst where the same person has both."""
    ends = min(one.start + one.minutes, other.start + other.minutes)
    if ends <= max(one.start, other.start):
        return 0
    return 9 if one.link == other.link else 1


def _first_number(rng: random.Random, domain: Domain, count: int) -> int:
    """So that every number of the feed has as many digits as the domain says."""
    digits = next(maker.digits for maker in domain.columns if maker.make == "id")
    lowest, highest = 10 ** (digits - 1), 10**digits - 1 - 4 * count
    return rng.randint(lowest, max(lowest, highest))


def _times(
    rng: random.Random, domain: Domain, period: Period, count: int
) -> list[tuple[date, int]]:
    days = [period.start + timedelta(days=n) for n in range((period.end - period.start).days + 1)]
    if any(maker.make == "time" for maker in domain.columns):
        first = rng.randrange(len(days) - _LOG_DAYS + 1)
        days = days[first : first + _LOG_DAYS]
        return [(rng.choice(days), rng.randrange(24 * 60)) for _ in range(count)]
    weekend = 0.0 if domain.weekdays or _is_diary(domain) else _WEEKEND
    weights = [1.0 if working_day(day) == day else weekend for day in days]
    if domain.days:
        days = rng.sample([day for day in days if working_day(day) == day], domain.days)
        weights = [1.0] * domain.days
    return [(day, rng.randrange(*_OFFICE_HOURS, 15)) for day in rng.choices(days, weights, k=count)]


def add_duplicates(rng: random.Random, feed: RowSet) -> RowSet:
    """Enter some events again further down: the id retyped, one figure corrected."""
    place = feed.index(feed.key[0])
    measures = [feed.index(field.name) for field in feed.of_role(Role.MEASURE)]
    rows = list(feed.rows)
    for original in rng.sample(feed.rows, rng.randint(*_DUPLICATES)):
        again = list(original)
        again[place] = rng.choice((str.lower, str.upper, str))(str(original[place]))
        corrected = rng.choice(measures)
        again[corrected] = _nudge(rng, original[corrected])
        earliest = rows.index(original) + 1
        rows.insert(rng.randint(earliest, len(rows)), tuple(again))
    return replace(feed, rows=tuple(rows), duplicated=True)


def _nudge(rng: random.Random, value: Cell) -> Cell:
    """A slightly different figure of the same look; large ones go down, so limits still hold."""
    if isinstance(value, float):
        decimals = 1 if round(value, 1) == value else 2
        step = max(round(abs(value) * rng.uniform(0.03, 0.2), decimals), 0.1)
        return round(value - step if value > 1 else value + step, decimals)
    assert isinstance(value, int)
    step = rng.randint(1, max(1, min(9, abs(value) // 5)))
    return value - step if value > 9 else value + step


def make_dimension(rng: random.Random, backdrop: Backdrop, absent: str) -> RowSet:
    """One row a link value, in another order; `absent` is not on file."""
    dimension = backdrop.domain.dimension
    known = [link for link in rng.sample(backdrop.links, len(backdrop.links)) if link != absent]
    rows: list[Row] = []
    for link in known:
        event = Event(0, date.min, 0, 0, link)
        rows.append((link, *make_row(rng, dimension.columns, event, backdrop)))
    key = Field(dimension.key, ColumnType.TEXT, Role.LINK)
    fields = (key, *(field_of(maker) for maker in dimension.columns))
    topic = dimension.stem.replace("_", " ")
    return RowSet(fields, tuple(rows), key=(key.name,), topic=topic)
