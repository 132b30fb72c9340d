"""Commands inside the container: how one is started, and what is kept of its output.

Sent into the container, as `agent`, whose part this is.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypedDict

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from clawgym.sandbox.docker.kernel import Kernel

WORKSPACE = "/workspace"
CANNOT_RUN, NOT_FOUND = 126, 127

_READ = 65536
_DRAINED = 1024**2


class Identity(NamedTuple):
    """Whom commands run as, and whose rights the service of files has."""

    uid: int
    gid: int

    @contextmanager
    def assumed(self) -> Generator[None]:
        """Be that user towards the file system, with no capability, until the block ends."""
        os.setegid(self.gid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)


class Order(TypedDict):
    """One command as asked for: seconds and bytes; the limits are per process."""

    argv: list[str]
    cwd: str
    env: dict[str, str]
    timeout: float
    output_bytes: int
    cpu_seconds: int
    file_bytes: int
    open_files: int


class RefusedError(Exception):
    """A command that cannot be started for a reason of its own, with a shell's exit code for it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class FullError(RefusedError):
    """Earlier commands have left so many processes behind that not one more may be started."""

    def __init__(self) -> None:
        said = "the box was full of processes that earlier commands left; they have been killed"
        super().__init__(CANNOT_RUN, f"cannot fork: {said}, try again")


class Kept:
    """The first and the last half of a byte limit, and the count of all that came."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self.descriptor = descriptor
        self.total = 0
        self.closed = False
        self._head_room = limit - limit // 2
        self._tail_room = limit // 2
        self._head = bytearray()
        self._tail = bytearray()

    def receive(self) -> bool:
        """Read once; whether there may be more later."""
        try:
            data = os.read(self.descriptor, _READ)
        except BlockingIOError:
            return True
        self.total += len(data)
        room = self._head_room - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._tail_room:
            del self._tail[: len(self._tail) - self._tail_room]
        return bool(data)

    def drain(self) -> bool:
        """Read what is there now, which a writer left behind cannot make endless; as `receive`."""
        until = self.total + _DRAINED
        while self.total < until:
            before = self.total
            if not self.receive():
                return False
            if self.total == before:
                break
        return True

    @property
    def data(self) -> bytes:
        """What was kept: all of it if it fits the limit."""
        del self._tail[: max(0, len(self._tail) - self._tail_room)]
        return bytes(self._head + self._tail)


class Running:
    """A command that has been started: its process and the reading ends of its output."""

    def __init__(self, call: int, pid: int, pipes: Sequence[int], order: Order) -> None:
        self.call = call
        self.pid = pid
        self.outputs = tuple(Kept(pipe, order["output_bytes"]) for pipe in pipes)
        self.started = time.monotonic()
        self.deadline = self.started + order["timeout"]
        self.timed_out = False
        self.oom_before = 0


def start(
    call: int, order: Order, stdin: int, identity: Identity, kernel: Kernel | None
) -> Running:
    """Start a command as that identity, with a descriptor as its standard input.

    Raises:
        RefusedError: the directory, the program or an argument is unusable, or the box is full.
        OSError: it could not be set up.
    """
    with identity.assumed():  # so that /dev/stdout can be opened again by its owner
        (stdout, out), (stderr, err) = os.pipe(), os.pipe()
    report, said = os.pipe()
    try:
        try:
            pid = _fork()
            if pid == 0:
                _become(order, (stdin, out, err), said, identity, kernel)
        finally:
            for descriptor in (out, err, said):
                os.close(descriptor)
        _check(os.read(report, 4096))
    except BaseException:
        os.close(stdout)
        os.close(stderr)
        raise
    finally:
        os.close(report)
    for descriptor in (stdout, stderr):
        os.set_blocking(descriptor, False)
    return Running(call, pid, (stdout, stderr), order)


def _fork() -> int:
    try:
        return os.fork()
    except BlockingIOError as error:
        raise FullError from error


def _check(failure: bytes) -> None:
    """Raise what the child reported instead of becoming the command; nothing if it did."""
    if not failure:
        return
    code, number, text = failure.decode(errors="backslashreplace").split(" ", 2)
    if int(code):
        raise RefusedError(int(code), text)
    raise OSError(int(number), text)


def _become(
    order: Order,
    stdio: tuple[int, int, int],
    said: int,
    identity: Identity,
    kernel: Kernel | None,
) -> None:
    """In the child: turn into the command, or report why not. Never returns."""
    code, what = 0, "set-up"
    try:
        os.setsid()
        _limit(order)
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
        for target, descriptor in enumerate(stdio):
            os.dup2(descriptor, target)
        if kernel is not None:
            kernel.filter_calls()
        code, what = CANNOT_RUN, "cannot enter " + order["cwd"]
        os.chdir(os.path.join(WORKSPACE, order["cwd"]))
        what = order["argv"][0]
        _execute(order)
    except OSError as error:
        if code and error.errno == errno.ENOENT and what == order["argv"][0]:
            code = NOT_FOUND
        text = f"{code} {error.errno} {what}: {error.strerror}"
        os.write(said, text.encode("utf-8", "surrogateescape")[:4096])
    finally:
        os._exit(CANNOT_RUN)


def _limit(order: Order) -> None:
    # The first to go when memory runs out is a command, never process 1.
    with open("/proc/self/oom_score_adj", "wb", buffering=0) as score:
        score.write(b"1000")
    for kind, wanted in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, order["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, order["file_bytes"]),
        (resource.RLIMIT_NOFILE, order["open_files"]),
    ):
        hard = resource.getrlimit(kind)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o022)


def _execute(order: Order) -> None:
    try:
        os.execvpe(order["argv"][0], order["argv"], order["env"])
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    # A script without a first line that names its interpreter: what every shell does with it.
    path = _found(order["argv"][0], order["env"].get("PATH", os.defpath))
    os.execve("/bin/sh", ["/bin/sh", path, *order["argv"][1:]], order["env"])


def _found(program: str, search: str) -> str:
    if "/" in program:
        return program
    candidates = [os.path.join(folder, program) for folder in search.split(":")]
    return next((path for path in candidates if os.access(path, os.X_OK)), program)
