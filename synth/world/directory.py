"""Facts about a world's links as another office keeps them: names typed in another way."""

import random
from dataclasses import replace

from synth.values import Row, RowSet
from synth.world.source import Source
from synth.world.world import World


def directory_source(world: World) -> Source:
    """The facts about the links in a file of its own, with names that match only by and large."""
    kind = world.dimension_source().kind
    path = world.input_path(f"{world.domain.dimension.stem}_directory", world.extension(kind))
    return Source(kind, path, make_directory(world.rng("directory"), world.dimension))


def make_directory(rng: random.Random, facts: RowSet) -> RowSet:
    """The same facts under a key column called otherwise, with stray capitals, dots and blanks."""
    name = f"{facts.names[0]}_name"
    rows: list[Row] = [(_retype(rng, str(row[0])), *row[1:]) for row in facts.rows]
    fields = (replace(facts.fields[0], name=name), *facts.fields[1:])
    return replace(facts, fields=fields, rows=tuple(rows), key=(name,))


def _retype(rng: random.Random, name: str) -> str:
    return rng.choice(
        (
            name,
            name.upper(),
            name.lower(),
            f"{name} ",
            name.replace(" ", "  ", 1),
            name.replace(".", ""),
            f"{name}.",
        )
    )
