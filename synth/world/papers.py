"""What stands in files that people keep: what their names promise, from about their day."""

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache

from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.period import working_day
from synth.world.cast import make_firms
from synth.world.scans import jpeg, pdf, png
from synth.world.world import World

_TABLES = ("csv", "tsv", "json", "xml")
_IMAGES = ("png", "jpg")


class Paper(Data):
    """Something that people keep, as `data/papers.toml` tells of it."""

    stems: tuple[str, ...]
    ends: tuple[str, ...]
    folder: str = ""
    handovers: tuple[str, ...] = ()
    head: str = ""
    lines: tuple[str, ...] = ()
    columns: str = ""
    rows: tuple[str, ...] = ()

    def suits(self, ending: str) -> bool:
        """Whether such a paper comes with that extension."""
        return ending in self.ends


class _PaperFile(Data):
    paper: tuple[Paper, ...]


@cache
def papers() -> tuple[Paper, ...]:
    """Every kind of paper."""
    return read_toml(_PaperFile, "papers.toml").paper


def content(rng: random.Random, world: World, kind: Paper, ending: str, day: date) -> bytes:
    """A paper of a kind as a file with that extension, written on that day."""
    if ending in _IMAGES:
        return png(rng) if ending == "png" else jpeg(rng)
    if ending == "pdf":
        return pdf([line for line in _text(rng, world, kind, day) if line])
    return paper(rng, world, kind, ending, day).encode()


def paper(rng: random.Random, world: World, kind: Paper, ending: str, day: date) -> str:
    """A paper that is a text: rows in tables, records in JSON, sentences elsewhere."""
    if ending in _TABLES and kind.columns:
        return _table(rng, world, kind, ending, day)
    lines = _text(rng, world, kind, day)
    if ending == "log":
        return _log(rng, lines, day)
    if ending == "md":
        lines = [f"# {lines[0]}", "", *(f"- {line}" for line in lines[1:])]
    elif ending == "html":
        body = "".join(f"<p>{line}</p>\n" for line in lines[1:])
        head = f"<html><head><title>{lines[0]}</title></head>"
        lines = [head, f"<body>\n<h1>{lines[0]}</h1>\n{body}</body></html>"]
    return "\n".join(lines) + "\n"


def _log(rng: random.Random, lines: Sequence[str], day: date) -> str:
    """Lines with the time, one after the other."""
    seconds, logged = rng.randint(0, 60_000), list[str]()
    for line in lines:
        seconds += rng.randint(1, 400)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        logged.append(f"{day} {clock} {line}")
    return "\n".join(logged) + "\n"


def _text(rng: random.Random, world: World, kind: Paper, day: date) -> list[str]:
    """The head, if there is one, and some of the lines in their order."""
    count = rng.randint(min(3, len(kind.lines)), len(kind.lines))
    places = sorted(rng.sample(range(len(kind.lines)), count))
    people = world.locale.names(rng, 2)
    said = [kind.lines[place].format(**_words(rng, world, day, people)) for place in places]
    return [kind.head.format(**_words(rng, world, day, people)), *said] if kind.head else said


def _table(rng: random.Random, world: World, kind: Paper, ending: str, day: date) -> str:
    names, people = kind.columns.split("|"), world.locale.names(rng, 8)
    made = [
        rng.choice(kind.rows).format(**_words(rng, world, day, rng.sample(people, 2))).split("|")
        for _ in range(rng.randint(3, 9))
    ]
    made = sorted({row[0] if names[0] == "name" else "|".join(row): row for row in made}.values())
    if ending == "json":
        objects = [dict(zip(names, row, strict=True)) for row in made]
        return json.dumps(objects, ensure_ascii=False, indent=2) + "\n"
    if ending == "xml":
        return (
            "\n".join(["<entries>", *(_element(names, row) for row in made), "</entries>"]) + "\n"
        )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", delimiter="\t" if ending == "tsv" else ",")
    writer.writerows([names, *made])
    return out.getvalue()


def _element(names: Sequence[str], row: Sequence[str]) -> str:
    cells = [
        f"<{name}>{cell.replace('&', '&amp;')}</{name}>"
        for name, cell in zip(names, row, strict=True)
    ]
    return f"  <entry>{''.join(cells)}</entry>"


def _words(rng: random.Random, world: World, day: date, people: Sequence[str]) -> Mapping[str, str]:
    """What a line says in braces; days before and after are days of work."""
    name, other = people
    return {
        "day": day.isoformat(),
        "before": working_day(day - timedelta(days=rng.randint(2, 20))).isoformat(),
        "after": working_day(day + timedelta(days=rng.randint(3, 25))).isoformat(),
        "name": name,
        "other": other,
        "first": name.split()[0],
        "firm": make_firms(rng, 1)[0],
        "town": rng.choice(world.locale.cities),
        "amount": f"{rng.randint(2, 90)}.{rng.choice(('00', '20', '50', '90'))}",
        "large": f"{rng.randint(4, 60) * 25}.00",
        "minutes": str(rng.randint(2, 24) * 10),
        "width": str(rng.randint(30, 80) * 5),
        "length": str(rng.randint(60, 150) * 5),
        "few": str(rng.randint(2, 12)),
        "n": str(rng.randint(3, 60)),
        "number": str(rng.randint(1000, 9999)),
    }
