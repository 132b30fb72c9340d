"""The six categories that results are reported by, and which of them a task belongs to."""

from collections.abc import Sequence
from functools import cache

from clawgym_skills.operations import AtomicOperation, atomic_operations
from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.scenario import BenchmarkName, subcategories


class BenchmarkCategory(Data):
    """One category; `share` is how many of 200 benchmark tasks the paper counts in it."""

    name: BenchmarkName
    title: str
    share: int
    operations: tuple[str, ...]


class _BenchmarkFile(Data):
    category: tuple[BenchmarkCategory, ...]


@cache
def benchmark_categories() -> dict[BenchmarkName, BenchmarkCategory]:
    """The six categories by name, the largest first."""
    found = read_toml(_BenchmarkFile, "taxonomy", "benchmarks.toml").category
    return {category.name: category for category in found}


def benchmark_category(subcategory: str, operations: Sequence[str]) -> BenchmarkCategory:
    """Where a task is counted: by what it mostly does, otherwise by its scenario.

    Args:
        subcategory: one of the 43 scenario subcategories.
        operations: the operation of each node of its graph.

    Returns:
        The category whose own operations make up at least half of the nodes; where there is none,
        the one that the scenario names.

    Raises:
        KeyError: there is no such subcategory.
    """
    for category in benchmark_categories().values():
        own = sum(operation in category.operations for operation in operations)
        if own and 2 * own >= len(operations):
            return category
    return benchmark_categories()[subcategories()[subcategory].benchmark]


@cache
def operations_by_category() -> dict[str, tuple[AtomicOperation, ...]]:
    """The 26 atomic operations in their 7 categories, in the order of the catalogue's file."""
    groups: dict[str, tuple[AtomicOperation, ...]] = {}
    for operation in atomic_operations().values():
        groups[operation.category] = (*groups.get(operation.category, ()), operation)
    return groups
