"""Meetings: notes, chats and threads in which things are agreed, moved, handed over and dropped."""

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from clawgym.artifact import ArtifactKind
from synth.taxonomy.period import working_day
from synth.values.minutes import Item, Notes
from synth.world.cast import Person, make_cast
from synth.world.world import World

_Act = Literal["take", "move", "hand", "drop", "decide", "leave", "filler"]


class _Matter(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    functions: tuple[str, ...]
    tasks: tuple[str, ...]
    decisions: tuple[str, ...]
    questions: tuple[str, ...]


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    matter: tuple[_Matter, ...]
    fillers: tuple[str, ...]
    chatter: tuple[str, ...]
    notes: dict[str, tuple[str, ...]]
    said: dict[str, tuple[str, ...]]


@cache
def _words() -> _Words:
    text = files("synth").joinpath("data", "words", "meetings.toml").read_text(encoding="utf-8")
    return _Words.model_validate(tomllib.loads(text))


def _matter_of(function: str) -> _Matter:
    """What people of a function talk about."""
    every = _words().matter
    return next((matter for matter in every if function in matter.functions), every[0])


@dataclass(frozen=True)
class _Event:
    act: _Act
    item: Item
    speaker: Person
    other: Person
    due: date
    day: date


def make_notes(rng: random.Random, world: World, kind: ArtifactKind) -> Notes:
    """What was said, as minutes in Markdown, as a chat log, or as a thread of mails."""
    people = make_cast(rng, 3 + min(world.knobs.level, 4))
    day = world.today - timedelta(days=rng.randint(1, 6))
    while not _is_working(day):
        day -= timedelta(days=1)
    matter = _matter_of(world.setting.persona.function)
    events, items, dropped = _agree(rng, world.knobs.level, matter, people, day)
    text = _WRITERS[kind](rng, events, people, day)
    return Notes(text, tuple(items), tuple(dropped), day)


def _agree(
    rng: random.Random, level: int, matter: _Matter, people: Sequence[Person], day: date
) -> tuple[list[_Event], list[Item], list[Item]]:
    """The events in their order, what holds at the end, and what does not."""
    events, later = list[_Event](), list[_Event]()
    prefix, number = rng.choice(("AP", "RF", "ST", "WG")), rng.randint(10, 60)
    items, dropped = list[Item](), list[Item]()
    sample = rng.sample(matter.tasks, 3 + level)
    ahead = [n for n in range(4, 90) if _is_working(day + timedelta(days=n))]
    # one day each: a date tells whose task is meant
    days = rng.sample([n for n in ahead if n < 41], len(sample))
    for task, after in zip(sample, tuple(days), strict=True):
        number += rng.randint(1, 4)
        owner, other = rng.sample(list(people), 2)
        due = day + timedelta(days=after)
        item = Item(
            "action", f"{prefix}-{number}", task, owner.name, owner.email, due, owner.name, due
        )
        events.append(_Event("take", item, owner, other, due, day))
        fate = rng.random()
        if fate < 0.1 + level / 30 and len(sample) - len(dropped) > 3:
            later.append(_Event("drop", item, owner, other, due, day))
            dropped.append(item)
            continue
        if fate < 0.2 + level / 14:
            days.append(rng.choice([n for n in ahead if 3 <= n - after < 40 and n not in days]))
            moved = day + timedelta(days=days[-1])
            later.append(_Event("move", item, owner, other, moved, day))
            item = replace(item, due=moved)
        if fate > 0.9 - level / 14:
            later.append(_Event("hand", item, owner, other, due, day))
            item = replace(item, owner=other.name, email=other.email)
        items.append(item)
    extra: list[_Event] = []
    for kind, act, texts in (
        ("decision", "decide", matter.decisions),
        ("open", "leave", matter.questions),
    ):
        for text in rng.sample(texts, 2 + (level > 3)):
            number += rng.randint(1, 4)
            item = Item("decision" if kind == "decision" else "open", f"{prefix}-{number}", text)
            extra.append(
                _Event(
                    "decide" if act == "decide" else "leave", item, people[0], people[1], day, day
                )
            )
            items.append(item)
    kept = [event for event in events if event.item.ref not in {item.ref for item in dropped}]
    for event in rng.sample(kept, min(len(kept), 1 + level // 4)):
        later.append(replace(event, act="filler"))
    first = [*events, *extra[: len(extra) // 2]]
    rng.shuffle(first)
    rest = [*later, *extra[len(extra) // 2 :]]
    rng.shuffle(rest)
    return [*first, *rest], items, dropped


def _is_working(day: date) -> bool:
    return working_day(day) == day


def _sentence(rng: random.Random, event: _Event, ways: dict[str, tuple[str, ...]]) -> str:
    words = _words()
    fillers = words.fillers if ways is words.notes else words.chatter
    template = rng.choice(fillers if event.act == "filler" else ways[event.act])
    spelt = rng.random() < 0.7 and event.due.year == event.day.year
    day = f"{event.due.day} {event.due:%B}" if spelt else event.due.isoformat()
    first, other = event.speaker.first, event.other.first
    return template.format(
        ref=event.item.ref, text=event.item.text, first=first, other=other, day=day
    )


def _minutes(
    rng: random.Random, events: Sequence[_Event], people: Sequence[Person], day: date
) -> str:
    names = ", ".join(person.name for person in people)
    lines = [f"# Notes of {day.isoformat()}", "", f"Present: {names}", ""]
    said = [_sentence(rng, event, _words().notes) for event in events]
    most, bullet = rng.choice(((1, "- "), (2, "- "), (3, "")))
    while said:
        take = rng.randint(1, most)
        lines += [bullet + " ".join(said[:take]), ""]
        said = said[take:]
    return "\n".join(lines)


def _chat(rng: random.Random, events: Sequence[_Event], people: Sequence[Person], day: date) -> str:
    names = ", ".join(person.name for person in people)
    lines = [f"[{day.isoformat()} 09:00] system: in this room are {names}"]
    minute = 0
    for event in events:
        minute += rng.randint(1, 14)
        said = _sentence(rng, event, _words().said)
        clock = f"{9 + minute // 60:02d}:{minute % 60:02d}"
        lines.append(f"[{day.isoformat()} {clock}] {event.speaker.name}: {said}")
    return "\n".join(lines) + "\n"


def _thread(
    rng: random.Random, events: Sequence[_Event], people: Sequence[Person], day: date
) -> str:
    to, minute = ", ".join(f"{person.name} <{person.email}>" for person in people), 0
    parts: list[str] = []
    for event in events:
        minute += rng.randint(3, 22)
        clock = f"{9 + minute // 60:02d}:{minute % 60:02d}:00"
        person, said = event.speaker, _sentence(rng, event, _words().said)
        parts.append(
            f"From {person.email} {day:%a %b} {day.day:>2} {clock} {day.year}\n"
            f"Date: {day:%a, %d %b %Y} {clock} +0000\nFrom: {person.name} <{person.email}>\n"
            f"To: {to}\nSubject: {'Re: ' if parts else ''}who does what\nMIME-Version: 1.0\n"
            f"Content-Type: text/plain; charset=utf-8\n\nHello all,\n\n{said}\n\n{person.first}\n"
        )
    return "\n".join(parts)


_WRITERS = {
    ArtifactKind.DOCUMENT: _minutes,
    ArtifactKind.LOG: _chat,
    ArtifactKind.MAILBOX: _thread,
}
STEMS = {
    ArtifactKind.DOCUMENT: "meeting",
    ArtifactKind.LOG: "chat",
    ArtifactKind.MAILBOX: "thread",
}
