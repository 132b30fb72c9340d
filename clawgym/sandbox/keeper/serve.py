"""The keeper's loop: takes requests from its harness, and tells each box's end of them."""

import json
import os
import selectors
import shutil
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import FrameType
from typing import Any, NoReturn

from clawgym.sandbox.keeper import linux
from clawgym.sandbox.keeper.boxes import Box, Setup, fork
from clawgym.sandbox.keeper.cgroups import Cgroups, remove_dead_groups
from clawgym.sandbox.keeper.inside import ExecRequest
from clawgym.sandbox.keeper.mounts import KEEP, BoxRequest
from clawgym.sandbox.keeper.warm import WarmPython

_LARGEST_MESSAGE = 1 << 18
_MOST_DESCRIPTORS = 8
_DYING_SECONDS = 0.003

_WATCHES = 64
"""The inotify instances of all boxes of an ordinary user, who has 128 for everything."""


def main(control: int) -> None:
    """Serve the harness at the other end of the socket `control` until it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _enter_own_namespaces(control)
    except OSError as error:
        Keeper(socket.socket(fileno=control), refusal=str(error)).run()
    Keeper(socket.socket(fileno=control)).run()


class Keeper:
    """All boxes of one harness."""

    def __init__(self, control: socket.socket, refusal: str = "") -> None:
        self._control = control
        self._refusal = refusal
        self._selector = selectors.DefaultSelector()
        self._boxes: dict[int, Box] = {}
        self._owners: dict[int, Box] = {}
        self._dying: list[tuple[Box, int]] = []
        self._setup: Setup | None = None

    def run(self) -> NoReturn:
        """Serve until the harness closes its end."""
        self._watch(self._control.fileno(), self._take_control)
        self._watch(_child_signals(), self._reap)
        while True:
            timeout = _DYING_SECONDS if self._dying else None
            for key, _ in self._selector.select(timeout):
                if self._selector.get_map().get(key.fd) is key:  # not dropped by the one before
                    key.data()
            self._bury()

    # -- requests -------------------------------------------------------------------------------

    def _take_control(self) -> None:
        request, descriptors = receive(self._control)
        if request is None:
            self._leave()
        elif request["op"] == "hello":
            self._hello(request)
        else:
            self._make_box(request, descriptors)

    def _hello(self, request: dict[str, Any]) -> None:
        answer = {"failed": self._refusal} if self._refusal else self._prepare(request)
        self._control.send(json.dumps(answer).encode())

    def _prepare(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            self._setup = prepare(request)
        except OSError as error:
            return {"failed": str(error)}
        return {"controllers": sorted(self._setup.cgroups.controllers)}

    def _make_box(self, request: dict[str, Any], descriptors: list[int]) -> None:
        assert self._setup is not None
        channel = socket.socket(fileno=descriptors[0])
        box = Box(
            name=request["name"],
            channel=channel,
            setup=self._setup,
            watch=self._watch,
            forget=self._forget,
            adopt=self._owners.__setitem__,
            kill_strays=self._kill_strays,
        )
        number = channel.fileno()
        self._boxes[number] = box
        self._watch(number, lambda: self._take(number))
        box.make(
            BoxRequest(
                kind=request["kind"],
                source=request["source"],
                bytes=request["bytes"],
                files=request["files"],
                mounts=[(name, source) for name, source in request["mounts"]],
                writable=request["writable"],
                temporary=request["temporary"],
                limits=request["limits"],
            ),
            descriptors[1],
        )
        os.close(descriptors[1])

    def _take(self, number: int) -> None:
        box = self._boxes[number]
        request, descriptors = receive(box.channel)
        try:
            match request["op"] if request else "close":
                case "exec":
                    assert request is not None
                    del request["op"]
                    if known := request.pop("known", None):
                        box.setup.warm.know(known)
                    box.execute(ExecRequest(**request), descriptors)
                case "kill":
                    assert request is not None
                    box.kill_all(request["id"])
                case "listen":
                    assert request is not None
                    box.listen(request["port"])
                case "seal":
                    box.seal()
                case _:
                    self._close(box, number)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _close(self, box: Box, number: int) -> None:
        self._forget(number)
        del self._boxes[number]
        box.close()
        self._dying.append((box, number))

    # -- endings --------------------------------------------------------------------------------

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            os.read(_child_signals(), 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            box = self._owners.pop(pid, None)
            if box:
                box.ended(pid, status)
            elif self._setup:
                self._setup.warm.reaped(pid)

    def _kill_strays(self) -> None:
        """Kill children that no box knows of: their parents died before they were to be its own."""
        warm = self._setup.warm.pid if self._setup else None
        for pid in linux.children():
            if pid not in self._owners and pid != warm:
                os.kill(pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Finish boxes whose last processes are gone; the kernel may take a moment with groups."""
        for entry in list(self._dying):
            box, _ = entry
            if box.gone():
                self._dying.remove(entry)
                box.send({"closed": True})
                box.channel.close()

    def _leave(self) -> NoReturn:
        """The harness is gone: kill every box, wait for it as long as that takes, and end."""
        for number, box in list(self._boxes.items()):
            self._close(box, number)
        deadline = time.monotonic() + 5
        while (self._dying or self._owners) and time.monotonic() < deadline:
            self._reap()
            self._bury()
            time.sleep(_DYING_SECONDS)
        if self._setup:
            self._setup.cgroups.close()
        os._exit(0)  # whatever is left dies with this process, and its mounts with the namespace

    # -- plumbing -------------------------------------------------------------------------------

    def _watch(self, descriptor: int, action: Callable[[], None]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, action)

    def _forget(self, descriptor: int) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(descriptor)


def receive(channel: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """One message with its descriptors; None when the other end is closed.

    A message too large for a datagram travels in a memory file, as its first descriptor.
    """
    try:
        data, descriptors, _, _ = socket.recv_fds(channel, _LARGEST_MESSAGE, _MOST_DESCRIPTORS)
    except OSError:
        return None, []
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # recv_fds takes no flag for it
    if not data:
        return None, descriptors
    if data == b"@":
        with os.fdopen(descriptors.pop(0), "rb") as stream:
            data = stream.read()
    message: dict[str, Any] = json.loads(data)
    return message, descriptors


def prepare(request: dict[str, Any]) -> Setup:
    """Lay out what all boxes need.

    Raises:
        OSError: this user may not make mounts here.
    """
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proc", "/proc", "proc")
    remove_dead_groups(request["dead"])
    cgroups = Cgroups(request["name"] if request["user"] is not None else None)
    bwrap = _read(request["bwrap"])
    linux.mount("tmpfs", KEEP, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=0711,size=64m")
    with open(f"{KEEP}/bwrap", "wb") as stream:
        stream.write(bwrap)
    os.chmod(f"{KEEP}/bwrap", 0o755)  # noqa: S103 - boxes start as other users
    for name, source in request["shared"].items():
        if name == "system":  # copied, so that its place on the host shows in no box
            shutil.copytree(source, f"{KEEP}/{name}", symlinks=True)
        else:
            _bind(source, f"{KEEP}/{name}")
    linux.hide_from_own_user()
    system_calls = bytes.fromhex(request["system_calls"])
    return Setup(
        bwrap=f"{KEEP}/bwrap",
        user=request["user"],
        system_calls=system_calls,
        cgroups=cgroups,
        own_pid_namespace=os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC),
        warm=WarmPython(
            fork,
            program=request["python"],
            path=request["path"],
            leave_groups=request["user"] is not None,
            system_calls=system_calls,
        ),
        id_map=_id_maps(request["user"]),
    )


def _enter_own_namespaces(control: int) -> None:
    """Go on as the first process of a process namespace, in a mount namespace.

    Nothing that a box started can then outlive the keeper, and no mount either. An ordinary user
    first needs a user namespace, in which it stays who it is.
    """
    own = linux.CLONE_NEWNS | linux.CLONE_NEWPID
    if os.geteuid() == 0:
        linux.unshare(own)
    else:
        user, group = os.getuid(), os.getgid()
        linux.unshare(linux.CLONE_NEWUSER | own)
        linux.map_own_user(user, group)
        linux.limit_own_watches(_WATCHES)
    pid = os.fork()
    if pid:
        os.close(control)
        _, status = os.waitpid(pid, 0)
        os._exit(0 if status == 0 else 1)
    linux.die_with_parent()


def _bind(source: str, target: str) -> None:
    os.mkdir(target, 0o755)
    linux.bind(source, target)


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _id_maps(user: int | None) -> Callable[[int], int]:
    """A function from a tree's owner to a user namespace that translates it to the boxes' user."""

    @cache
    def descriptor(owner: int) -> int:
        assert user is not None
        ready, go = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(go[1])
                linux.unshare(linux.CLONE_NEWUSER)
                os.write(ready[1], b"x")
                os.read(go[0], 1)
            finally:
                os._exit(0)
        try:
            os.read(ready[0], 1)
            for file in ("uid_map", "gid_map"):
                with open(f"/proc/{pid}/{file}", "w", encoding="ascii") as stream:
                    stream.write(f"{owner} {user} 1")
            return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            for end in (*ready, *go):
                os.close(end)

    return descriptor


def _note_child(number: int, frame: FrameType | None) -> None:
    """Nothing: having a handler makes the signal wake the loop up."""


@cache
def _child_signals() -> int:
    """A descriptor that becomes readable when a child has ended."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _note_child)
    return read_end
