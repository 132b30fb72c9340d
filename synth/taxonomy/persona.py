"""Personas: coherent profiles of people who have work for an agent.

`persona(seed, index)` is a pure function: the same pair gives the same person, and no state is
kept, so a run may take the persona of any index at any time. The draws are independent given the
industry, so the space is their product; see `space`.
"""

import random
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from clawgym.seeds import derive_random
from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.locale import Locale, address, locales
from synth.taxonomy.organisation import Industry, industries, stems

Tone = Literal["terse", "plain", "chatty", "formal"]
Filing = Literal["plain", "own"]
Seniority = Literal["junior", "experienced", "senior", "lead", "private"]

_Word = TypeVar("_Word", bound=str)
_LEADING = ("manager", "head", "director", "lead", "chair", "owner", "trustee")
_STARTING = ("assistant", "clerk", "receptionist", "doctoral", "agent")


class Persona(Data):
    """One person. `about` is free text of whoever supplied the persona, otherwise empty.

    `filing` says how they file: `plain` in `input/` and `output/`, `own` in folders of their own.
    """

    name: Annotated[str, Field(min_length=1)]
    role: Annotated[str, Field(min_length=1)]
    function: str
    industry: str
    organisation: str
    seniority: Seniority
    years: Annotated[int, Field(ge=0, le=60)]
    locale: str
    tone: Tone
    tools: tuple[str, ...] = ()
    habits: tuple[str, ...] = ()
    filing: Filing = "own"
    about: str = ""

    @property
    def place(self) -> Locale:
        """The locale as data."""
        return locales()[self.locale]

    @property
    def email(self) -> str:
        """An address that can never be real."""
        return address(self.name, self.organisation)

    @property
    def private(self) -> bool:
        """Whether they ask for themselves and not for an organisation."""
        return self.industry == "household"


class _PersonaFile(Data):
    tones: dict[Tone, int]
    seniorities: dict[Seniority, tuple[int, int]]
    tools: dict[str, tuple[str, ...]]
    habits: dict[str, tuple[str, ...]]
    filing: dict[Filing, int]


@cache
def _file() -> _PersonaFile:
    return read_toml(_PersonaFile, "personas.toml")


def persona(seed: int, index: int) -> Persona:
    """The persona of that index among those of a seed."""
    return draw_persona(derive_random(seed, "persona", index))


def draw_persona(
    rng: random.Random,
    industry_names: Sequence[str] = (),
    functions: Sequence[str] = (),
) -> Persona:
    """Draw a persona, on request from some industries and kinds of work only.

    Raises:
        ValueError: no such industry has such work.
    """
    places = work_places(industry_names, functions)
    if not places:
        raise ValueError(f"none of the industries {industry_names} has one of {functions}")
    industry, function = rng.choice(places)
    role = rng.choice(industry.roles(function))
    locale = rng.choice(list(locales().values()))
    seniority = _seniority(rng, role, function)
    low, high = _file().seniorities[seniority]
    return Persona(
        name=locale.name(rng),
        role=role,
        function=function,
        industry=industry.name,
        organisation=industry.organisation(rng),
        seniority=seniority,
        years=rng.randint(low, high),
        locale=locale.code,
        tone=_weighted(rng, _file().tones),
        tools=tuple(rng.sample(_file().tools[function], 2)),
        habits=tuple(rng.sample(_file().habits["any"], 2)),
        filing=_weighted(rng, _file().filing),
    )


def work_places(
    industry_names: Sequence[str] = (), functions: Sequence[str] = ()
) -> list[tuple[Industry, str]]:
    """The industries with the kinds of work that they have, of those asked for."""
    return [
        (industry, function)
        for industry in industries().values()
        if not industry_names or industry.name in industry_names
        for function in industry.functions
        if not functions or function in functions
    ]


def space() -> int:
    """A lower bound of how many personas differ: by name, role, organisation and tone alone."""
    names = sum(len(locale.given) * len(locale.family) for locale in locales().values())
    roles = sum(len(set(industry.roles(function))) for industry, function in work_places())
    return names * roles * len(stems()) * len(_file().tones)


def _seniority(rng: random.Random, role: str, function: str) -> Seniority:
    if function == "household":
        return "private"
    words = role.split()
    if any(word in words for word in _LEADING):
        return "lead"
    if any(word in words for word in _STARTING):
        return rng.choice(("junior", "experienced"))
    return rng.choice(("junior", "experienced", "experienced", "senior"))


def _weighted(rng: random.Random, weights: dict[_Word, int]) -> _Word:
    return rng.choices(list(weights), list(weights.values()))[0]
