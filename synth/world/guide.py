"""Guides that people work by: what holds for all, who looks at what, and whom to call."""

import random
import re
from collections.abc import Sequence
from functools import cache

from synth.taxonomy._toml import Data, read_toml
from synth.values import Role
from synth.values.text import TextFile
from synth.world.world import World

_FIGURE = re.compile(r"\b\d+(?= days)")
_WHOM = "Who to ask"
_LONG = (60, 90, 180, 360)

_Section = tuple[str, list[str]]


class _Words(Data):
    headings: tuple[str, ...]
    work: tuple[str, ...]
    home: tuple[str, ...]
    heads: tuple[str, ...]


@cache
def _words() -> _Words:
    return read_toml(_Words, "words", "guides.toml")


def make_guides(rng: random.Random, world: World) -> tuple[TextFile, TextFile]:
    """A guide as it was, and as it is now: each line of it stands there once."""
    plural = world.domain.plural
    rules = _rules(rng, world)
    rng.shuffle(rules)
    count = rng.randint(5, 7)
    names = [*world.backdrop.staff, _newcomer(rng, world)]
    calls, later = _calls(rng, world, names), _calls(rng, world, names)
    moved = rng.randrange(1, len(names) - 1)
    general = rng.choice(_words().headings)
    areas = _areas(rng, world)
    old = [(general, rules[:count]), *areas, (_WHOM, calls[:-1])]
    new = [
        (general, [*_refigured(rng, rules[: count - 1]), rules[count]]),
        *((heading, _handed_over(rng, lines, names)) for heading, lines in areas),
        (_WHOM, [*calls[1:moved], later[moved], *calls[moved + 1 :]]),
    ]
    return _guide(plural, old), _guide(plural, new)


def _guide(plural: str, sections: Sequence[_Section]) -> TextFile:
    lines = [f"# How we handle {plural}"]
    for heading, said in sections:
        lines += ["", f"## {heading}", "", *(f"- {line}" for line in said)]
    return TextFile("\n".join(lines) + "\n")


def _newcomer(rng: random.Random, world: World) -> str:
    """Somebody whom nobody mixes up with the others, called by the first name where they are."""
    staff = world.backdrop.staff
    known = {word for name in staff for word in name.split()}
    found = next(name for name in world.locale.names(rng, 24) if known.isdisjoint(name.split()))
    return found if any(" " in name for name in staff) else found.split()[0]


def _calls(rng: random.Random, world: World, names: Sequence[str]) -> list[str]:
    """How each of them is reached: by extension at work, in the evening at home."""
    if world.setting.persona.private:
        times = [f"{hour}:{minute}" for hour in (17, 18, 19, 20) for minute in ("00", "15", "30")]
        said = [f"call after {time}" for time in rng.sample(times, len(names))]
    else:
        said = [f"extension {number}" for number in rng.sample(range(200, 899), len(names))]
    return [f"{name}: {way}." for name, way in zip(names, said, strict=True)]


def _rules(rng: random.Random, world: World) -> list[str]:
    """Every rule there could be, with its figures."""
    said = _words().home if world.setting.persona.private else _words().work
    plural = world.domain.plural
    return [
        rule.format(plural=plural, n=rng.randint(2, 9), long=rng.choice(_LONG)) for rule in said
    ]


def _areas(rng: random.Random, world: World) -> list[_Section]:
    """For each column of a few words, who looks at which of them; yes and no are none."""
    feed, areas = world.clean_feed, list[_Section]()
    heads = rng.sample(_words().heads, len(_words().heads))
    for number, field in enumerate(feed.of_role(Role.CATEGORY)):
        values = sorted({str(value) for value in feed.values(field.name)})
        if {"yes", "no"} & {*values}:
            continue
        head, lines = heads[number % len(heads)], list[str]()
        for value in values:
            name, other = rng.sample(world.backdrop.staff, 2)
            lines.append(f"{value.replace('_', ' ')}: {head.format(name=name, other=other)}")
        areas.append((f"By {field.name.replace('_', ' ')}", lines))
    return areas


def _refigured(rng: random.Random, lines: Sequence[str]) -> list[str]:
    """The lines, two of them with another figure where two have one."""
    places = [place for place, line in enumerate(lines) if _FIGURE.search(line)]
    chosen = rng.sample(places, min(2, len(places)))
    return [
        _FIGURE.sub(lambda found: _other(rng, int(found[0])), line) if place in chosen else line
        for place, line in enumerate(lines)
    ]


def _other(rng: random.Random, days: int) -> str:
    return str(days + (rng.choice((30, 60)) if days >= _LONG[0] else rng.randint(1, 5)))


def _handed_over(rng: random.Random, lines: Sequence[str], names: Sequence[str]) -> list[str]:
    """The lines, one of them with somebody else who is asked first."""
    place = rng.randrange(len(lines))
    value, colon, said = lines[place].partition(": ")
    first = min((name for name in names if name in said), key=said.index)
    free = [name for name in names if name not in said]
    told = said.replace(first, rng.choice(free))
    return [*lines[:place], f"{value}{colon}{told}", *lines[place + 1 :]]
