"""Error rates: what counts as an accept, what as a reject, and what as neither."""

import math

import pytest

from clawgym.files import Files
from clawgym.reward import Cause, Graded, Ungraded
from verify.attempts import Attempt, Due, Family, Outcome
from verify.cards import Card
from verify.rates import crashes, false_accepts, false_rejects, family_rates, rate

BROKEN = Ungraded(cause=Cause.VERIFIER, reason="it broke")


def outcome(family: Family, due: Due, score: float | None, name: str = "x") -> Outcome:
    verdict = BROKEN if score is None else Graded(score=score, code=score)
    return Outcome.of(Attempt(family, name, Files(), due), verdict, 0.1, reference=1.0)


def card(*outcomes: Outcome) -> Card:
    return Card(task_id="a", digest="d", outcomes=outcomes)


@pytest.mark.parametrize(
    ("due", "score", "wrong"),
    [
        (Due.EVERYTHING, 1.0, False),
        (Due.EVERYTHING, 0.999, True),
        (Due.MOST, 0.95, False),
        (Due.MOST, 0.94, True),
        (Due.LESS, 0.99, False),
        (Due.LESS, 1.0, True),
        (Due.NOTHING, 0.0, False),
        (Due.NOTHING, 0.001, True),
        (Due.GRADE, 0.5, False),
    ],
)
def test_what_is_due_decides_what_is_wrong(due: Due, score: float, wrong: bool) -> None:
    assert outcome(Family.LAZY, due, score).wrong is wrong


def test_a_mutant_survives_when_it_earns_what_the_reference_earns() -> None:
    spoilt = Attempt(Family.MUTANT, "m", Files(), Due.LESS)
    assert Outcome.of(spoilt, Graded(score=0.8, code=0.8), 0.1, reference=0.8).wrong
    assert not Outcome.of(spoilt, Graded(score=0.7, code=0.7), 0.1, reference=0.8).wrong


def test_wrong_work_and_right_work_are_counted_apart() -> None:
    one = card(
        outcome(Family.ORACLE, Due.EVERYTHING, 1.0),
        outcome(Family.STEADY, Due.EVERYTHING, 0.5),
        outcome(Family.LAZY, Due.NOTHING, 0.2),
        outcome(Family.MUTANT, Due.LESS, 0.4),
        outcome(Family.FUZZ, Due.GRADE, 0.4),
        outcome(Family.PLANTED, Due.NOTHING, 0.0, "planted:pth:noop"),
        outcome(Family.PLANTED, Due.EVERYTHING, 1.0, "planted:pth:oracle"),
    )
    accepts, rejects = false_accepts([one]), false_rejects([one])
    assert (accepts.wrong, accepts.graded) == (1, 3)
    assert (rejects.wrong, rejects.graded) == (1, 3)
    assert accepts.interval.low < 1 / 3 < accepts.interval.high
    names = [each.name for each in family_rates([one])]
    assert names == [
        *("oracle", "steady", "lazy", "fuzz", "mutant", "planted on noop", "planted on oracle"),
    ]


def test_what_is_not_graded_is_no_zero_and_shows_in_the_coverage() -> None:
    found = rate("lazy", [outcome(Family.LAZY, Due.NOTHING, score) for score in (0.0, 0.5, None)])
    assert (found.wrong, found.graded, found.ungraded) == (1, 2, 1)
    assert found.mean == 0.25
    assert found.coverage == pytest.approx(2 / 3)


def test_without_any_attempt_nothing_is_known() -> None:
    nothing = rate("lazy", [])
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.mean)
    assert (nothing.interval.low, nothing.interval.high) == (0.0, 1.0)
    assert nothing.coverage == 0.0


def test_crashes_are_damaged_outputs_without_a_grade() -> None:
    fuzz = [outcome(Family.FUZZ, Due.LESS, score) for score in (0.0, None, None)]
    assert crashes([card(*fuzz, outcome(Family.LAZY, Due.NOTHING, None))]) == 2
