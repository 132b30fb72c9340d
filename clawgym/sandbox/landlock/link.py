"""The harness's end of the processes behind Landlock boxes."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Self

import clawgym
from clawgym.errors import SandboxError
from clawgym.sandbox._process import KILL_SECONDS, memory_file
from clawgym.sandbox.landlock.warden.plan import FAILED, READY, Plan

# The processes need none of what the packages' own __init__ files import, and start without them.
_BOOT = """
import sys, types
for name, path in (("clawgym", sys.argv[2]), ("clawgym.sandbox", sys.argv[2] + "/sandbox")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from clawgym.sandbox.landlock.warden.serve import main
main(int(sys.argv[1]))
"""
_PYTHON = (sys.executable, "-I", "-S", "-X", "utf8", "-c")
_START_SECONDS = 20.0
_REASON_BYTES = 4096
_PAUSE = 0.001


class Answer:
    """A pipe for the answer to one instruction: give `theirs` away, then await `given`.

    `given` is what was written, or nothing when the other end was closed without a word.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ours, self.theirs = os.pipe2(os.O_CLOEXEC)
        self.given: asyncio.Future[bytes] = self._loop.create_future()
        self._loop.add_reader(self._ours, self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.remove_reader(self._ours)
        os.close(self._ours)
        self.close_theirs()

    def close_theirs(self) -> None:
        """Keep no copy of what was given away, so that its end can be seen."""
        if self.theirs >= 0:
            os.close(self.theirs)
            self.theirs = -1

    def _read(self) -> None:
        self._loop.remove_reader(self._ours)
        if not self.given.done():
            self.given.set_result(os.read(self._ours, 16))


class WardenLink:
    """The warden of one box.

    Raises:
        SandboxError: the box cannot be set up, with the reason.
    """

    def __init__(self, plan: Plan) -> None:
        self._door = _nursery(os.getpid()).open_door(plan)
        self._ended = False

    @property
    def alive(self) -> bool:
        """Whether the warden is there to be told anything."""
        if self._ended:
            return False
        try:
            return bool(self._door.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    async def tell(self, word: bytes, descriptors: Sequence[int]) -> None:
        """Give an instruction, waiting for room.

        Raises:
            SandboxError: the warden is gone.
        """
        while True:
            if self._send(word, descriptors):
                return
            await asyncio.sleep(_PAUSE)

    def _send(self, word: bytes, descriptors: Sequence[int]) -> bool:
        try:
            return bool(socket.send_fds(self._door, [word], list(descriptors)))
        except BlockingIOError:
            return False
        except OSError as error:
            raise SandboxError(f"the box is dead: {error.strerror}") from error

    def abandon(self) -> None:
        """Let it end by itself; whatever runs in the box is killed soon."""
        self._ended = True
        self._door.close()

    async def end(self) -> None:
        """Have everything killed and wait until it is.

        Raises:
            SandboxError: it still is not after a while.
        """
        if self._ended:
            return
        self._ended = True
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[None] = loop.create_future()
        self._door.shutdown(socket.SHUT_WR)
        loop.add_reader(self._door, lambda: gone.done() or gone.set_result(None))
        try:
            await asyncio.wait({gone}, timeout=KILL_SECONDS)
        finally:
            loop.remove_reader(self._door)
            self._door.close()
        if not gone.done():
            raise SandboxError(
                f"a box is still there {KILL_SECONDS:g} s after SIGKILL; "
                "look for a hanging disk or network mount"
            )


class _Nursery:
    """The process that forks wardens."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        package = str(Path(clawgym.__file__).parent)
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    "-X",
                    "utf8",
                    "-c",
                    _BOOT,
                    str(theirs.fileno()),
                    package,
                ],
                pass_fds=(theirs.fileno(),),
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def open_door(self, plan: Plan) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        file = memory_file(json.dumps(plan._asdict()).encode())
        ours.settimeout(_START_SECONDS)
        try:
            with theirs:
                socket.send_fds(self._control, [b"box"], [theirs.fileno(), file])
            answer = ours.recv(_REASON_BYTES)
        except OSError as error:
            ours.close()
            raise SandboxError(f"the process that makes boxes is gone: {error}") from error
        finally:
            os.close(file)
        if answer != READY:
            ours.close()
            reason = answer.removeprefix(FAILED).decode() or "its warden ended at once"
            raise SandboxError(f"cannot set up a box: {reason}")
        ours.setblocking(False)
        return ours


_starting = Lock()


def _nursery(pid: int) -> _Nursery:
    """The nursery of this process, started on first use; a forked child starts its own."""
    with _starting:
        if pid not in _nurseries or not _nurseries[pid].alive:
            _nurseries[pid] = _Nursery()
        return _nurseries[pid]


_nurseries: dict[int, _Nursery] = {}
