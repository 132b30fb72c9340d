"""Personas that a user supplies: JSONL, JSON, CSV, or one description a line.

What is missing is drawn, by chance that depends on the entry alone, so that it stays coherent with
what is there: a role that we know brings its kind of work and an industry that has it. Everything
that was filled in, dropped or changed is reported under a stable code:

    unreadable-entry   a line or an element that is no object and no text; it is left out
    empty-entry        nothing in it that says anything; it is left out
    duplicate-entry    the same entry again; it is left out
    unknown-field      a field that we do not know; it is left out
    bad-value          a value that a field cannot take; a drawn one stands in
    unknown-role       a role in no list of ours; it is kept, and the kind of work is a guess
"""

import csv
import io
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import JsonValue, ValidationError

from clawgym.errors import UsageError
from clawgym.seeds import derive_random
from synth.taxonomy.locale import locales
from synth.taxonomy.persona import Persona, draw_persona, work_places

Code = Literal[
    "unreadable-entry",
    "empty-entry",
    "duplicate-entry",
    "unknown-field",
    "bad-value",
    "unknown-role",
]

_ALIASES = {
    "persona": "about",
    "description": "about",
    "text": "about",
    "bio": "about",
    "job": "role",
    "job_title": "role",
    "occupation": "role",
    "title": "role",
    "profession": "role",
    "company": "organisation",
    "organization": "organisation",
    "employer": "organisation",
    "full_name": "name",
    "style": "tone",
    "sector": "industry",
}
_LISTS = ("tools", "habits")
_LONGEST_ROLE = 6
_DESCRIBED = re.compile(
    r"(?:(?:i am|i'm|he is|she is) (?:an? |the )?|an? |the )([^,.;:]+?)"
    r"(?=[,.;:]| (?:who|whose|from|in|at|with|that|for|on|by|and)\b|$)",
    re.IGNORECASE,
)
_AT_HOME = frozenset(
    (
        *("retired", "pensioner", "student", "parent", "mother", "father", "grandmother"),
        *("grandfather", "homeowner", "housewife", "househusband", "hobby", "volunteer"),
    )
)
"""Words for people who ask for themselves and not for an organisation."""
_GUESSED_FUNCTION = "operations"


@dataclass(frozen=True)
class Repair:
    """What was done to one entry; `entry` counts from 1."""

    code: Code
    entry: int
    message: str


@dataclass
class PersonaFile:
    """The personas of a file, and what it took to read them."""

    personas: list[Persona] = field(default_factory=list[Persona])
    repairs: list[Repair] = field(default_factory=list[Repair])

    def note(self, code: Code, entry: int, message: str) -> None:
        """Report a repair."""
        self.repairs.append(Repair(code, entry, message))


def read_personas(path: Path) -> PersonaFile:
    """Every persona of a file, read as its suffix says: `.jsonl`, `.json`, `.csv`, otherwise text.

    Raises:
        UsageError: the file cannot be read, is no JSON where it says so, or holds no persona.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read personas from {path}: {error}") from error
    result, seen = PersonaFile(), set[str]()
    for number, entry in enumerate(_entries(path, text), 1):
        fields = _fields(entry, number, result)
        if fields is None:
            continue
        identity = json.dumps(fields, sort_keys=True)
        if identity in seen:
            result.note("duplicate-entry", number, "this entry stands in the file already")
            continue
        seen.add(identity)
        result.personas.append(_persona(fields, identity, number, result))
    if not result.personas:
        raise UsageError(
            f"{path} holds no persona; write one description a line, or objects with fields such "
            "as name, role, organisation, locale, tone and about"
        )
    return result


def _entries(path: Path, text: str) -> Iterator[JsonValue]:
    kind = path.suffix.lower()
    if kind == ".json":
        yield from _json_entries(path, text)
    elif kind in (".jsonl", ".ndjson"):
        yield from (_line(line) for line in text.splitlines() if line.strip())
    elif kind == ".csv":
        for row in csv.DictReader(io.StringIO(text)):
            yield {key: value for key, value in row.items() if key and isinstance(value, str)}
    else:
        lines = (line.strip().removeprefix("- ") for line in text.splitlines())
        yield from (line for line in lines if line and not line.startswith("#"))


def _json_entries(path: Path, text: str) -> Iterator[JsonValue]:
    try:
        loaded: JsonValue = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"{path} is no JSON: {error}; for one object a line, use .jsonl"
        ) from error
    if isinstance(loaded, dict) and isinstance(inner := loaded.get("personas"), list):
        loaded = inner
    yield from loaded if isinstance(loaded, list) else [loaded]


def _line(line: str) -> JsonValue:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _fields(entry: JsonValue, number: int, result: PersonaFile) -> dict[str, JsonValue] | None:
    """The entry under our names; None where there is nothing to make a persona of."""
    if isinstance(entry, str):
        entry = {"about": entry.strip()}
    if not isinstance(entry, dict):
        result.note("unreadable-entry", number, "it is neither an object nor a text")
        return None
    fields: dict[str, JsonValue] = {}
    for key, value in entry.items():
        name = key.strip().lower().replace(" ", "_").replace("-", "_")
        name = _ALIASES.get(name, name)
        if name not in Persona.model_fields:
            result.note("unknown-field", number, f"the field {key!r} is not known")
        elif value not in (None, "", []):
            fields[name] = _value(name, value)
    if not fields:
        result.note("empty-entry", number, "no field of it says anything")
        return None
    return fields


def _value(name: str, value: JsonValue) -> JsonValue:
    """A cell of a CSV as the field takes it."""
    if isinstance(value, str):
        value = value.strip()
        if name in _LISTS:
            return [part.strip() for part in re.split(r"[;,]", value) if part.strip()]
        if name == "years" and value.isdigit():
            return int(value)
    return value


def _persona(
    fields: Mapping[str, JsonValue], identity: str, number: int, result: PersonaFile
) -> Persona:
    rng = derive_random(0, "user-persona", identity)
    drawn = _drawn(rng, fields, number, result).model_dump(mode="json")
    for name, value in fields.items():
        try:
            Persona.model_validate(drawn | {name: value})
        except ValidationError:
            result.note("bad-value", number, f"{name} cannot be {value!r}")
            continue
        if name == "locale" and value not in locales():
            result.note("bad-value", number, f"there is no locale {value!r}")
            continue
        drawn[name] = value
    return Persona.model_validate(drawn)


def _drawn(
    rng: random.Random, fields: Mapping[str, JsonValue], number: int, result: PersonaFile
) -> Persona:
    """A persona that agrees with the role, given or found in the description."""
    given, about = str(fields.get("role", "")), str(fields.get("about", ""))
    known = {role.lower(): role for role in _known_roles()}
    role = known.get(given.lower()) or _mentioned(given or about)
    own = (given or _described(about)) if role is None else ""
    places = _known_roles()[role] if role else _places_of(own)
    wanted = [place for place in places if place[0] == fields.get("industry")] or places
    industry, function = rng.choice(wanted) if wanted else ("", _GUESSED_FUNCTION)
    drawn = draw_persona(rng, [industry] if industry else [], [function])
    if role is None and (own or about):
        said = own or about
        result.note(
            "unknown-role", number, f"{said!r} is no role in our lists; {function} is assumed"
        )
    drawn = drawn.model_copy(update={"role": role or own or drawn.role})
    return _at_home(rng, drawn, about)


def _described(text: str) -> str:
    """What somebody is by a text such as `A retired ship captain from Hamburg`; "" if unclear."""
    found = _DESCRIBED.match(text.strip())
    words = found[1].split() if found else []
    said = " ".join(words)
    return said[:1].lower() + said[1:] if 0 < len(words) <= _LONGEST_ROLE else ""


def _places_of(role: str) -> list[tuple[str, str]]:
    """Where somebody of a role that is in no list may work, by what titles end in the same word."""
    words = role.lower().split()
    if not words or _AT_HOME.intersection(words):
        return [("household", "household")] if words else []
    return sorted(
        {
            place
            for title, places in _known_roles().items()
            if title.lower().split()[-1] == words[-1]
            for place in places
            if place[0] != "household"
        }
    )


def _at_home(rng: random.Random, drawn: Persona, about: str) -> Persona:
    """The persona with a name of the place that its description names, where it is a known one."""
    for locale in locales().values():
        if any(re.search(rf"\b{re.escape(city)}\b", about) for city in locale.cities):
            return drawn.model_copy(update={"locale": locale.code, "name": locale.name(rng)})
    return drawn


@cache
def _known_roles() -> dict[str, list[tuple[str, str]]]:
    """Every title, with the industries and kinds of work that have it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for industry, function in work_places():
        for role in industry.roles(function):
            found.setdefault(role, []).append((industry.name, function))
    return found


def _mentioned(text: str) -> str | None:
    """The longest title that a text names."""
    for role in sorted(_known_roles(), key=lambda role: (-len(role), role)):
        if re.search(rf"\b{re.escape(role)}\b", text, re.IGNORECASE):
            return role
    return None
