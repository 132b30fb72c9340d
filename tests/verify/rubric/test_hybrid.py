"""Hybrid grades: 0.7 code and 0.3 rubric, the rubric only above the code floor."""

import pytest

from clawgym.model import Message, Role
from clawgym.model.scripted import ScriptedModel
from clawgym.reward import Cause, Graded, Ungraded
from clawgym.sandbox import Backend
from tests.verify.rubric.works import answer, delivered, judged_task
from verify.grading import grade
from verify.rubric.judge import Judge

WORK = delivered(output__essay_md="Rivers.\n")
REWARD = 'echo {} > "${{CLAWGYM_LOGS:-/logs}}/verifier/reward.txt"\n'


def judge(band: float = 0.5, calls: int = 1) -> Judge:
    said = Message(Role.ASSISTANT, answer({"clarity": band, "depth": band}))
    return Judge(ScriptedModel([said] * calls), votes=1)


async def test_code_and_rubric_are_weighed(backend: Backend) -> None:
    graded = await grade(judged_task(script=REWARD.format(0.8)), WORK, backend, judge=judge())
    assert isinstance(graded, Graded)
    assert graded.score == pytest.approx(0.7 * 0.8 + 0.3 * 0.5)
    assert (graded.code, graded.rubric) == (0.8, 0.5)
    assert [criterion.id for criterion in graded.criteria] == ["clarity", "depth"]


async def test_a_task_has_weights_of_its_own(backend: Backend) -> None:
    task = judged_task(code_weight=0.4, rubric_weight=0.6)
    graded = await grade(task, WORK, backend, judge=judge())
    assert isinstance(graded, Graded)
    assert graded.score == pytest.approx(0.4 + 0.6 * 0.5)


async def test_below_the_floor_the_judge_is_not_asked(backend: Backend) -> None:
    task = judged_task(script=REWARD.format(0.4))
    graded = await grade(task, WORK, backend, judge=judge(calls=0))
    assert isinstance(graded, Graded)
    assert graded.score == pytest.approx(0.7 * 0.4)
    assert graded.rubric is None
    assert "below 0.5" in graded.findings[0]


async def test_a_rubric_without_a_judge_is_ungraded_and_says_what_to_do(backend: Backend) -> None:
    verdict = await grade(judged_task(), WORK, backend)
    assert isinstance(verdict, Ungraded)
    assert verdict.cause is Cause.PROVIDER
    assert "--judge-model" in verdict.reason
    assert "--code-only" in verdict.reason


async def test_code_only_scores_the_code_alone(backend: Backend) -> None:
    task = judged_task(script=REWARD.format(0.8))
    assert await grade(task, WORK, backend, code_only=True) == Graded(score=0.8, code=0.8)
    assert await grade(task, WORK, backend, judge=judge(calls=0), code_only=True) == Graded(
        score=0.8, code=0.8
    )


async def test_a_rubric_without_weight_is_not_asked(backend: Backend) -> None:
    task = judged_task(script=REWARD.format(0.8), code_weight=1.0, rubric_weight=0.0)
    assert await grade(task, WORK, backend) == Graded(score=0.8, code=0.8)


async def test_a_task_may_be_graded_by_its_rubric_alone(backend: Backend) -> None:
    task = judged_task(script=None, code_weight=0.0, rubric_weight=1.0)
    graded = await grade(task, WORK, backend, judge=judge(0.75))
    assert isinstance(graded, Graded)
    assert graded.score == 0.75


async def test_a_judge_that_fails_leaves_the_work_ungraded_and_not_at_its_code_score(
    backend: Backend,
) -> None:
    verdict = await grade(judged_task(), WORK, backend, judge=judge(calls=0))
    assert isinstance(verdict, Ungraded)
    assert verdict.cause is Cause.PROVIDER


async def test_a_verifier_that_breaks_is_not_made_up_for_by_a_judge(backend: Backend) -> None:
    verdict = await grade(judged_task(script="exit 3\n"), WORK, backend, judge=judge(calls=0))
    assert isinstance(verdict, Ungraded)
    assert verdict.cause is Cause.VERIFIER


async def test_a_malformed_rubric_is_the_tasks_failure(backend: Backend) -> None:
    verdict = await grade(judged_task("criteria = 1"), WORK, backend, judge=judge(calls=0))
    assert isinstance(verdict, Ungraded)
    assert verdict.cause is Cause.TASK
