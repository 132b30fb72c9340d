"""Rewards: a grade with its evidence, or the reason why there is none; never a zero of ours."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from clawgym.reward import Cause, CheckResult, CheckRole, Graded, Reward, Ungraded, mean_score

SCORES = st.floats(0, 1)
UNGRADED = Ungraded(cause=Cause.SANDBOX, reason="no space left on device")


def graded(score: float) -> Graded:
    return Graded(score=score, code=score)


@given(st.lists(SCORES, min_size=1), st.integers(0, 5))
def test_the_mean_speaks_for_what_was_graded(scores: list[float], ungraded: int) -> None:
    mean = mean_score([*map(graded, scores), *[UNGRADED] * ungraded])
    assert mean.value == math.fsum(scores) / len(scores)
    assert (mean.graded, mean.total) == (len(scores), len(scores) + ungraded)
    assert mean.coverage == len(scores) / (len(scores) + ungraded)


def test_an_ungraded_trial_is_no_zero() -> None:
    assert mean_score([graded(1.0), UNGRADED]).value == 1.0


@pytest.mark.parametrize("count", [0, 3])
def test_without_a_grade_there_is_no_mean(count: int) -> None:
    mean = mean_score([UNGRADED] * count)
    assert math.isnan(mean.value)
    assert mean.coverage == 0.0
    assert str(mean) == f"n/a (0/{count} graded)"


def test_a_mean_is_printed_with_its_coverage() -> None:
    assert str(mean_score([graded(1.0), graded(0.5), UNGRADED])) == "0.750 (2/3 graded)"


@pytest.mark.parametrize("score", [-0.01, 1.01, math.nan, math.inf])
def test_a_score_lies_between_zero_and_one(score: float) -> None:
    with pytest.raises(ValidationError, match="score"):
        Graded(score=score, code=0.5)


def test_the_weight_of_a_check_is_not_negative() -> None:
    with pytest.raises(ValidationError, match="weight"):
        CheckResult(id="a", role=CheckRole.CORE, passed=True, weight=-1)


REWARDS = st.one_of(
    st.builds(Ungraded, cause=st.sampled_from(Cause), reason=st.text()),
    st.builds(
        Graded,
        score=SCORES,
        code=SCORES,
        rubric=st.none() | SCORES,
        checks=st.lists(
            st.builds(
                CheckResult,
                id=st.text(),
                role=st.sampled_from(CheckRole),
                passed=st.booleans(),
                weight=st.floats(0, 100),
                node=st.none() | st.text(),
                found=st.text(),
            ),
            max_size=3,
        ).map(tuple),
    ),
)


@given(REWARDS)
def test_a_reward_survives_json(reward: Graded | Ungraded) -> None:
    adapter: TypeAdapter[Reward] = TypeAdapter(Reward)
    assert adapter.validate_json(reward.model_dump_json()) == reward
