"""Contacts: a list of people with how to reach them, some of it missing."""

import random

from clawgym.artifact import ArtifactKind, ColumnType
from synth.taxonomy._toml import Data, read_toml
from synth.values import Cell, Field, Role, Row, RowSet
from synth.world.cast import Person, make_cast, make_firms, make_phone
from synth.world.source import Source
from synth.world.world import World

TOPIC = "contacts"
_MOST = 24
_WITHOUT_PHONE = 0.15
_WITHOUT_EMAIL = 0.1


class _Kind(Data):
    column: str
    values: tuple[str, ...]
    stems: tuple[str, ...]


class _Words(Data):
    work: _Kind
    private: _Kind


def contacts_source(rng: random.Random, world: World, kind: ArtifactKind) -> Source:
    """A list as it is kept at work, or at home."""
    words = read_toml(_Words, "words", "contacts.toml")
    private = world.setting.persona.private
    about = words.private if private else words.work
    low, high = world.knobs.rows
    people = make_cast(rng, rng.randint(min(low, _MOST), min(high, _MOST)))
    firms = [] if private else make_firms(rng, rng.randint(3, 7))
    rows: list[Row] = [_row(rng, person, firms, about) for person in people]
    names = ("name", *(() if private else ("company",)), about.column, "email", "phone")
    fields = tuple(Field(name, ColumnType.TEXT, Role.TEXT) for name in names)
    path = world.input_path(rng.choice(about.stems), world.extension(kind), "people")
    return Source(kind, path, RowSet(fields, tuple(rows), key=("name",), topic=TOPIC))


def _row(rng: random.Random, person: Person, firms: list[str], about: _Kind) -> tuple[Cell, ...]:
    firm = (rng.choice(firms),) if firms else ()
    phone = "" if rng.random() < _WITHOUT_PHONE else make_phone(rng)
    without = bool(phone) and rng.random() < _WITHOUT_EMAIL
    return (person.name, *firm, rng.choice(about.values), "" if without else person.email, phone)
