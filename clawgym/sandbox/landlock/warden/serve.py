"""The processes outside the boxes: one nursery, and a warden for each box."""

import json
import os
import select
import signal
import socket
import time
from contextlib import suppress
from typing import NoReturn

from clawgym.sandbox.landlock.warden import kernel
from clawgym.sandbox.landlock.warden.plan import FAILED, KILL, READY, RUN, Plan, content, receive
from clawgym.sandbox.landlock.warden.runner import run_box

_PAUSE = 0.001
"""How long the kernel gets to end what was killed before the next look, in seconds."""

_REASON_BYTES = 4096


def main(control: int) -> None:
    """Fork a warden for every box, until the harness at the other end is gone."""
    kernel.become_subreaper()
    _Nursery(socket.socket(fileno=control), os.pidfd_open(os.getppid())).serve()


class _Nursery:
    def __init__(self, control: socket.socket, harness: int) -> None:
        self._control = control
        self._harness = harness
        self._wardens: dict[int, int] = {}  # process ids by pidfd
        self._poll = select.poll()
        for descriptor in (control.fileno(), harness):
            self._poll.register(descriptor, select.POLLIN)

    def serve(self) -> None:
        while True:
            for ready, _ in self._poll.poll():
                if ready in self._wardens:
                    self._bury(ready)
                elif ready == self._harness or not self._obey():
                    return

    def _obey(self) -> bool:
        word, descriptors = receive(self._control)
        if word:
            self._bear(socket.socket(fileno=descriptors[0]), descriptors[1])
        return bool(word)

    def _bear(self, door: socket.socket, plan: int) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            door.send(FAILED + f"cannot fork: {error.strerror}".encode())
            pid = -1
        if not pid:
            self._control.close()
            for pidfd in self._wardens:
                os.close(pidfd)
            _be_warden(door, plan, self._harness)
        door.close()
        os.close(plan)
        if pid > 0:
            pidfd = os.pidfd_open(pid)
            self._wardens[pidfd] = pid
            self._poll.register(pidfd, select.POLLIN)

    def _bury(self, pidfd: int) -> None:
        """Take note of a warden's end; if it was killed, its box has to be killed for it."""
        self._poll.unregister(pidfd)
        _, status = os.waitpid(self._wardens.pop(pidfd), 0)
        os.close(pidfd)
        if status:
            _hunt(spared=set(self._wardens.values()))


def _be_warden(door: socket.socket, plan: int, harness: int) -> NoReturn:
    status = 1
    try:
        os.setsid()
        try:
            warden = _Warden(door, Plan(**json.loads(content(plan))), harness)
        except OSError as error:
            place = f": {error.filename}" if error.filename else ""
            door.send(FAILED + f"{error.strerror}{place}".encode())
        else:
            door.send(READY)
            warden.serve()
        status = 0
    finally:
        os._exit(status)


class _Warden:
    """Guards one box from outside."""

    def __init__(self, door: socket.socket, plan: Plan, harness: int) -> None:
        self._door = door
        self._plan = plan
        self._harness = harness
        kernel.become_subreaper()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to wait for the dead
        self._rules = kernel.ruleset(plan)
        self._scoped = plan.abi >= kernel.SCOPE_ABI and kernel.scope_signals()
        os.stat("/proc/thread-self/children")  # what to kill can be found, or this box is not made
        self._runner = self._start_runner()

    def serve(self) -> None:
        """Follow instructions until the harness closes the door or dies."""
        while True:
            poll = select.poll()
            for descriptor in (self._door.fileno(), self._harness, self._runner.fileno()):
                poll.register(descriptor, select.POLLIN)
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._harness in ready:
                break
            if self._runner.fileno() in ready:  # it never says anything: this is its end
                self._start_again()
            elif not self._obey():
                break
        self._kill_all()

    def _obey(self) -> bool:
        word, descriptors = receive(self._door)
        if word == KILL:
            self._start_again()
            os.write(descriptors[0], b"\0")
        elif word == RUN:
            self._pass_on(descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        return bool(word)

    def _pass_on(self, descriptors: list[int]) -> None:
        try:
            socket.send_fds(self._runner, [RUN], descriptors)
        except (BrokenPipeError, ConnectionResetError):  # killed from inside just now
            self._start_again()
            socket.send_fds(self._runner, [RUN], descriptors)

    def _start_again(self) -> None:
        self._kill_all()
        self._runner.close()
        self._runner = self._start_runner()

    def _start_runner(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not os.fork():
            run_box(theirs, self._plan, self._rules)
        theirs.close()
        answer = ours.recv(_REASON_BYTES)
        if answer != READY:
            raise OSError(0, answer.removeprefix(FAILED).decode() or "the box could not be locked")
        return ours

    def _kill_all(self) -> None:
        """Kill everything inside and wait until it is gone.

        Where signals are scoped, "everybody" is this box: one call, which no fork can outrun.
        """
        if self._scoped:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        elif self._plan.user is not None:
            _kill_as(self._plan.user)
        else:
            _hunt(spared=set())
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)  # as SIGCHLD is ignored, this returns when the last child is gone


def _kill_as(user: int) -> None:
    """Kill all processes of a user whom nobody but one box is: one call, as with scoped signals."""
    pid = os.fork()
    if not pid:
        try:
            os.setresuid(user, user, user)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _hunt(spared: set[int]) -> None:
    """Kill all descendants but `spared` and theirs, one by one, until none is left.

    They are stopped first, so that none is born while others are killed.
    """
    while found := _descendants(spared):
        stopped: set[int] = set()
        while new := found - stopped:
            _signal(new, signal.SIGSTOP)
            stopped |= new
            found = _descendants(spared)
        _signal(stopped, signal.SIGKILL)
        time.sleep(_PAUSE)
        for pid in stopped:
            with suppress(ChildProcessError):  # it is not our child, or nobody has to wait
                os.waitpid(pid, os.WNOHANG)


def _signal(pids: set[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _descendants(spared: set[int]) -> set[int]:
    found: set[int] = set()
    pending = [os.getpid()]
    while pending:
        born = _children(pending.pop()) - spared - found
        found |= born
        pending += born
    return found


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as stream:
                found.update(map(int, stream.read().split()))
    return found
