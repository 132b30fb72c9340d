"""What a set of scores can and cannot tell: intervals, comparisons, pass rates.

Scores come as one inner sequence a task: the scores in [0, 1] of the attempts that were graded. A
task none of whose attempts was graded contributes nothing, least of all a zero. Only the standard
library is used, and the same seed gives the same numbers.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import compress, product
from random import Random
from statistics import NormalDist, fmean

from clawgym.intervals import CONFIDENCE, Interval, wilson_interval
from clawgym.seeds import derive_random

PASS_THRESHOLD = 0.75
RESAMPLES = 2_000

_REDRAWS = 256
_EXACT_UP_TO = 12
_FLIPS = 4_999
_ROUNDING = 1e-12
_TELLING = 5


class Verdict(StrEnum):
    """What a comparison of A with B allows one to say about A."""

    BETTER = "better"
    WORSE = "worse"
    INDISTINGUISHABLE = "not distinguishable"


@dataclass(frozen=True)
class Comparison:
    """A minus B over the tasks that both have a score for.

    `difference` is the mean of the per-task differences; it and `interval` are None where there
    are too few common tasks to say anything (none, and fewer than two).
    """

    difference: float | None
    interval: Interval | None
    p_value: float
    tasks: int
    verdict: Verdict


@dataclass(frozen=True)
class PassRate:
    """The mean chance that all of `k` attempts pass, over the `tasks` with at least `k` grades."""

    value: float
    k: int
    tasks: int


def mean_over_tasks(scores: Sequence[Sequence[float]]) -> float:
    """The mean of the task means, so that every task counts the same; NaN without any score."""
    means = [fmean(attempts) for attempts in scores if attempts]
    return fmean(means) if means else math.nan


def bootstrap_interval(
    scores: Sequence[Sequence[float]],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """The hierarchical bootstrap interval of `mean_over_tasks`; None with fewer than two tasks.

    Tasks are drawn with replacement, then attempts within each drawn task. The percentiles are
    widened for small samples (Hesterberg 2015, "expanded percentile interval"). Where fewer than
    five tasks differ from all the others, a bootstrap would claim to know more than it can; the
    Wilson interval is given instead, which for scores in [0, 1] is never too narrow.
    """
    graded = [attempts for attempts in scores if attempts]
    if len(graded) < 2:
        return None
    means = [fmean(attempts) for attempts in graded]
    if len(means) - Counter(means).most_common(1)[0][1] < _TELLING:
        return wilson_interval(math.fsum(means), len(means), confidence=confidence)
    rng = derive_random(seed, "bootstrap")
    pools = [_redraw(attempts, _redraws_for(graded), rng) for attempts in graded]
    return _percentile_interval(pools, confidence, resamples, rng)


def compare(
    left: Mapping[str, Sequence[float]],
    right: Mapping[str, Sequence[float]],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two harnesses, task by task, over the task ids that both have scores for.

    The interval is a paired hierarchical bootstrap, the p-value a sign-flip permutation test. The
    verdict names a winner only where the interval excludes zero and p is at most 1 - confidence.
    """
    common = [task_id for task_id in left if left[task_id] and right.get(task_id)]
    pairs = [(left[task_id], right[task_id]) for task_id in common]
    differences = [fmean(ours) - fmean(theirs) for ours, theirs in pairs]
    p_value = sign_flip_p_value(differences, seed=seed)
    if len(pairs) < 2:
        difference = differences[0] if differences else None
        return Comparison(difference, None, p_value, len(pairs), Verdict.INDISTINGUISHABLE)
    rng = derive_random(seed, "paired bootstrap")
    draws = _redraws_for([attempts for pair in pairs for attempts in pair])
    pools = [
        [a - b for a, b in zip(_redraw(ours, draws, rng), _redraw(theirs, draws, rng), strict=True)]
        for ours, theirs in pairs
    ]
    interval = _percentile_interval(pools, confidence, resamples, rng)
    difference = fmean(differences)
    verdict = Verdict.INDISTINGUISHABLE
    if not interval.covers(0.0) and p_value <= 1 - confidence:
        verdict = Verdict.BETTER if difference > 0 else Verdict.WORSE
    return Comparison(difference, interval, p_value, len(pairs), verdict)


def sign_flip_p_value(differences: Sequence[float], *, seed: int = 0) -> float:
    """The two-sided p-value of the mean difference when each sign is as likely as the other.

    Exact up to 12 differences that are not zero, else from 4,999 random flips, the observed one
    counted among them, so that it is never zero.
    """
    sizes = [abs(difference) for difference in differences if abs(difference) > _ROUNDING]
    total = math.fsum(sizes)
    observed = abs(math.fsum(differences)) - _ROUNDING
    if len(sizes) <= _EXACT_UP_TO:
        flips = list(product((False, True), repeat=len(sizes)))
        extreme = sum(abs(total - 2 * sum(compress(sizes, flip))) >= observed for flip in flips)
        return extreme / len(flips)
    rng = derive_random(seed, "sign flips")
    extreme = 0
    for _ in range(_FLIPS):
        flip = rng.choices((False, True), k=len(sizes))
        extreme += abs(total - 2 * sum(compress(sizes, flip))) >= observed
    return (extreme + 1) / (_FLIPS + 1)


def pass_at_k(attempts: int, passed: int, k: int) -> float:
    """The unbiased chance that at least one of `k` attempts passes (arXiv:2107.03374).

    Raises:
        ValueError: not 0 <= passed <= attempts, or not 1 <= k <= attempts.
    """
    _check_counts(attempts, passed, k)
    return 1 - math.comb(attempts - passed, k) / math.comb(attempts, k)


def pass_hat_k(attempts: int, passed: int, k: int) -> float:
    """The unbiased chance that all of `k` attempts pass, pass^k (arXiv:2406.12045).

    Raises:
        ValueError: not 0 <= passed <= attempts, or not 1 <= k <= attempts.
    """
    _check_counts(attempts, passed, k)
    return math.comb(passed, k) / math.comb(attempts, k)


def pass_rate(
    scores: Sequence[Sequence[float]], k: int, *, threshold: float = PASS_THRESHOLD
) -> PassRate | None:
    """The mean pass^k over tasks with at least `k` graded attempts; None if there is no such task.

    An attempt passes when its score reaches the threshold, which has to be stated with the rate.
    """
    chances = [
        pass_hat_k(len(attempts), sum(score >= threshold for score in attempts), k)
        for attempts in scores
        if len(attempts) >= k
    ]
    return PassRate(fmean(chances), k, len(chances)) if chances else None


def expected_half_width(
    tasks: int, *, deviation: float = 0.35, confidence: float = CONFIDENCE
) -> float:
    """The half-width to expect before a run over `tasks` tasks; infinite without any.

    `deviation` is the standard deviation of scores between tasks; 0.35 is typical of agent suites.
    """
    return _normal_quantile(confidence) * deviation / math.sqrt(tasks) if tasks else math.inf


def _redraws_for(scores: Sequence[Sequence[float]]) -> int:
    return 1 if all(len(attempts) == 1 for attempts in scores) else _REDRAWS


def _redraw(attempts: Sequence[float], draws: int, rng: Random) -> list[float]:
    # A balanced bootstrap: every attempt is drawn equally often, so the pool's mean is the task's.
    size = len(attempts)
    drawn = list(attempts) * draws
    rng.shuffle(drawn)
    return [fmean(drawn[start : start + size]) for start in range(0, len(drawn), size)]


def _percentile_interval(
    pools: Sequence[Sequence[float]], confidence: float, resamples: int, rng: Random
) -> Interval:
    # Pools have one length, so one draw from all of them is a task, then its redrawn attempts.
    population = [value for pool in pools for value in pool]
    means = sorted(
        math.fsum(rng.choices(population, k=len(pools))) / len(pools) for _ in range(resamples)
    )
    tail = _expanded_tail(confidence, len(pools))
    return Interval(_quantile(means, tail), _quantile(means, 1 - tail))


def _expanded_tail(confidence: float, tasks: int) -> float:
    widened = _student_t_quantile((1 + confidence) / 2, tasks - 1) * math.sqrt(tasks / (tasks - 1))
    return NormalDist().cdf(-widened)


def _student_t_quantile(probability: float, freedom: int) -> float:
    if freedom == 1:
        return math.tan(math.pi * (probability - 0.5))
    if freedom == 2:
        return (2 * probability - 1) / math.sqrt(2 * probability * (1 - probability))
    z = NormalDist().inv_cdf(probability)
    # Abramowitz and Stegun 26.7.5: within 1 % from three degrees of freedom on.
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + math.fsum(term / freedom**power for power, term in enumerate(terms, start=1))


def _quantile(ordered: Sequence[float], share: float) -> float:
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _normal_quantile(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _check_counts(attempts: int, passed: int, k: int) -> None:
    if not 0 <= passed <= attempts or not 1 <= k <= attempts:
        raise ValueError(f"no pass rate of k={k} over {passed} passed of {attempts} attempts")
