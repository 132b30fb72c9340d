"""How fast rollouts are: trials a second and CPU milliseconds a trial.

    python benchmarks/rollout_speed.py --tasks 12 --rounds 3 --sandbox auto

`noop` is the price of two boxes and a verdict; `expert` adds the agent loop and a box for each of
its commands. The baseline runs the expert's commands by plain subprocesses, one after the other,
on the same files: no sandbox, no agent, no grading. Every round measures each of them once, in
turn, so that a busy machine slows all alike; the table shows medians over the rounds. CPU time is
that of this process and of everything that descends from it, boxes included.
"""

import argparse
import asyncio
import ctypes
import os
import resource
import shlex
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawgym import __version__
from clawgym.dataset import Dataset
from clawgym.reward import mean_score
from clawgym.run import RunDirectory, RunPlan
from clawgym.sandbox import Backend, open_backend
from clawgym.sandbox._launch import clean_environment
from clawgym.task import Task
from clawgym_skills.grounding import command_for
from graph_agents.harness import make_harnesses
from graph_agents.rollout import roll_out
from synth import Recipe, choose_skills, synthesise
from synth.sources import skill_sources

BASELINE = "expert's commands alone"
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """What one pass over the tasks took, in seconds."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--sandbox", default="auto")
    options = parser.parse_args()
    _adopt_orphans()
    backend = open_backend(options.sandbox)
    with tempfile.TemporaryDirectory(prefix="clawgym-speed-") as place:
        dataset = _tasks(Path(place, "tasks"), options.tasks, options.seed)
        costs = _measure(dataset, backend, Path(place), options.rounds)
    print(f"{options.tasks} tasks, {options.rounds} rounds, sandbox {backend.name}")
    _print_table(costs, len(dataset))


def _tasks(path: Path, number: int, seed: int) -> Dataset:
    recipe = Recipe(choose_skills(skill_sources(None), ()), seed)
    synthesise(recipe, number, path, gates="none")
    return Dataset(path)


def _measure(dataset: Dataset, backend: Backend, place: Path, rounds: int) -> dict[str, list[Cost]]:
    tasks = list(dataset)
    passes: dict[str, Callable[[Path], None]] = {BASELINE: lambda _: _run_plainly(tasks)}
    for name in ("noop", "expert"):
        for jobs in (1, 2):
            passes[f"{name} -j {jobs}"] = lambda path, name=name, jobs=jobs: asyncio.run(
                _roll_out(dataset, name, backend, path, jobs)
            )
    costs: dict[str, list[Cost]] = {name: [] for name in passes}
    for number in range(rounds):
        for name, run in passes.items():
            costs[name].append(_cost(run, place / f"{number}-{name.replace(' ', '')}"))
    return costs


def _cost(run: Callable[[Path], None], path: Path) -> Cost:
    wall, cpu = time.perf_counter(), _cpu_seconds()
    run(path)
    return Cost(time.perf_counter() - wall, _cpu_seconds() - cpu)


def _adopt_orphans() -> None:
    """Become the parent of orphans: bubblewrap exits before the box's first process is reaped."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _cpu_seconds() -> float:
    """What this process and all that it started have used; nothing of it may be running still."""
    while _reaped_one():
        pass
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _reaped_one() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def _run_plainly(tasks: Sequence[Task]) -> None:
    for task in tasks:
        with tempfile.TemporaryDirectory(prefix="clawgym-plain-") as folder:
            workspace, skills = Path(folder, "workspace"), Path(folder, "skills")
            task.workspace.write_to(workspace)
            task.skills.write_to(skills)
            for command in ("ls -R .", *_commands(task, skills)):
                subprocess.run(
                    ["/bin/sh", "-c", command],
                    cwd=workspace,
                    env=clean_environment({}, home=folder, extra={}),
                    capture_output=True,
                    check=True,
                )


def _commands(task: Task, skills: Path) -> list[str]:
    assert task.graph
    made = [
        command_for(node, task.graph, str(skills / str(node.skill)))
        for node in task.graph.topological()
    ]
    return [shlex.join(command) for command in made if command]


async def _roll_out(dataset: Dataset, name: str, backend: Backend, path: Path, jobs: int) -> None:
    plan = RunPlan(
        dataset=str(dataset.path),
        dataset_digest=dataset.digest,
        task_ids=tuple(dataset.task_ids),
        harnesses=(name,),
        attempts=1,
        seed=0,
        sandbox=backend.name,
        clawgym_version=__version__,
    )
    run = RunDirectory.create_or_resume(path, plan)
    await roll_out(dataset, run, make_harnesses([name]), backend, jobs=jobs)
    earned = mean_score(trial.reward for trial in run.trials())
    assert earned.coverage == 1.0
    assert earned.value == (1.0 if name == "expert" else 0.0), earned
    run.close()


def _print_table(costs: dict[str, list[Cost]], tasks: int) -> None:
    print(f"{'':<24} {'trials/s':>9} {'CPU ms/trial':>13} {'wall ÷ baseline':>16}")
    for name, measured in costs.items():
        wall = statistics.median(cost.wall for cost in measured)
        cpu = statistics.median(cost.cpu for cost in measured)
        ratio = statistics.median(
            cost.wall / plain.wall for cost, plain in zip(measured, costs[BASELINE], strict=True)
        )
        print(f"{name:<24} {tasks / wall:>9.1f} {1000 * cpu / tasks:>13.0f} {ratio:>16.2f}")


if __name__ == "__main__":
    main()
