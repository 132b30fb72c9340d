"""Grading one finished workspace in a fresh box that the agent never touched."""

import math
from pathlib import Path

from pydantic import BaseModel

from clawgym.errors import SandboxError, VerifierError
from clawgym.files import File, Files
from clawgym.reward import Cause, CheckResult, Graded, Ungraded
from clawgym.sandbox import Backend, BoxSpec, ExecResult, box, scratch_directory
from clawgym.sandbox.collect import collect
from clawgym.task import Task
from verify.scoring import combine


class _RewardFile(BaseModel):
    """Harbor's `reward.json`: other keys are allowed beside `reward`."""

    reward: float


class _DetailsFile(BaseModel):
    """Our `reward-details.json`."""

    checks: tuple[CheckResult, ...]


async def grade(task: Task, workspace: Files, backend: Backend) -> Graded | Ungraded:
    """Run the task's verifier over the collected files of a sealed box.

    The files are read-only, the tests appear only here, there is no network, and the reward comes
    back through a directory that this box shares with nobody. A verifier that breaks its contract
    leaves the work ungraded; it is never a zero.
    """
    if "test.sh" not in task.tests:
        reason = f"task {task.id} has no tests/test.sh to grade by"
        return Ungraded(cause=Cause.VERIFIER, reason=reason)
    with scratch_directory() as scratch:
        spec = _lay_out(task, workspace, scratch)
        logs = spec.writable["logs"] / "verifier"
        try:
            async with box(backend, spec) as sandbox:
                place = f"{sandbox.place('tests')}/test.sh"
                command = script_command(task.tests["test.sh"], place)
                ran = await sandbox.exec(command, timeout=task.config.verifier.timeout_sec)
            return _read_verdict(task, ran, logs)
        except SandboxError as error:
            return Ungraded(cause=Cause.SANDBOX, reason=str(error))
        except VerifierError as error:
            return Ungraded(cause=Cause.VERIFIER, reason=str(error))


def script_command(script: File, place: str) -> list[str]:
    """How to run a script that stands at `place`: by what its first line names, or else by `sh`.

    The mode of the file does not matter, nor whether its file system allows execution.
    """
    first = script.data.split(b"\n", 1)[0].decode(errors="replace")
    interpreter = first[2:].split(maxsplit=1) if first.startswith("#!") else []
    return [*(interpreter or ["/bin/sh"]), place]


def last_words(ran: ExecResult) -> str:
    """The last lines that a program wrote to stderr, at most 400 characters of them."""
    said = ran.stderr.decode(errors="replace").strip()
    return said if len(said) <= 400 else said[-400:].partition("\n")[2] or said[-400:]


def _lay_out(task: Task, workspace: Files, scratch: Path) -> BoxSpec:
    tests, logs = scratch / "tests", scratch / "logs"
    tests.mkdir()
    logs.joinpath("verifier").mkdir(parents=True)
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
