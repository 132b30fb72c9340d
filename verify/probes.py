"""Probes: runs whose score is known beforehand, so that they grade the grader.

The reference solution must earn 1, doing nothing must earn 0, and the lazy panel — work-shaped
nothing at the paths that the instruction names — must earn next to nothing.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import TaskFormatError
from clawgym.files import Files
from clawgym.reward import Graded, Ungraded
from clawgym.sandbox import Backend, BoxSpec, Sandbox, box, scratch_directory
from clawgym.task import Task
from verify.grading import grade, last_words, script_command

_NAMED_PATH = re.compile(r"(?<![\w./-])(?:[\w-]+/)*[\w-]+(?:\.[\w-]+)*\.[A-Za-z]\w{0,4}\b")


@dataclass(frozen=True)
class Probe:
    """A named way of acting on a task; `needs_solution` mounts the reference solution."""

    name: str
    act: Callable[[Task, Sandbox], Awaitable[None]]
    needs_solution: bool = False


def named_paths(task: Task) -> list[str]:
    """The files that the instruction names and the workspace lacks: where work would go."""
    found = dict.fromkeys(_NAMED_PATH.findall(task.instruction))
    if task.graph:
        found |= dict.fromkeys(task.graph.artifact(node.output).path for node in task.graph.nodes)
    return [path for path in found if path not in task.workspace and not path.startswith("skills/")]


async def solve(task: Task, sandbox: Sandbox) -> None:
    """Run the reference solution.

    Raises:
        TaskFormatError: the task has none, or it fails.
    """
    if "solve.sh" not in task.solution:
        raise TaskFormatError(f"task {task.id} has no solution/solve.sh to prove it by")
    place = f"{sandbox.place('solution')}/solve.sh"
    command = script_command(task.solution["solve.sh"], place)
    ran = await sandbox.exec(command, timeout=task.config.agent.timeout_sec)
    if ran.exit_code != 0:
        how = "ran out of time" if ran.timed_out else f"exited with {ran.exit_code}"
        raise TaskFormatError(f"the reference solution of {task.id} {how}: {last_words(ran)}")


async def do_nothing(task: Task, sandbox: Sandbox) -> None:
    """Leave the workspace as it is."""
    del task, sandbox


async def touch(task: Task, sandbox: Sandbox) -> None:
    """Create every named file, empty."""
    await _fill(sandbox, dict.fromkeys(named_paths(task), b""))


async def echo(task: Task, sandbox: Sandbox) -> None:
    """Write the instruction itself into every named file."""
    await _fill(sandbox, dict.fromkeys(named_paths(task), task.instruction.encode()))


async def copy(task: Task, sandbox: Sandbox) -> None:
    """Copy an input, of the same type where there is one, to every named file."""
    contents: dict[str, bytes] = {}
    for path in named_paths(task):
        alike = [name for name in task.workspace if name.endswith(Path(path).suffix)]
        source = next(iter(alike or task.workspace), None)
        contents[path] = task.workspace[source].data if source else b""
    await _fill(sandbox, contents)


async def _fill(sandbox: Sandbox, contents: dict[str, bytes]) -> None:
    for path, data in contents.items():
        # A name may be no place for a file: too long, or below another file. Lazy hands move on.
        with suppress(OSError):
            await sandbox.write(path, data)


ORACLE = Probe("oracle", solve, needs_solution=True)
NOOP = Probe("noop", do_nothing)
LAZY = (Probe("lazy:touch", touch), Probe("lazy:echo", echo), Probe("lazy:copy", copy))
PROBES = {probe.name: probe for probe in (ORACLE, NOOP, *LAZY)}


async def run_probe(probe: Probe, task: Task, backend: Backend) -> Graded | Ungraded:
    """Act in one box, seal and collect it, grade in another.

    Raises:
        TaskFormatError: the reference solution is missing or fails.
        SandboxError: no box could be made.
    """
    return await grade(task, await finished_workspace(probe, task, backend), backend)


async def finished_workspace(probe: Probe, task: Task, backend: Backend) -> Files:
    """The files that the probe leaves behind."""
    with scratch_directory() as scratch:
        mounts: dict[str, Path] = {}
        if probe.needs_solution:
            task.solution.write_to(scratch)
            mounts["solution"] = scratch
        async with box(backend, BoxSpec(files=task.workspace, mounts=mounts)) as sandbox:
            await probe.act(task, sandbox)
            await sandbox.seal()
            return (await sandbox.collect()).files
