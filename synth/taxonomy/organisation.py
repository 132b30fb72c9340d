"""Organisations: industries, what their houses are called, and who works in them."""

import random
from functools import cache

from pydantic import Field

from synth.taxonomy._toml import Data, read_toml

OF_VOLUNTEERS = frozenset({"community", "club", "allotments"})
"""The industries in which hardly anybody is paid."""


class Industry(Data):
    """`organisations` are patterns of names; `functions` the kinds of work that there is."""

    name: str
    organisations: tuple[str, ...]
    functions: tuple[str, ...]
    titles: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])

    def roles(self, function: str) -> tuple[str, ...]:
        """What people of a function are called here; none where there is no such work."""
        if function not in self.functions:
            return ()
        return (*self.titles.get(function, ()), *_plain_titles(self, function))

    def organisation(self, rng: random.Random) -> str:
        """An invented name of a house of this industry."""
        stem, other = rng.sample(stems(), 2)
        return rng.choice(self.organisations).format(stem=stem, other=other)


class _IndustryFile(Data):
    titles: dict[str, tuple[str, ...]]
    industry: tuple[Industry, ...]


class _Names(Data):
    stems: tuple[str, ...]
    endings: tuple[str, ...]


@cache
def _file() -> _IndustryFile:
    return read_toml(_IndustryFile, "industries.toml")


@cache
def _names() -> _Names:
    return read_toml(_Names, "organisations.toml")


def _plain_titles(industry: Industry, function: str) -> tuple[str, ...]:
    """The usual titles; a club of volunteers has only its own where it names some."""
    if industry.name in OF_VOLUNTEERS and function not in ("community", "teaching"):
        return ("treasurer",) if function == "finance" else ("committee member",)
    return _file().titles[function]


@cache
def industries() -> dict[str, Industry]:
    """Every industry by its name."""
    return {industry.name: industry for industry in _file().industry}


def stems() -> tuple[str, ...]:
    """The invented words that organisations are named by."""
    return _names().stems


def companies(rng: random.Random, count: int) -> list[str]:
    """As many invented companies, all different, as they stand in a list of customers."""
    return [
        stem if rng.random() < 0.3 else f"{stem} {rng.choice(_names().endings)}"
        for stem in rng.sample(stems(), count)
    ]
