"""Process 1 of a container: starts commands, bounds them, kills them, and serves files.

Sent into the container when it starts, so that any image with Python 3.8 will do. It runs as root
without any capability but to change its user, to kill and to give capabilities up; commands run as
an ordinary user, who can neither signal nor trace it, nor open what it has open. It is
single-threaded, and it ends, and the container with it, as soon as the harness is gone.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import time
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from clawgym.sandbox.docker import files
from clawgym.sandbox.docker.commands import (
    FullError,
    Identity,
    Kept,
    Order,
    RefusedError,
    Running,
    start,
)
from clawgym.sandbox.docker.kernel import Kernel
from clawgym.sandbox.docker.service import FileService, Outbox, Request
from clawgym.sandbox.docker.wire import (
    CHUNK,
    DATA,
    REQUEST,
    MessageReader,
    ProtocolError,
    messages,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_ORPHANS = 256
"""Outputs of processes left behind that are read on, and thrown away."""
_KILL_SECONDS = 10.0
_KILLED = 128 + signal.SIGKILL
_TEMPORARY = ("/tmp", "/var/tmp", "/run", "/dev/shm")  # noqa: S108 - those of the box
_OOM_COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


class Agent:
    """The loop around one channel, which is descriptors 0 and 1."""

    def __init__(self, identity: Identity, kernel: Kernel | None) -> None:
        self._identity = identity
        self._kernel = kernel
        self._selector = selectors.DefaultSelector()
        self._reader = MessageReader()
        self._outbox = Outbox()
        self._files = FileService(identity, self._outbox)
        self._running: dict[int, Running] = {}
        self._inputs: dict[int, tuple[Order, int]] = {}
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
            for key, _ in self._selector.select(0 if self._files.is_busy else self._patience()):
                # An earlier one of these may have closed this one's descriptor.
                if key.data is not None and watched.get(key.fd) is key:
                    key.data()
            self._expire()
            self._files.pump()
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
                self._files.drop(call)
                self._drop_input(call)
                self._outbox.fail(call, error)

    def _take(self, kind: int, call: int, payload: bytes) -> None:
        if kind == REQUEST:
            self._begin(call, json.loads(payload))
        elif call in self._inputs:
            self._take_input(call, payload if kind == DATA else None)
        else:
            self._files.take(call, payload if kind == DATA else None)

    def _begin(self, call: int, request: Request) -> None:
        operation, order = request["op"], request["order"]
        if order is not None:
            self._order(call, order, with_input=request["stdin"])
        elif operation == "hello":
            self._outbox.end(call, {"filter": self._kernel is not None})
        elif operation == "kill":
            self._refuse_waiting()
            self._kill_all()
            self._outbox.end(call)
        else:
            self._files.begin(call, request)

    def _send(self) -> None:
        left = self._outbox.send(1)
        watched = 1 in self._selector.get_map()
        if left and not watched:
            self._selector.register(1, selectors.EVENT_WRITE)
        elif watched and not left:
            self._selector.unregister(1)

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

    def _refuse_waiting(self) -> None:
        """Who kills everything does not want what is about to start, either."""
        for call in list(self._inputs):
            self._drop_input(call)
            self._outbox.end(call, {"refused": "killed before it started", "code": _KILLED})

    def _drop_input(self, call: int) -> None:
        if call in self._inputs:
            os.close(self._inputs.pop(call)[1])

    def _start(self, call: int, order: Order, stdin: int) -> None:
        oom_before = self._oom_kills()
        try:
            running = start(call, order, stdin, self._identity, self._kernel)
        except RefusedError as error:
            if isinstance(error, FullError):
                self._kill_all()  # or nobody could do anything here any more
            self._outbox.end(call, {"refused": str(error), "code": error.code})
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
                self._outbox.put(framed)
        exited = os.WIFEXITED(status)
        self._outbox.end(
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
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
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


def _open_first(paths: tuple[str, ...]) -> int | None:
    for path in paths:
        if os.path.exists(path):
            return os.open(path, os.O_RDONLY)
    return None
