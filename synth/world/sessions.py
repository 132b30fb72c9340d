"""Sessions: a list of dates ahead, with a time each or for the whole day."""

import random
from datetime import timedelta

from clawgym.artifact import ArtifactKind, ColumnType
from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.period import working_day
from synth.values import Field, Role, Row, RowSet
from synth.world.columns import clock
from synth.world.source import Source
from synth.world.world import World

_AHEAD = 75
_LENGTHS = (45, 60, 90, 120, 180)
_HOURS = {False: (8 * 60, 16 * 60), True: (15 * 60, 20 * 60)}
_WHOLE_DAY = 0.2
_PLAIN_LEVEL = 2
"""Up to here, every date has a time."""

_MOST = 40


class _Kind(Data):
    column: str
    prefix: str
    stems: tuple[str, ...]
    topics: tuple[str, ...]
    titles: tuple[str, ...]
    places: tuple[str, ...]


class _Words(Data):
    work: _Kind
    private: _Kind


def sessions_source(rng: random.Random, world: World, kind: ArtifactKind) -> Source:
    """A list as it is kept at work, or at home."""
    words = read_toml(_Words, "words", "sessions.toml")
    private = world.setting.persona.private
    about = words.private if private else words.work
    at = rng.randrange(len(about.stems))
    low, high = world.knobs.rows
    days = sorted(
        working_day(world.today + timedelta(days=rng.randint(3, _AHEAD)))
        for _ in range(rng.randint(low, min(high, _MOST)))
    )
    number, title, rows = rng.randint(100, 700), "", list[Row]()
    for day in days:
        number += rng.randint(1, 3)
        begin = rng.randrange(*_HOURS[private], 15)
        whole = world.knobs.level > _PLAIN_LEVEL and rng.random() < _WHOLE_DAY
        times = ("", "") if whole else (clock(begin), clock(begin + rng.choice(_LENGTHS)))
        title = rng.choice([other for other in about.titles if other != title])
        taken = {row[-1] for row in rows if row[2] == day.isoformat()}
        free = [place for place in about.places if place not in taken]
        place = rng.choice(free or about.places)
        rows.append((f"{about.prefix}{number}", title, day.isoformat(), *times, place))
    names = ("id", "title", "day", "start", "end", about.column)
    fields = tuple(
        Field(name, ColumnType.DATE if name == "day" else ColumnType.TEXT, _role(name))
        for name in names
    )
    path = world.input_path(about.stems[at], world.extension(kind), "dates")
    value = RowSet(fields, tuple(rows), key=("id",), topic=about.topics[at])
    return Source(kind, path, value)


def _role(name: str) -> Role:
    return {"id": Role.ID, "day": Role.DATE}.get(name, Role.TEXT)
