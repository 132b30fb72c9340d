"""Letters, tickets and logs in which people can be recognised."""

import random
import tomllib
from datetime import timedelta
from functools import cache
from importlib.resources import files

from clawgym.artifact import ArtifactKind, ColumnType
from synth.values import Field, Role, Row, matter
from synth.values.personal import PersonalRows, PersonalText, Private
from synth.world.cast import Person, make_cast, make_firms, make_iban, make_phone
from synth.world.world import World

_TICKETS = (
    Field("ticket", ColumnType.TEXT, Role.ID),
    Field("opened", ColumnType.DATE, Role.DATE),
    Field("contact", ColumnType.TEXT, Role.TEXT),
    Field("email", ColumnType.TEXT, Role.TEXT),
    Field("phone", ColumnType.TEXT, Role.TEXT),
    Field("channel", ColumnType.TEXT, Role.CATEGORY),
    Field("minutes", ColumnType.INTEGER, Role.MEASURE),
    Field("note", ColumnType.TEXT, Role.TEXT),
)
_ACCESSES = (
    Field("time", ColumnType.TEXT, Role.ID),
    Field("level", ColumnType.TEXT, Role.CATEGORY),
    Field("component", ColumnType.TEXT, Role.CATEGORY),
    Field("message", ColumnType.TEXT, Role.TEXT),
    Field("user", ColumnType.TEXT, Role.TEXT),
    Field("ip", ColumnType.TEXT, Role.TEXT),
    Field("callback", ColumnType.TEXT, Role.TEXT),
    Field("duration_ms", ColumnType.INTEGER, Role.MEASURE),
)


@cache
def _words() -> dict[str, tuple[str, ...]]:
    text = files("synth").joinpath("data", "words", "personal.toml").read_text(encoding="utf-8")
    return {key: tuple(words) for key, words in tomllib.loads(text).items()}


class _Contacts:
    """What is private about each of some people, and who works here."""

    def __init__(self, rng: random.Random, count: int, gap: str = " ") -> None:
        cast = make_cast(rng, count + 2)
        self.people, self.staff = cast[2:], cast[:2]
        self.firms = make_firms(rng, 3)
        self.phones = {person: make_phone(rng, gap) for person in self.people}
        self.ibans = {person: make_iban(rng) for person in self.people}

    def fill(
        self, rng: random.Random, world: World, template: str, person: Person, days: int
    ) -> str:
        """A sentence on a person, of a day that lies so many `days` back."""
        day = world.today - timedelta(days=days)
        return template.format(
            name=person.name,
            email=person.email,
            phone=self.phones[person],
            iban=self.ibans[person],
            staff=rng.choice(self.staff).name,
            firm=rng.choice(self.firms),
            date=day.isoformat(),
            feed=world.domain.plural,
            order=f"{rng.choice(('RQ', 'BX'))}-{rng.randint(1000, 9999)}-{rng.randint(100, 999)}",
        )

    def private(self, text: str) -> tuple[Private, ...]:
        """Everything private that stands in a text."""
        every = [Private("name", person.name) for person in (*self.people, *self.staff)]
        every += [Private("email", person.email) for person in self.people]
        every += [Private("phone", phone) for phone in self.phones.values()]
        every += [Private("iban", iban) for iban in self.ibans.values()]
        return tuple(item for item in every if item.text in text)


def make_letters(rng: random.Random, world: World) -> PersonalText:
    """A Markdown file of notes on cases, one section a case."""
    words, contacts = _words(), _Contacts(rng, 4 + world.knobs.level)
    house = f"{world.house}, " if world.house else ""
    lines = [f"# Case notes, {house}{world.today:%B %Y}", ""]
    count = 4 + world.knobs.level
    days = sorted((rng.randint(2, 60) for _ in range(count)), reverse=True)
    for number, ago in enumerate(days, 1):
        person = rng.choice(contacts.people)
        reached, other = rng.sample(words["contacts"], 2)
        third = rng.choice((rng.choice(words["payments"]), other))
        told = [rng.choice(words["openings"]), reached, third, rng.choice(words["fillers"])]
        said = [
            contacts.fill(rng, world, template, person, ago)
            for template in told[: rng.randint(3, 4)]
        ]
        lines += [f"## Case {number}", "", " ".join(said), ""]
    text = "\n".join(lines)
    return PersonalText(text, contacts.private(text))


def make_tickets(rng: random.Random, world: World) -> PersonalRows:
    """A ticket export with contacts in columns of their own, and in the notes."""
    words, contacts = _words(), _Contacts(rng, 5 + world.knobs.level)
    rows: list[Row] = []
    count = rng.randint(*world.knobs.rows)
    days = sorted(world.today - timedelta(days=rng.randint(1, 90)) for _ in range(count))
    for number, day in enumerate(days):
        person = rng.choice(contacts.people)
        note = ""
        if rng.random() < 0.3 + world.knobs.mess / 2:
            note = contacts.fill(rng, world, rng.choice(words["notes"]), person, 0)
        reached = (person.email, contacts.phones[person] if rng.random() < 0.7 else "")
        rows.append(
            (
                f"T-{1200 + number * 3 + rng.randint(0, 2)}",
                day.isoformat(),
                person.name,
                *reached,
                rng.choice(("mail", "phone", "desk", "chat")),
                rng.randint(3, 55),
                note,
            )
        )
    text = "\n".join(str(cell) for row in rows for cell in row)
    return PersonalRows(
        _TICKETS,
        tuple(rows),
        key=("ticket",),
        topic="tickets",
        subject=matter("tickets"),
        private=contacts.private(text),
    )


def make_accesses(rng: random.Random, world: World) -> PersonalRows:
    """The log of a service that people sign in to."""
    words, contacts = _words(), _Contacts(rng, 4 + world.knobs.level, gap="-")
    addresses = [
        f"{rng.choice((192, 198, 203))}.{rng.randint(0, 99)}.0.{rng.randint(1, 254)}"
        for _ in range(5)
    ]
    rows: list[Row] = []
    seconds = 0
    for _ in range(rng.randint(*world.knobs.rows)):
        seconds += rng.randint(20, 900)
        person = rng.choice(contacts.people)
        clock = f"{6 + seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        rows.append(
            (
                f"{world.today.isoformat()}T{clock}Z",
                rng.choice(("INFO", "INFO", "WARN")),
                rng.choice(("auth", "portal", "export")),
                rng.choice(words["messages"]),
                person.email,
                rng.choice(addresses),
                contacts.phones[person],
                rng.randint(12, 900),
            )
        )
    private = contacts.private("\n".join(str(cell) for row in rows for cell in row))
    private += tuple(
        Private("ip", address) for address in addresses if any(address in row for row in rows)
    )
    return PersonalRows(_ACCESSES, tuple(rows), key=("time",), topic="accesses", private=private)


MAKERS = {
    ArtifactKind.DOCUMENT: make_letters,
    ArtifactKind.TABLE: make_tickets,
    ArtifactKind.RECORDS: make_tickets,
    ArtifactKind.LOG: make_accesses,
}
STEMS = {
    ArtifactKind.DOCUMENT: "case-notes",
    ArtifactKind.TABLE: "tickets",
    ArtifactKind.RECORDS: "tickets",
    ArtifactKind.LOG: "portal",
}
PLACES = {
    ArtifactKind.DOCUMENT: "cases",
    ArtifactKind.TABLE: "support",
    ArtifactKind.RECORDS: "support",
    ArtifactKind.LOG: "support",
}
