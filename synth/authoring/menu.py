"""The checks that a model may write: a part of the check library, each with an example."""

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from synth.authoring.answers import JsonObject
from verify.checks import (
    AbsentCheck,
    BaseCheck,
    DateCheck,
    ExistsCheck,
    HeadingsCheck,
    LinesCheck,
    NumberCheck,
    PatternCheck,
    PhrasesCheck,
    SectionCheck,
    TableCheck,
    TextCheck,
    ValuesCheck,
)

_TYPES: dict[str, type[BaseCheck]] = {
    "table": TableCheck,
    "values": ValuesCheck,
    "number": NumberCheck,
    "date": DateCheck,
    "section": SectionCheck,
    "phrases": PhrasesCheck,
    "headings": HeadingsCheck,
    "lines": LinesCheck,
    "pattern": PatternCheck,
    "text": TextCheck,
    "absent": AbsentCheck,
    "exists": ExistsCheck,
}


class MenuEntry(BaseModel):
    """A type of check, when to use it, and one of it as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    when: str
    example: str


class _Menu(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    entry: tuple[MenuEntry, ...]


@cache
def menu() -> tuple[MenuEntry, ...]:
    """What the prompt shows."""
    text = files("synth.authoring").joinpath("menu.toml").read_text(encoding="utf-8")
    return _Menu.model_validate(tomllib.loads(text)).entry


def menu_types() -> tuple[type[BaseCheck], ...]:
    """The check classes that an answer is held to."""
    return tuple(_TYPES.values())


def off_menu(check: JsonObject) -> str:
    """The type of a check, if it is not on the menu; else an empty string."""
    kind = check.get("type")
    return "" if kind in _TYPES else repr(kind)
