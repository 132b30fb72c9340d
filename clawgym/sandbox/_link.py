"""The harness's end of the keeper: starting it, and talking about one box.

Each box has a channel of its own, so that boxes of several threads and event loops never wait for
each other, and a harness that forgets a box by dropping its channel ends it.
"""

import asyncio
import atexit
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

import clawgym
from clawgym.errors import SandboxError
from clawgym.sandbox._process import KILL_SECONDS, memory_file
from clawgym.sandbox.keeper.cgroups import remove_dead_groups

Message = dict[str, Any]

# The keeper needs none of what the packages' own __init__ files import, and starts without them.
_BOOT = """
import sys, types
for name, path in (("clawgym", sys.argv[2]), ("clawgym.sandbox", sys.argv[2] + "/sandbox")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from clawgym.sandbox.keeper.serve import main
main(int(sys.argv[1]))
"""

_INLINE_BYTES = 100_000
_START_SECONDS = 20.0


@dataclass(frozen=True)
class Hello:
    """What the keeper is told first.

    Attributes:
        name: names the control groups.
        dead: names of harnesses that no longer live, whose groups it may remove.
        user: the uid that boxes run as on the host; None keeps the harness's own.
        bwrap: the bubblewrap program.
        shared: directories that every box can be given, by the name that they get.
        system_calls: the seccomp program for commands, in hexadecimal.
        python: the `python3` that commands find, which exists at the same place out here.
        path: the PATH of commands.
    """

    name: str
    dead: tuple[str, ...]
    user: int | None
    bwrap: str
    shared: Mapping[str, str]
    system_calls: str
    python: str
    path: str


class KeeperLink:
    """A running keeper.

    Raises:
        SandboxError: it could not start, or this machine does not let it make namespaces.
    """

    def __init__(self, hello: Hello) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        self._lock = Lock()
        package = str(Path(clawgym.__file__).parent)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, str(theirs.fileno()), package],
                pass_fds=(theirs.fileno(),),
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.controllers = frozenset(self._greet(hello))
        self._name = hello.name
        self._told: Mapping[str, str] = {}
        self._owner = os.getpid()
        atexit.register(self.end)

    @property
    def alive(self) -> bool:
        """Whether the keeper is still there; if not, everything that it kept is gone with it."""
        if self._control.fileno() < 0:
            return False
        poll = select.poll()
        poll.register(self._control, 0)
        return not poll.poll(0)  # without a wish it tells of the other end's leaving alone

    def open_box(self, request: Message, arguments: int) -> socket.socket:
        """Ask for a box; the channel that comes back tells how it goes.

        Raises:
            SandboxError: the keeper is gone.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs, self._lock:
                send(self._control, request, [theirs.fileno(), arguments])
        except OSError as error:
            ours.close()
            raise SandboxError(f"the sandbox keeper is gone: {error.strerror}") from error
        ours.setblocking(False)
        return ours

    def news_of(self, sources: Mapping[str, str]) -> Mapping[str, str]:
        """The sources to tell with the next script: all, if the keeper was told others so far."""
        told, self._told = self._told, dict(sources)
        return {} if told == sources else self._told

    def end(self) -> None:
        """Let the keeper remove what is left and go; a forked child must leave it alone."""
        if os.getpid() == self._owner:
            self._control.close()
            if self._process.wait() != 0:  # somebody killed it, and its control groups are left
                remove_dead_groups([self._name])

    def forget(self) -> None:
        """Drop a keeper that is gone: the next one removes what it left."""
        atexit.unregister(self.end)
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_SECONDS)

    def _greet(self, hello: Hello) -> Sequence[str]:
        self._control.settimeout(_START_SECONDS)
        try:
            send(self._control, {"op": "hello", **hello.__dict__}, [])
            answer: Message = json.loads(self._control.recv(65536) or b"{}")
        except OSError as error:
            answer = {"failed": f"it does not answer: {error}"}
        self._control.settimeout(None)
        if "controllers" not in answer:
            self._control.close()
            self._process.wait(_START_SECONDS)
            raise SandboxError(answer.get("failed", "the sandbox keeper ended at once"))
        return answer["controllers"]


class BoxChannel:
    """One box as its keeper tells about it. Belongs to the event loop that it is made in."""

    def __init__(self, channel: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._channel = channel
        self._waiting: dict[int | str, list[asyncio.Future[Message]]] = {}
        self._descriptors: list[int] = []
        self.dead = False
        self.lost: str | None = None
        self._loop.add_reader(channel, self._receive)

    @property
    def alive(self) -> bool:
        """Whether the box holds processes, as far as is known."""
        return not self.dead and self.lost is None

    def expect(self, what: int | str) -> asyncio.Future[Message]:
        """A future for the message that tells `what`: a command's id, or a word such as `ready`.

        It raises `SandboxError` when the box cannot be made or the keeper is gone first.
        """
        future: asyncio.Future[Message] = self._loop.create_future()
        if self.lost is not None:
            future.set_exception(SandboxError(self.lost))
        else:
            self._waiting.setdefault(what, []).append(future)
        return future

    async def ask(self, message: Message, answer: int | str) -> Message:
        """Send a message and wait for its answer.

        Raises:
            SandboxError: the keeper is gone, or does not answer.
        """
        answered = self.expect(answer)
        await self.tell(message)
        await asyncio.wait({answered}, timeout=KILL_SECONDS)
        if not answered.done():
            raise SandboxError(
                f"the sandbox keeper did not {message['op']} within {KILL_SECONDS:g} s; "
                "look for a hanging disk or network mount"
            )
        return answered.result()

    async def tell(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send a message, waiting for room.

        Raises:
            SandboxError: the keeper is gone.
        """
        while True:
            try:
                return send(self._channel, message, descriptors)
            except BlockingIOError:
                await asyncio.sleep(0.001)
            except OSError as error:
                if self.lost is None:
                    self._fail(f"the sandbox keeper is gone: {error.strerror}")
                raise SandboxError(str(self.lost)) from error

    def take_descriptor(self) -> int:
        """The descriptor that came with the last message; the caller closes it."""
        return self._descriptors.pop()

    def close(self) -> None:
        """Drop the channel."""
        self._loop.remove_reader(self._channel)
        self._channel.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._fail("the box is closed")

    def _receive(self) -> None:
        while True:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._channel, 65536, 4)
            except BlockingIOError:
                return
            except OSError:
                data, descriptors = b"", []
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)  # recv_fds takes no flag for it
            self._descriptors += descriptors
            if not data:
                self._loop.remove_reader(self._channel)
                self._fail("the sandbox keeper is gone")
                return
            self._told(json.loads(data))

    def _told(self, message: Message) -> None:
        if "failed" in message:
            self._fail(message["failed"])
            return
        what = message["id"] if "id" in message else next(iter(message))
        if what == "sealed":
            self.dead = True
            self._fail_waiting(message.get("stderr") or "the box ended at once", "made", "ready")
        for future in self._waiting.pop(what, []):
            if not future.done():
                future.set_result(message)

    def _fail(self, reason: str) -> None:
        self.lost = reason
        self._fail_waiting(reason, *self._waiting)

    def _fail_waiting(self, reason: str, *whats: int | str) -> None:
        for future in chain.from_iterable(self._waiting.pop(what, []) for what in whats):
            if not future.done():
                future.set_exception(SandboxError(reason))
                future.exception()  # seen: not every future is awaited


def wait_for_message(channel: socket.socket) -> Message:
    """The next message on a blocking channel; what descriptors come with it are closed.

    Raises:
        SandboxError: the keeper is gone, or says nothing in time.
    """
    try:
        data, descriptors, _, _ = socket.recv_fds(channel, 65536, 4)
    except OSError as error:
        raise SandboxError(f"the sandbox keeper does not answer: {error}") from error
    for descriptor in descriptors:
        os.close(descriptor)
    if not data:
        raise SandboxError("the sandbox keeper is gone")
    message: Message = json.loads(data)
    return message


def send(channel: socket.socket, message: Message, descriptors: Sequence[int]) -> None:
    """Send one message; a large one travels in a memory file."""
    data = json.dumps(message).encode()
    if len(data) < _INLINE_BYTES:
        socket.send_fds(channel, [data], list(descriptors))
        return
    file = memory_file(data)
    try:
        socket.send_fds(channel, [b"@"], [file, *descriptors])
    finally:
        os.close(file)


_links: dict[int, KeeperLink] = {}
_links_lock = Lock()


def keeper_link(hello: Callable[[], Hello]) -> KeeperLink:
    """The keeper of this process, started on first use, or anew if somebody killed it.

    A forked child starts its own.

    Raises:
        SandboxError: as `KeeperLink`.
    """
    with _links_lock:
        pid = os.getpid()
        if pid in _links and not _links[pid].alive:
            _links.pop(pid).forget()
        if pid not in _links:
            _links[pid] = KeeperLink(hello())
        return _links[pid]
