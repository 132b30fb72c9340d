"""Grading one finished workspace in a fresh box that the agent never touched."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from clawgym.errors import SandboxError, TaskFormatError, VerifierError
from clawgym.files import Files
from clawgym.reward import Cause, CheckResult, Graded, Ungraded
from clawgym.sandbox import Backend, BoxSpec, ExecResult, box, scratch_directory
from clawgym.sandbox.collect import collect
from clawgym.task import Task
from clawgym.trajectory import Trajectory
from verify.launching import launch, script_command
from verify.programs import run_programs
from verify.rubric import hybrid
from verify.scoring import combine

if TYPE_CHECKING:
    from verify.rubric.judge import Judge

__all__ = ["grade", "grade_code", "last_words", "script_command"]


class _RewardFile(BaseModel):
    """Harbor's `reward.json`: other keys are allowed beside `reward`."""

    reward: float


class _DetailsFile(BaseModel):
    """Our `reward-details.json`."""

    checks: tuple[CheckResult, ...]


async def grade(
    task: Task,
    workspace: Files,
    backend: Backend,
    *,
    trajectory: Trajectory | None = None,
    judge: "Judge | None" = None,
    code_only: bool = False,
) -> Graded | Ungraded:
    """Grade the collected files of a sealed box: by code, and by a rubric where the task has one.

    Args:
        task: what was to be done, with its verifier.
        workspace: what the agent left.
        backend: makes the box that the verifier runs in.
        trajectory: what the agent did, where it is known.
        judge: who scores the rubric; a task that has one stays ungraded without.
        code_only: score the code alone, even where there is a rubric.
    """
    try:
        rubric = None if code_only else hybrid.counting_rubric(task)
    except TaskFormatError as error:
        return Ungraded(cause=Cause.TASK, reason=str(error))
    if rubric and judge is None:
        return Ungraded(
            cause=Cause.PROVIDER,
            reason=f"task {task.id} has a rubric and no judge; name one with --judge-model, or "
            "score the code alone with --code-only",
        )
    if rubric and hybrid.is_judged_only(task):
        code: Graded | Ungraded = hybrid.ALL_PASSED
    else:
        code = await grade_code(task, workspace, backend, trajectory)
    if rubric is None or judge is None or isinstance(code, Ungraded):
        return code
    return await hybrid.add_rubric(code, task, workspace, trajectory, judge)


async def grade_code(
    task: Task, workspace: Files, backend: Backend, trajectory: Trajectory | None = None
) -> Graded | Ungraded:
    """Run the task's verifier over the collected files of a sealed box.

    The files are read-only, the tests appear only here, there is no network, and the reward comes
    back through a directory that this box shares with nobody. What the agent did stands there for
    the verifier, in `agent/trajectory.json`, where it is known. A verifier that breaks its contract
    leaves the work ungraded; it is never a zero.
    """
    if "test.sh" not in task.tests:
        reason = f"task {task.id} has no tests/test.sh to grade by"
        return Ungraded(cause=Cause.VERIFIER, reason=reason)
    with scratch_directory() as scratch:
        spec = _lay_out(task, workspace, scratch)
        logs = spec.writable["logs"] / "verifier"
        if trajectory:
            trajectory.save(spec.writable["logs"] / "agent" / "trajectory.json")
        try:
            programs = await run_programs(task, workspace, backend)
            programs.write_to(spec.writable["logs"] / "programs")
            async with box(backend, spec) as sandbox:
                ran = await launch(task, sandbox)
            return _read_verdict(task, ran, logs)
        except SandboxError as error:
            return Ungraded(cause=Cause.SANDBOX, reason=str(error))
        except VerifierError as error:
            return Ungraded(cause=Cause.VERIFIER, reason=str(error))


def last_words(ran: ExecResult) -> str:
    """The last lines that a program wrote to stderr, at most 400 characters of them."""
    said = ran.stderr.decode(errors="replace").strip()
    return said if len(said) <= 400 else said[-400:].partition("\n")[2] or said[-400:]


def _lay_out(task: Task, workspace: Files, scratch: Path) -> BoxSpec:
    tests, logs = scratch / "tests", scratch / "logs"
    tests.mkdir()
    for part in ("agent", "verifier"):
        logs.joinpath(part).mkdir(parents=True)
    task.tests.write_to(tests)
    return BoxSpec(
        files=workspace,
        mounts={"tests": tests},
        writable={"logs": logs},
        workspace_read_only=True,
    )


def _read_verdict(task: Task, ran: ExecResult, logs: Path) -> Graded:
    if ran.timed_out:
        raise VerifierError(f"the verifier of {task.id} ran out of its time of {ran.seconds:.0f} s")
    if ran.exit_code != 0:
        raise VerifierError(
            f"the verifier of {task.id} exited with {ran.exit_code}: {last_words(ran)}"
        )
    written = collect(logs).files  # a foreign verifier may have run the agent's code
    code = _read_reward(task, written)
    settings = task.clawgym
    score = combine(
        code,
        None,
        code_weight=settings.code_weight,
        rubric_weight=settings.rubric_weight,
        code_floor=settings.code_floor,
    )
    return Graded(score=score, code=code, checks=_read_checks(task, written))


def _read_reward(task: Task, written: Files) -> float:
    """Harbor's contract: `reward.json` wins, `reward.txt` is one number; both finite."""
    try:
        if "reward.json" in written:
            number = _RewardFile.model_validate_json(written["reward.json"].data).reward
        elif "reward.txt" in written:
            number = float(written["reward.txt"].data.decode())
        else:
            raise VerifierError(f"the verifier of {task.id} wrote no reward")
    except ValueError as error:
        raise VerifierError(
            f"the verifier of {task.id} wrote no usable reward: {error!r}"
        ) from error
    if not math.isfinite(number):
        raise VerifierError(f"the verifier of {task.id} wrote the reward {number}")
    return min(1.0, max(0.0, number))


def _read_checks(task: Task, written: Files) -> tuple[CheckResult, ...]:
    name = "reward-details.json"
    if name not in written:
        return ()
    try:
        return _DetailsFile.model_validate_json(written[name].data).checks
    except ValueError as error:
        if task.clawgym.kind == "import":
            return ()  # the shape of that file is the author's own affair
        raise VerifierError(f"{name} of {task.id} is malformed: {error}") from error
