"""What stands in files that people keep: by extension, and about the world's own matters."""

import csv
import io
import json
import random

from synth.values import plain
from synth.world.world import World

_SENTENCES = (
    "Went through the {plural} with {link} and corrected two of them.",
    "{link} asked for a copy; sent on {day}.",
    "The {plural} before {day} are complete, the later ones still need a second look.",
    "{link} will check the figures again before they go out.",
    "Nothing new since {day}.",
    "Please file this with the other {plural} of the month.",
    "Two {plural} were entered twice and have been taken out.",
    "Numbers agreed with {link} by phone on {day}.",
    "The list of {day} replaces the one before it.",
    "{link} prefers to be asked by mail.",
)
_HEADINGS = ("Summary", "Open points", "Agreed", "Changes", "Remarks")


def paper(rng: random.Random, world: World, name: str) -> str:
    """The text of a file of that name: rows in tables, records in JSON, sentences elsewhere."""
    extension = name.rpartition(".")[2].lower()
    if extension in ("csv", "tsv"):
        return _table(rng, world, "\t" if extension == "tsv" else ",")
    if extension == "json":
        return _records(rng, world)
    lines = [_sentence(rng, world) for _ in range(rng.randint(2, 6))]
    if extension == "md":
        lines = [f"# {_title(name)}", "", *lines[:2], "", f"## {rng.choice(_HEADINGS)}", ""] + [
            f"- {line}" for line in lines[2:] or [_sentence(rng, world)]
        ]
    elif extension == "html":
        body = "".join(f"<p>{line}</p>" for line in lines)
        lines = [f"<html><head><title>{_title(name)}</title></head>", f"<body>{body}</body></html>"]
    elif extension == "xml":
        lines = ["<notes>", *(f"  <note>{line}</note>" for line in lines), "</notes>"]
    return "\n".join(lines) + rng.choice(("\n", "\n", ""))


def _title(name: str) -> str:
    stem = name.rpartition("/")[2].rpartition(".")[0]
    return stem.replace("_", " ").replace("-", " ").capitalize()


def _sentence(rng: random.Random, world: World) -> str:
    domain, feed = world.domain, world.clean_feed
    days = [
        str(cell)
        for field in feed.fields
        if field.type == "date"
        for cell in feed.values(field.name)
    ]
    said = rng.choice(_SENTENCES).format(
        plural=domain.plural,
        link=rng.choice(world.links),
        day=rng.choice([day for day in days if day] or [world.today.isoformat()]),
    )
    return said[:1].upper() + said[1:]


def _table(rng: random.Random, world: World, comma: str) -> str:
    feed, out = world.clean_feed, io.StringIO()
    writer = csv.writer(out, lineterminator="\n", delimiter=comma)
    writer.writerow(feed.names)
    rows = rng.sample(feed.rows, min(len(feed.rows), rng.randint(3, 9)))
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return out.getvalue()


def _records(rng: random.Random, world: World) -> str:
    feed = world.clean_feed
    rows = rng.sample(feed.rows, min(len(feed.rows), rng.randint(2, 5)))
    objects = [dict(zip(feed.names, row, strict=True)) for row in rows]
    return json.dumps(objects, ensure_ascii=False, indent=2) + "\n"
