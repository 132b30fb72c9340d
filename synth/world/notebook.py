"""Notes that somebody keeps about the rows of a feed: a file a day, or one long file."""

import random
import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from synth.taxonomy.period import working_day
from synth.values import Role, Row, RowSet, plain
from synth.values.texts import Texts
from synth.world.world import World

_SPREAD = 3
"""How many days, at most, lie between two days with notes, weekends aside."""

_SAYING = 4
"""The letters that a word has at least which somebody looks for."""


_CALLED = ("people", "companies", "emails", "counterparties", "associations")
"""The pools of those whom one can call or tell something."""


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    entries: tuple[str, ...]
    tasks: tuple[str, ...]
    things: tuple[str, ...]
    asides: tuple[str, ...]
    titles: tuple[str, ...]


@cache
def _words() -> _Words:
    text = files("synth").joinpath("data", "notebook.toml").read_text(encoding="utf-8")
    return _Words.model_validate(tomllib.loads(text))


def make_tasks(world: World) -> Texts:
    """What somebody has still to do, in one file with a section a day."""
    rng, words = world.rng("tasks"), _words()
    links = {str(link) for link in world.clean_feed.values(_link(world.clean_feed))}
    whole = ["# To do"]
    said = words.tasks if world.domain.dimension.pool in _CALLED else words.things
    for day, lines in _days(rng, world, said, ()):
        whole += ["", f"## {day.isoformat()}", "", *lines]
    return Texts((("", tuple(whole)),), tuple(sorted(links)))


def make_notes(world: World, *, folder: bool) -> Texts:
    """The notes of a world: in a folder with a file a day, or in one file with a section a day."""
    rng, words = world.rng("notebook"), _words()
    days = _days(rng, world, words.entries, words.asides)
    if folder:
        title = rng.choice(_words().titles)
        return Texts(
            tuple(
                (f"{day.isoformat()}.md", (f"# {title}, {day.isoformat()}", "", *lines))
                for day, lines in days
            ),
            _terms(world),
        )
    whole = [f"# {rng.choice(_words().titles)}"]
    for day, lines in days:
        whole += ["", f"## {day.isoformat()}", "", *lines]
    return Texts((("", tuple(whole)),), _terms(world))


def _terms(world: World) -> tuple[str, ...]:
    """Whom and what the notes speak of."""
    feed = world.clean_feed
    names = [field.name for field in feed.of_role(Role.LINK, Role.CATEGORY)]
    values = {str(value) for name in names for value in feed.values(name)}
    said = {value for value in values if len(value) >= _SAYING}
    return tuple(sorted(said | {name.split()[0] for name in world.backdrop.staff}))


def _days(
    rng: random.Random, world: World, entries: Sequence[str], asides: Sequence[str]
) -> list[tuple[date, list[str]]]:
    count = rng.randint(5, 8 + 2 * world.knobs.level)
    day = world.today - timedelta(days=count * (_SPREAD + 2))
    days: list[tuple[date, list[str]]] = []
    for _ in range(count):
        day = working_day(day + timedelta(days=rng.randint(1, _SPREAD)))
        lines = [_entry(rng, world, rng.choice(entries)) for _ in range(rng.randint(2, 6))]
        some = rng.sample(asides, min(len(asides), rng.randint(0, 2)))
        lines += [_aside(world, said) for said in some]
        rng.shuffle(lines)
        days.append((day, [f"- {line}" for line in lines]))
    return days


def _entry(rng: random.Random, world: World, entry: str) -> str:
    feed = world.clean_feed
    row = rng.choice(feed.rows)
    measure = rng.choice(feed.of_role(Role.MEASURE)).name
    link = _cell(feed, row, _link(feed))
    category = rng.choice(_telling(feed))
    return entry.format(
        id=_cell(feed, row, feed.key[0]),
        link=link.lower() if rng.random() < 0.15 else link,
        category=_cell(feed, row, category),
        field=category.replace("_", " "),
        measure=measure.replace("_", " "),
        figure=_cell(feed, row, measure),
        person=_first_name(rng, world.backdrop.staff),
    )


def _link(feed: RowSet) -> str:
    return feed.of_role(Role.LINK)[0].name


def _telling(feed: RowSet) -> list[str]:
    """The columns of which one says `X is under Y`; all where each has yes and no only."""
    names = [field.name for field in feed.of_role(Role.CATEGORY)]
    said = [name for name in names if not {"yes", "no"} & {*feed.values(name)}]
    return said or names


def _aside(world: World, said: str) -> str:
    return said.format(person=_first_name(world.rng(f"aside {said}"), world.backdrop.staff))


def _first_name(rng: random.Random, staff: Sequence[str]) -> str:
    return rng.choice(staff).split()[0]


def _cell(feed: RowSet, row: Row, name: str) -> str:
    return plain(row[feed.index(name)])
