"""Process 1 of a container: starts commands, bounds them, kills them, and serves files.

Sent into the container when it starts, so that any image with Python 3.8 will do. It runs as root
without any capability but to change its user and to kill; commands run as an ordinary user, who can
neither signal nor trace it, nor open what it has open. It is single-threaded, and it ends, and the
container with it, as soon as the harness is gone.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import time
from collections import deque
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from clawgym.sandbox import _docker_files as files
from clawgym.sandbox import _docker_trees as trees
from clawgym.sandbox._docker_commands import Identity, Kept, Order, RefusedError, Running, start
from clawgym.sandbox._docker_kernel import Kernel
from clawgym.sandbox._docker_wire import (
    CHUNK,
    DATA,
    END,
    FAILED,
    ITEM,
    REQUEST,
    MessageReader,
    ProtocolError,
    message,
    messages,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    Sink = Generator[None, bytes | None, None]

_QUEUED = 1024**2
"""Bytes that may wait to be sent before sources have to wait in turn."""
_ORPHANS = 256
"""Outputs of processes left behind that are read on, and thrown away."""
_KILL_SECONDS = 10.0
_TEMPORARY = ("/tmp", "/var/tmp", "/run", "/dev/shm")  # noqa: S108 - those of the box
_OOM_COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


class Request(TypedDict):
    """What a call asks for; which keys mean anything depends on `op`."""

    op: str
    root: str
    path: str
    limit: int
    depth: int
    whole: bool
    as_root: bool
    stdin: bool
    order: Order | None


class Agent:
    """The loop around one channel, which is descriptors 0 and 1."""

    def __init__(self, identity: Identity, kernel: Kernel | None) -> None:
        self._identity = identity
        self._kernel = kernel
        self._selector = selectors.DefaultSelector()
        self._reader = MessageReader()
        self._out: deque[bytes] = deque()
        self._queued = 0
        self._running: dict[int, Running] = {}
        self._inputs: dict[int, tuple[Order, int]] = {}
        self._sinks: dict[int, tuple[Sink, bool]] = {}
        self._sources: deque[tuple[int, Iterator[bytes]]] = deque()
        self._orphans: deque[int] = deque()
        self._oom = _open_first(_OOM_COUNTERS)

    def run(self) -> None:
        """Serve until the harness is gone."""
        wakeup, woken = os.pipe()
        for descriptor in (1, wakeup, woken):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(woken)
        self._watch(0, self._receive)
        self._watch(wakeup, partial(self._reap, wakeup))
        watched = self._selector.get_map()
        while True:
            hurry = self._sources and self._queued < _QUEUED
            for key, _ in self._selector.select(0 if hurry else self._patience()):
                # An earlier one of these may have closed this one's descriptor.
                if key.data is not None and watched.get(key.fd) is key:
                    key.data()
            self._expire()
            self._pump()
            self._send()

    # The channel

    def _receive(self) -> None:
        data = os.read(0, 4 * CHUNK)
        if not data:
            os._exit(0)  # with process 1 the kernel kills everything here
        for kind, call, payload in self._reader.feed(data):
            try:
                self._take(kind, call, payload)
            except (OSError, ProtocolError) as error:
                self._fail(call, error)

    def _take(self, kind: int, call: int, payload: bytes) -> None:
        if kind == REQUEST:
            self._begin(call, json.loads(payload))
        elif call in self._inputs:
            self._take_input(call, payload if kind == DATA else None)
        elif call in self._sinks:  # else it has failed, and the rest of its data is of no use
            self._advance(call, payload if kind == DATA else None)

    def _queue(self, framed: bytes) -> None:
        self._out.append(framed)
        self._queued += len(framed)

    def _end(self, call: int, result: object = None) -> None:
        self._queue(message(END, call, json.dumps(result).encode()))

    def _fail(self, call: int, error: Exception) -> None:
        self._sinks.pop(call, None)
        number = error.errno if isinstance(error, OSError) else None
        said = json.dumps({"errno": number or 0, "message": _said(error)[:4096]})
        self._queue(message(FAILED, call, said.encode()))

    def _send(self) -> None:
        while self._out:
            try:
                sent = os.write(1, self._out[0])
            except BlockingIOError:
                break
            self._queued -= sent
            if sent < len(self._out[0]):
                self._out[0] = self._out[0][sent:]
            else:
                self._out.popleft()
        watched = 1 in self._selector.get_map()
        if self._out and not watched:
            self._selector.register(1, selectors.EVENT_WRITE)
        elif watched and not self._out:
            self._selector.unregister(1)

    # Calls

    def _begin(self, call: int, request: Request) -> None:
        operation, order = request["op"], request["order"]
        if operation == "hello":
            self._end(call, {"filter": self._kernel is not None})
        elif operation == "kill":
            self._kill_all()
            self._end(call)
        elif order is not None:
            self._order(call, order, with_input=request["stdin"])
        elif operation in {"write", "put", "fetch"}:
            sink = self._open_sink(call, request)
            self._sinks[call] = sink, request["as_root"]
            self._advance(call, None)
        else:
            with self._identity.assumed():
                self._serve(call, request)

    def _serve(self, call: int, request: Request) -> None:
        operation, root, path = request["op"], *map(os.fsencode, (request["root"], request["path"]))
        if operation == "clear":
            trees.clear(root)
            self._end(call)
        elif operation == "list":
            found = files.names(root, path, request["limit"])
            self._sources.append((call, messages(DATA, call, "\0".join(found).encode())))
        elif operation == "read":
            self._sources.append((call, _framed(call, files.read(root, path, request["limit"]))))
        elif operation == "walk":
            found = trees.walk(root, request["depth"], request["limit"], whole=request["whole"])
            self._sources.append((call, _framed(call, found)))
        else:
            raise ProtocolError(f"no operation {operation!r}")

    def _open_sink(self, call: int, request: Request) -> Sink:
        root = os.fsencode(request["root"])
        if request["op"] == "write":
            return files.write(root, os.fsencode(request["path"]))
        if request["op"] == "put":
            return trees.put(root)
        return self._fetch(call, root, request["limit"])

    def _advance(self, call: int, piece: bytes | None) -> None:
        """Give a sink its next piece; it starts, and ends, with None."""
        sink, as_root = self._sinks[call]
        with nullcontext() if as_root else self._identity.assumed():
            try:
                sink.send(piece)
            except StopIteration:
                del self._sinks[call]
                if all(call != source for source, _ in self._sources):
                    self._end(call)

    def _fetch(self, call: int, root: bytes, limit: int) -> Sink:
        """Take paths that end in NUL, then send each file, an `ITEM` after it."""
        paths = bytearray()
        while (piece := (yield)) is not None:
            paths += piece
        wanted = bytes(paths).split(b"\0")[:-1]
        self._sources.append((call, _fetched(call, root, wanted, limit)))

    def _pump(self) -> None:
        while self._sources and self._queued < _QUEUED:
            call, source = self._sources[0]
            try:
                with self._identity.assumed():
                    framed = next(source, None)
            except (OSError, ProtocolError) as error:
                self._sources.popleft()
                self._fail(call, error)
                continue
            if framed is not None:
                self._queue(framed)
            else:
                self._sources.popleft()
                self._end(call)

    # Commands

    def _order(self, call: int, order: Order, *, with_input: bool) -> None:
        if not with_input:
            self._start(call, order, os.open(os.devnull, os.O_RDONLY))
            return
        with self._identity.assumed():
            # A file in memory, not a pipe: it can be opened again, and nobody has to feed it.
            self._inputs[call] = order, os.memfd_create("stdin")

    def _take_input(self, call: int, piece: bytes | None) -> None:
        order, stdin = self._inputs[call]
        if piece is not None:
            files.write_all(stdin, piece)
            return
        del self._inputs[call]
        os.lseek(stdin, 0, os.SEEK_SET)
        self._start(call, order, stdin)

    def _start(self, call: int, order: Order, stdin: int) -> None:
        oom_before = self._oom_kills()
        try:
            running = start(call, order, stdin, self._identity, self._kernel)
        except RefusedError as error:
            self._end(call, {"refused": str(error), "code": error.code})
            return
        finally:
            os.close(stdin)
        running.oom_before = oom_before
        self._running[running.pid] = running
        for output in running.outputs:
            self._watch(output.descriptor, partial(self._read, output))

    def _read(self, output: Kept) -> None:
        if not output.receive():
            self._close(output.descriptor)
            output.closed = True

    def _reap(self, wakeup: int | None = None) -> bool:
        """Bury the dead; whether nobody is left at all."""
        if wakeup is not None:
            os.read(wakeup, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if (running := self._running.pop(pid, None)) is not None:
                self._finish(running, status)

    def _finish(self, running: Running, status: int) -> None:
        for output in running.outputs:
            if not output.closed and output.drain():
                self._abandon(output.descriptor)
            elif not output.closed:
                self._close(output.descriptor)
        for output in running.outputs:
            for framed in messages(DATA, running.call, output.data):
                self._queue(framed)
        exited = os.WIFEXITED(status)
        self._end(
            running.call,
            {
                "code": os.WEXITSTATUS(status) if exited else 128 + os.WTERMSIG(status),
                "stdout": len(running.outputs[0].data),
                "totals": [output.total for output in running.outputs],
                "timed_out": running.timed_out,
                "oom_killed": self._oom_kills() > running.oom_before,
                "seconds": time.monotonic() - running.started,
            },
        )

    def _abandon(self, descriptor: int) -> None:
        """Go on reading for a process left behind: writing must neither kill nor block it."""
        self._selector.modify(descriptor, selectors.EVENT_READ, partial(self._discard, descriptor))
        self._orphans.append(descriptor)
        if len(self._orphans) > _ORPHANS:
            self._close(self._orphans.popleft())

    def _discard(self, descriptor: int) -> None:
        if not os.read(descriptor, 65536):
            self._orphans.remove(descriptor)
            self._close(descriptor)

    def _patience(self) -> float | None:
        deadlines = [running.deadline for running in self._running.values()]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _expire(self) -> None:
        now = time.monotonic()
        late = [running for running in self._running.values() if running.deadline <= now]
        for running in late:
            running.timed_out = True
        if late:
            self._kill_all()

    def _kill_all(self) -> None:
        """Kill every process but this one in one step, and wait until none is left.

        Whatever is orphaned becomes a child of process 1, so no child means no process.

        Raises:
            ProtocolError: the kernel does not end a killed process.
        """
        deadline = time.monotonic() + _KILL_SECONDS
        while not self._reap():
            try:
                os.kill(-1, signal.SIGKILL)
            except ProcessLookupError:
                continue  # only zombies, which the next round buries
            if time.monotonic() > deadline:
                raise ProtocolError(f"processes are still there {_KILL_SECONDS:g} s after SIGKILL")
            time.sleep(0.0005)

    def _oom_kills(self) -> int:
        if self._oom is None:
            return 0
        for line in os.pread(self._oom, 4096, 0).splitlines():
            if line.startswith(b"oom_kill "):
                return int(line.split()[1])
        return 0

    def _watch(self, descriptor: int, callback: Callable[[], object]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, callback)

    def _close(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)


def main(uid: int, gid: int, seccomp: bytes) -> None:
    """Serve as process 1; commands run as that user, behind that filter of system calls.

    Raises:
        OSError: the channel is broken, or this is not the root that it has to be.
    """
    os.umask(0o022)
    os.setgroups([])
    for place in _TEMPORARY:
        # runc gives a file system the mode that the image's directory there has.
        os.chmod(place, 0o1777)  # noqa: S103
    kernel = Kernel.load(seccomp)
    if kernel is not None:
        kernel.drop_bounding_set()
    Agent(Identity(uid, gid), kernel).run()


def _framed(call: int, parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts in messages of a sensible size."""
    batch = bytearray()
    for part in parts:
        batch += part
        if len(batch) >= CHUNK // 4:
            yield b"".join(messages(DATA, call, bytes(batch)))
            batch.clear()
    yield from messages(DATA, call, bytes(batch))


def _fetched(call: int, root: bytes, paths: list[bytes], limit: int) -> Iterator[bytes]:
    for path in paths:
        reason = ""
        try:
            yield from _framed(call, files.fetch(root, path, limit))
        except OSError as error:
            reason = files.errno_name(error)
        yield message(ITEM, call, reason.encode())


def _open_first(paths: tuple[str, ...]) -> int | None:
    for path in paths:
        if os.path.exists(path):
            return os.open(path, os.O_RDONLY)
    return None


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
