"""What a text says: numbers with units, dates, facts, patterns, lines of a log."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, FiniteFloat, field_validator

from clawgym.paths import WorkspacePath
from verify.checks.base import BaseCheck, Count, Part, PartialCheck, Pattern, Tolerance
from verify.checks.tables import kind_of

_READERS = {"html": ("pages",), "docx": ("docx",), "eml": ("mailboxes",)}


class _ProseCheck(BaseCheck):
    modules: ClassVar = ("prose",)
    path: WorkspacePath

    def needed_modules(self) -> tuple[str, ...]:
        """What reads this kind of text."""
        return self.modules + _READERS.get(kind_of(self.path), ())


class NumberCheck(_ProseCheck):
    """The number that stands nearest to one of `labels` in its sentence, wherever that is said.

    Thousands separators, currencies, percent, `k`, `m` and their like are read; with `units` only
    numbers in one of them count. Several different answers, ranges, and sentences with more than
    five candidates are refused.
    """

    type: Literal["number"] = "number"
    labels: tuple[str, ...] = Field(min_length=1)
    value: FiniteFloat
    units: tuple[str, ...] = ()
    absolute: Tolerance = 0.0
    relative: Tolerance = 0.0
    decimal: Literal[".", ","] = "."


class DateCheck(_ProseCheck):
    """The date that stands nearest to one of `labels` in its sentence; `value` is ISO 8601."""

    type: Literal["date"] = "date"
    labels: tuple[str, ...] = Field(min_length=1)
    value: str
    day_first: bool | None = None

    @field_validator("value")
    @classmethod
    def _is_a_date(cls, value: str) -> str:
        return date.fromisoformat(value).isoformat()


class PhrasesCheck(_ProseCheck, PartialCheck):
    """A text that says each of `facts` in one of its wordings, and none of `lacks`."""

    type: Literal["phrases"] = "phrases"
    facts: tuple[tuple[str, ...], ...]
    lacks: tuple[str, ...] = ()
    most_characters: Count = 20_000
    least_words: Count = 1


class PatternCheck(_ProseCheck):
    """How often a regular expression matches; `^` and `$` match at line ends."""

    type: Literal["pattern"] = "pattern"
    pattern: Pattern
    least: Count = 1
    most: Count | None = None
    ignore_case: bool = False


class LineRule(Part):
    """How many lines match a regular expression."""

    pattern: Pattern
    least: Count = 1
    most: Count | None = None


class LinesCheck(_ProseCheck, PartialCheck):
    """Lines, as of a log: so many for each rule; `ordered` wants them in the order of the rules."""

    type: Literal["lines"] = "lines"
    rules: tuple[LineRule, ...] = Field(min_length=1)
    ordered: bool = False
    ignore_case: bool = False
