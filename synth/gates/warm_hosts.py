"""The worker's side of the warm hosts: one box, one host in it for each surroundings."""

import os
import select
import time
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import IO

from clawgym.errors import SandboxError
from clawgym.files import Files
from clawgym.sandbox import (
    WORKSPACE,
    Backend,
    BoxSpec,
    ExecResult,
    Limits,
    Sandbox,
    box,
    scratch_directory,
)
from clawgym.sandbox.site import server_program
from synth.gates.box_thread import LoopThread
from synth.gates.host.wire import Message, receive, send
from synth.gates.surroundings import SURROUNDINGS, Surroundings

_START_SECONDS = 30.0
_FOR_EVER = 1e7
_PROGRAMS = ("warm.py", "trees.py", "children.py", "wire.py")
_LIMITS = Limits(
    cpu_seconds=1_000_000,  # a host lives as long as its worker; its children have limits of theirs
    memory_bytes=2 * 1024**3,
    workspace_bytes=512 * 1024**2,
    output_bytes=256 * 1024,
)


class WarmHosts:
    """The hosts of one worker. Not safe to share between threads.

    Raises:
        SandboxError: the box cannot be made, or a host does not start in it.
    """

    def __init__(self, backend: Backend) -> None:
        self._thread = LoopThread()
        self._stack = AsyncExitStack()
        self._ran: list[Future[ExecResult]] = []
        self._links: list[_Link] = []
        try:
            self._start(backend)
        except BaseException:
            self.close()
            raise

    def ask(self, number: int, message: Message) -> Message:
        """The answer of one host.

        Raises:
            SandboxError: it is gone, with its last words.
        """
        link = self._links[number]
        try:
            send(link.requests, message)
            answer = receive(link.answers)
        except (OSError, EOFError, ValueError):
            answer = None
        if answer is None:
            raise SandboxError(f"the warm host {number} of this worker died: {self._words(number)}")
        return answer

    def close(self) -> None:
        """End the hosts and remove the box."""
        for link in self._links:
            link.close()
        self._links = []
        self._thread.run(self._stack.aclose())
        self._thread.close()

    def _start(self, backend: Backend) -> None:
        sandbox, pipes = self._thread.run(self._open(backend))
        for number, surroundings in enumerate(SURROUNDINGS):
            self._ran.append(self._thread.start(_run(sandbox, number, surroundings)))
        for number in range(len(SURROUNDINGS)):
            self._links.append(self._link(pipes, number))

    async def _open(self, backend: Backend) -> tuple[Sandbox, Path]:
        pipes, programs = await self._stack.enter_async_context(_directories())
        spec = BoxSpec(mounts={"prover": programs}, writable={"wire": pipes}, limits=_LIMITS)
        return await self._stack.enter_async_context(box(backend, spec)), pipes

    def _link(self, pipes: Path, number: int) -> "_Link":
        """Wait until a host has said that it is ready."""
        reading = os.open(pipes / f"{number}.out", os.O_RDONLY | os.O_NONBLOCK)
        if not self._said_something(reading, number):
            os.close(reading)
            raise SandboxError(f"no warm host starts in the box: {self._words(number)}")
        os.set_blocking(reading, True)
        answers = os.fdopen(reading, "rb")
        receive(answers)
        return _Link(open(pipes / f"{number}.in", "wb"), answers)

    def _said_something(self, pipe: int, number: int) -> bool:
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not self._ran[number].done():
            if poll.poll(50):
                return True
        return False

    def _words(self, number: int) -> str:
        try:
            ran = self._ran[number].result(timeout=1.0)
        except TimeoutError:
            return "it says nothing"
        except SandboxError as error:
            return str(error)
        return f"exit code {ran.exit_code}, {ran.stderr.decode(errors='replace')[-400:]}"


class _Link:
    """The two pipes to one host."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self.requests, self.answers = requests, answers

    def close(self) -> None:
        for stream in (self.requests, self.answers):
            with suppress(OSError):
                stream.close()


@asynccontextmanager
async def _directories() -> AsyncGenerator[tuple[Path, Path]]:
    """A directory with the pipes, which the box may open, and one with the hosts' programs."""
    with scratch_directory() as scratch:
        pipes, programs = scratch / "pipes", scratch / "programs"
        pipes.mkdir()
        for number in range(len(SURROUNDINGS)):
            for end in ("in", "out"):
                os.mkfifo(pipes / f"{number}.{end}")
                (pipes / f"{number}.{end}").chmod(0o666)  # the box's user is another
        source = files("synth.gates.host")
        contents = {name: source.joinpath(name).read_bytes() for name in _PROGRAMS}
        contents["site_server.py"] = server_program()
        Files(contents).write_to(programs)
        yield pipes, programs


async def _run(sandbox: Sandbox, number: int, surroundings: Surroundings) -> ExecResult:
    """Run a host to its end. `-I` would have it ignore the hash seed; the box is ours alone."""
    wire, program = sandbox.place("wire"), f"{sandbox.place('prover')}/warm.py"
    root = f"{sandbox.place(WORKSPACE)}/{surroundings.place}"
    argv = ["python3", "-s", "-S", "-B", program, f"{wire}/{number}.in", f"{wire}/{number}.out"]
    return await sandbox.exec([*argv, root], env=surroundings.env, cwd="/", timeout=_FOR_EVER)
