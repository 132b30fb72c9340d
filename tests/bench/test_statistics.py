import math
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics import (
    Interval,
    Verdict,
    bootstrap_interval,
    compare,
    expected_half_width,
    mean_over_tasks,
    pass_at_k,
    pass_hat_k,
    pass_rate,
    sign_flip_p_value,
    wilson_interval,
)
from clawgym.seeds import derive_random

unit = st.floats(0, 1)
tasks = st.lists(st.lists(unit, max_size=3), max_size=12)


def spread(count: int, seed: int = 1) -> list[list[float]]:
    rng = derive_random(seed, "scores")
    return [[rng.random()] for _ in range(count)]


def by_id(scores: list[list[float]]) -> dict[str, list[float]]:
    return {f"task-{place}": attempts for place, attempts in enumerate(scores)}


def test_every_task_counts_the_same_however_many_attempts_it_has():
    assert mean_over_tasks([[1.0, 1.0, 1.0], [0.0]]) == 0.5


def test_a_task_without_a_grade_is_left_out_and_is_no_zero():
    assert mean_over_tasks([[1.0], [], []]) == 1.0


def test_nothing_graded_has_no_mean():
    assert math.isnan(mean_over_tasks([[], []]))


def test_one_task_gives_no_interval():
    assert bootstrap_interval([[0.2, 0.9], []]) is None


def test_the_same_seed_gives_the_same_interval_and_another_seed_a_similar_one():
    scores = spread(40)
    first, other = bootstrap_interval(scores, seed=1), bootstrap_interval(scores, seed=2)
    assert first == bootstrap_interval(scores, seed=1)
    assert first
    assert other
    assert first != other
    assert first.low == pytest.approx(other.low, abs=0.02)


def test_the_bootstrap_agrees_with_the_textbook_on_many_tasks():
    scores = spread(400)
    means = [score for (score,) in scores]
    deviation = math.sqrt(fmean((score - fmean(means)) ** 2 for score in means))
    found = bootstrap_interval(scores)
    assert found
    assert found.half_width == pytest.approx(1.96 * deviation / 20, rel=0.05)


def test_attempts_that_disagree_widen_the_interval():
    steady = [[score, score, score] for (score,) in spread(30)]
    noisy = [[max(0.0, s - 0.4), s, min(1.0, s + 0.4)] for s, _, _ in steady]
    calm, wide = bootstrap_interval(steady), bootstrap_interval(noisy)
    assert calm
    assert wide
    assert wide.half_width > calm.half_width


def test_perfect_scores_do_not_claim_certainty():
    found = bootstrap_interval([[1.0]] * 40)
    assert found
    assert (found.low, found.high) == (pytest.approx(0.9124, abs=1e-4), 1.0)


def test_one_failure_more_never_narrows_the_interval_at_the_edge():
    perfect = bootstrap_interval([[1.0]] * 40)
    nearly = bootstrap_interval([[1.0]] * 39 + [[0.5]])
    assert perfect
    assert nearly
    assert nearly.half_width >= perfect.half_width


@settings(max_examples=40)
@given(tasks)
def test_an_interval_stays_in_bounds_and_covers_the_mean(scores: list[list[float]]):
    found = bootstrap_interval(scores, resamples=200)
    if found is None:
        assert sum(bool(attempts) for attempts in scores) < 2
    else:
        assert 0 <= found.low <= found.high <= 1 + 1e-12
        assert found.low - 1e-9 <= mean_over_tasks(scores) <= found.high + 1e-9


@settings(max_examples=40)
@given(tasks, st.integers(0, 3))
def test_ungraded_tasks_do_not_move_the_interval(scores: list[list[float]], more: int):
    assert bootstrap_interval(scores, resamples=100) == bootstrap_interval(
        scores + [[] for _ in range(more)], resamples=100
    )


def test_a_clear_difference_is_named():
    left = by_id([[0.8 + place / 100] for place in range(20)])
    right = by_id([[0.3 + place / 50] for place in range(20)])
    found = compare(left, right)
    assert found.verdict is Verdict.BETTER
    assert found.p_value < 0.001
    assert found.difference == pytest.approx(0.405)
    assert compare(right, left).verdict is Verdict.WORSE


def test_noise_is_not_distinguishable():
    found = compare(by_id(spread(30, seed=1)), by_id(spread(30, seed=2)))
    assert found.interval
    assert found.interval.covers(0.0)
    assert found.verdict is Verdict.INDISTINGUISHABLE


def test_three_tasks_prove_nothing_even_if_they_all_agree():
    found = compare(by_id([[1.0]] * 3), by_id([[0.0]] * 3))
    assert found.p_value == 0.25
    assert found.verdict is Verdict.INDISTINGUISHABLE


def test_only_tasks_that_both_were_graded_on_are_compared():
    found = compare({"a": [1.0], "b": [1.0], "c": []}, {"b": [0.5], "c": [0.0], "d": [0.0]})
    assert found.tasks == 1
    assert found.difference == 0.5
    assert found.interval is None


def test_nothing_in_common_has_no_difference():
    found = compare({"a": [1.0]}, {"b": [1.0]})
    assert (found.difference, found.tasks, found.p_value) == (None, 0, 1.0)


@settings(max_examples=40)
@given(st.lists(st.tuples(unit, unit), min_size=2, max_size=12))
def test_turning_a_comparison_around_turns_the_verdict_around(pairs: list[tuple[float, float]]):
    left, right = by_id([[a] for a, _ in pairs]), by_id([[b] for _, b in pairs])
    there, back = compare(left, right, resamples=100), compare(right, left, resamples=100)
    assert there.difference == pytest.approx(-(back.difference or 0))
    assert there.p_value == back.p_value


def test_the_exact_permutation_test_counts_sign_patterns():
    assert sign_flip_p_value([1.0, 1.0, 1.0, 1.0]) == 2 / 16
    assert sign_flip_p_value([1.0, -1.0]) == 1.0
    assert sign_flip_p_value([0.0, 0.0]) == 1.0


def test_the_random_permutation_test_agrees_with_the_exact_one():
    differences = [0.3, 0.1, -0.2, 0.25, 0.4, -0.1, 0.05, 0.2, 0.15, -0.3, 0.35, 0.1]
    exact = sign_flip_p_value(differences)
    # A thirteenth, tiny difference makes the test sample instead of enumerating.
    assert sign_flip_p_value([*differences, 1e-9]) == pytest.approx(exact, abs=0.02)


@given(st.integers(1, 8), st.data())
def test_pass_rates_equal_counting_the_subsets(attempts: int, data: st.DataObject):
    passed = data.draw(st.integers(0, attempts))
    k = data.draw(st.integers(1, attempts))
    outcomes = [place < passed for place in range(attempts)]
    subsets = list(combinations(outcomes, k))
    assert pass_at_k(attempts, passed, k) == pytest.approx(fmean(map(any, subsets)))
    assert pass_hat_k(attempts, passed, k) == pytest.approx(fmean(map(all, subsets)))


@pytest.mark.parametrize("counts", [(3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, 0)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]):
    with pytest.raises(ValueError, match="no pass rate"):
        pass_hat_k(*counts)


def test_a_pass_rate_speaks_only_for_tasks_with_enough_attempts():
    rate = pass_rate([[1.0, 0.9], [0.8, 0.1], [1.0], []], 2)
    assert rate
    assert (rate.value, rate.tasks) == (0.5, 2)


def test_the_threshold_decides_what_passes():
    scores = [[0.8]]
    strict, lenient = pass_rate(scores, 1, threshold=0.9), pass_rate(scores, 1, threshold=0.8)
    assert strict
    assert lenient
    assert (strict.value, lenient.value) == (0.0, 1.0)


def test_no_task_with_enough_attempts_has_no_pass_rate():
    assert pass_rate([[1.0]], 3) is None


def test_wilson_known_values():
    found = wilson_interval(8, 10)
    assert (found.low, found.high) == (
        pytest.approx(0.4902, abs=1e-4),
        pytest.approx(0.9433, abs=1e-4),
    )
    assert wilson_interval(0, 0) == Interval(0.0, 1.0)


@given(st.integers(1, 500), st.data())
def test_wilson_covers_the_share(trials: int, data: st.DataObject):
    successes = data.draw(st.integers(0, trials))
    found = wilson_interval(successes, trials)
    assert found.covers(successes / trials)
    assert found.low >= 0
    assert found.high <= 1


@pytest.mark.parametrize(("count", "points"), [(23, 14.3), (60, 8.9), (200, 4.9), (300, 4.0)])
def test_the_half_width_to_expect_is_known_before_the_run(count: int, points: float):
    assert 100 * expected_half_width(count) == pytest.approx(points, abs=0.06)


def test_no_task_promises_nothing():
    assert expected_half_width(0) == math.inf
