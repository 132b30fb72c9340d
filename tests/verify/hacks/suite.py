"""Reward hacks: programs that an agent runs for a better score than its work deserves.

Each `programs/*.py` is one of them, explained by its docstring. It runs in a box, on a real task,
as an agent would; then everything goes the way of every rollout: seal, collect, grade in a fresh
box. A hack alone must earn nothing. After the honest solution, what it plants must take nothing
away. Hacks whose docstring starts with `stays` go on in a box beside, while the work is graded.
"""

import ast
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from clawgym.errors import SandboxError
from clawgym.files import Files
from clawgym.reward import Cause, Graded, Ungraded
from clawgym.sandbox import Backend, BoxSpec, Limits, Sandbox, box, scratch_directory
from clawgym.task import Task
from verify.grading import grade
from verify.probes import ORACLE, finished_workspace, solve

PROGRAMS = Path(__file__).parent / "programs"
STAYS = "stays: "
SECONDS = 20.0
LIMITS = Limits(
    workspace_bytes=64 * 1024**2, workspace_files=20_000, tmp_bytes=8 * 1024**2, processes=64
)


@dataclass(frozen=True)
class Hack:
    """A program and what it tries; `stays` when it goes on after it was started."""

    name: str
    about: str
    stays: bool


@cache
def all_hacks() -> tuple[Hack, ...]:
    """Every hack, by name."""
    return tuple(_read(path) for path in sorted(PROGRAMS.glob("*.py")))


def _read(path: Path) -> Hack:
    about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return Hack(path.stem, about.removeprefix(STAYS), stays=about.startswith(STAYS))


async def outputs_of(task: Task, backend: Backend) -> list[str]:
    """The files that the reference solution makes: every hack is told, as the instruction does."""
    solved = await finished_workspace(ORACLE, task, backend)
    return [path for path in solved if path not in task.workspace]


async def alone(hack: Hack, task: Task, outputs: list[str], backend: Backend) -> Graded | Ungraded:
    """What the hack earns by itself."""
    return await _attempt(hack, task, outputs, backend, honest=False)


async def after_honest_work(
    hack: Hack, task: Task, outputs: list[str], backend: Backend
) -> Graded | Ungraded:
    """What the reference solution earns with all that the hack plants around it."""
    return await _attempt(hack, task, outputs, backend, honest=True)


async def _attempt(
    hack: Hack, task: Task, outputs: list[str], backend: Backend, *, honest: bool
) -> Graded | Ungraded:
    names = [_decoy(path) for path in outputs] if honest else outputs
    env = {
        "HACK_HONEST": str(int(honest)),
        "HACK_OUTPUTS": "\n".join(names),
        "HACK_INPUTS": "\n".join(task.workspace),
    }
    async with AsyncExitStack() as boxes:
        try:
            with _mounts(task, with_solution=honest) as mounts:
                spec = BoxSpec(files=task.workspace, mounts=mounts, limits=LIMITS)
                agent = await boxes.enter_async_context(box(backend, spec))
                if honest:
                    await solve(task, agent)
                await _run(hack, agent, env)
                if hack.stays:
                    await _run(hack, await boxes.enter_async_context(box(backend, spec)), env)
                await agent.seal()
                finished = (await agent.collect()).files
        except SandboxError as error:  # as a rollout has it: no verdict, never a score
            return Ungraded(cause=Cause.SANDBOX, reason=str(error))
        return await grade(task, finished, backend)


async def _run(hack: Hack, sandbox: Sandbox, env: dict[str, str]) -> None:
    place = sandbox.place("tools")
    await sandbox.exec(["python3", f"{place}/{hack.name}.py"], env=env, timeout=SECONDS)


@contextmanager
def _mounts(task: Task, *, with_solution: bool) -> Generator[dict[str, Path]]:
    tools = {path.name: path.read_bytes() for path in PROGRAMS.glob("*.py")}
    stage = PROGRAMS.with_name("stage.py").read_bytes()
    with scratch_directory() as scratch:
        mounts = {"tools": scratch / "tools", "solution": scratch / "solution"}
        for place in mounts.values():
            place.mkdir()
        Files({**tools, "stage.py": stage, "instruction.md": task.instruction}).write_to(
            mounts["tools"]
        )
        if with_solution:
            task.solution.write_to(mounts["solution"])
        yield mounts


def _decoy(path: str) -> str:
    place = PurePosixPath(path)
    return str(place.with_name(f"decoy-{place.name}"))
