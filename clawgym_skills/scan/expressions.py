"""The regular expressions and lists of names that code looks with: data beside the code."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, TypeAdapter


class _Expression(BaseModel):
    """One regular expression as its alternatives; without `case` letter case does not count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    any: tuple[str, ...]
    case: bool = False


@cache
def expression(name: str) -> re.Pattern[str]:
    """The expression `module.name` of `data/expressions.toml`."""
    module, _, key = name.partition(".")
    found = _expressions()[module][key]
    return re.compile("|".join(found.any), 0 if found.case else re.IGNORECASE)


@cache
def word_set(name: str) -> frozenset[str]:
    """The names `module.name` of `data/words.toml`."""
    module, _, key = name.partition(".")
    return frozenset(_words()[module][key].split())


@cache
def _expressions() -> dict[str, dict[str, _Expression]]:
    adapter = TypeAdapter(dict[str, dict[str, _Expression]])
    return adapter.validate_python(tomllib.loads(_read("expressions.toml")))


@cache
def _words() -> dict[str, dict[str, str]]:
    return TypeAdapter(dict[str, dict[str, str]]).validate_python(
        tomllib.loads(_read("words.toml"))
    )


def _read(name: str) -> str:
    return files("clawgym_skills.scan").joinpath("data", name).read_text("utf-8")
