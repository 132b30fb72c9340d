"""Worlds: coherent, seeded source data of one domain, before any operation has touched it."""

import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from clawgym.artifact import ArtifactKind, ColumnType
from synth.values import Cell, Config, Field, Role, Row, RowSet

_ROWS = (14, 36)
_DUPLICATES = (2, 5)
_WORDS = ("api", "worker", "cache", "mailer", "exports", "archive")


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnMaker(_Data):
    """How one column is filled."""

    name: str
    make: str
    prefix: str = ""
    values: tuple[str, ...] = ()
    low: int = 0
    high: int = 0


class Dimension(_Data):
    """Facts about the values of one column of the feed."""

    stem: str
    key: str
    pool: str
    columns: tuple[ColumnMaker, ...]


class Domain(_Data):
    """A setting with its feed of events; `entry` lists the kinds of file the feed comes as."""

    name: str
    feed: str
    singular: str
    plural: str
    entry: tuple[ArtifactKind, ...]
    columns: tuple[ColumnMaker, ...]
    dimension: Dimension


class _Domains(_Data):
    domain: tuple[Domain, ...]
    pools: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class World:
    """Everything a task may start from."""

    domain: Domain
    feed: RowSet
    dimension: RowSet
    config: Config


@cache
def _data() -> _Domains:
    text = files("synth").joinpath("data", "domains.toml").read_text(encoding="utf-8")
    return _Domains.model_validate(tomllib.loads(text))


def domains() -> tuple[Domain, ...]:
    """Every domain there is."""
    return _data().domain


def build_world(rng: random.Random, domain: Domain, *, messy: bool) -> World:
    """Fill a domain with data.

    Args:
        rng: the only source of chance.
        domain: the setting.
        messy: whether some events stand twice, with a corrected figure and a sloppily typed id.
    """
    pool = _data().pools[domain.dimension.pool]
    links = rng.sample(pool, min(len(pool), rng.randint(5, 8)))
    feed = _feed(rng, domain, links)
    if messy:
        feed = _add_duplicates(rng, feed)
    return World(domain, feed, _dimension(rng, domain, links), _config(rng, feed))


def _feed(rng: random.Random, domain: Domain, links: list[str]) -> RowSet:
    count = rng.randint(*_ROWS)
    numbers = rng.sample(range(100, 999), count)
    day = date(2026, rng.randint(1, 9), rng.randint(1, 28))
    rows: list[Row] = []
    for number in numbers:
        day += timedelta(days=rng.choice((0, 0, 1, 1, 2)))
        rows.append(_event(rng, domain, number, day, links))
    fields = tuple(_field(maker) for maker in domain.columns)
    ids = [field.name for field in fields if field.role is Role.ID]
    return RowSet(fields, tuple(rows), key=tuple(ids), topic=domain.feed)


def _event(rng: random.Random, domain: Domain, number: int, day: date, links: list[str]) -> Row:
    minutes = rng.choice((30, 45, 60, 90, 120))
    start = rng.randrange(8 * 60, 17 * 60, 15)
    made: dict[str, Callable[[ColumnMaker], Cell]] = {
        "id": lambda maker: f"{maker.prefix}{number}",
        "date": lambda _: day.isoformat(),
        "time": lambda _: f"{day.isoformat()}T{_clock(start)}:{number % 60:02d}Z",
        "clock": lambda _: _clock(start),
        "end": lambda _: _clock(start + minutes),
        "minutes": lambda _: minutes,
        "ref": lambda _: rng.choice(links),
        "choice": lambda maker: rng.choice(maker.values),
        "integer": lambda maker: rng.randint(maker.low, maker.high),
        "money": lambda maker: rng.randint(maker.low * 100, maker.high * 100) / 100,
    }
    return tuple(made[maker.make](maker) for maker in domain.columns)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _field(maker: ColumnMaker) -> Field:
    kinds = {
        "id": (ColumnType.TEXT, Role.ID),
        "date": (ColumnType.DATE, Role.DATE),
        "time": (ColumnType.TEXT, Role.TEXT),
        "clock": (ColumnType.TEXT, Role.TEXT),
        "end": (ColumnType.TEXT, Role.TEXT),
        "minutes": (ColumnType.INTEGER, Role.MEASURE),
        "ref": (ColumnType.TEXT, Role.LINK),
        "choice": (ColumnType.TEXT, Role.CATEGORY),
        "integer": (ColumnType.INTEGER, Role.MEASURE),
        "money": (ColumnType.NUMBER, Role.MEASURE),
    }
    kind, role = kinds[maker.make]
    if role is Role.CATEGORY and any(" " in value for value in maker.values):
        role = Role.TEXT
    return Field(maker.name, kind, role)


def _add_duplicates(rng: random.Random, feed: RowSet) -> RowSet:
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
    if isinstance(value, float):
        return round(value + rng.randint(150, 2500) / 100, 2)
    assert isinstance(value, int)
    return value + rng.randint(1, 9)


def _dimension(rng: random.Random, domain: Domain, links: list[str]) -> RowSet:
    """One row a link value, in another order; one of them is not on file."""
    known = rng.sample(links, len(links) - 1)
    makers = domain.dimension.columns
    rows = [(link, *(rng.choice(maker.values) for maker in makers)) for link in known]
    key = Field(domain.dimension.key, ColumnType.TEXT, Role.LINK)
    fields = (key, *(Field(maker.name, ColumnType.TEXT, Role.CATEGORY) for maker in makers))
    return RowSet(fields, tuple(rows), key=(key.name,))


def _config(rng: random.Random, feed: RowSet) -> Config:
    """An INI file with commented sections, and stale limits for some of the feed's categories."""
    sections: dict[str, dict[str, str]] = {}
    lines = ["# Managed by hand. Keep the comments."]
    for word in rng.sample(_WORDS, 3):
        sections[word] = {
            "enabled": rng.choice(("yes", "no")),
            "timeout": str(rng.randint(4, 60) * 5 + 1),
            "batch_size": str(rng.choice((20, 50, 80, 120, 250)) + rng.randint(1, 9)),
        }
        lines += ["", f"[{word}]", f"# tuned in {rng.randint(2021, 2025)} after a load test"]
        lines += [f"{key} = {value}" for key, value in sections[word].items()]
    category = rng.choice(feed.of_role(Role.CATEGORY))
    known = sorted({str(value) for value in feed.values(category.name)})
    sections["limits"] = {value: str(rng.randint(2, 9)) for value in known[: len(known) // 2 + 1]}
    lines += ["", "[limits]", "# last reviewed a long time ago"]
    lines += [f"{key} = {value}" for key, value in sections["limits"].items()]
    return Config("\n".join(lines) + "\n", sections)
