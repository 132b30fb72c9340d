"""The figures of a dataset: `clawgym dataset stats`, the dataset card, the side-by-side table."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from statistics import fmean
from typing import Literal

from pydantic import BaseModel, ConfigDict

from clawgym_skills.operations import atomic_operations
from synth.dataset.diversity import (
    SAMPLE,
    WORDS,
    Distinct,
    Similarity,
    differing_pairs,
    distinct_n,
    entropy,
    similarity,
)
from synth.dataset.features import FLAGS, NAMES, NUMBERS
from synth.dataset.profile import Profile
from synth.taxonomy.benchmark import benchmark_categories
from synth.taxonomy.scenario import categories

LISTED = 100
"""How many values of a feature are listed; how many more there are is said."""


class Spread(BaseModel):
    """How a number is spread over the `tasks` that have it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: int
    mean: float
    p10: float
    median: float
    p90: float
    highest: float


class Tally(BaseModel):
    """How often each value of a feature occurs.

    `tasks` have any, `distinct` values occur, `entropy` is in bits; `counts` lists the most
    frequent ones, and `unlisted` says how many more there are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: int
    distinct: int
    entropy: float
    counts: dict[str, int]
    unlisted: int = 0


class Coverage(BaseModel):
    """How many of the values of a taxonomy occur, and how often the rarest of all of them does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    found: int
    of: int
    least: int


class Survey(BaseModel):
    """Everything that is measured of a dataset without running anything.

    `differing_pairs` is the share of pairs of tasks whose graphs differ in shape or operations,
    None without graphs. Similarity and distinct-n are None where they were not asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    name: str
    digest: str | None = None
    tasks: int
    refused: int = 0
    tallies: dict[str, Tally]
    spreads: dict[str, Spread]
    shares: dict[str, float]
    words_by_style: dict[str, Spread]
    coverage: dict[str, Coverage]
    differing_pairs: float | None
    distinct: Distinct | None = None
    similarity: Similarity | None = None


def survey(
    tasks: Sequence[Profile],
    *,
    name: str,
    digest: str | None = None,
    refused: int = 0,
    words: int = WORDS,
    sample: int = SAMPLE,
    texts: bool = True,
    seed: int = 0,
) -> Survey:
    """Measure a dataset.

    Args:
        tasks: its tasks; at least one.
        name: what it is called.
        digest: its digest, where it has one.
        refused: how many tasks could not be loaded.
        words: over how many words distinct-n is taken.
        sample: how many tasks are compared each with each.
        texts: compare instructions; it takes most of the time.
        seed: decides which tasks are in a sample.
    """
    instructions = {task.id: task.instruction for task in tasks}
    plans = [task.shape.plan for task in tasks if task.shape]
    return Survey(
        name=name,
        digest=digest,
        tasks=len(tasks),
        refused=refused,
        tallies=_tallies(tasks),
        spreads=_spreads(tasks),
        shares={name: fmean(map(holds, tasks)) for name, holds in FLAGS.items()},
        words_by_style=_words_by_style(tasks),
        coverage=_coverage(tasks),
        differing_pairs=differing_pairs(plans),
        distinct=distinct_n(list(instructions.values()), words=words, seed=seed) if texts else None,
        similarity=similarity(instructions, sample=sample, seed=seed) if texts else None,
    )


def spread(numbers: Iterable[float]) -> Spread | None:
    """The spread of some numbers; None without any."""
    held = sorted(numbers)
    if not held:
        return None
    at = [held[round(share * (len(held) - 1))] for share in (0.1, 0.5, 0.9)]
    return Spread(
        tasks=len(held), mean=fmean(held), p10=at[0], median=at[1], p90=at[2], highest=held[-1]
    )


def _tallies(tasks: Sequence[Profile]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    labels = sorted({label for task in tasks for label in task.labels})
    named = {name: [values(task) for task in tasks] for name, values in NAMES.items()}
    named |= {
        f"label.{label}": [(task.labels[label],) if label in task.labels else () for task in tasks]
        for label in labels
    }
    for name, values in named.items():
        if name != "id" and any(values):
            tallies[name] = _tally(values)
    return tallies


def _tally(values: Sequence[tuple[str, ...]]) -> Tally:
    counts = Counter(value for several in values for value in several)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return Tally(
        tasks=sum(bool(several) for several in values),
        distinct=len(counts),
        entropy=entropy(counts.values()),
        counts=dict(ranked[:LISTED]),
        unlisted=max(0, len(ranked) - LISTED),
    )


def _spreads(tasks: Sequence[Profile]) -> dict[str, Spread]:
    found: dict[str, Spread] = {}
    for name, number in NUMBERS.items():
        values = [value for task in tasks if (value := number(task)) is not None]
        if held := spread(values):
            found[name] = held
    return found


def _words_by_style(tasks: Sequence[Profile]) -> dict[str, Spread]:
    found: dict[str, Spread] = {}
    for style in sorted({task.metadata.prompt_style or "unnamed" for task in tasks}):
        own = [task.words for task in tasks if (task.metadata.prompt_style or "unnamed") == style]
        if held := spread(own):
            found[style] = held
    return found


def _coverage(tasks: Sequence[Profile]) -> dict[str, Coverage]:
    known = atomic_operations()
    operations = [name for task in tasks for name in task.operations]
    groups = [known[name].category for name in operations if name in known]
    subcategories = [
        f"{group.name}/{one.name}" for group in categories().values() for one in group.subcategory
    ]
    return {
        "scenario categories": _covered((task.category for task in tasks), categories()),
        "scenario subcategories": _covered((task.subcategory for task in tasks), subcategories),
        "operation categories": _covered(groups, {one.category for one in known.values()}),
        "operations": _covered(operations, known),
        "benchmark categories": _covered(
            (task.benchmark_category for task in tasks), benchmark_categories()
        ),
    }


def _covered(values: Iterable[str | None], taxonomy: Collection[str]) -> Coverage:
    counts = Counter(value for value in values if value in taxonomy)
    least = min((counts[value] for value in taxonomy), default=0)
    return Coverage(found=len(counts), of=len(taxonomy), least=least)
