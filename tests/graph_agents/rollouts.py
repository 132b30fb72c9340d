"""Small rollouts: plans, runs, and what a run's directory holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from clawgym.dataset import Dataset, write_dataset
from clawgym.reward import Graded, Ungraded
from clawgym.run import RunDirectory, RunPlan, TrialKey
from clawgym.sandbox import Backend
from clawgym.task import Task
from graph_agents.harness import Harness
from graph_agents.rollout import roll_out


def plan(dataset: Dataset, harnesses: Sequence[str], backend: Backend, attempts: int) -> RunPlan:
    return RunPlan(
        dataset=str(dataset.path),
        dataset_digest=dataset.digest,
        task_ids=tuple(dataset.task_ids),
        harnesses=tuple(harnesses),
        attempts=attempts,
        seed=5,
        sandbox=backend.name,
        clawgym_version="test",
    )


async def rolled_out(
    path: Path,
    dataset: Dataset,
    harnesses: Mapping[str, Harness],
    backend: Backend,
    *,
    attempts: int = 1,
    jobs: int = 2,
) -> RunDirectory:
    """Start or resume a run and let it come to its end."""
    run = RunDirectory.create_or_resume(path, plan(dataset, tuple(harnesses), backend, attempts))
    await roll_out(dataset, run, harnesses, backend, jobs=jobs)
    return run


def written(path: Path, tasks: Sequence[Task]) -> Dataset:
    """The tasks as a dataset of their own."""
    write_dataset(path, tasks, name="some", generator="test", seed=0)
    return Dataset(path)


def first(dataset: Dataset, number: int) -> list[Task]:
    return [dataset.load(task_id) for task_id in dataset.task_ids[:number]]


def rewards(run: RunDirectory) -> dict[TrialKey, Graded | Ungraded]:
    return {trial.key: trial.reward for trial in run.trials()}


def commands(run: RunDirectory, key: TrialKey) -> list[tuple[str, dict[str, object]]]:
    """Every tool call of a trial: the tool and its arguments."""
    trajectory = run.trajectory(key)
    assert trajectory is not None
    return [
        (call.function_name, dict(call.arguments))
        for step in trajectory.steps
        for call in step.tool_calls or []
    ]
