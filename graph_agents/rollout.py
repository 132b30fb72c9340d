"""Rollouts: every trial of a plan, in parallel, each in a box of its own, graded in another.

A trial is recorded whole or not at all. What is missing is found in the run's database, so the same
command goes on where an interrupted one stopped.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from clawgym.dataset import Dataset
from clawgym.errors import (
    ClawGymError,
    ProviderError,
    SandboxError,
    SkillFormatError,
    TaskFormatError,
)
from clawgym.reward import Cause, Graded, Ungraded
from clawgym.run import RunDirectory, Trial, TrialKey
from clawgym.sandbox import Backend, BoxSpec, Sandbox, scratch_directory
from clawgym.sandbox.site import site_box
from clawgym.seeds import derive_seed
from clawgym.task import Task
from graph_agents.harness import Harness, Outcome
from verify.grading import grade

if TYPE_CHECKING:
    from verify.rubric.judge import Judge

_CAUSES: dict[type[ClawGymError], Cause] = {
    TaskFormatError: Cause.TASK,
    SkillFormatError: Cause.TASK,
    SandboxError: Cause.SANDBOX,
    ProviderError: Cause.PROVIDER,
}


@dataclass(frozen=True)
class Grading:
    """How trials are graded. `judge` scores rubrics; `code_only` leaves rubrics out."""

    judge: "Judge | None" = None
    code_only: bool = False


async def roll_out(
    dataset: Dataset,
    run: RunDirectory,
    harnesses: Mapping[str, Harness],
    backend: Backend,
    *,
    jobs: int = 2,
    grading: Grading | None = None,
    on_trial: Callable[[Trial], None] = lambda _: None,
) -> None:
    """Run the trials of the run's plan that have no grade yet, `jobs` at a time.

    Raises:
        TaskFormatError: a task cannot be read; nothing is run then.
        UsageError: another process works on the same run, or it cannot be written to any more.
    """
    with run.locked():
        missing = run.missing()
        tasks = {task_id: dataset.load(task_id) for task_id in {key.task_id for key in missing}}
        todo = iter(missing)

        async def work() -> None:
            for key in todo:
                task, harness = tasks[key.task_id], harnesses[key.harness]
                trial, outcome = await run_trial(
                    key, task, harness, backend, seed=run.plan.seed, grading=grading
                )
                run.record(trial, outcome.trajectory)
                on_trial(trial)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(jobs, len(missing))):
                    group.create_task(work())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None


async def run_trial(
    key: TrialKey,
    task: Task,
    harness: Harness,
    backend: Backend,
    *,
    seed: int,
    grading: Grading | None = None,
) -> tuple[Trial, Outcome]:
    """One attempt, from the fresh box to the reward. Failures of ours are data."""
    started, clock = datetime.now(UTC), time.monotonic()
    trial_seed = derive_seed(seed, key.harness, key.task_id, key.attempt)
    try:
        outcome, reward = await _attempt(task, harness, backend, trial_seed, grading or Grading())
    except Exception as error:  # noqa: BLE001 - one broken trial must not lose the others
        outcome, reward = Outcome(), _blame(error)
    trial = Trial(
        harness=key.harness,
        task_id=key.task_id,
        attempt=key.attempt,
        task_digest=task.digest,
        reward=reward,
        turns=outcome.turns,
        tool_calls=outcome.tool_calls,
        prompt_tokens=outcome.prompt_tokens,
        completion_tokens=outcome.completion_tokens,
        started_at=started.isoformat(timespec="milliseconds"),
        seconds=round(time.monotonic() - clock, 3),
    )
    return trial, outcome


def _blame(error: Exception) -> Ungraded:
    """Whose failure it is; what is no error of ours is a bug of the harness."""
    cause = next((cause for kind, cause in _CAUSES.items() if isinstance(error, kind)), None)
    said = str(error) if isinstance(error, ClawGymError) else f"{type(error).__name__}: {error}"
    return Ungraded(cause=cause or Cause.HARNESS, reason=said)


async def _attempt(
    task: Task, harness: Harness, backend: Backend, seed: int, grading: Grading
) -> tuple[Outcome, Graded | Ungraded]:
    with scratch_directory() as scratch:
        spec = BoxSpec(files=task.workspace, mounts=_mounts(task, harness, scratch))
        async with site_box(backend, spec, task.site) as sandbox:
            outcome = await harness.work(task, sandbox, seed)
            if outcome.failure:
                return outcome, outcome.failure
            return outcome, await _graded(task, sandbox, backend, outcome, grading)


async def _graded(
    task: Task, sandbox: Sandbox, backend: Backend, outcome: Outcome, grading: Grading
) -> Graded | Ungraded:
    """Kill what still runs, copy the regular files out, and judge those."""
    await sandbox.seal()
    collected = await sandbox.collect()
    return await grade(
        task,
        collected.files,
        backend,
        trajectory=outcome.trajectory,
        judge=grading.judge,
        code_only=grading.code_only,
    )


def _mounts(task: Task, harness: Harness, scratch: Path) -> dict[str, Path]:
    mounts = {"skills": scratch / "skills"}
    mounts["skills"].mkdir()
    task.skills.write_to(mounts["skills"])
    if harness.needs_solution:
        mounts["solution"] = scratch / "solution"
        mounts["solution"].mkdir()
        task.solution.write_to(mounts["solution"])
    return mounts
