"""Code checks and rubric become one score in [0, 1]."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.scoring import combine

UNIT = st.floats(0, 1)
ANY = st.floats(allow_nan=False)


def test_without_a_rubric_the_code_score_stands_alone() -> None:
    assert combine(0.4, None) == 0.4


def test_a_rubric_weighs_three_tenths() -> None:
    assert combine(1.0, 0.5) == pytest.approx(0.85)


def test_below_the_floor_the_rubric_earns_nothing() -> None:
    assert combine(0.49, 1.0) == pytest.approx(0.7 * 0.49)
    assert combine(0.5, 1.0) == pytest.approx(0.65)


def test_weights_are_relative_to_their_sum() -> None:
    assert combine(1.0, 0.0, code_weight=1.0, rubric_weight=1.0) == pytest.approx(0.5)


@pytest.mark.parametrize(("code", "score"), [(7.0, 1.0), (-3.0, 0.0)])
def test_scores_are_clamped(code: float, score: float) -> None:
    assert combine(code, None) == score


@given(ANY, st.none() | ANY)
def test_every_score_lies_in_the_unit_interval(code: float, rubric: float | None) -> None:
    assert 0 <= combine(code, rubric) <= 1


@given(UNIT, UNIT, UNIT)
def test_a_better_rubric_never_lowers_the_score(code: float, one: float, two: float) -> None:
    worse, better = sorted((one, two))
    assert combine(code, worse) <= combine(code, better)
