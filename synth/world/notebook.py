"""Notes that somebody keeps about the rows of a feed: a file a day, or one long file."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from itertools import chain

from pydantic import RootModel

from clawgym.artifact import ArtifactKind
from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.domain import Domain
from synth.taxonomy.period import working_day
from synth.values import Role, Row, RowSet, plain
from synth.values.texts import Texts
from synth.world.world import World

_SAYING = 4
"""The letters that a word has at least which somebody looks for."""

_TALKS, _ASIDES = 0.4, 0.45
"""How many lines tell of a talk, and how many days have a line on something else."""

_FRESH = 12
"""So many of the latest rows are what one writes about on a day."""

_FEWEST = 5
"""Days with notes, at least."""

_CALLED = (
    "people",
    "housemates",
    "companies",
    "packagers",
    "emails",
    "private_emails",
    "counterparties",
    "associations",
    "keepers",
)
"""The pools of those whom one can write to or hear from."""


class _Words(Data):
    remarks: tuple[str, ...]
    people: tuple[str, ...]
    things: tuple[str, ...]
    tasks: tuple[str, ...]
    chores: tuple[str, ...]
    asides: tuple[str, ...]
    home: tuple[str, ...]
    titles: tuple[str, ...]


class _Remarks(RootModel[dict[str, tuple[str, ...]]]):
    """By domain."""


@cache
def _words() -> _Words:
    return read_toml(_Words, "notebook.toml")


@cache
def _remarks() -> _Remarks:
    return read_toml(_Remarks, "remarks.toml")


class Deck:
    """Sentences that come again only when all of them were used."""

    def __init__(self, rng: random.Random, said: Sequence[str]) -> None:
        self._rng, self._said, self._left = rng, tuple(said), list[str]()

    def draw(self) -> str:
        """The next one."""
        if not self._left:
            self._left = self._rng.sample(self._said, len(self._said))
        return self._left.pop()


def make_tasks(world: World) -> Texts:
    """What somebody has still to do, in one file with a section a day."""
    rng, words = world.rng("tasks"), _words()
    links = {str(link) for link in world.clean_feed.values(_link(world.clean_feed))}
    whole, said = ["# To do"], Deck(rng, words.tasks if _is_called(world) else words.chores)
    for day in _days(rng, world):
        lines = [_entry(rng, world, row, said.draw(), "") for row in _rows(rng, world, day)]
        whole += ["", f"## {day.isoformat()}", "", *_listed(lines)]
    return Texts((("", tuple(whole)),), tuple(sorted(links)))


def make_notes(world: World, *, folder: bool) -> Texts:
    """The notes of a world: in a folder with a file a day, or in one file with a section a day."""
    rng = world.rng("notebook")
    days, title = _noted(rng, world), rng.choice(_words().titles)
    whole = [f"# {title}"]
    for day, lines in days:
        whole += ["", f"## {day.isoformat()}", "", *lines]
    one = (("", tuple(whole)),)
    each = tuple(
        (f"{day.isoformat()}.md", (f"# {title}, {day.isoformat()}", "", *lines))
        for day, lines in days
    )
    families = _families(world)
    return Texts(each if folder else one, tuple(sorted({*chain(*families)})), families)


def _families(world: World) -> tuple[tuple[str, ...], ...]:
    """Whom and what the notes speak of, with what is of one kind together."""
    feed = world.clean_feed
    links = {str(link) for link in feed.values(_link(feed))}
    under = [{_spoken(str(cell)) for cell in feed.values(name)} for name in _telling(feed)]
    colleagues = {name.split()[0] for name in world.backdrop.staff}
    said = [{word for word in found if len(word) >= _SAYING} for found in (links, *under)]
    return tuple(tuple(sorted(words)) for words in (*said, colleagues) if words)


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _noted(rng: random.Random, world: World) -> list[tuple[date, list[str]]]:
    """The lines of each day: on rows, on talks about them, and on other things."""
    words = _words()
    remarks, forms = Deck(rng, remarks_on(world.domain)), Deck(rng, words.remarks)
    talks = Deck(rng, _talks(world))
    asides = list(words.home if world.setting.persona.private else words.asides)
    rng.shuffle(asides)
    days: list[tuple[date, list[str]]] = []
    for day in _days(rng, world):
        lines: list[str] = []
        for row in _rows(rng, world, day):
            talk = rng.random() < _TALKS
            said = talks.draw() if talk else forms.draw()
            lines.append(_entry(rng, world, row, said, "" if talk else remarks.draw()))
        if asides and rng.random() < _ASIDES:
            lines.append(_aside(world, asides.pop()))
        rng.shuffle(lines)
        days.append((day, _listed(lines)))
    return days


def _talks(world: World) -> list[str]:
    """What is said of talks; nobody corrects what a machine has logged."""
    said = _words().people if _is_called(world) else _words().things
    logged = ArtifactKind.LOG in world.domain.entry
    return [line for line in said if not (logged and "{field}" in line)]


def remarks_on(domain: Domain) -> tuple[str, ...]:
    """What people say about rows of a domain, besides what they write in a column for notes."""
    noted = any(column.make == "note" for column in domain.columns)
    return (*_remarks().root[domain.name], *(() if noted else domain.notes))


def _listed(lines: Sequence[str]) -> list[str]:
    return [f"- {line}" for line in lines]


def _days(rng: random.Random, world: World) -> list[date]:
    """Some working days of the period, as soon as there is enough to write about."""
    start, end = world.period.start, world.period.end
    every = {working_day(start + timedelta(days=n)) for n in range((end - start).days + 1)}
    months = sorted(day for day in every if day <= end)
    busy = [day for day in months if len(_known(world.clean_feed, day)) >= _FRESH // 2]
    found = busy if len(busy) >= _FEWEST else months
    count = rng.randint(_FEWEST, 8 + 2 * world.knobs.level)
    return sorted(rng.sample(found, min(len(found), count)))


def _entry(rng: random.Random, world: World, row: Row, entry: str, remark: str) -> str:
    feed = world.clean_feed
    link = _cell(feed, row, _link(feed))
    category = rng.choice(_telling(feed))
    return entry.format(
        id=_cell(feed, row, feed.key[0]),
        link=link.lower() if rng.random() < 0.1 else link,
        category=_spoken(_cell(feed, row, category)),
        field=_spoken(category),
        measure=_spoken(rng.choice(feed.of_role(Role.MEASURE)).name),
        person=_first_name(rng, world.backdrop.staff),
        remark=remark,
    )


def _rows(rng: random.Random, world: World, day: date) -> Sequence[Row]:
    """Two to six of the latest rows."""
    known = _known(world.clean_feed, day) or world.clean_feed.rows
    return rng.sample(known, min(len(known), rng.randint(2, 6)))


def _known(feed: RowSet, day: date) -> Sequence[Row]:
    """The latest rows of that day or earlier; all where they have no day."""
    dates = feed.of_role(Role.DATE)
    if not dates:
        return feed.rows
    at = feed.index(dates[0].name)
    before = [row for row in feed.rows if str(row[at]) <= day.isoformat()]
    return sorted(before, key=lambda row: str(row[at]))[-_FRESH:]


def _is_called(world: World) -> bool:
    return world.domain.dimension.pool in _CALLED


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
