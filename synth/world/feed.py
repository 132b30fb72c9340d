"""Feeds: the rows of events that a world is about, with the mess of real ones."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate

from clawgym.artifact import ArtifactKind, ColumnType
from clawgym.seeds import derive_random
from synth.taxonomy.domain import ColumnMaker, Domain
from synth.taxonomy.period import Period, working_day
from synth.values import Field, Role, Row, RowSet, Subject
from synth.world.columns import Backdrop, Event, corrected, field_of, make_row

_DUPLICATES = (2, 5)
_STEP = (1, 4)
_WEEKEND = 0.2
_LOG_DAYS = 2
_LENGTHS = (30, 45, 60, 90, 120)
_OFFICE_HOURS = (8 * 60, 17 * 60)
_TRIES = 20


def make_feed(
    rng: random.Random,
    backdrop: Backdrop,
    period: Period,
    size: tuple[int, int],
    *,
    before: bool = False,
) -> RowSet:
    """The events of a domain, by date, all of them within the period.

    Args:
        rng: the only source of chance.
        backdrop: the domain, and whom or what the events may refer to.
        period: the month in which they happen; a log tells of two days of it.
        size: the fewest and the most events.
        before: whether they are those before the feed of this backdrop; their numbers are lower.
    """
    domain = backdrop.domain
    fields = tuple(field_of(maker) for maker in domain.columns)
    steps = [rng.randint(*_STEP) for _ in range(rng.randint(*size))]
    first = _first_number(backdrop, size[1]) - (sum(steps) if before else 0)
    events = _events(rng, backdrop, period, list(accumulate(steps, initial=first))[:-1])
    rows: list[Row] = [make_row(rng, domain.columns, event, backdrop) for event in events]
    ids = tuple(field.name for field in fields if field.role is Role.ID)
    subject = Subject(domain.name, events[0].day, events[-1].day, period.today)
    return RowSet(fields, tuple(rows), key=ids, topic=domain.feed, subject=subject)


def _events(
    rng: random.Random, backdrop: Backdrop, period: Period, numbers: Sequence[int]
) -> list[Event]:
    """Events in the order of time; their numbers rise with gaps, as numbers do."""
    times = sorted(_times(rng, backdrop.domain, period, len(numbers)))
    events: list[Event] = []
    for place, (number, (day, start)) in enumerate(zip(numbers, times, strict=True)):
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


def _first_number(backdrop: Backdrop, count: int) -> int:
    """One of this world that leaves room for as many events before it as after it.

    Their numbers all have as many digits as the domain says, where these suffice.
    """
    digits = next(maker.digits for maker in backdrop.domain.columns if maker.make == "id")
    room = _STEP[1] * count
    lowest, highest = 10 ** (digits - 1) + room, 10**digits - 1 - room
    return derive_random(backdrop.seed, "number").randint(lowest, max(lowest, highest))


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


def add_duplicates(rng: random.Random, feed: RowSet, makers: Sequence[ColumnMaker]) -> RowSet:
    """Enter some events again further down: the id retyped, one cell corrected."""
    place = feed.index(feed.key[0])
    rows = list(feed.rows)
    for original in rng.sample(feed.rows, rng.randint(*_DUPLICATES)):
        again = list(corrected(rng, makers, original))
        again[place] = rng.choice((str.lower, str.upper, str))(str(original[place]))
        earliest = rows.index(original) + 1
        rows.insert(rng.randint(earliest, len(rows)), tuple(again))
    return replace(feed, rows=tuple(rows), duplicated=True)


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
