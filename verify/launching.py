"""How the verifier of a task is started: the short way where it is known what it starts."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from clawgym.files import File
from clawgym.sandbox import WORKSPACE, ExecResult, Sandbox, keep_compiled
from clawgym.task import Task

_RUNTIME = files("verify").joinpath("task_runtime")
_TESTS_INSIDE = "/tests"


async def launch(task: Task, sandbox: Sandbox) -> ExecResult:
    """Run `tests/test.sh` of a task in the box that is to grade.

    Where that file is ours, to the byte, all it does is start `grade.py`; then a warm interpreter
    may run it at once.
    """
    tests, timeout = sandbox.place("tests"), task.config.verifier.timeout_sec
    if "grade.py" in task.tests and task.tests["test.sh"].data == _our_script():
        _remember_runtime()
        args = (sandbox.place(WORKSPACE), f"{sandbox.place('logs')}/verifier")
        return await sandbox.exec_python(f"{tests}/grade.py", args, cwd="/", timeout=timeout)
    command = script_command(task.tests["test.sh"], f"{tests}/test.sh")
    return await sandbox.exec(command, timeout=timeout)


def script_command(script: File, place: str) -> list[str]:
    """How to run a script that stands at `place`: by what its first line names, or else by `sh`.

    The mode of the file does not matter, nor whether its file system allows execution.
    """
    first = script.data.split(b"\n", 1)[0].decode(errors="replace")
    interpreter = first[2:].split(maxsplit=1) if first.startswith("#!") else []
    return [*(interpreter or ["/bin/sh"]), place]


@cache
def _our_script() -> bytes:
    return _RUNTIME.joinpath("test.sh").read_bytes()


@cache
def _remember_runtime() -> None:
    """Have our part of every verifier compiled once, wherever it is the same to the byte."""
    sources = {f"{_TESTS_INSIDE}/{name}": part for name, part in _sources(_RUNTIME)}
    keep_compiled({name: part.read_text(encoding="utf-8") for name, part in sources.items()})


def _sources(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    for part in folder.iterdir():
        if part.is_dir():
            yield from _sources(part, f"{above}{part.name}/")
        elif part.name.endswith(".py"):
            yield f"{above}{part.name}", part
