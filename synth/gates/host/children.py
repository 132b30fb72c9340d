"""Forked children: each attempt runs in one, within limits, and is killed with all it started."""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import IO, NamedTuple

from wire import Message, receive, send

_LIMITS = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 128 * 1024 * 1024),
    (resource.RLIMIT_AS, 1024 * 1024 * 1024),
)


SERVANT_SECONDS = 300.0
"""Of CPU, for all that is asked about one task."""


class Ended(NamedTuple):
    """How a child ended: its exit code (128 + n after signal n), and what it handed over.

    `cpu` are the seconds of CPU that it took: little of them in a long time says that it slept, or
    that the machine had other things to do.
    """

    code: int
    timed_out: bool
    cpu: float
    data: bytes


def in_child(work: Callable[[int], None], *, seconds: float, errors: str = os.devnull) -> Ended:
    """Run `work` in a fork of this process; it may write to the descriptor that it is given.

    Standard input is empty, standard output goes nowhere, standard error to the file `errors`.
    An exception that leaves `work` ends the child as Python would have ended.
    """
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _be_the_child(lambda: work(theirs), seconds, errors)
    os.close(theirs)
    try:
        data, timed_out = _drain(ours, time.monotonic() + seconds)
    finally:
        os.close(ours)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    return Ended(code if code >= 0 else 128 - code, timed_out, cpu, data)


class Servant:
    """A child that answers requests until it is ended; within limits, as `in_child`.

    After a request without an answer, `timed_out` says whether it took too long, and `cpu` how many
    seconds of CPU it had for that request.
    """

    timed_out = False
    cpu = 0.0

    def __init__(self, work: Callable[[IO[bytes], IO[bytes]], None], *, errors: str) -> None:
        """`work` reads requests and writes answers; standard error goes to the file `errors`."""
        self._errors = errors
        asked, asking = os.pipe()
        answered, answering = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(asking)
            os.close(answered)
            requests, answers = os.fdopen(asked, "rb"), os.fdopen(answering, "wb")
            _be_the_child(lambda: work(requests, answers), SERVANT_SECONDS, errors)
        os.close(asked)
        os.close(answering)
        self._requests, self._answers = os.fdopen(asking, "wb"), os.fdopen(answered, "rb")

    def ask(self, message: Message, *, seconds: float) -> Message | None:
        """The answer; None where the child died or took too long."""
        poll = select.poll()
        poll.register(self._answers, select.POLLIN | select.POLLHUP)
        before = self.cpu_seconds()
        try:
            send(self._requests, message)
            if poll.poll(seconds * 1000):
                return receive(self._answers)
        except (OSError, EOFError, ValueError):
            return None
        self.timed_out, self.cpu = True, self.cpu_seconds() - before
        return None

    def cpu_seconds(self) -> float:
        """What it has used so far: Linux derives a process's CPU clock from its number."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def end(self) -> str:
        """Kill it; its last words."""
        for stream in (self._requests, self._answers):
            with suppress(OSError):
                stream.close()
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)  # it had no time to found its group
        os.waitpid(self.pid, 0)
        with open(self._errors, "rb") as stream:
            return stream.read()[-2000:].decode("utf-8", "replace") or "it ran out of time"


def answer_each(
    requests: IO[bytes], answers: IO[bytes], answer: Callable[[Message], Message]
) -> None:
    """Answer one request after the other, until there are no more."""
    while True:
        message = receive(requests)
        if message is None:
            return
        send(answers, answer(message))


def _drain(descriptor: int, deadline: float) -> tuple[bytes, bool]:
    """Everything until the child closes its end, or until the deadline."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    parts: list[bytes] = []
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return b"".join(parts), True
        part = os.read(descriptor, 1 << 20)
        if not part:
            return b"".join(parts), False
        parts.append(part)


def _be_the_child(work: Callable[[], None], seconds: float, errors: str) -> None:
    code = 1
    try:
        os.setsid()
        _redirect(errors)
        _limit(seconds)
        work()
        code = 0
    except SystemExit as stop:
        code = _exit_code(stop)
    except BaseException:  # noqa: BLE001 - as an interpreter ends that runs a script
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _exit_code(stop: SystemExit) -> int:
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF
    print(stop.code, file=sys.stderr)  # noqa: T201 - what the interpreter does with a message
    return 1


def _redirect(errors: str) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    told = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for number, descriptor in enumerate((null, null, told)):
        os.dup2(descriptor, number)


def _limit(seconds: float) -> None:
    for kind, wanted in (*_LIMITS, (resource.RLIMIT_CPU, int(seconds) + 1)):
        hard = resource.getrlimit(kind)[1]
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (allowed, allowed))
