"""Content that breaks rules, and the rules."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from synth.values.plain import Cell
from synth.values.rows import RowSet
from synth.values.text import TextFile


class Rule(BaseModel):
    """One rule as it is stated: `name` stands in the findings, `places` are what it looks at.

    Where each place has a range of its own, it stands in `ranges` in place of `low` and `high`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    places: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    ranges: dict[str, tuple[int, int]] = {}
    said: str


@dataclass(frozen=True)
class Fault:
    """Where which rule is broken; `place` are the cells before the rule's name."""

    place: tuple[Cell, ...]
    rule: str


@dataclass(frozen=True)
class FaultyRows(RowSet):
    """Rows that nobody may take who does not look for faults: they are marked as `duplicated`."""

    rules: tuple[Rule, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class FaultyText(TextFile):
    """A page or settings with faults."""

    rules: tuple[Rule, ...]
    faults: tuple[Fault, ...]
