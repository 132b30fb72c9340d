"""Numbers small enough to check by hand."""

import json
from pathlib import Path

import pytest

from bench.leaderboard import Leaderboard, compare_harnesses, rank
from bench.statistics import Verdict
from clawgym.dataset import Dataset
from clawgym.errors import UsageError
from clawgym.reward import Cause, CheckResult, CheckRole, Graded, Ungraded
from clawgym.run import Trial, TrialKey
from tests.bench.factory import make_dataset, plan, task, trial

BROKEN = Ungraded(cause=Cause.PROVIDER, reason="HTTP 503")


def scored(score: float, *checks: CheckResult) -> Graded:
    return Graded(score=score, code=score, checks=checks)


def core(node: str, *, passed: bool, weight: float = 1.0) -> CheckResult:
    return CheckResult(
        id=f"{node}-content", role=CheckRole.CORE, passed=passed, weight=weight, node=node
    )


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Task `a` filters (difficulty 2); task `b` filters and joins (difficulty 3)."""
    return make_dataset(tmp_path / "dataset", [task("a", steps=1), task("b", steps=2)])


@pytest.fixture
def trials() -> list[Trial]:
    """`good` is broken once on `b`; `bad` fails half of the checks."""
    rewards = {
        TrialKey("good", "a", 1): scored(1.0, core("n1", passed=True)),
        TrialKey("good", "a", 2): scored(0.5, core("n1", passed=True)),
        TrialKey("good", "b", 1): scored(
            1.0, core("n1", passed=True), core("n2", passed=True, weight=3)
        ),
        TrialKey("good", "b", 2): BROKEN,
        TrialKey("bad", "a", 1): scored(0.0, core("n1", passed=False)),
        TrialKey("bad", "a", 2): scored(0.0, core("n1", passed=False)),
        TrialKey("bad", "b", 1): scored(
            0.2, core("n1", passed=True), core("n2", passed=False, weight=3)
        ),
        TrialKey("bad", "b", 2): scored(
            0.4, core("n1", passed=True), core("n2", passed=False, weight=3)
        ),
    }
    return [
        trial(key, reward, "digest", turns=key.attempt * 2, tool_calls=3, prompt_tokens=100)
        for key, reward in rewards.items()
    ]


@pytest.fixture
def board(trials: list[Trial], dataset: Dataset) -> Leaderboard:
    return rank(trials, dataset)


def test_the_best_mean_over_tasks_comes_first(board: Leaderboard):
    assert [(row.harness, row.score) for row in board.rows] == [
        ("good", pytest.approx((0.75 + 1.0) / 2)),
        ("bad", pytest.approx((0.0 + 0.3) / 2)),
    ]


def test_an_ungraded_trial_lowers_the_coverage_and_nothing_else(board: Leaderboard):
    assert [(row.graded, row.total) for row in board.rows] == [(3, 4), (4, 4)]


def test_trials_that_have_not_run_count_against_the_coverage(trials: list[Trial], dataset: Dataset):
    board = rank(trials[:4], dataset, plan(dataset, ["good", "bad"], attempts=2))
    unrun = board.rows[-1]
    assert (unrun.harness, unrun.score, unrun.graded, unrun.total) == ("bad", None, 0, 4)
    assert unrun.interval is None
    assert unrun.cost is None


def test_pass_k_needs_all_attempts_to_reach_the_threshold(board: Leaderboard):
    good = board.rows[0].pass_rate
    assert good
    assert (good.k, good.value, good.tasks) == (2, 0.0, 1)


def test_costs_are_means_over_graded_trials(board: Leaderboard):
    cost = board.rows[0].cost
    assert cost
    assert cost.turns == pytest.approx((2 + 4 + 2) / 3)
    assert (cost.tool_calls, cost.prompt_tokens, cost.seconds) == (3, 100, 1.5)


def test_every_row_but_the_first_is_compared_with_it(board: Leaderboard):
    first, second = board.rows
    assert first.against_top is None
    assert second.against_top
    assert second.against_top.difference == pytest.approx(0.15 - 0.875)
    assert second.against_top.verdict is Verdict.INDISTINGUISHABLE


def test_operations_are_scored_by_the_check_weight_that_was_earned(board: Leaderboard):
    table = {breakdown.facet: breakdown for breakdown in board.breakdowns}["operation"]
    shares = {row.label: row.shares for row in table.rows}
    assert shares["filter"] == {"good": 1.0, "bad": pytest.approx(2 / 4)}
    assert shares["join"] == {"good": 1.0, "bad": 0.0}


def test_difficulties_and_skills_are_scored_by_task_means(board: Leaderboard):
    tables = {breakdown.facet: breakdown for breakdown in board.breakdowns}
    difficulty = {row.label: row.shares["good"] for row in tables["difficulty"].rows}
    skill = {row.label: (row.tasks, row.shares["good"]) for row in tables["skill"].rows}
    assert difficulty == {"2": pytest.approx(0.75), "3": pytest.approx(1.0)}
    assert skill == {
        "csv-analysis": (2, pytest.approx(0.875)),
        "record-merge": (1, pytest.approx(1.0)),
    }


def test_gates_earn_nothing(dataset: Dataset):
    gate = CheckResult(id="parses", role=CheckRole.GATE, passed=True, node="n1")
    board = rank([trial(TrialKey("x", "a", 1), scored(0.0, gate), "digest")], dataset)
    assert "operation" not in {breakdown.facet for breakdown in board.breakdowns}


def test_a_board_without_any_grade_still_has_its_rows(dataset: Dataset):
    board = rank([trial(TrialKey("x", "a", 1), BROKEN, "digest")], dataset)
    assert [(row.harness, row.score, row.total) for row in board.rows] == [("x", None, 1)]
    assert board.breakdowns == ()


def test_the_board_is_json_without_nan(board: Leaderboard):
    text = board.model_dump_json()
    assert Leaderboard.model_validate(json.loads(text)) == board
    assert "NaN" not in text


def test_the_order_of_the_trials_does_not_matter(
    trials: list[Trial], dataset: Dataset, board: Leaderboard
):
    turned = rank(trials[::-1], dataset)
    assert turned.breakdowns == board.breakdowns
    assert [row.score for row in turned.rows] == [row.score for row in board.rows]


def test_an_unknown_harness_gets_a_suggestion(trials: list[Trial]):
    with pytest.raises(UsageError, match="did you mean 'good'"):
        compare_harnesses(trials, "god", "bad")
