"""How far raters agree: Krippendorff's alpha, Cohen's kappa, and intervals by bootstrap.

A *unit* is one thing that was rated: the values that it got, one for each rater, None where a rater
gave none. Alpha follows K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011).
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal, TypeVar

from clawgym.intervals import CONFIDENCE, Interval
from clawgym.seeds import derive_random

RESAMPLES = 1_000

Level = Literal["nominal", "ordinal", "interval"]
Weights = Literal["none", "linear", "quadratic"]
Unit = Sequence[float | None]

_ClusterT = TypeVar("_ClusterT")
_RatingT = TypeVar("_RatingT", bound=Hashable)


def krippendorff_alpha(units: Sequence[Unit], level: Level = "ordinal") -> float | None:
    """1 for perfect agreement, 0 for what chance brings, negative for systematic disagreement.

    None where it is not defined: fewer than two pairable values, or all of them the same.
    """
    pairable = [[v for v in unit if v is not None] for unit in units]
    pairable = [values for values in pairable if len(values) > 1]
    totals = Counter(value for values in pairable for value in values)
    if len(totals) < 2:
        return None
    distance = _distances(totals, level)
    number = sum(totals.values())
    observed = math.fsum(_within(values, distance) for values in pairable)
    expected = math.fsum(
        totals[a] * totals[b] * distance[a, b] for a in totals for b in totals if a != b
    )
    return 1 - (number - 1) * observed / expected


def _within(values: Sequence[float], distance: Mapping[tuple[float, float], float]) -> float:
    """The disagreement in one unit: over its ordered pairs of values, per rater less one."""
    counts = Counter(values)
    pairs = (counts[a] * counts[b] * distance[a, b] for a in counts for b in counts if a != b)
    return math.fsum(pairs) / (len(values) - 1)


def _distances(totals: Mapping[float, int], level: Level) -> dict[tuple[float, float], float]:
    """The squared difference of each pair of values at a level of measurement."""
    order = sorted(totals)

    def distance(low: int, high: int) -> float:
        if level == "nominal":
            return 1.0
        if level == "interval":
            return (order[high] - order[low]) ** 2
        ends = (totals[order[low]] + totals[order[high]]) / 2
        return (sum(totals[value] for value in order[low : high + 1]) - ends) ** 2

    return {
        pair: distance(low, high)
        for low in range(len(order))
        for high in range(low + 1, len(order))
        for pair in ((order[low], order[high]), (order[high], order[low]))
    }


def cohen_kappa(
    pairs: Sequence[tuple[_RatingT, _RatingT]],
    levels: Sequence[_RatingT],
    weights: Weights = "none",
) -> float | None:
    """Cohen's kappa of two raters over the given levels, in their order.

    `weights` says how a disagreement counts: all alike, by its distance in levels, or by
    the square of it. None where nothing was rated or chance alone must agree.

    Raises:
        ValueError: a rating is none of the levels.
    """
    place = {value: index for index, value in enumerate(levels)}
    if unknown := [value for pair in pairs for value in pair if value not in place]:
        raise ValueError(f"rating {unknown[0]} is none of the levels {list(levels)}")
    if not pairs:
        return None
    exponent = {"none": 0, "linear": 1, "quadratic": 2}[weights]

    def penalty(a: _RatingT, b: _RatingT) -> float:
        apart = abs(place[a] - place[b])
        return float(apart**exponent) if apart else 0.0

    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = math.fsum(penalty(a, b) for a, b in pairs) / len(pairs)
    expected = math.fsum(left[a] * right[b] * penalty(a, b) for a in left for b in right)
    return 1 - observed * len(pairs) ** 2 / expected if expected else None


def self_consistency(votes: Sequence[Sequence[float]]) -> float | None:
    """The chance that two votes on the same thing agree, over all with at least two votes."""
    chances = [_agreeing_pairs(bands) for bands in votes if len(bands) > 1]
    return math.fsum(chances) / len(chances) if chances else None


def _agreeing_pairs(bands: Sequence[float]) -> float:
    pairs = math.comb(len(bands), 2)
    return sum(math.comb(count, 2) for count in Counter(bands).values()) / pairs


def bootstrap_interval(
    clusters: Sequence[_ClusterT],
    statistic: Callable[[Sequence[_ClusterT]], float | None],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """The percentile interval of a statistic when whole clusters are drawn with replacement.

    Ratings of one piece of work hang together, so a cluster is a piece of work. Draws for which the
    statistic is not defined are left out; None where fewer than two clusters, or fewer than half of
    the draws, can be used.
    """
    if len(clusters) < 2:
        return None
    rng = derive_random(seed, "agreement")
    drawn = (statistic(rng.choices(clusters, k=len(clusters))) for _ in range(resamples))
    values = sorted(value for value in drawn if value is not None)
    if len(values) < resamples / 2:
        return None
    tail = (1 - confidence) / 2
    return Interval(_quantile(values, tail), _quantile(values, 1 - tail))


def _quantile(ordered: Sequence[float], share: float) -> float:
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
