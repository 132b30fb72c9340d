"""The process inside a box that starts its commands."""

import errno
import json
import os
import resource
import select
import signal
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import NoReturn

from clawgym.sandbox.landlock.warden import kernel
from clawgym.sandbox.landlock.warden.plan import FAILED, READY, Plan, Request, content, receive

_NOT_FOUND, _CANNOT_START = 127, 126
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGCHLD)


def run_box(link: socket.socket, plan: Plan, rules: int) -> NoReturn:
    """Lock this process in for good and start commands until the link closes."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _close_all_but({0, 1, 2, link.fileno(), rules})
        try:
            _lock_in(plan, rules)
        except OSError as error:
            link.send(FAILED + f"the box could not be locked: {error.strerror}".encode())
            raise
        link.send(READY)
        _Commands(link, plan.limits).serve()
        status = 0
    finally:
        os._exit(status)


def _lock_in(plan: Plan, rules: int) -> None:
    if plan.user is None:
        kernel.drop_capabilities()
    else:
        kernel.become(plan.user, pass_directories=plan.pass_directories)
    kernel.die_with_parent()
    kernel.lock_in(rules, bytes.fromhex(plan.system_calls))
    os.umask(0o022)


class _Commands:
    """Starts commands as they are asked for and reports how each ended."""

    def __init__(self, link: socket.socket, limits: list[tuple[int, int]]) -> None:
        self._link = link
        self._limits = limits
        self._running: dict[int, tuple[int, int]] = {}  # process and report, by pidfd
        self._poll = select.poll()
        self._poll.register(link, select.POLLIN)

    def serve(self) -> None:
        while True:
            for ready, _ in self._poll.poll():
                if ready in self._running:
                    self._report(ready)
                elif not self._obey():
                    return

    def _obey(self) -> bool:
        word, descriptors = receive(self._link)
        if word:
            self._start(descriptors)
        return bool(word)

    def _start(self, descriptors: list[int]) -> None:
        file, *streams, report = descriptors
        request = Request(**json.loads(content(file)))
        pid = os.fork()
        if not pid:
            _become_command(request, streams, self._limits)
        for descriptor in streams:
            os.close(descriptor)
        pidfd = os.pidfd_open(pid)
        self._running[pidfd] = (pid, report)
        self._poll.register(pidfd, select.POLLIN)

    def _report(self, pidfd: int) -> None:
        self._poll.unregister(pidfd)
        pid, report = self._running.pop(pidfd)
        _, status = os.waitpid(pid, 0)
        with suppress(BrokenPipeError):  # nobody wants to know any more
            os.write(report, struct.pack("i", os.waitstatus_to_exitcode(status)))
        os.close(report)
        os.close(pidfd)


def _become_command(
    request: Request, streams: Iterable[int], limits: list[tuple[int, int]]
) -> NoReturn:
    try:
        os.setsid()
        for target, descriptor in enumerate(streams):
            os.dup2(descriptor, target)
        for number in _IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_DFL)
        for kind, value in limits:
            _limit(kind, value)
        os.chdir(request.cwd)
        _execute(request)
    except OSError as error:
        _complain(f"{request.cwd}: {error.strerror}")
    finally:
        os._exit(_CANNOT_START)


def _execute(request: Request) -> None:
    """Become the program; come back with nothing to say if there is none."""
    code, reason = _NOT_FOUND, "no such program"
    for place in _places(request):
        try:
            _exec(place, request)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            code, reason = _CANNOT_START, error.strerror
    _complain(f"{request.argv[0]}: {reason}")
    os._exit(code)


def _places(request: Request) -> list[str]:
    name = request.argv[0]
    if "/" in name:
        return [name]
    return [os.path.join(folder, name) for folder in request.env.get("PATH", "").split(":")]


def _exec(place: str, request: Request) -> None:
    try:
        os.execve(place, request.argv, request.env)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    # A script that does not say what runs it is the shell's
    os.execve("/bin/sh", ["sh", place, *request.argv[1:]], request.env)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (most, most))


def _complain(text: str) -> None:
    os.write(2, f"box: {text}\n".encode(errors="backslashreplace"))


def _close_all_but(kept: set[int]) -> None:
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in kept:
            with suppress(OSError):  # the listing itself is closed by now
                os.close(descriptor)
