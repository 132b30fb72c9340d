"""Hybrid scores: what a judge adds to a code score, and when it is not even asked."""

from typing import TYPE_CHECKING

from clawgym.files import Files
from clawgym.reward import Graded, Ungraded
from clawgym.task import Task
from clawgym.trajectory import Trajectory
from verify.rubric.rubric import Rubric, rubric_of
from verify.scoring import combine

if TYPE_CHECKING:
    from verify.rubric.judge import Judge

ALL_PASSED = Graded(score=1.0, code=1.0)
"""The code score of a task whose code counts nothing: nothing failed."""


def counting_rubric(task: Task) -> Rubric | None:
    """The rubric of the task, if it has one that carries weight.

    Raises:
        TaskFormatError: `tests/rubric.toml` is malformed.
    """
    rubric = rubric_of(task)
    return rubric if task.clawgym.rubric_weight > 0 else None


def is_judged_only(task: Task) -> bool:
    """Whether code can neither earn anything nor stand in the way of the rubric."""
    settings = task.clawgym
    return settings.code_weight == 0 and (settings.code_floor == 0 or "test.sh" not in task.tests)


async def add_rubric(
    code: Graded, task: Task, workspace: Files, trajectory: Trajectory | None, judge: "Judge"
) -> Graded | Ungraded:
    """The hybrid score. Below the code floor a rubric earns nothing, so the judge is not asked."""
    settings = task.clawgym
    if code.code < settings.code_floor:
        why = f"the code score is below {settings.code_floor:g}: the rubric was not judged"
        score = _combined(code.code, 0.0, task)
        return code.model_copy(update={"score": score, "findings": (*code.findings, why)})
    judged = await judge.judge(task, workspace, trajectory)
    if isinstance(judged, Ungraded):
        return judged
    return code.model_copy(
        update={
            "score": _combined(code.code, judged.score, task),
            "rubric": judged.score,
            "criteria": judged.criteria,
            "findings": (*code.findings, *judged.findings),
        }
    )


def _combined(code: float, rubric: float, task: Task) -> float:
    settings = task.clawgym
    return combine(
        code,
        rubric,
        code_weight=settings.code_weight,
        rubric_weight=settings.rubric_weight,
        code_floor=settings.code_floor,
    )
