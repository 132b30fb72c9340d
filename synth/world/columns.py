"""Columns: what stands in one cell of a feed, by the kind of maker that fills it."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from clawgym.artifact import ColumnType
from clawgym.seeds import derive_random
from synth.taxonomy.domain import ColumnMaker, Domain, Make, pool
from synth.taxonomy.locale import Locale, address, locales
from synth.taxonomy.organisation import companies
from synth.taxonomy.period import working_day
from synth.values import Cell, Field, Role

_AT_HOME = 0.85
_NOTED = 0.3
_SPREAD = 5.0
_TRIES = 9
_PRIVATE_MAIL = ("postbox", "mailbox", "homemail")
_ROUND = 5000

_WORDS = frozenset[Make](("choice", "pool"))
_FIGURES = frozenset[Make](("integer", "count", "percent", "number", "money"))

_KINDS: dict[Make, tuple[ColumnType, Role]] = {
    "id": (ColumnType.TEXT, Role.ID),
    "date": (ColumnType.DATE, Role.DATE),
    "due": (ColumnType.DATE, Role.DATE),
    "time": (ColumnType.TEXT, Role.TEXT),
    "clock": (ColumnType.TEXT, Role.TEXT),
    "end": (ColumnType.TEXT, Role.TEXT),
    "minutes": (ColumnType.INTEGER, Role.MEASURE),
    "ref": (ColumnType.TEXT, Role.LINK),
    "choice": (ColumnType.TEXT, Role.CATEGORY),
    "pool": (ColumnType.TEXT, Role.TEXT),
    "person": (ColumnType.TEXT, Role.TEXT),
    "email": (ColumnType.TEXT, Role.TEXT),
    "phone": (ColumnType.TEXT, Role.TEXT),
    "city": (ColumnType.TEXT, Role.TEXT),
    "note": (ColumnType.TEXT, Role.TEXT),
    "integer": (ColumnType.INTEGER, Role.MEASURE),
    "count": (ColumnType.INTEGER, Role.MEASURE),
    "percent": (ColumnType.INTEGER, Role.MEASURE),
    "number": (ColumnType.NUMBER, Role.MEASURE),
    "money": (ColumnType.NUMBER, Role.MEASURE),
}


@dataclass(frozen=True)
class Backdrop:
    """What all rows of a world share: the links, and the colleagues whose names turn up.

    `seed` is what cells are drawn by that several rows have in common.
    """

    domain: Domain
    locale: Locale
    links: list[str]
    staff: list[str]
    seed: int = 0

    @property
    def of_people(self) -> bool:
        """Whether the links are people."""
        return self.domain.dimension.pool == "people"


@dataclass(frozen=True)
class Event:
    """What the cells of one row share; `start` and `minutes` are minutes of a day.

    `place` is which of the feed's events it is, from 0.
    """

    number: int
    day: date
    start: int
    minutes: int
    link: str
    place: int = 0


def field_of(maker: ColumnMaker) -> Field:
    """The column that a maker fills; a choice of several words is text, no category."""
    kind, role = _KINDS[maker.make]
    if role is Role.CATEGORY and any(" " in value for value in maker.values):
        role = Role.TEXT
    return Field(maker.name, kind, role, maker.measure, maker.better)


def make_links(rng: random.Random, domain: Domain, locale: Locale) -> list[str]:
    """As many people, companies or things as the domain has for the rows of a feed to refer to."""
    count = rng.randint(*domain.dimension.count)
    wanted = domain.dimension.pool
    if wanted == "people":
        return make_names(rng, locale, count)
    if wanted == "housemates":
        return rng.sample(locale.given, count)
    if wanted == "private_emails":
        return [_private_address(name) for name in make_names(rng, locale, count)]
    if wanted == "companies":
        return companies(rng, count)
    if wanted == "emails":
        names, houses = make_names(rng, locale, count), companies(rng, count)
        return [address(name, house) for name, house in zip(names, houses, strict=True)]
    words = locale.cities if wanted == "cities" else pool(wanted)
    return rng.sample(words, min(len(words), count))


def make_names(rng: random.Random, locale: Locale, count: int) -> list[str]:
    """As many people with different names, most of them from here."""
    names = locale.names(rng, count)
    others = list(locales().values())
    return [name if rng.random() < _AT_HOME else rng.choice(others).name(rng) for name in names]


def make_row(
    rng: random.Random, makers: Sequence[ColumnMaker], event: Event, backdrop: Backdrop
) -> tuple[Cell, ...]:
    """The cells of one event, from left to right: some depend on those before them."""
    row: dict[str, Cell] = {backdrop.domain.dimension.key: event.link}
    return tuple(
        row.setdefault(maker.name, _make_cell(rng, maker, event, backdrop, row)) for maker in makers
    )


def _make_cell(
    rng: random.Random,
    maker: ColumnMaker,
    event: Event,
    backdrop: Backdrop,
    row: Mapping[str, Cell],
) -> Cell:
    if maker.make in _OF_EVENT:
        return _OF_EVENT[maker.make](maker, event)
    if maker.per:
        rng = derive_random(backdrop.seed, maker.name, *(str(row[name]) for name in maker.per))
    elif maker.make == "pool" and not maker.by:
        return _next_of(maker, event, backdrop)
    if maker.make in _WORDS | _FIGURES:
        return (_word if maker.make in _WORDS else _figure)(rng, maker, row)
    if maker.make == "due":
        low, high = maker.bounds(row)
        day = event.day + timedelta(days=rng.randint(int(low), int(high)))
        at_work = backdrop.domain.weekdays and low < high
        return (working_day(day) if at_work else day).isoformat()
    if maker.make == "note":
        notes = maker.given.get(str(row.get(maker.by))) or backdrop.domain.notes
        return rng.choice(notes) if rng.random() < _NOTED else ""
    return _of_place(rng, maker, event, backdrop)


def is_free(maker: ColumnMaker, makers: Sequence[ColumnMaker]) -> bool:
    """Whether a cell of that column may be another without any other cell being wrong then."""
    leading = {name for other in makers for name in (other.by, other.times, *other.per)}
    return maker.make in _WORDS | _FIGURES and not maker.per and maker.name not in leading


def another(rng: random.Random, maker: ColumnMaker, row: Mapping[str, Cell]) -> Cell:
    """Something else that may stand in a free column of the row; the same if nothing else may."""
    make = _word if maker.make in _WORDS else _figure
    made = (make(rng, maker, row) for _ in range(_TRIES))
    return next((cell for cell in made if cell != row[maker.name]), row[maker.name])


def corrected(
    rng: random.Random, makers: Sequence[ColumnMaker], row: Sequence[Cell]
) -> tuple[Cell, ...]:
    """The row with one cell put right, a figure if any may be; all others go with it as before.

    Where no cell may change alone the last figure is a little off, or nothing if there is none.
    """
    known = {maker.name: cell for maker, cell in zip(makers, row, strict=True)}
    free = [maker for maker in makers if is_free(maker, makers)]
    rng.shuffle(free)
    for maker in sorted(free, key=lambda maker: maker.make not in _FIGURES):
        cell = another(rng, maker, known)
        if cell != known[maker.name]:
            return tuple((known | {maker.name: cell}).values())
    figure = next((maker.name for maker in reversed(makers) if maker.make in _FIGURES), None)
    if figure is None:
        return tuple(row)
    return tuple((known | {figure: _nudged(rng, known[figure])}).values())


def _nudged(rng: random.Random, value: Cell) -> Cell:
    """A slightly different figure of the same look; large ones go down, so limits still hold."""
    if isinstance(value, float):
        decimals = 1 if round(value, 1) == value else 2
        step = max(round(abs(value) * rng.uniform(0.03, 0.2), decimals), 0.1)
        return round(value - step if value > 1 else value + step, decimals)
    assert isinstance(value, int)
    step = rng.randint(1, max(1, min(9, abs(value) // 5)))
    return value - step if value > 9 else value + step


def clock(minutes: int) -> str:
    """A time of day as `HH:MM`."""
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def _label(maker: ColumnMaker, number: int) -> str:
    """A number with its prefix, or behind what it is the number of."""
    if not maker.values:
        return f"{maker.prefix}{number}"
    return f"{maker.values[number * 7 // 3 % len(maker.values)]} #{number}"


def _of_place(rng: random.Random, maker: ColumnMaker, event: Event, backdrop: Backdrop) -> Cell:
    locale = backdrop.locale
    if maker.make == "person":
        return rng.choice(backdrop.staff)
    if maker.make == "email":
        return _private_address(event.link if backdrop.of_people else locale.name(rng))
    if maker.make == "phone":
        return locale.number(rng)
    assert maker.make == "city"
    return rng.choice(locale.cities)


def _private_address(name: str) -> str:
    return address(name, _PRIVATE_MAIL[len(name) % len(_PRIVATE_MAIL)])


def _next_of(maker: ColumnMaker, event: Event, backdrop: Backdrop) -> str:
    """The words of a pool in turn, in an order of this world: none comes twice before all did."""
    words = list(pool(maker.pool))
    derive_random(backdrop.seed, "pool", maker.name).shuffle(words)
    return words[event.place % len(words)]


def _word(rng: random.Random, maker: ColumnMaker, row: Mapping[str, Cell]) -> str:
    fitting = maker.given.get(str(row.get(maker.by)))
    if fitting:
        return rng.choice(fitting)
    if maker.make == "pool":
        return rng.choice(pool(maker.pool))
    return rng.choices(maker.values, maker.weights or None)[0]


def _figure(rng: random.Random, maker: ColumnMaker, row: Mapping[str, Cell]) -> int | float:
    low, high = maker.bounds(row)
    if maker.make in ("integer", "percent") and not maker.step:
        return rng.randint(math.ceil(low), math.floor(high))
    even = maker.make not in ("count", "money") or low <= 0
    drawn = rng.uniform(low, high) if even else _log_normal(rng, low, high)
    if maker.times:
        drawn *= float(row[maker.times])
    if maker.step:
        drawn = max(round(drawn / maker.step) * maker.step, min(low, maker.step))
    if maker.make == "money":
        plain = maker.times or maker.step
        return round(drawn, 2) if plain else _price(rng, drawn, low, high)
    if maker.make == "number":
        return round(drawn, 2 if maker.step else maker.decimals)
    return round(drawn)


def _price(rng: random.Random, amount: float, low: float, high: float) -> float:
    """An amount as prices look: many are round, some end in 50, 90 or 99."""
    if amount >= _ROUND and rng.random() < 0.7:
        return float(max(round(amount, -1), low))
    ending = rng.choices((0.0, 0.5, 0.9, 0.99, None), (30, 12, 8, 5, 45))[0]
    whole = math.floor(amount)
    if ending is None or whole < max(1, low) or whole + ending > high:
        return round(amount, 2)
    return whole + ending


def _log_normal(rng: random.Random, low: float, high: float) -> float:
    """Around the geometric mean of the bounds, never outside them."""
    middle, spread = math.log(low * high) / 2, math.log(high / low) / _SPREAD
    return min(max(math.exp(rng.gauss(middle, spread)), low), high)


_OF_EVENT: Mapping[Make, Callable[[ColumnMaker, Event], Cell]] = {
    "id": lambda maker, event: _label(maker, event.number),
    "date": lambda _, event: event.day.isoformat(),
    "time": lambda _, event: (
        f"{event.day.isoformat()}T{clock(event.start)}:{event.number * 7 % 60:02d}Z"
    ),
    "clock": lambda _, event: clock(event.start),
    "end": lambda _, event: clock(event.start + event.minutes),
    "minutes": lambda _, event: event.minutes,
    "ref": lambda _, event: event.link,
}
