"""Working notes in which the same points were pasted more than once."""

import random

from synth.values import Role, plain
from synth.values.text import TextFile
from synth.world.notebook import Deck, remarks_on
from synth.world.world import World

_HEADINGS = ("Monday", "From the call", "Still open", "Later", "Collected by mail", "Second list")


def make_pasted(rng: random.Random, world: World) -> TextFile:
    """A Markdown page of bullet points under headings, some of them there again, retyped."""
    points = _points(rng, world)
    headings = rng.sample(_HEADINGS, min(len(_HEADINGS), rng.randint(2, 4)))
    parts: list[list[str]] = [[] for _ in headings]
    for number, point in enumerate(points):
        parts[number * len(parts) // len(points)].append(point)
    for point in rng.sample(points, max(2, len(points) // 4)):
        part = parts[rng.randrange(len(parts))]
        part.insert(rng.randint(0, len(part)), _retyped(rng, point))
    lines = [f"# Notes on the {world.domain.plural}", ""]
    for heading, part in zip(headings, parts, strict=True):
        lines += [f"## {heading}", "", *(f"- {point}" for point in part), ""]
    return TextFile("\n".join(lines))


def _points(rng: random.Random, world: World) -> list[str]:
    feed, remarks = world.clean_feed, Deck(rng, remarks_on(world.domain))
    about, place = feed.index(feed.of_role(Role.LINK)[0].name), feed.index(feed.key[0])
    rows = rng.sample(feed.rows, min(len(feed.rows), rng.randint(8, 20)))
    return [f"{row[place]} ({plain(row[about])}): {remarks.draw()}" for row in rows]


def _retyped(rng: random.Random, point: str) -> str:
    return rng.choice((point, point, point.lower(), f"{point}  ", point.replace(" ", "  ", 1)))
