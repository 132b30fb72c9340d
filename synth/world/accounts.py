"""Accounts: invoices with those who have to pay them."""

import random
from datetime import timedelta

from clawgym.artifact import ColumnType
from synth.values import Field, Role, Row, RowSet, matter
from synth.world.cast import Person, make_cast
from synth.world.world import World

_FIELDS = (
    Field("invoice", ColumnType.TEXT, Role.ID),
    Field("contact", ColumnType.TEXT, Role.LINK),
    Field("email", ColumnType.TEXT, Role.TEXT),
    Field("due", ColumnType.DATE, Role.DATE),
    Field("status", ColumnType.TEXT, Role.CATEGORY),
    Field("amount", ColumnType.NUMBER, Role.MEASURE),
)
_DUE = range(-60, 40)
"""When an invoice may be due, in days from today."""

_ALONE = 16
"""Of how many at most each may be somebody else's."""


def make_accounts(rng: random.Random, world: World) -> RowSet:
    """Some paid, some open, of these some overdue; people have one each, or most have several."""
    count = rng.randint(*world.knobs.rows) + 4
    alone = count <= _ALONE and rng.random() < 0.5
    people = make_cast(rng, count if alone else 4 + world.knobs.level)
    number, rows = rng.randint(1000, 7000), list[Row]()
    taken: set[tuple[Person, int]] = set()  # nobody owes two amounts on the same day
    owed: list[tuple[int, Person]] = []
    for place in range(count):
        person = people[place] if alone else rng.choice(people)
        days = rng.choice([days for days in _DUE if (person, days) not in taken])
        taken.add((person, days))
        owed.append((days, person))
    for days, person in sorted(owed, key=lambda one: one[0]):
        number += rng.randint(1, 7)
        due = world.today + timedelta(days=days)
        status = rng.choice(("open", "open", "paid", "disputed"))
        amount = rng.randint(900, 240000) / 100
        rows.append((f"N{number}", person.name, person.email, due.isoformat(), status, amount))
    return RowSet(
        _FIELDS, tuple(rows), key=("invoice",), topic="invoices", subject=matter("accounts")
    )
