"""The way into a box: what a process does between its fork and the program it was forked for.

Standard library only, and nothing but `linux` of ours: the warm interpreter loads this file too.
"""

import fcntl
import os
import resource
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from clawgym.sandbox.keeper import linux

INSIDE_USER = 1000
"""The user that commands run as, as seen inside."""

CANNOT_START, NO_PROGRAM = 126, 127

_JOINED = (
    linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWCGROUP
)
_DYING_SECONDS = 2.0

_TIDY_REPORT = 3
"""Where a command's report descriptor stands after stdin, stdout and stderr."""


@dataclass(frozen=True)
class ExecRequest:
    """A command: the program's words, its whole environment, its limits by `RLIMIT_` name.

    With `warm`, the words are `python3 -I -S -B SCRIPT …`, which the warm interpreter can run.
    """

    id: int
    argv: Sequence[str]
    env: dict[str, str]
    cwd: str
    limits: dict[str, int]
    terminal: bool = False
    warm: bool = False


def enter(first: int, *, leave_groups: bool) -> None:
    """Become a process of a box: its namespaces, its user, a session of its own.

    Args:
        first: a pidfd of the box's first process.
        leave_groups: whether this process is root and has groups to give up.
    """
    linux.no_new_privileges()
    if leave_groups:
        os.setgroups([])  # a box's user namespace does not allow it any more
    linux.setns(first, _JOINED)
    linux.setns(first, linux.CLONE_NEWUSER)
    os.setsid()
    os.setresgid(INSIDE_USER, INSIDE_USER, INSIDE_USER)
    os.setresuid(INSIDE_USER, INSIDE_USER, INSIDE_USER)
    linux.drop_bounding_capabilities()


def keep(descriptors: Sequence[int], report: int | None = None) -> None:
    """Make these the descriptors 0, 1, 2, … and close all others; `report` closes on exec."""
    wanted = [*descriptors, *([] if report is None else [report])]
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 200) for descriptor in wanted]
    for number, descriptor in enumerate(high):
        os.dup2(descriptor, number, inheritable=number < len(descriptors))
    linux.close_from(len(wanted))


def say_why(text: str, descriptor: int) -> None:
    """Report a failure; the descriptor stands at another number once `keep` has tidied up."""
    for place in (descriptor, _TIDY_REPORT):
        try:
            os.write(place, text.encode(errors="replace")[:2000])
        except OSError:
            continue
        return


def kill_the_others() -> None:
    """Kill every process inside but the first, in one system call that nothing can outrun.

    Returns when they are gone, for the dying count as well: the next command could not fork.
    """
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    deadline = time.monotonic() + _DYING_SECONDS
    dying = {int(name) for name in os.listdir("/proc") if name.isdecimal()} - {1, os.getpid()}
    while dying and time.monotonic() < deadline:
        time.sleep(0.0005)
        dying = {pid for pid in dying if _is_dying(pid)}


def _is_dying(pid: int) -> bool:
    """Whether a process is on its way out, and none that came after the kill.

    The killed are awake until they are gone. The first process starts a new child, which sleeps at
    once, and a new command has its parent outside.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            state, parent = stream.read().rpartition(b") ")[2].split()[:2]
    except OSError:
        return False
    return state != b"S" and parent != b"0"


def run_program(request: ExecRequest, system_calls: bytes) -> NoReturn:
    """The last steps inside: limits, filter, directory, program. Errors end as in a shell."""
    default_signals()
    settle(request.limits, request.cwd, system_calls)
    become(request)


def default_signals() -> None:
    """Undo what Python and the keeper do about signals, for a program that is about to start."""
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def settle(limits: Mapping[str, int], cwd: str, system_calls: bytes) -> None:
    """Take on the limits, the directory and the filter of a command."""
    for name, value in limits.items():
        kind: int = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lowest, lowest))
    os.umask(0o022)
    try:
        os.chdir(cwd)
    except OSError as error:
        _complain(f"{cwd}: {error.strerror}", CANNOT_START)
    linux.filter_system_calls(system_calls)


def become(request: ExecRequest) -> NoReturn:
    """Turn into the program that was asked for."""
    program = request.argv[0]
    try:
        os.execvpe(program, list(request.argv), request.env)
    except FileNotFoundError:
        _complain(f"{program}: not found", NO_PROGRAM)
    except OSError as error:
        _complain(f"{program}: {error.strerror}", CANNOT_START)


def _complain(text: str, code: int) -> NoReturn:
    with suppress(OSError):
        os.write(2, f"box: {text}\n".encode(errors="surrogateescape"))
    os._exit(code)
