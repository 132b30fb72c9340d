"""What `clawgym rollout` and `clawgym bench run` do, once their options are parsed."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from clawgym import __version__
from clawgym.dataset import Dataset
from clawgym.errors import ExitCode
from clawgym.reward import Ungraded, mean_score
from clawgym.run import RunDirectory, RunPlan
from clawgym.sandbox import Backend, open_backend
from clawgym.settings import Settings, load
from clawgym.terminal import counted, progress_bar
from graph_agents.harness import Harness, ModelFactory, make_harnesses
from graph_agents.model_choice import open_model
from graph_agents.rollout import Grading, roll_out
from verify.rubric.opening import open_judge

if TYPE_CHECKING:
    from verify.rubric.judge import Judge


@dataclass(frozen=True)
class RolloutOptions:
    """The options as the user gave them; None leaves the choice to the settings."""

    dataset: Path
    output: Path
    harnesses: tuple[str, ...]
    attempts: int = 1
    seed: int = 0
    jobs: int | None = None
    model: str | None = None
    base_url: str | None = None
    sandbox: str | None = None
    judge_model: str | None = None
    judge_base_url: str | None = None
    judge_votes: int | None = None
    code_only: bool = False


def run_rollout(options: RolloutOptions, *, as_json: bool = False) -> RunDirectory:
    """Run what is missing, show progress, print a line for each harness.

    Raises:
        ClawGymError: the options, the dataset or the machine do not allow it.
    """
    settings = load(
        {
            "jobs": options.jobs,
            "sandbox": options.sandbox,
            "model": options.model,
            "base_url": options.base_url,
            "judge_model": options.judge_model,
            "judge_base_url": options.judge_base_url,
            "judge_votes": options.judge_votes,
        }
    ).settings
    run = asyncio.run(_run(options, settings))
    trials = run.trials()
    for name in run.plan.harnesses:
        rewards = [trial.reward for trial in trials if trial.harness == name]
        if not as_json:
            typer.echo(f"{name:<16} {mean_score(rewards)}")
    if as_json:
        typer.echo(json.dumps(_summary(run)))
    return run


def require_grades(run: RunDirectory) -> None:
    """Say which trials have no grade, and why; to be called last.

    Raises:
        typer.Exit: with code 3 when there are any.
    """
    ungraded = [trial for trial in run.trials() if isinstance(trial.reward, Ungraded)]
    for trial in ungraded[:3]:
        assert isinstance(trial.reward, Ungraded)
        typer.echo(f"ungraded: {trial.harness} {trial.task_id}: {trial.reward.reason}", err=True)
    if ungraded:
        number = counted(len(ungraded), "ungraded trial")
        typer.echo(f"{number}: mend the cause, then run the same command again", err=True)
        raise typer.Exit(ExitCode.INFRASTRUCTURE)


def open_run(
    dataset: Dataset,
    output: Path,
    harnesses: Mapping[str, Harness],
    backend: Backend,
    *,
    seed: int,
    attempts: int = 1,
    model: str | None = None,
    base_url: str | None = None,
    grading: Grading | None = None,
) -> RunDirectory:
    """Make the run directory, or reopen the one that has the same plan.

    Raises:
        TaskFormatError: a task cannot be read; a new run leaves nothing behind then.
        UsageError: `output` holds another run, or cannot be written to.
    """
    judge = grading.judge if grading else None
    plan = RunPlan(
        dataset=os.path.abspath(dataset.path),
        dataset_digest=dataset.digest,
        task_ids=tuple(dataset.task_ids),
        harnesses=tuple(harnesses),
        attempts=attempts,
        seed=seed,
        sandbox=backend.name,
        model=model,
        base_url=base_url,
        judge=judge.name if judge else None,
        judge_votes=judge.votes if judge else None,
        code_only=grading.code_only if grading else False,
        clawgym_version=__version__,
    )
    if not output.exists():
        for _ in dataset:
            pass  # each task can be read
    return RunDirectory.create_or_resume(output, plan)


async def finish_run(
    dataset: Dataset,
    run: RunDirectory,
    harnesses: Mapping[str, Harness],
    backend: Backend,
    *,
    jobs: int,
    grading: Grading | None = None,
) -> None:
    """Run the trials that are missing, with a progress bar over all of them."""
    total, missing = len(run.plan.trial_keys()), len(run.missing())
    with progress_bar("rolling out", total, done=total - missing) as advance:
        await roll_out(
            dataset,
            run,
            harnesses,
            backend,
            jobs=jobs,
            grading=grading,
            on_trial=lambda _: advance(),
        )


async def _run(options: RolloutOptions, settings: Settings) -> RunDirectory:
    dataset = Dataset(options.dataset)
    backend = open_backend(settings.sandbox)
    async with (
        _model_factory(options, settings) as model,
        _judge(options, settings) as judge,
    ):
        grading = Grading(judge, options.code_only)
        harnesses = make_harnesses(options.harnesses, model)
        run = open_run(
            dataset,
            options.output,
            harnesses,
            backend,
            seed=options.seed,
            attempts=options.attempts,
            model=settings.model if model else None,
            base_url=settings.base_url if model else None,
            grading=grading,
        )
        await finish_run(dataset, run, harnesses, backend, jobs=settings.jobs, grading=grading)
    return run


@contextlib.asynccontextmanager
async def _model_factory(
    options: RolloutOptions, settings: Settings
) -> AsyncGenerator[ModelFactory | None]:
    if "langgraph" not in options.harnesses:
        yield None
        return
    async with open_model(settings) as model:
        yield lambda _task, _rng: model


def _judge(
    options: RolloutOptions, settings: Settings
) -> contextlib.AbstractAsyncContextManager["Judge | None"]:
    if options.code_only:
        settings = settings.model_copy(update={"judge_model": None})
    return open_judge(settings)


def _summary(run: RunDirectory) -> dict[str, object]:
    trials = run.trials()
    means = {
        name: mean_score(trial.reward for trial in trials if trial.harness == name)
        for name in run.plan.harnesses
    }
    return {
        "run": str(run.path),
        "trials": len(trials),
        "means": {name: mean.value if mean.graded else None for name, mean in means.items()},
        "coverage": {name: mean.coverage for name, mean in means.items()},
    }
