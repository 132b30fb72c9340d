"""`clawgym sandbox`: which sandboxes work here, and one command in a throw-away box."""

import asyncio
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from clawgym.errors import ExitCode, SandboxUnsupportedError
from clawgym.files import Files
from clawgym.sandbox import (
    BackendStatus,
    BoxSpec,
    ExecResult,
    Limits,
    box,
    collect_garbage,
    doctor,
    open_backend,
    scratch_directory,
)
from clawgym.sandbox._home import dead_homes
from clawgym.sandbox.docker.cli import app as image_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Isolated workspaces: check them, use one.",
)

app.add_typer(image_app, name="image")

TIMED_OUT = 124
"""The exit code of a command that ran out of time, as `timeout(1)` has it."""

_OUTPUT_BYTES = 64 * 1024**2


@app.command("doctor")
def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say which sandboxes work on this machine, why not, and the fix.

    Exits with 1 when no sandbox that isolates works.
    """
    found = doctor()
    if as_json:
        typer.echo(json.dumps([asdict(status) for status in found], indent=2))
    else:
        for status in found:
            typer.echo(_described(status))
    if not any(status.works and status.capabilities for status in found):
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("run", context_settings={"allow_interspersed_args": False})
def run_command(
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after --.")],
    workdir: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Copy this directory into the workspace."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.0, help="Seconds.")] = 60.0,
    sandbox: Annotated[str, typer.Option(help="auto, bwrap, docker, landlock or local.")] = "auto",
) -> None:
    """Run one command in a throw-away box and pass its exit code on (124: out of time)."""
    result = asyncio.run(_run(command, workdir, timeout, sandbox))
    typer.echo(result.stdout, nl=False)
    typer.echo(result.stderr, nl=False, err=True)
    if result.truncated:
        typer.echo(f"[output over {_OUTPUT_BYTES} bytes: the middle was left out]", err=True)
    if result.timed_out:
        typer.echo(f"[killed after {timeout:g} s]", err=True)
    raise typer.Exit(TIMED_OUT if result.exit_code is None else result.exit_code)


async def _run(
    command: list[str], workdir: Path | None, timeout: float, backend: str
) -> ExecResult:
    files = Files.read_from(workdir) if workdir else Files()
    spec = BoxSpec(files=files, limits=Limits(output_bytes=_OUTPUT_BYTES))
    async with box(open_backend(backend), spec) as opened:
        return await opened.exec(command, timeout=timeout)


@app.command("shell")
def shell_command(
    task: Annotated[Path, typer.Argument(help="A task directory, such as DATASET/TASK.")],
    tests: Annotated[bool, typer.Option("--tests", help="Show the verifier at /tests.")] = False,
    solution: Annotated[
        bool, typer.Option("--solution", help="Show the reference solution at /solution.")
    ] = False,
) -> None:
    """Open a shell in a task's box, as an agent finds it, to look around. Nothing is kept."""
    raise typer.Exit(asyncio.run(_shell(task, tests=tests, solution=solution)))


async def _shell(directory: Path, *, tests: bool, solution: bool) -> int:
    from clawgym.sandbox.bwrap import BwrapBackend
    from clawgym.sandbox.site import BASE_URL, serve_site
    from clawgym.task import Task

    task = Task.load(directory)
    folders = {
        "skills": task.skills,
        "tests": task.tests if tests else None,
        "solution": task.solution if solution else None,
    }
    with scratch_directory() as scratch:
        mounts = {name: scratch / name for name, files in folders.items() if files is not None}
        for name, place in mounts.items():
            place.mkdir()
            (folders[name] or Files()).write_to(place)
        opened = await BwrapBackend().create(BoxSpec(files=task.workspace, mounts=mounts))
        try:
            if task.site:
                await serve_site(opened, task.site)
                typer.echo(f"its site is served at {BASE_URL}", err=True)
            typer.echo(f"the box of {task.id}; leave with Ctrl-D", err=True)
            return await opened.attach(["/bin/sh", "-i"])
        finally:
            await opened.close()


@app.command("gc")
def gc_command() -> None:
    """Remove what killed processes left behind: directories, control groups, containers."""
    from clawgym.sandbox.docker.backend import docker_status
    from clawgym.sandbox.docker.garbage import collect_containers

    found = len(dead_homes())
    with suppress(SandboxUnsupportedError):
        open_backend()  # its keeper removes dead control groups, and then the directories go
    collect_garbage()
    if docker_status().works:
        found += collect_containers()
    typer.echo(f"{found} leftovers removed")


def _described(status: BackendStatus) -> str:
    lines = [f"{status.name}: {'works' if status.works else 'does not work'}"]
    lines.append(f"  enforces: {', '.join(status.capabilities) or 'nothing'}")
    if status.reason:
        lines.append(f"  {status.reason}")
    if status.fix:
        lines.append(f"  fix: {status.fix}")
    return "\n".join(lines)
