"""The keeper's end of the warm interpreter: starting it, and handing it scripts.

It starts with the first script that could use it. Until it is ready, and wherever it cannot be had,
a Python is started for each script, as for any command.
"""

import json
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from typing import Any, NoReturn

from clawgym.sandbox.keeper import inside, linux

_PACKAGES = ("clawgym", "clawgym.sandbox", "clawgym.sandbox.keeper")
_MODULES = ("linux", "inside", "preload", "interpreter")

# Every process that it forks returns from `serve` here, where the script has the stack to itself.
_BOOT = """\
import builtins, sys
pristine, notes, load = set(sys.modules), [], builtins.__import__
def noting(name, globals=None, locals=None, fromlist=(), level=0):
    module, by = load(name, globals, locals, fromlist, level), globals or {}
    notes.append((by.get("__name__"), by.get("__package__") or "", name, fromlist, level))
    return module
builtins.__import__ = noting
import json, types
with open(4, encoding="utf-8") as stream:
    start = json.load(stream)
for name, source in start.pop("modules").items():
    sys.modules[name] = module = types.ModuleType(name)
    package, _, child = name.rpartition(".")
    if package:
        setattr(sys.modules[package], child, module)
    exec(compile(source, "<" + name + ">", "exec"), module.__dict__)
module.load_libraries()
builtins.__import__ = load
script = module.serve(3, start, pristine, notes)
try:
    exec(script.code, script.namespace)
except BaseException as error:
    script.fail(error)
script.end()
"""

_MOST_STARTS = 3
_ANSWER_SECONDS = 5.0


class WarmPython:
    """A Python that has its libraries loaded and forks for each script.

    `fork` is how the keeper forks; `program` is the `python3` of the boxes, `path` their PATH.
    """

    def __init__(
        self,
        fork: Callable[[Callable[[], NoReturn], int], int],
        *,
        program: str,
        path: str,
        leave_groups: bool,
        system_calls: bytes,
    ) -> None:
        self.pid: int | None = None
        self._fork = fork
        self._program = program
        self._environment = {"PATH": path, "LANG": "C.UTF-8"}
        self._start = {"leave_groups": leave_groups, "system_calls": system_calls.hex()}
        self._known: dict[str, str] = {}
        self._channel: socket.socket | None = None
        self._ready = False
        self._starts = 0

    def know(self, sources: Mapping[str, str]) -> None:
        """From now on, keep these sources of ours compiled; by the path they have inside."""
        if sources != self._known:
            self.end()
            self._known, self._starts = dict(sources), 0

    def run(
        self,
        request: inside.ExecRequest,
        first: int,
        descriptors: Sequence[int],
        report: int,
        joins: Sequence[int],
    ) -> int | None:
        """Start a script in the box whose first process is behind the pidfd `first`.

        Returns:
            Its process id, our child from now on; None if a Python has to be started for it.

        Raises:
            OSError: the box is dying.
        """
        if not self._is_ready():
            return None
        assert self._channel is not None
        file = os.memfd_create("request")
        try:
            os.write(file, json.dumps(asdict(request)).encode())
            os.lseek(file, 0, os.SEEK_SET)
            handed = [file, first, *descriptors[:3], report, *joins]
            socket.send_fds(self._channel, [b"!"], handed)
            answer: dict[str, Any] = json.loads(self._channel.recv(4096) or b"{}")
        except OSError:  # it was killed, or hangs
            answer = {}
        finally:
            os.close(file)
        if "error" in answer:
            raise OSError(answer["error"])
        if "pid" not in answer:
            self.end()
        return answer.get("pid")

    def end(self) -> None:
        """Kill it; another one starts when it is needed."""
        self._ready = False
        if self._channel:
            self._channel.close()
            self._channel = None
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid = None

    def reaped(self, pid: int) -> None:
        """Take note that this process is no more: its number may soon be another's."""
        if pid == self.pid:
            self.pid = None

    def _is_ready(self) -> bool:
        if self._channel is None:
            if self._starts < _MOST_STARTS:
                self._launch()
            return False
        if not self._ready:
            with suppress(BlockingIOError):
                self._ready = bool(self._channel.recv(4096, socket.MSG_DONTWAIT))
                if not self._ready:
                    self.end()
        return self._ready

    def _launch(self) -> None:
        self._starts += 1
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_ANSWER_SECONDS)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        leave_groups = self._start["leave_groups"]
        program = _program_file({**self._start, "known": self._known})

        def child() -> NoReturn:
            inside.default_signals()
            linux.unshare(linux.CLONE_NEWNS)
            linux.make_read_only("/")  # its program can be reached from inside, by /proc/self/exe
            os.chdir("/")
            os.setsid()
            inside.keep([null, null, null, theirs.fileno(), program])
            if not leave_groups:
                linux.pass_capabilities_on()
            words = ["python3", "-I", "-S", "-B", "-c", _BOOT]
            os.execve(self._program, words, self._environment)

        try:
            self.pid = self._fork(child, null)
        finally:
            theirs.close()
            os.close(program)
            os.close(null)
        self._channel = ours


def _program_file(start: Mapping[str, object]) -> int:
    """A descriptor of what it reads first: source text, under names that say nothing of the host.

    Raises:
        OSError: our own source files are gone.
    """
    modules: dict[str, str] = dict.fromkeys(_PACKAGES, "")
    for name in (f"{_PACKAGES[-1]}.{module}" for module in _MODULES):
        modules[name] = _source(name)
    file = os.memfd_create("warm")
    with os.fdopen(file, "wb", closefd=False) as stream:
        stream.write(json.dumps({**start, "modules": modules}).encode())
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _source(name: str) -> str:
    package = import_module(_PACKAGES[-1])
    assert package.__file__ is not None
    folder = os.path.dirname(package.__file__)
    with open(f"{folder}/{name.rpartition('.')[2]}.py", encoding="utf-8") as stream:
        return stream.read()
