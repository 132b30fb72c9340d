"""Agreement statistics: published worked examples, and what holds for any ratings."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.agreement import (
    Level,
    Unit,
    bootstrap_interval,
    cohen_kappa,
    krippendorff_alpha,
    self_consistency,
)

N = None
# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section D.
OBSERVERS: list[list[float | None]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
UNITS: list[Unit] = list(zip(*OBSERVERS, strict=True))

ratings = st.lists(
    st.lists(st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])), max_size=5),
    max_size=12,
)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_of_krippendorffs_own_example(level: Level, alpha: float) -> None:
    found = krippendorff_alpha(UNITS, level)
    assert found is not None
    assert round(found, 3) == alpha


def test_alpha_of_two_observers_and_binary_data() -> None:
    """Section A of the same paper: ten units, alpha 0.095."""
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    found = krippendorff_alpha(list(zip(first, second, strict=True)), "nominal")
    assert found is not None
    assert round(found, 3) == 0.095


@pytest.mark.parametrize("units", [[], [[1.0]], [[1.0, None], [2.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_alpha_is_not_defined_without_pairs_or_variation(units: list[Unit]) -> None:
    assert krippendorff_alpha(units) is None


def _by_definition(units: list[Unit], level: Level) -> float | None:
    """Alpha as the mean squared distance of pairs within units over that of all pairs."""
    pairable = [[v for v in unit if v is not None] for unit in units]
    pairable = [values for values in pairable if len(values) > 1]
    every = [value for values in pairable for value in values]

    def distance(a: float, b: float) -> float:
        if a == b:
            return 0.0
        if level == "interval":
            return (a - b) ** 2
        if level == "nominal":
            return 1.0
        low, high = min(a, b), max(a, b)
        between = sum(1 for v in every if low <= v <= high)
        return (between - (every.count(a) + every.count(b)) / 2) ** 2

    observed = sum(
        distance(a, b) / (len(values) - 1)
        for values in pairable
        for i, a in enumerate(values)
        for j, b in enumerate(values)
        if i != j
    )
    expected = sum(distance(a, b) for a in every for b in every)
    return 1 - (len(every) - 1) * observed / expected if expected else None


@given(ratings, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_is_what_its_definition_says(units: list[Unit], level: Level) -> None:
    found, wanted = krippendorff_alpha(units, level), _by_definition(units, level)
    assert found == wanted or (found is not None and wanted is not None)
    if found is not None and wanted is not None:
        assert math.isclose(found, wanted, abs_tol=1e-9)


@given(ratings, st.randoms(use_true_random=False))
def test_alpha_does_not_depend_on_who_rated_or_in_which_order(units: list[Unit], random) -> None:
    shuffled = [random.sample(list(unit), len(unit)) for unit in units]
    random.shuffle(shuffled)
    first, second = krippendorff_alpha(units), krippendorff_alpha(shuffled)
    assert (first is None) == (second is None)
    assert first is None or math.isclose(first, second or 0.0, abs_tol=1e-9)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2), st.integers(2, 4))
def test_perfect_agreement_is_one(values: list[float], raters: int) -> None:
    found = krippendorff_alpha([[value] * raters for value in values])
    assert found == (1.0 if len(set(values)) > 1 else None)


def test_kappa_of_the_textbook_table() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5."""
    pairs = [(1.0, 1.0)] * 20 + [(1.0, 0.0)] * 5 + [(0.0, 1.0)] * 10 + [(0.0, 0.0)] * 15
    found = cohen_kappa(pairs, [0.0, 1.0])
    assert found == pytest.approx(0.4)


def test_weighted_kappa_forgives_a_near_miss() -> None:
    levels = [0.0, 0.5, 1.0]
    pairs = [(0.0, 0.0), (0.5, 0.5), (1.0, 0.5), (1.0, 1.0)]
    plain, linear, quadratic = (
        cohen_kappa(pairs, levels, weights) for weights in ("none", "linear", "quadratic")
    )
    # By hand: observed 1/4; expected 11/16 unweighted, 14/16 and 20/16 by distance.
    assert plain == pytest.approx(1 - (1 / 4) / (11 / 16))
    assert linear == pytest.approx(1 - (1 / 4) / (14 / 16))
    assert quadratic == pytest.approx(1 - (1 / 4) / (20 / 16))


def test_kappa_is_not_defined_without_ratings_or_disagreement_by_chance() -> None:
    assert cohen_kappa([], [0.0, 1.0]) is None
    assert cohen_kappa([(1.0, 1.0)], [0.0, 1.0]) is None
    with pytest.raises(ValueError, match=r"0\.3 is none of the levels"):
        cohen_kappa([(0.3, 1.0)], [0.0, 1.0])


def test_self_consistency_is_the_chance_that_two_votes_agree() -> None:
    assert self_consistency([[1.0, 1.0, 1.0], [1.0, 1.0, 0.5]]) == pytest.approx((1 + 1 / 3) / 2)
    assert self_consistency([[1.0], []]) is None


def test_the_bootstrap_holds_the_value_and_is_the_same_each_time() -> None:
    clusters = [[unit] for unit in UNITS] * 4

    def alpha(drawn) -> float | None:
        return krippendorff_alpha([unit for cluster in drawn for unit in cluster])

    first, second = (bootstrap_interval(clusters, alpha, resamples=200) for _ in range(2))
    assert first is not None
    assert first == second
    assert first.covers(alpha(clusters) or 0.0)
    assert bootstrap_interval(clusters[:1], alpha) is None
