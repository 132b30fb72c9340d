"""Grading one finished workspace in a fresh box that the agent never touched."""

import json
import math
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from clawgym.errors import SandboxError, VerifierError
from clawgym.files import Files
from clawgym.reward import Cause, CheckResult, Graded, Ungraded
from clawgym.sandbox import Backend, BoxSpec, ExecResult, box, scratch_directory
from clawgym.task import Task
from verify.scoring import combine


class _RewardFile(BaseModel):
    """Harbor's `reward.json`: other keys are allowed beside `reward`."""

    reward: float


_REWARD = TypeAdapter(_RewardFile)
_CHECKS = TypeAdapter(tuple[CheckResult, ...])


async def grade(task: Task, workspace: Files, backend: Backend) -> Graded | Ungraded:
    """Run the task's verifier over the collected files of a sealed box.

    The files are read-only, the tests appear only here, there is no network, and the reward comes
    back through a directory that this box shares with nobody. A verifier that breaks its contract
    leaves the work ungraded; it is never a zero.
    """
    with scratch_directory() as scratch:
        spec = _lay_out(task, workspace, scratch)
        logs = spec.writable["logs"] / "verifier"
        try:
            async with box(backend, spec) as sandbox:
                script = f"{sandbox.place('tests')}/test.sh"
                timeout = task.config.verifier.timeout_sec
                ran = await sandbox.exec(["/bin/sh", script], timeout=timeout)
            return _read_verdict(task, ran, logs)
        except SandboxError as error:
            return Ungraded(cause=Cause.SANDBOX, reason=str(error))
        except VerifierError as error:
            return Ungraded(cause=Cause.VERIFIER, reason=str(error))


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
        said = ran.stderr.decode(errors="replace").strip()[-400:]
        raise VerifierError(f"the verifier of {task.id} exited with {ran.exit_code}: {said}")
    code = _read_reward(task, logs)
    settings = task.clawgym
    score = combine(
        code,
        None,
        code_weight=settings.code_weight,
        rubric_weight=settings.rubric_weight,
        code_floor=settings.code_floor,
    )
    return Graded(score=score, code=code, checks=_read_checks(task, logs / "reward-details.json"))


def _read_reward(task: Task, logs: Path) -> float:
    """Harbor's contract: `reward.json` wins, `reward.txt` is one number; both finite."""
    try:
        path = logs / "reward.json"
        if path.exists():
            number = _REWARD.validate_json(path.read_bytes()).reward
        else:
            number = float((logs / "reward.txt").read_text())
    except FileNotFoundError as error:
        raise VerifierError(f"the verifier of {task.id} wrote no reward") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise VerifierError(
            f"the verifier of {task.id} wrote no usable reward: {error!r}"
        ) from error
    if not math.isfinite(number):
        raise VerifierError(f"the verifier of {task.id} wrote the reward {number}")
    return min(1.0, max(0.0, number))


def _read_checks(task: Task, path: Path) -> tuple[CheckResult, ...]:
    try:
        return _CHECKS.validate_python(json.loads(path.read_bytes())["checks"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError, ValidationError) as error:
        if task.clawgym.kind == "import":
            return ()  # the shape of reward-details.json is the author's own affair
        raise VerifierError(f"{path.name} of {task.id} is malformed: {error}") from error
