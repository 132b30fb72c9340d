"""Probes: runs whose score is known beforehand, so that they grade the grader.

The reference solution must earn 1, doing nothing must earn 0, and the lazy panel — work-shaped
nothing at the paths that the instruction names — must earn next to nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import TaskFormatError
from clawgym.files import Files
from clawgym.reward import Graded, Ungraded
from clawgym.sandbox import Backend, BoxSpec, Sandbox, scratch_directory
from clawgym.sandbox.site import site_box
from clawgym.task import Task
from verify.attempts import with_files
from verify.grading import grade, last_words, script_command
from verify.panel import PANEL, Filler, named_paths

__all__ = [
    "LAZY",
    "NOOP",
    "ORACLE",
    "PROBES",
    "SOLUTION",
    "Probe",
    "finished_workspace",
    "named_paths",
    "run_probe",
    "solved_workspace",
]

SOLUTION = "solve.sh"


@dataclass(frozen=True)
class Probe:
    """A named way of acting on a task; `needs_solution` mounts the reference solution.

    `finished` is what the probe leaves behind where no box is needed to know it.
    """

    name: str
    act: Callable[[Task, Sandbox], Awaitable[None]]
    needs_solution: bool = False
    finished: Callable[[Task], Files] | None = None


async def solve(
    task: Task,
    sandbox: Sandbox,
    *,
    script: str = SOLUTION,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run the reference solution, or another script of `solution/`.

    Raises:
        TaskFormatError: the task has none, or it fails.
    """
    if script not in task.solution:
        raise TaskFormatError(f"task {task.id} has no solution/{script} to prove it by")
    place = f"{sandbox.place('solution')}/{script}"
    command = script_command(task.solution[script], place)
    ran = await sandbox.exec(command, env=env, timeout=task.config.agent.timeout_sec)
    if ran.exit_code != 0:
        how = "ran out of time" if ran.timed_out else f"exited with {ran.exit_code}"
        raise TaskFormatError(f"the reference solution of {task.id} {how}: {last_words(ran)}")


async def do_nothing(task: Task, sandbox: Sandbox) -> None:
    """Leave the workspace as it is."""
    del task, sandbox


def _lazy(name: str, contents: Filler) -> Probe:
    async def act(task: Task, sandbox: Sandbox) -> None:
        for path, data in contents(task).items():
            # A name may be no place for a file: too long, or below another. Lazy hands move on.
            with suppress(OSError):
                await sandbox.write(path, data)

    def finished(task: Task) -> Files:
        return with_files(task.workspace, contents(task))

    return Probe(f"lazy:{name}", act, finished=finished)


ORACLE = Probe("oracle", solve, needs_solution=True)
NOOP = Probe("noop", do_nothing, finished=lambda task: task.workspace)
LAZY = tuple(_lazy(name, contents) for name, contents in PANEL.items())
PROBES = {
    probe.name: probe
    for probe in (ORACLE, NOOP, *LAZY)
    if probe.name not in ("lazy:stub", "lazy:echo+inputs", "lazy:headings", "lazy:keywords")
}
"""What rollouts offer as harnesses: the whole panel would say little more there, and cost more."""


async def run_probe(probe: Probe, task: Task, backend: Backend) -> Graded | Ungraded:
    """Act in one box, seal and collect it, grade in another.

    Raises:
        TaskFormatError: the reference solution is missing or fails.
        SandboxError: no box could be made.
    """
    return await grade(task, await finished_workspace(probe, task, backend), backend)


async def finished_workspace(probe: Probe, task: Task, backend: Backend) -> Files:
    """The files that the probe leaves behind in a box."""
    return await _worked(task, backend, probe.act, with_solution=probe.needs_solution)


async def solved_workspace(
    task: Task,
    backend: Backend,
    *,
    script: str = SOLUTION,
    env: Mapping[str, str] | None = None,
) -> Files:
    """The files that a reference solution leaves behind, with `env` added to its environment.

    Raises:
        TaskFormatError: there is no such solution, or it fails.
        SandboxError: no box could be made.
    """

    async def act(task: Task, sandbox: Sandbox) -> None:
        await solve(task, sandbox, script=script, env=env)

    return await _worked(task, backend, act, with_solution=True)


async def _worked(
    task: Task,
    backend: Backend,
    act: Callable[[Task, Sandbox], Awaitable[None]],
    *,
    with_solution: bool,
) -> Files:
    with scratch_directory() as scratch:
        mounts: dict[str, Path] = {}
        if with_solution:
            task.solution.write_to(scratch)
            mounts["solution"] = scratch
        spec = BoxSpec(files=task.workspace, mounts=mounts)
        async with site_box(backend, spec, task.site) as sandbox:
            await act(task, sandbox)
            await sandbox.seal()
            return (await sandbox.collect()).files
