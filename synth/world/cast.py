"""The people of a world: those who write, attend, owe and complain."""

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PROVIDERS = ("postbox", "letterhouse", "openmail", "mailroom", "webpost")


@dataclass(frozen=True)
class Person:
    """Somebody with a first and a last name; no two of a cast share either."""

    first: str
    last: str

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        """An address at a domain that nobody can own."""
        provider = _PROVIDERS[(len(self.first) + 3 * len(self.last)) % len(_PROVIDERS)]
        return f"{self.first}.{self.last}@{provider}.example".lower()


@cache
def _words() -> dict[str, tuple[str, ...]]:
    text = files("synth").joinpath("data", "words", "cast.toml").read_text(encoding="utf-8")
    return {key: tuple(words) for key, words in tomllib.loads(text).items()}


def make_cast(rng: random.Random, count: int) -> list[Person]:
    """So many people, at most 24."""
    words = _words()
    firsts, lasts = rng.sample(words["first"], count), rng.sample(words["last"], count)
    return [Person(first, last) for first, last in zip(firsts, lasts, strict=True)]


def make_firms(rng: random.Random, count: int) -> list[str]:
    """So many firms, at most 12."""
    return rng.sample(_words()["firms"], count)


def make_phone(rng: random.Random, gap: str = " ") -> str:
    """A number with a country code that nobody answers."""
    groups = (f"+{rng.choice((31, 33, 44, 49))}", "55", f"{rng.randint(0, 999):03d}")
    return gap.join((*groups, f"{rng.randint(0, 9999):04d}"))


def make_iban(rng: random.Random) -> str:
    """Something that looks like an account, in groups of four."""
    code = rng.choice(("DE", "FR", "NL", "PT"))
    groups = [f"{rng.randint(0, 9999):04d}" for _ in range(4)]
    return " ".join((f"{code}{rng.randint(10, 99)}", *groups))
