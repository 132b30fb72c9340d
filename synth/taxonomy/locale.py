"""Locales: what names, towns, money, dates and telephone numbers look like in one place."""

import random
import unicodedata
from datetime import date
from functools import cache
from typing import Annotated

from pydantic import Field

from synth.taxonomy._toml import Data, read_toml

_UNFOLDED = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "ß": "ss", "'": "", " ": ""})


class Locale(Data):
    """One locale. `dates` is a `strftime` pattern, `phone` has `#` for a digit."""

    code: str
    country: str
    language: str
    currency: Annotated[str, Field(pattern="[A-Z]{3}")]
    symbol: str
    dates: str
    time_zone: str
    phone: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[str, ...]

    def name(self, rng: random.Random) -> str:
        """A given name and a family name."""
        return f"{rng.choice(self.given)} {rng.choice(self.family)}"

    def names(self, rng: random.Random, count: int) -> list[str]:
        """As many names; no two share a given or a family name, so far as there are enough."""
        families = rng.sample(self.family, min(count, len(self.family)))
        givens = rng.sample(self.given, len(self.given))
        return [f"{givens[n % len(givens)]} {family}" for n, family in enumerate(families)]

    def number(self, rng: random.Random) -> str:
        """A telephone number that nobody has."""
        return "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in self.phone)

    def written(self, day: date) -> str:
        """A day as people write it here."""
        return day.strftime(self.dates)


class _LocaleFile(Data):
    locale: tuple[Locale, ...]


@cache
def locales() -> dict[str, Locale]:
    """Every locale by its code."""
    return {entry.code: entry for entry in read_toml(_LocaleFile, "locales.toml").locale}


def slug(text: str) -> str:
    """A name as it stands in an address: lower case, ASCII, no blanks."""
    folded = unicodedata.normalize("NFKD", text.translate(_UNFOLDED))
    return "".join(sign for sign in folded.lower() if sign.isascii() and sign.isalnum())


def address(name: str, organisation: str) -> str:
    """The mail address of a person at an organisation, under a name that can never be real."""
    given, _, family = name.partition(" ")
    return f"{slug(given)}.{slug(family)}@{slug(organisation)}.example"
