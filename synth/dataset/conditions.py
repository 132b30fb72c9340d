"""Conditions on tasks: `difficulty>=3`, `operation=join,aggregate`, `skill!=log-triage`."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clawgym.errors import UsageError
from synth.dataset.features import NUMBERS, values_of
from synth.dataset.profile import Profile

_CONDITION = re.compile(r"\s*(?P<feature>[\w.-]+)\s*(?P<sign>!=|>=|<=|=|>|<|~)\s*(?P<value>.*?)\s*")
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
}


@dataclass(frozen=True)
class Condition:
    """One condition, as it was written, and whether a task meets it."""

    text: str
    holds: Callable[[Profile], bool]


def parse(text: str) -> Condition:
    """Read a condition.

    `=` asks for any of the values between commas and `!=` for none of them, `~` for a part of a
    value; `<`, `<=`, `>` and `>=` compare numbers, and no task without the number meets them.

    Raises:
        UsageError: it is none, or names an unknown feature.
    """
    found = _CONDITION.fullmatch(text)
    if not found or not found["value"]:
        raise UsageError(
            f"{text!r} is no condition: write feature, sign and value, such as 'difficulty>=3', "
            "'operation=join,aggregate', 'skill!=log-triage' or 'id~invoice'"
        )
    feature, sign, value = found["feature"], found["sign"], found["value"]
    if sign in _ORDER:
        return Condition(text, _comparison(text, feature, sign, value))
    values, wanted = values_of(feature), frozenset(part.strip() for part in value.split(","))
    if sign == "~":
        return Condition(text, lambda task: any(value in held for held in values(task)))
    if sign == "=":
        return Condition(text, lambda task: not wanted.isdisjoint(values(task)))
    return Condition(text, lambda task: wanted.isdisjoint(values(task)))


def first_unmet(task: Profile, conditions: Sequence[Condition]) -> Condition | None:
    """The first condition that a task does not meet; None where it meets all."""
    return next((condition for condition in conditions if not condition.holds(task)), None)


def _comparison(text: str, feature: str, sign: str, value: str) -> Callable[[Profile], bool]:
    if feature not in NUMBERS:
        raise UsageError(f"{text!r}: {feature!r} is no number; these are: {', '.join(NUMBERS)}")
    try:
        limit = float(value)
    except ValueError:
        limit = math.nan
    if math.isnan(limit):
        raise UsageError(f"{text!r}: {value!r} is no number")
    number, compare = NUMBERS[feature], _ORDER[sign]

    def holds(task: Profile) -> bool:
        held = number(task)
        return held is not None and compare(held, limit)

    return holds
