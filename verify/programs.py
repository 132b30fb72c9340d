"""Running what the agent wrote, for the checks that compare what it does.

Such code shares neither a process nor a box with the verifier: each program runs in a box of its
own on a copy of the finished workspace, and only a record of it reaches the verifier. What to
expect stands in the checks alone, so that the code cannot look it up.
"""

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from clawgym.errors import VerifierError
from clawgym.files import File, Files
from clawgym.invalid import explain
from clawgym.sandbox import Backend, BoxSpec, Collected, ExecResult, Limits, box, scratch_directory
from clawgym.task import Task
from verify.checks import Program

DRIVER = "call_functions.py"
OUTPUT_BYTES = 1024 * 1024


class ProgramRecord(BaseModel):
    """`programs/<id>/result.json`; `stdout` and `stderr` are files beside it.

    `changed` maps each path that the run added, edited or removed to its new SHA-256, None if it is
    gone. `failed` says why the program could not even be set up; empty otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    exit_code: int | None = None
    timed_out: bool = False
    truncated: bool = False
    oom_killed: bool = False
    seconds: float = 0.0
    changed: dict[str, str | None] = {}
    failed: str = ""


class _ProgramsOf(BaseModel):
    """The part of `checks.json` that is read here."""

    programs: tuple[Program, ...] = ()


def programs_of(task: Task) -> tuple[Program, ...]:
    """The programs that the checks of a task need; none for a verifier that is not ours.

    Raises:
        VerifierError: `tests/checks.json` is ours and malformed.
    """
    if "checks.json" not in task.tests or "grade.py" not in task.tests:
        return ()
    try:
        return _ProgramsOf.model_validate_json(task.tests["checks.json"].data).programs
    except ValidationError as error:
        if task.clawgym.kind == "import":
            return ()
        raise VerifierError(f"tests/checks.json of {task.id}: {explain(error)}") from error


async def run_programs(task: Task, workspace: Files, backend: Backend) -> Files:
    """Run every program that the checks need; what to lay under `<logs>/programs`.

    Raises:
        VerifierError: `tests/checks.json` is malformed.
        SandboxError: a box broke; what a program does in it is data.
    """
    entries: dict[str, File | bytes | str] = {}
    for program in programs_of(task):
        for name, content in (await _run(program, workspace, backend)).items():
            entries[f"{program.id}/{name}"] = content
    return Files(entries)


async def _run(program: Program, workspace: Files, backend: Backend) -> dict[str, bytes]:
    try:
        before = workspace | Files({path: text.encode() for path, text in program.place.items()})
    except ValueError as error:
        return _written(ProgramRecord(failed=f"its files cannot be put in place: {error}"))
    limits = Limits(output_bytes=OUTPUT_BYTES)
    with scratch_directory() as scratch:
        spec = BoxSpec(files=before, mounts=_mounts(program, scratch), limits=limits)
        async with box(backend, spec) as sandbox:
            argv = list(program.argv)
            if program.file:
                argv = ["python3", "-B", f"{sandbox.place('driver')}/{DRIVER}", program.file]
            ran = await sandbox.exec(
                argv, stdin=_stdin(program), env=program.env, timeout=program.timeout_sec
            )
            await sandbox.seal()
            after = await sandbox.collect()
    return _written(_record(ran, before, after), ran)


def _mounts(program: Program, scratch: Path) -> dict[str, Path]:
    if not program.file:
        return {}
    driver = files("verify").joinpath("task_runtime", DRIVER).read_bytes()
    Files({DRIVER: driver}).write_to(scratch)
    return {"driver": scratch}


def _stdin(program: Program) -> bytes:
    if not program.file:
        return program.stdin.encode()
    return json.dumps([call.model_dump(mode="json") for call in program.calls]).encode()


def _record(ran: ExecResult, before: Files, after: Collected) -> ProgramRecord:
    changed: dict[str, str | None] = {path: None for path in before if path not in after.files}
    for path, file in after.files.items():
        if before.get(path) != file:
            changed[path] = hashlib.sha256(file.data).hexdigest()
    changed |= {skipped.path: f"{skipped.reason}" for skipped in after.skipped}
    return ProgramRecord(
        exit_code=ran.exit_code,
        timed_out=ran.timed_out,
        truncated=ran.truncated,
        oom_killed=ran.oom_killed,
        seconds=ran.seconds,
        changed=changed,
    )


def _written(record: ProgramRecord, ran: ExecResult | None = None) -> dict[str, bytes]:
    return {
        "result.json": record.model_dump_json(indent=1).encode(),
        "stdout": ran.stdout if ran else b"",
        "stderr": ran.stderr if ran else b"",
    }
