"""The warm interpreter: the boxes' own Python, which forks for each script instead of starting.

This runs in a process of its own, started with a clean environment and from source text alone (no
path of the host). It never takes a request in: the process that it forks reads it, so that nothing
of one box is ever in the memory that the next box's process is copied from.
"""

import atexit
import gc
import io
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, Literal, NoReturn, cast

from clawgym.sandbox.keeper import inside, linux
from clawgym.sandbox.keeper.preload import Note, Shelf, preload

WARM = (
    *(
        "_strptime",
        "abc",
        "argparse",
        "ast",
        "base64",
        "bisect",
        "calendar",
        "collections",
        "configparser",
    ),
    *("contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "email"),
    *("email.header", "email.parser", "email.policy", "email.utils", "encodings.ascii"),
    *("encodings.latin_1", "encodings.utf_8_sig", "enum", "errno", "fnmatch"),
    *("fractions", "functools", "glob", "gzip", "hashlib", "hmac", "html", "html.parser"),
    *("importlib.util", "inspect", "io", "itertools", "json", "locale", "mailbox", "math"),
    *("numbers", "operator", "os", "pathlib", "random", "re", "runpy", "shlex", "shutil"),
    *("sqlite3", "stat", "statistics", "string", "struct", "subprocess", "tempfile", "textwrap"),
    *("threading", "time", "tomllib", "traceback", "types", "typing", "unicodedata"),
    *("urllib.parse", "uuid", "xml.etree.ElementTree", "zipfile", "zlib", "zoneinfo"),
)
"""What graders import. All of it loads in 30 ms; a script pays only for what it touches."""

_MOST_DESCRIPTORS = 16
_OPTIONS = 4
"""The words before the script: `python3 -I -S -B`."""


_COMPILED = "clawgym_code"
"""The attribute of `sys` where `verify/task_runtime/grade.py` looks for them."""

_INTERRUPTED = 130

Known = dict[bytes, CodeType]
"""Sources of ours, compiled before anybody asks."""


@dataclass(frozen=True)
class Script:
    """A program that is ready to run in this process, and the namespace to run it in."""

    code: CodeType
    namespace: dict[str, Any]
    shelf: Shelf

    def fail(self, error: BaseException) -> NoReturn:
        """End as Python does after an exception that nobody caught; our own frame is not shown."""
        if isinstance(error, SystemExit):
            self.end(error.code)
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(_INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1)

    def end(self, code: object = None) -> NoReturn:
        """End as Python does, but leave to the kernel to take the libraries apart.

        What the script itself made is finalised: a file that it forgot to close is complete.
        Whatever is not the plain case, threads for one, is left to Python.
        """
        if len(os.listdir("/proc/self/task")) > 1 or not (code is None or code in range(256)):
            sys.exit(cast("int", code))
        vars(atexit)["_run_exitfuncs"]()
        try:
            _flush()
            self.shelf.drop_the_others()
            self.namespace.clear()
            gc.collect()
            _flush()
        except Exception:  # noqa: BLE001 - Python says what it thinks of such streams
            sys.exit(cast("int", code))
        os._exit(cast("int", code or 0))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def load_libraries() -> None:
    """Import what scripts may want."""
    preload(WARM)


def serve(
    control: int, start: dict[str, Any], pristine: Collection[str], notes: Iterable[Note]
) -> Script:
    """Wait for requests; returns once in each forked process, which is inside a box by then."""
    linux.hide_from_own_user()
    channel = socket.socket(fileno=control)
    shelf = Shelf(pristine, notes)
    known = {
        source.encode(): compile(source, path, "exec", dont_inherit=True)
        for path, source in start["known"].items()
    }
    gc.collect()
    gc.freeze()
    channel.send(b"{}")
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, 1, _MOST_DESCRIPTORS)
        if not data:
            os._exit(0)
        helper = os.fork()
        if helper == 0:
            return _Newborn(channel, descriptors, start).become_script(shelf, known)
        for descriptor in descriptors:
            os.close(descriptor)
        os.waitpid(helper, 0)


class _Newborn:
    """A process on its way from the warm interpreter into a box."""

    def __init__(
        self, channel: socket.socket, descriptors: list[int], start: dict[str, Any]
    ) -> None:
        self._channel = channel
        self._request, self._first, *rest = descriptors
        self._streams, self._report, self._joins = rest[:3], rest[3], rest[4:]
        self._start = start

    def become_script(self, shelf: Shelf, known: Known) -> Script:
        """Fork once more: into the box's process namespace, and away from the interpreter.

        The process between ends at once, and the keeper inherits the one in the box.
        """
        try:
            linux.setns(self._first, linux.CLONE_NEWPID)
            pid = os.fork()
        except OSError as error:
            self._answer({"error": error.strerror or str(error)})
        if pid:
            self._answer({"pid": pid})
        try:
            return self._enter_box(shelf, known)
        except BaseException as error:  # noqa: BLE001 - nothing may run on with these privileges
            inside.say_why(f"{error}" or repr(error), self._report)
            os._exit(inside.CANNOT_START)

    def _answer(self, message: dict[str, Any]) -> NoReturn:
        self._channel.send(json.dumps(message).encode())
        os._exit(0)

    def _enter_box(self, shelf: Shelf, known: Known) -> Script:
        for descriptor in self._joins:
            os.write(descriptor, b"0")
        with os.fdopen(self._request, "rb", closefd=False) as stream:
            request = inside.ExecRequest(**json.load(stream))
        inside.enter(self._first, leave_groups=self._start["leave_groups"])
        linux.drop_capabilities()  # starting a program would do it
        inside.keep(self._streams, self._report)
        inside.settle(request.limits, request.cwd, bytes.fromhex(self._start["system_calls"]))
        path, code = _read_script(request, known)
        namespace = _dress(request, path, shelf)
        _use_for_imports(known)
        setattr(sys, _COMPILED, known)
        linux.close_from(len(self._streams))
        linux.show_to_own_user()
        return Script(code, namespace, shelf)


def _read_script(request: inside.ExecRequest, known: Known) -> tuple[str, CodeType]:
    """The compiled script; for whatever is no plain source that compiles, a Python is started."""
    path = os.path.join(request.cwd, request.argv[_OPTIONS])
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            _start_python(request)
        with open(path, "rb") as stream:
            data = stream.read()
        return path, known.get(data) or compile(data, path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):
        _start_python(request)


def _start_python(request: inside.ExecRequest) -> NoReturn:
    inside.default_signals()
    inside.become(request)


def _dress(request: inside.ExecRequest, path: str, shelf: Shelf) -> dict[str, Any]:
    """Make this interpreter look as one that was started for the script."""
    _set_environment(request.env)
    sys.argv = list(request.argv[_OPTIONS:])
    sys.orig_argv = list(request.argv)
    sys.stdin = sys.__stdin__ = _stream(0, "<stdin>", "r")
    sys.stdout = sys.__stdout__ = _stream(1, "<stdout>", "w")
    sys.stderr = sys.__stderr__ = _stream(2, "<stderr>", "w")
    main = ModuleType("__main__")
    main.__dict__.update(
        __annotations__={},
        __builtins__=sys.modules["builtins"],
        __cached__=None,
        __file__=path,
        __loader__=SourceFileLoader("__main__", path),
    )
    shelf.put_away()
    sys.modules["__main__"] = main
    return main.__dict__


def _use_for_imports(known: Known) -> None:
    """Have sources of ours that a script imports from beside it taken from there as well."""
    compiled = SourceFileLoader.source_to_code

    def source_to_code(self: SourceFileLoader, data: bytes, path: str, **options: int) -> CodeType:
        return known.get(bytes(data)) or compiled(self, data, path, **options)

    setattr(SourceFileLoader, compiled.__name__, source_to_code)


def _set_environment(env: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    posix = sys.modules["posix"].__dict__["environ"]
    posix.clear()
    posix.update({os.fsencode(name): os.fsencode(value) for name, value in env.items()})
    time.tzset()


def _stream(descriptor: int, name: str, mode: Literal["r", "w"]) -> io.TextIOWrapper:
    """A standard stream as the interpreter makes them."""
    old = (sys.__stdin__, sys.__stdout__, sys.__stderr__)[descriptor]
    assert old is not None
    raw = io.FileIO(descriptor, mode, closefd=False)
    raw.name = name
    size = max(os.fstat(descriptor).st_blksize, 512)
    wrapper = io.TextIOWrapper(
        io.BufferedReader(raw, size) if mode == "r" else io.BufferedWriter(raw, size),
        old.encoding,
        old.errors,
        newline=None if mode == "r" else "\n",
        line_buffering=descriptor == 2 or raw.isatty(),
    )
    vars(wrapper)["mode"] = mode
    return wrapper
