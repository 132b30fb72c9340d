"""Scenarios: what people want from an agent, in 9 categories with 43 subcategories.

The names and counts follow the public parts of the original; `data/taxonomy/scenarios.toml` says
how. Openings and reasons that fit a subcategory stand in `data/openings/`.
"""

from functools import cache
from typing import Literal

from synth.taxonomy._toml import Data, read_toml

BenchmarkName = Literal["product", "systems", "analysis", "content", "planning", "development"]


class Subcategory(Data):
    """One kind of scenario; `original` is its public name."""

    name: str
    original: str
    benchmark: BenchmarkName
    summary: str


class Category(Data):
    """A group of subcategories."""

    name: str
    original: str
    subcategory: tuple[Subcategory, ...]


class _ScenarioFile(Data):
    category: tuple[Category, ...]


@cache
def categories() -> dict[str, Category]:
    """The 9 scenario categories by name."""
    found = read_toml(_ScenarioFile, "taxonomy", "scenarios.toml").category
    return {category.name: category for category in found}


@cache
def subcategories() -> dict[str, Subcategory]:
    """The 43 scenario subcategories by name, category by category."""
    return {entry.name: entry for group in categories().values() for entry in group.subcategory}


@cache
def category_of(subcategory: str) -> Category:
    """The category that a subcategory belongs to; `KeyError` if there is none of that name."""
    for category in categories().values():
        if any(entry.name == subcategory for entry in category.subcategory):
            return category
    raise KeyError(subcategory)
