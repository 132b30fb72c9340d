"""One box: the bubblewrap process that holds it open, and the commands inside."""

import fcntl
import json
import os
import signal
import socket
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

from clawgym.sandbox.keeper import inside, linux
from clawgym.sandbox.keeper.cgroups import Cgroups, Group
from clawgym.sandbox.keeper.mounts import BoxRequest, make_places, mount_all
from clawgym.sandbox.keeper.warm import WarmPython

_HOLD = "echo >&5; exec 5>&-; while :; do sleep 100000 & wait $!; done"
"""The first process inside: it reaps orphans and survives every signal from within."""

_WATCHES = 16
"""The inotify instances of one box."""

Json = dict[str, "object"]


@dataclass(frozen=True)
class Setup:
    """What all boxes of one keeper share.

    `user` is the host's uid that boxes run as, None for an ordinary user's own; `system_calls` is
    the seccomp program for commands.
    """

    bwrap: str
    user: int | None
    system_calls: bytes
    cgroups: Cgroups
    own_pid_namespace: int
    warm: WarmPython
    id_map: Callable[[int], int]


@dataclass
class Command:
    """A command on its way: its name in the conversation, and where set-up errors are read."""

    id: int
    errors: int


@dataclass
class Box:
    """A box in the making, alive, or dying.

    `watch` and `forget` register its descriptors, `adopt` its processes; `kill_strays` kills what
    the keeper inherited from a process that died too early.
    """

    name: str
    channel: socket.socket
    setup: Setup
    watch: Callable[[int, Callable[[], None]], None]
    forget: Callable[[int], None]
    adopt: Callable[[int, "Box"], None]
    kill_strays: Callable[[], None]
    group: Group | None = None
    holder: int | None = None
    first: int | None = None
    commands: dict[int, Command] = field(default_factory=dict[int, Command])
    killers: dict[int, int] = field(default_factory=dict[int, int])
    pipes: dict[str, int] = field(default_factory=dict[str, int])
    said: bytes = b""
    closing: bool = False

    # -- making ---------------------------------------------------------------------------------

    def make(self, request: BoxRequest, arguments: int) -> None:
        """Start the holder, which mounts everything and hands the workspace over."""
        try:
            make_places(request)
            if self.setup.cgroups.controllers:
                self.group = self.setup.cgroups.open(self.name, request.limits)
            self._start_holder(request, self._id_maps(request), arguments)
        except OSError as error:
            self.send({"failed": str(error)})
            self.close()

    def _id_maps(self, request: BoxRequest) -> dict[str, int]:
        """For sources that belong to others: user namespaces that give them to our user."""
        if self.setup.user is None:
            return {}
        owners = {source: os.stat(source).st_uid for source in request.sources}
        return {
            source: self.setup.id_map(owner)
            for source, owner in owners.items()
            if owner != self.setup.user
        }

    def _start_holder(
        self, request: BoxRequest, id_maps: Mapping[str, int], arguments: int
    ) -> None:
        ends: dict[str, int] = {}
        for name in ("info", "ready", "stderr"):
            self.pipes[name], ends[name] = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)

        def child() -> NoReturn:
            self._join_groups()
            workspace = mount_all(request, self.setup.user, id_maps)
            self.send({"made": True}, [workspace])
            if user := self.setup.user:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            os.setsid()
            linux.limit_watches(_WATCHES)
            linux.no_new_privileges()
            inside.keep([null, null, ends["stderr"], arguments, ends["info"], ends["ready"]])
            command = ["bwrap", "--args", "3", "--info-fd", "4", "--", "/bin/sh", "-c", _HOLD]
            os.execve(self.setup.bwrap, command, {"PATH": "/usr/bin:/bin"})

        self.holder = fork(child, ends["stderr"])
        self.adopt(self.holder, self)
        for descriptor in (*ends.values(), null):
            os.close(descriptor)
        self.watch(self.pipes["info"], self._read_info)
        self.watch(self.pipes["ready"], self._read_ready)

    def _read_info(self) -> None:
        data = b""
        with suppress(BlockingIOError):
            data = os.read(self.pipes["info"], 4096)
        self.said += data
        if b"}" in self.said and self.first is None:
            with suppress(ProcessLookupError):
                self.first = os.pidfd_open(int(json.loads(self.said)["child-pid"]))
        if not data or self.first is not None:
            self._drop_pipe("info")

    def _read_ready(self) -> None:
        # Its first process has come so far: all mounts are made, the user is switched.
        if os.read(self.pipes["ready"], 16) and self.first is not None:
            self.send({"ready": True})
        self._drop_pipe("ready")

    # -- commands -------------------------------------------------------------------------------

    def execute(self, request: inside.ExecRequest, descriptors: Sequence[int]) -> None:
        """Start a command on stdin, stdout and stderr; its end is told as `ended`."""
        if self.first is None or self.holder is None:
            self.send({"id": request.id, "error": "the box is dead"})
            return
        errors, report = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

        def child() -> NoReturn:
            self._join_groups()
            self._enter()
            inside.keep(list(descriptors[:3]), report)
            if request.terminal:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            inside.run_program(request, self.setup.system_calls)

        try:
            warm = self._fork_warm(request, descriptors, report) if request.warm else None
            pid = warm or self._fork_inside(child, report)
        except OSError as error:
            self.send({"id": request.id, "error": f"{error.strerror or error}"})
            os.close(errors)
        else:
            self.commands[pid] = Command(request.id, errors)
            self.adopt(pid, self)
        finally:
            os.close(report)

    def kill_all(self, number: int) -> None:
        """Kill every process inside but the first; `number` is answered when they are gone."""
        if self.first is None or self.holder is None:
            self.send({"id": number})
            return
        for command in self.commands:  # one on its way in has not become the box's user yet
            os.kill(command, signal.SIGKILL)

        def child() -> NoReturn:
            self._enter()
            inside.kill_the_others()
            os._exit(0)

        try:
            pid = self._fork_inside(child, 2)
        except OSError:  # the box died meanwhile, and with it all that was to be killed
            self.send({"id": number})
        else:
            self.killers[pid] = number
            self.adopt(pid, self)

    def listen(self, port: int) -> None:
        """Send back a socket that listens on the box's own loopback."""
        if self.first is None:
            self.send({"failed": "the box is dead"})
            return
        first = self.first

        def child() -> NoReturn:
            linux.setns(first, linux.CLONE_NEWNET)
            server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", port))
            server.listen(128)
            self.send({"listening": port}, [server.fileno()])
            os._exit(0)

        self.adopt(fork(child, 2), self)

    def _enter(self) -> None:
        assert self.first is not None
        inside.enter(self.first, leave_groups=self.setup.user is not None)

    def _fork_warm(
        self, request: inside.ExecRequest, descriptors: Sequence[int], report: int
    ) -> int | None:
        assert self.first is not None
        joins = self.group.joins if self.group else ()
        return self.setup.warm.run(request, self.first, descriptors, report, joins)

    def _fork_inside(self, child: Callable[[], NoReturn], report: int) -> int:
        """Fork a process whose process namespace is the box's from its first instant."""
        assert self.first is not None
        linux.setns(self.first, linux.CLONE_NEWPID)
        try:
            return fork(child, report)
        finally:
            linux.setns(self.setup.own_pid_namespace, linux.CLONE_NEWPID)

    def _join_groups(self) -> None:
        for descriptor in self.group.joins if self.group else ():
            os.write(descriptor, b"0")

    # -- ending ---------------------------------------------------------------------------------

    def seal(self) -> None:
        """Kill the first process, and with it everything inside; `sealed` is told when it is so."""
        if self.first is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.first, signal.SIGKILL)
        elif self.holder is not None:
            os.kill(self.holder, signal.SIGKILL)
        if self.holder is None:
            self.send({"sealed": True})

    def ended(self, pid: int, status: int) -> None:
        """One of this box's processes is gone."""
        code = os.waitstatus_to_exitcode(status)
        if pid == self.holder:
            self._holder_ended(code)
        elif pid in self.killers:
            self.send({"id": self.killers.pop(pid)})
        elif command := self.commands.pop(pid, None):
            self._command_ended(command, code)
        if self.closing and not self.commands and self.holder is None:
            self._remove()

    def _holder_ended(self, code: int) -> None:
        self.holder = None
        self._kill_first()
        text = b""
        with suppress(BlockingIOError):
            text = os.read(self.pipes["stderr"], 4096)
        self.send({"sealed": True, "code": code, "stderr": text.decode(errors="replace")})

    def _kill_first(self) -> None:
        """See to it that the first process ends with its holder, which somebody may have killed."""
        if self.first is None and "info" in self.pipes:
            self._read_info()
        if self.first is None:
            self.kill_strays()  # its holder was gone before it could ask to die with it
        else:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.first, signal.SIGKILL)

    def _command_ended(self, command: Command, code: int) -> None:
        error = b""
        with suppress(BlockingIOError):
            error = os.read(command.errors, 4096)
        os.close(command.errors)
        if error:
            self.send({"id": command.id, "error": error.decode(errors="replace")})
            return
        starved = self.group.oom_killed() if self.group else False
        self.send({"id": command.id, "code": code, "oom": starved})

    def close(self) -> None:
        """End the box, and with it its mounts; `closed` is told when nothing is left."""
        self.closing = True
        if self.holder is None and not self.commands:
            self._remove()
        else:
            self.seal()

    def _remove(self) -> None:
        for name in list(self.pipes):
            self._drop_pipe(name)
        if self.first is not None:
            os.close(self.first)
            self.first = None

    def gone(self) -> bool:
        """Whether the last trace is removed; to be asked again while processes are dying."""
        if not self.closing or self.holder is not None or self.commands:
            return False
        if self.group and not self.group.close():
            return False
        self.group = None
        return True

    # -- plumbing -------------------------------------------------------------------------------

    def send(self, message: Json, descriptors: Sequence[int] = ()) -> None:
        """Tell the harness something; it may be gone already."""
        with suppress(OSError):
            socket.send_fds(self.channel, [json.dumps(message).encode()], list(descriptors))

    def _drop_pipe(self, name: str) -> None:
        descriptor = self.pipes.pop(name, None)
        if descriptor is not None:
            self.forget(descriptor)
            os.close(descriptor)


def fork(child: Callable[[], NoReturn], report: int) -> int:
    """Fork; the child runs `child`, and writes to `report` why it could not."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        child()
    except BaseException as error:  # noqa: BLE001 - nothing may run on in a copy of the keeper
        inside.say_why(f"{error}" or repr(error), report)
    finally:
        os._exit(inside.CANNOT_START)
