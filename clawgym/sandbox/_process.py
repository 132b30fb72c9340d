"""Run one program of the host: bounded output, a deadline, and nobody left behind."""

import asyncio
import os
import signal
import time
from asyncio import Future
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from clawgym.errors import SandboxError

DRAIN_SECONDS = 1.0
"""How long to wait for the rest of the output when everything that wrote it is dead."""

KILL_SECONDS = 10.0
"""How long a killed process may take to disappear before the machine is called broken."""


class End(StrEnum):
    """Why a program is no longer running."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"


class Kept:
    """The first and the last half of a stream's byte limit, and the count of all of it."""

    def __init__(self, limit: int) -> None:
        self._head_room = limit - limit // 2
        self._tail_room = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def feed(self, data: bytes) -> None:
        """Take the next piece of the stream."""
        self.total += len(data)
        room = self._head_room - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._tail_room:
            self._trim()

    @property
    def data(self) -> bytes:
        """What was kept: all of the stream if it fits the limit."""
        self._trim()
        return bytes(self._head + self._tail)

    def _trim(self) -> None:
        del self._tail[: max(0, len(self._tail) - self._tail_room)]


@dataclass(frozen=True)
class Outcome:
    """How a program ended; `returncode` is negative for a signal."""

    end: End
    returncode: int
    stdout: Kept
    stderr: Kept
    seconds: float
    oom_killed: bool = False


@dataclass(frozen=True)
class Program:
    """What to start: the whole environment is `env`, and `pass_fds` stay open in the child."""

    argv: Sequence[str]
    env: Mapping[str, str]
    stdin: bytes | None = None
    pass_fds: tuple[int, ...] = ()
    cwd: str | None = None


class Pipes(asyncio.SubprocessProtocol):
    """Receives output as it comes; `exited` and `closed` resolve at the two stages of the end."""

    def __init__(self, limit: int) -> None:
        self.outputs = {1: Kept(limit), 2: Kept(limit)}
        self.exited: Future[None] = asyncio.get_running_loop().create_future()
        self.closed: Future[None] = asyncio.get_running_loop().create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.outputs[fd].feed(data)

    def process_exited(self) -> None:
        _resolve(self.exited)

    def connection_lost(self, exc: Exception | None) -> None:
        _resolve(self.closed)


KillTree = Callable[[int, Future[None]], Awaitable[None]]
"""Kills what descends from a process id; the future tells whether that process has exited."""


async def run(
    program: Program, *, timeout: float, output_bytes: int, stop: Future[None], kill_tree: KillTree
) -> Outcome:
    """Run a program until it exits, `timeout` seconds pass or `stop` resolves.

    `kill_tree` is awaited in every case, also when this coroutine is cancelled, so that whatever
    the program started ends with it.

    Raises:
        OSError: the program cannot be started.
        ValueError: an argument holds a NUL byte or cannot be encoded.
        SandboxError: the kernel does not end a killed process.
    """
    started = time.monotonic()
    transport, pipes = await _start(program, output_bytes)
    try:
        await asyncio.wait(
            {pipes.exited, stop}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        end = _why(pipes.exited, stop)
        seconds = time.monotonic() - started
    finally:
        try:
            await kill_tree(transport.get_pid(), pipes.exited)
            await _reap(pipes)
        finally:
            transport.close()
    returncode = transport.get_returncode()
    if returncode is None:
        raise SandboxError(
            f"process {transport.get_pid()} is still there {KILL_SECONDS:g} s after SIGKILL; "
            "look for a hanging disk or network mount"
        )
    return Outcome(end, returncode, pipes.outputs[1], pipes.outputs[2], seconds)


async def to_the_end(task: asyncio.Task[object]) -> None:
    """Wait until a task is done, however often the caller is cancelled meanwhile.

    A cancellation is raised once the task is done; the task's own outcome stays in the task.
    """
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        if not task.cancelled():
            task.exception()  # marks it as seen: the caller is told of the cancellation instead
        raise cancelled


def kill_quietly(pid: int) -> None:
    """Send SIGKILL to a process that may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def _start(program: Program, output_bytes: int) -> tuple[asyncio.SubprocessTransport, Pipes]:
    # A file in memory, not a pipe: the child can reopen /dev/stdin, and nobody has to feed it.
    stdin = (
        os.open(os.devnull, os.O_RDONLY) if program.stdin is None else memory_file(program.stdin)
    )
    try:
        return await asyncio.get_running_loop().subprocess_exec(
            lambda: Pipes(output_bytes),
            *program.argv,
            env=program.env,
            stdin=stdin,
            pass_fds=program.pass_fds,
            cwd=program.cwd,
            start_new_session=True,
        )
    finally:
        os.close(stdin)


def memory_file(data: bytes) -> int:
    """A descriptor of an anonymous file that holds `data`, at its start. The caller closes it."""
    descriptor = os.memfd_create("clawgym")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


async def _reap(pipes: Pipes) -> None:
    if not pipes.exited.done():
        await asyncio.wait({pipes.exited}, timeout=KILL_SECONDS)
    # Something outside the tree may still hold the pipe (it was passed on over a socket).
    if not pipes.closed.done():
        await asyncio.wait({pipes.closed}, timeout=DRAIN_SECONDS)


def _why(exited: Future[None], stop: Future[None]) -> End:
    if exited.done():
        return End.EXITED
    return End.STOPPED if stop.done() else End.TIMED_OUT


def _resolve(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
