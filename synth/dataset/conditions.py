"""Conditions on tasks: `difficulty>=3`, `operation=join,aggregate`, `skill!=log-triage`."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clawgym.errors import UsageError
from synth.dataset.features import FLAGS, NUMBERS, values_of, written
from synth.dataset.profile import Profile

_CONDITION = re.compile(r"\s*(?P<feature>[\w.-]+)\s*(?P<sign>!=|>=|<=|=|>|<|~)\s*(?P<value>.*?)\s*")
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
}


_FLAGS = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_SHOWN = 8


@dataclass(frozen=True)
class Condition:
    """One condition, as it was written, and whether a task meets it.

    `wanted` are the values that `=` and `!=` name, as the feature has them.
    """

    text: str
    feature: str
    holds: Callable[[Profile], bool]
    wanted: tuple[str, ...] = ()


def parse(text: str) -> Condition:
    """Read a condition.

    `=` asks for any of the values between commas and `!=` for none of them, `~` for a part of a
    value; `<`, `<=`, `>` and `>=` compare numbers, and no task without the number meets them.

    Raises:
        UsageError: it is none, names an unknown feature, or a value that the feature cannot have.
    """
    found = _CONDITION.fullmatch(text)
    if not found or not found["value"]:
        raise UsageError(
            f"{text!r} is no condition: write feature, sign and value, such as 'difficulty>=3', "
            "'operation=join,aggregate', 'skill!=log-triage' or 'id~invoice'"
        )
    feature, sign, value = found["feature"], found["sign"], found["value"]
    if sign in _ORDER:
        return Condition(text, feature, _comparison(text, feature, sign, value))
    values = values_of(feature)
    if sign == "~":
        return Condition(text, feature, lambda task: any(value in held for held in values(task)))
    wanted = tuple(_value(text, feature, part.strip()) for part in value.split(","))
    if sign == "=":
        return Condition(text, feature, lambda task: any(v in wanted for v in values(task)), wanted)
    return Condition(text, feature, lambda task: all(v not in wanted for v in values(task)), wanted)


def first_unmet(task: Profile, conditions: Sequence[Condition]) -> Condition | None:
    """The first condition that a task does not meet; None where it meets all."""
    return next((condition for condition in conditions if not condition.holds(task)), None)


class Seen:
    """The values that tasks have where conditions look, for whoever asked for one that none has."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self._conditions = conditions
        self._values = {condition.feature: Counter[str]() for condition in conditions}
        self._met: set[str] = set()

    def see(self, task: Profile) -> None:
        """Take in a task, whether it meets the conditions or not."""
        for feature, counts in self._values.items():
            counts.update(set(values_of(feature)(task)))
        self._met.update(one.text for one in self._conditions if one.holds(task))

    def missing(self) -> list[str]:
        """A sentence for each value that was named, and each other condition, that fits no task."""
        sentences: list[str] = []
        for one in self._conditions:
            known = self._values[one.feature]
            sentences += [
                f"no task has {one.feature}={value}; {self._known(one.feature)}"
                for value in one.wanted
                if value not in known
            ]
            if not one.wanted and one.text not in self._met:
                sentences.append(f"no task meets {one.text}; {self._known(one.feature)}")
        return list(dict.fromkeys(sentences))

    def _known(self, feature: str) -> str:
        counts = self._values[feature]
        if not counts:
            return "none has that feature at all"
        if feature in NUMBERS:
            numbers = sorted(map(float, counts))
            return f"found: {numbers[0]:,.0f} to {numbers[-1]:,.0f}"
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = [f"{value} ({number:,})" for value, number in ranked[:_SHOWN]]
        more = [f"{len(ranked) - _SHOWN:,} more"] if len(ranked) > _SHOWN else []
        return f"found: {', '.join(shown + more)}"


def _value(text: str, feature: str, value: str) -> str:
    """A value as the feature has it: `3.0` is 3, and `true` is yes."""
    if feature in NUMBERS:
        return written(_number(text, value))
    if feature not in FLAGS:
        return value
    if value.lower() not in _FLAGS:
        raise UsageError(f"{text!r}: {feature} is yes or no")
    return _FLAGS[value.lower()]


def _number(text: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise UsageError(f"{text!r}: {value!r} is no number")
    return number


def _comparison(text: str, feature: str, sign: str, value: str) -> Callable[[Profile], bool]:
    if feature not in NUMBERS:
        raise UsageError(f"{text!r}: {feature!r} is no number; these are: {', '.join(NUMBERS)}")
    limit, number, compare = _number(text, value), NUMBERS[feature], _ORDER[sign]

    def holds(task: Profile) -> bool:
        held = number(task)
        return held is not None and compare(held, limit)

    return holds
