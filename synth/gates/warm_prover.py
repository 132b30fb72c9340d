"""The fast prover: what ClawGym itself ships into tasks runs in warm hosts, in one box a worker."""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import cast

from clawgym.errors import SandboxError, TaskFormatError
from clawgym.files import File, Files
from clawgym.sandbox import Backend
from clawgym.task import Task
from synth.gates.host.wire import FileEntry, Message
from synth.gates.proving import Grade
from synth.gates.surroundings import SURROUNDINGS
from synth.gates.warm_hosts import WarmHosts
from verify.checklist import CHECKS
from verify.grading import script_command
from verify.probes import SOLUTION
from verify.programs import programs_of
from verify.rubric.rubric import FILE_NAME as RUBRIC
from verify.scoring import combine

_log = logging.getLogger(__name__)

_SOLVE_SECONDS = 30.0
_GRADE_SECONDS = 60.0
_TIMES = 2
"""How often a machine that is busy with other things is asked."""

_BUSY = 0.1
"""From which share of its time on a program that did not end is at fault itself.

That is a hundred times what any needs, and what one that hangs gets beside many others.
"""

_SHIPPED_BY = ("synth", "verify")
_DATA = (".json", ".toml")


def is_ours(task: Task) -> bool:
    """Whether all that runs of a task is, to the byte, what ClawGym ships into tasks.

    Beside its own programs such a task holds data alone. Programs that the work itself consists of
    are never ours: such tasks need boxes of their own.
    """
    if "test.sh" not in task.tests or task.tests["test.sh"].data != _our_script():
        return False
    ours = shipped()
    parts = (*task.tests.items(), *task.solution.items())
    trusted = all(file.data in ours or path.endswith(_DATA) for path, file in parts)
    return trusted and not programs_of(task)


@cache
def _our_script() -> bytes:
    return files("verify").joinpath("task_runtime", "test.sh").read_bytes()


@cache
def shipped() -> frozenset[bytes]:
    """Every program in the `task_runtime` folders of the rooms that make tasks."""
    return frozenset(
        part.read_bytes()
        for room in _SHIPPED_BY
        for part in _walk(files(room).joinpath("task_runtime"))
    )


def _walk(folder: Traversable) -> Iterator[Traversable]:
    for part in folder.iterdir():
        if part.is_dir():
            yield from _walk(part)
        elif part.name.endswith((".py", ".sh")):
            yield part


class WarmProver:
    """Proves tasks whose verifier is ours, in warm hosts. See `Prover`.

    Raises:
        SandboxError: the box cannot be made, or the machine is too busy.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._begin()

    def solve(self, task: Task, script: str = SOLUTION, surroundings: int = 0) -> Files:
        """The finished workspace that a script of the solution leaves."""
        if script not in task.solution:
            raise TaskFormatError(f"task {task.id} has no solution/{script} to prove it by")
        seconds = min(_SOLVE_SECONDS, task.config.agent.timeout_sec)
        message = Message(
            {
                "do": "solve",
                "script": script,
                "command": script_command(task.solution[script], "")[:-1],
                "seconds": seconds,
            }
        )
        message.head["solution"] = _entries(message, task.solution)
        message.head["site"] = _entries(message, task.site)
        answer = self._ask_in_time(task, surroundings, message, seconds)
        if answer.head["code"] != 0:
            timed_out = answer.head["timed_out"]
            how = "ran out of time" if timed_out else f"exited with {answer.head['code']}"
            raise TaskFormatError(f"{script} of {task.id} {how}: {answer.head['said'][-400:]}")
        return _finished(task.workspace, answer)

    def grade(
        self,
        task: Task,
        attempts: Sequence[Files],
        surroundings: int = 0,
        *,
        explain: bool = False,
    ) -> list[Grade]:
        """Grade finished workspaces by the task's own verifier, all in one fork."""
        if not attempts:
            return []
        message = Message(
            {
                "do": "grade",
                "directory": SURROUNDINGS[surroundings].directory,
                "explain": explain,
                "seconds": _GRADE_SECONDS,
            }
        )
        message.head["attempts"] = [
            _difference(message, task.workspace, attempt) for attempt in attempts
        ]
        answer = self._ask_in_time(task, surroundings, message, _GRADE_SECONDS)
        if "died" in answer.head:
            return [Grade(None, problem=answer.head["died"])] * len(attempts)
        return [_grade(task, told) for told in answer.head["graded"]]

    def cpu_seconds(self) -> float:
        """The CPU seconds of all hosts and of what they forked."""
        usage = (self._hosts.ask(n, Message({"do": "usage"})) for n in range(len(SURROUNDINGS)))
        return sum(answer.head["cpu"] for answer in usage)

    def close(self) -> None:
        """End the hosts and remove their box."""
        self._hosts.close()

    def _begin(self) -> None:
        self._hosts = WarmHosts(self._backend)
        self._opened: list[Task | None] = [None] * len(SURROUNDINGS)
        self._kept: list[set[str]] = [set() for _ in SURROUNDINGS]

    def _ask_in_time(self, task: Task, number: int, message: Message, seconds: float) -> Message:
        """Ask a host; once more where the machine, and not the task, took all the time.

        What is ours waits for nothing: when it ran out of time and hardly ran, others did.

        Raises:
            SandboxError: it hardly ran the second time either.
        """
        had: list[float] = []
        while len(had) < _TIMES:
            answer = self._ask(task, number, message)
            if not answer.head.get("timed_out") or answer.head["cpu"] >= _BUSY * seconds:
                return answer
            had.append(answer.head["cpu"])
        raise SandboxError(
            f"a run of {task.id} got {had[-1]:.1f} s of CPU in {seconds:.0f} s, and {had[0]:.1f} s "
            "the time before: this machine is too busy to tell what a task is worth; run the same "
            "command again when it is less so, or with fewer --workers, to go on"
        )

    def _ask(self, task: Task, number: int, message: Message) -> Message:
        """Ask a host about a task; hosts that somebody killed are replaced, and asked once more."""
        try:
            self._open(task, number)
            return self._hosts.ask(number, message)
        except SandboxError as lost:
            _log.warning("%s; it is replaced", lost)
        dead = self._hosts
        self._begin()
        dead.close()
        self._open(task, number)
        return self._hosts.ask(number, message)

    def _open(self, task: Task, number: int) -> None:
        """Hand a task to a host, unless it is the one that it has."""
        if self._opened[number] is task:
            return
        runtime = self._keep(task, number)
        message = Message({"do": "open", "runtime": runtime})
        message.head["workspace"] = _entries(message, task.workspace)
        message.head["checks"] = message.add(task.tests[CHECKS].data)
        self._hosts.ask(number, message)
        self._opened[number] = task

    def _keep(self, task: Task, number: int) -> str:
        """Hand the verifier's programs to a host, unless it has them; their digest."""
        own = (CHECKS, RUBRIC)  # all else is the same in many tasks
        programs = {path: file for path, file in task.tests.items() if path not in own}
        digest = hashlib.sha256()
        for path, file in programs.items():
            digest.update(f"{path}\0{len(file.data)}\0".encode())
            digest.update(file.data)
        name = digest.hexdigest()
        if name not in self._kept[number]:
            message = Message({"do": "keep", "digest": name})
            message.head["files"] = _entries(message, programs)
            self._hosts.ask(number, message)
            self._kept[number].add(name)
        return name


def _entries(message: Message, tree: Mapping[str, File]) -> list[FileEntry]:
    return [(path, file.executable, message.add(file.data)) for path, file in tree.items()]


def _difference(message: Message, before: Files, after: Files) -> dict[str, object]:
    """An attempt as what it changed of the initial workspace."""
    changed = {path: file for path, file in after.items() if before.get(path) != file}
    return {
        "changed": _entries(message, changed),
        "removed": [path for path in before if path not in after],
    }


def _finished(before: Files, answer: Message) -> Files:
    removed: list[str] = answer.head["removed"]
    entries: dict[str, File | bytes | str] = {
        path: file for path, file in before.items() if path not in removed
    }
    for path, (data, executable) in answer.files(answer.head["changed"]).items():
        entries[path] = File(data, executable)
    try:
        return Files(entries)
    except ValueError as error:
        raise SandboxError(f"a warm host names a file that cannot be: {error}") from error


def _grade(task: Task, told: Mapping[str, object]) -> Grade:
    if "problem" in told:
        return Grade(None, problem=str(told["problem"]))
    settings, reward = task.clawgym, cast("float", told["reward"])
    score = combine(
        reward,
        None,
        code_weight=settings.code_weight,
        rubric_weight=settings.rubric_weight,
        code_floor=settings.code_floor,
    )
    details = Grade.write_details(told["details"]) if "details" in told else ""
    return Grade(score, tuple(cast("list[str]", told["failed"])), details)
