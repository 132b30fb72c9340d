"""Working notes in which the same points were pasted more than once."""

import random

from synth.values import Role, RowSet, plain
from synth.values.text import TextFile
from synth.world.world import World

_HEADINGS = ("Monday", "From the call", "Still open", "Later", "Collected by mail", "Second list")


def make_pasted(rng: random.Random, world: World) -> TextFile:
    """A Markdown page of bullet points under headings, some of them there again, retyped."""
    points = _points(rng, world.clean_feed)
    headings = rng.sample(_HEADINGS, min(len(_HEADINGS), rng.randint(2, 4)))
    parts: list[list[str]] = [[] for _ in headings]
    for number, point in enumerate(points):
        parts[number * len(parts) // len(points)].append(point)
    for point in rng.sample(points, max(2, len(points) // 4)):
        part = parts[rng.randrange(len(parts))]
        part.insert(rng.randint(0, len(part)), _retyped(rng, point))
    lines = [f"# Notes on {world.domain.feed.replace('_', ' ')}", ""]
    for heading, part in zip(headings, parts, strict=True):
        lines += [f"## {heading}", "", *(f"- {point}" for point in part), ""]
    return TextFile("\n".join(lines))


def _points(rng: random.Random, feed: RowSet) -> list[str]:
    shown = [feed.index(field.name) for field in feed.of_role(Role.LINK, Role.CATEGORY)][:2]
    rows = rng.sample(feed.rows, min(len(feed.rows), rng.randint(8, 20)))
    place = feed.index(feed.key[0])
    verbs = ("check", "ask about", "confirm", "look up", "write a note on")
    return [
        f"{rng.choice(verbs)} {row[place]} ({', '.join(plain(row[at]) for at in shown)})"
        for row in rows
    ]


def _retyped(rng: random.Random, point: str) -> str:
    return rng.choice((point, point, point.capitalize(), f"{point}  ", point.replace(" ", "  ", 1)))
