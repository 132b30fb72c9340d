"""Verifiers that give the same score whatever was done."""

from collections.abc import Iterator

from clawgym.files import Files
from clawgym.reward import Graded
from clawgym.sandbox import Backend
from clawgym.task import Task
from verify.attempts import with_files
from verify.grading import grade
from verify.panel import echo, stubs
from verify.probes import SOLUTION, solved_workspace


async def about_scores(task: Task, backend: Backend) -> list[tuple[str, str]]:
    """Grades nothing done, two kinds of next to nothing, and the reference solution if any.

    One score for all of them, the solution among them or above 0, says that the verifier does not
    look at the work.
    """
    attempts: list[Files] = [task.workspace]
    attempts += [with_files(task.workspace, filler(task)) for filler in (stubs, echo)]
    if SOLUTION in task.solution:
        attempts.append(await solved_workspace(task, backend))
    rewards = [await grade(task, files, backend, code_only=True) for files in attempts]
    return list(_judged(task, [r.score for r in rewards if isinstance(r, Graded)], len(attempts)))


def _judged(task: Task, scores: list[float], attempts: int) -> Iterator[tuple[str, str]]:
    if len(scores) < attempts:
        yield "dead-verifier", f"{attempts - len(scores)} of {attempts} workspaces stay ungraded"
    elif len(set(scores)) == 1 and (SOLUTION in task.solution or scores[0] > 0):
        yield "dead-verifier", f"{attempts} finished workspaces all earn {scores[0]:g}"
