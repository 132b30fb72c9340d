import math

from hypothesis import given
from hypothesis import strategies as st

from clawgym.reward import Cause, CheckResult, CheckRole, Graded, Ungraded
from clawgym.task import ClawGymMetadata
from verify.suites.strict import Floors, above, floors, strict, strict_score

VALUES = st.floats(0, 1)


def verdict(problem: str = "", rubric: float | None = None, **values: float) -> Graded:
    gate = CheckResult(
        id="grader", role=CheckRole.GATE, passed=not problem, found=problem or "raw score"
    )
    core = [
        CheckResult(id=key, role=CheckRole.CORE, passed=value == 1, value=value)
        for key, value in values.items()
    ]
    return Graded(score=0.5, code=0.5, rubric=rubric, checks=(gate, *core))


def scored(reward: Graded | Ungraded) -> float:
    assert isinstance(reward, Graded), reward
    return reward.score


def test_what_nothing_earns_is_a_checks_floor():
    found = floors([verdict(exists=0.0, right=0.0), verdict(exists=1.0, right=0.25)])
    assert found.by_check == {"exists": 1.0, "right": 0.25}
    assert [(leak.check, leak.floor, leak.why) for leak in found.leaks] == [
        ("exists", 1.0, "existence"),
        ("right", 0.25, "other"),
    ]


def test_a_check_whose_floor_is_its_maximum_counts_for_nothing():
    found = Floors({"exists": 1.0, "right": 0.0})
    assert scored(strict(verdict(exists=1.0, right=0.0), found)) == 0.0
    assert scored(strict(verdict(exists=1.0, right=1.0), found)) == 1.0


def test_only_what_lies_above_the_floor_is_earned():
    assert scored(strict(verdict(right=0.625), Floors({"right": 0.25}))) == 0.5


def test_work_that_is_worse_than_nothing_earns_nothing():
    assert scored(strict(verdict(right=0.1), Floors({"right": 0.25}))) == 0.0


def test_the_graders_own_reward_gates_and_does_not_count():
    found = Floors({"a": 0.0, "b": 0.0})
    assert scored(strict(verdict(reward=0.0, a=1.0, b=1.0), found)) == 0.0
    assert scored(strict(verdict(reward=0.3, a=1.0, b=0.0), found)) == 0.5


def test_a_lone_reward_is_a_check_like_any_other():
    assert scored(strict(verdict(reward=0.625), Floors({"reward": 0.25}))) == 0.5


def test_a_crash_of_the_grader_leaves_the_work_ungraded():
    found = strict(verdict(problem="crashed: exit code 1"), Floors({"a": 0.0}))
    assert isinstance(found, Ungraded)
    assert found.cause is Cause.VERIFIER
    assert "crashed" in found.reason


def test_a_task_where_nothing_can_be_earned_is_a_finding_and_no_zero():
    found = strict(verdict(exists=1.0), Floors({"exists": 1.0}))
    assert isinstance(found, Ungraded)
    assert found.cause is Cause.TASK


def test_ungraded_stays_ungraded_and_says_nothing_about_floors():
    ungraded = Ungraded(cause=Cause.SANDBOX, reason="no box")
    assert strict(ungraded, Floors({})) is ungraded
    assert floors([ungraded, verdict(problem="timed out")]).by_check == {}


def test_the_rubrics_part_is_kept():
    settings = ClawGymMetadata(kind="import", code_weight=0.5, rubric_weight=0.5, code_floor=0.0)
    found = strict(verdict(rubric=0.8, a=1.0), Floors({"a": 0.0}), settings)
    assert math.isclose(scored(found), 0.9)


def test_a_task_that_is_only_judged_keeps_its_score():
    judged = verdict(rubric=0.8)
    assert strict(judged, Floors({})) is judged


@given(VALUES, VALUES)
def test_above_stays_in_the_unit_interval_and_keeps_the_ends(value: float, floor: float):
    assert 0.0 <= above(value, floor) <= 1.0
    assert above(floor, floor) == 0.0


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(VALUES, VALUES), min_size=1))
def test_the_strict_score_of_lazy_work_is_zero(pairs: dict[str, tuple[float, float]]):
    lazy = [
        verdict(**{k: v[0] for k, v in pairs.items()}),
        verdict(**{k: v[1] for k, v in pairs.items()}),
    ]
    found = floors(lazy)
    for attempt in lazy:
        core = [check for check in attempt.checks if check.role is CheckRole.CORE]
        assert strict_score(core, found.by_check) == 0.0
