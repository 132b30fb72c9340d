"""The default backend: one bubblewrap process per command, no root, no daemon.

Each command gets new user, process, network, IPC and host-name namespaces, an empty environment
and a read-only system; it can write to its workspace, to the writable mounts and to a `/tmp` that
lasts as long as the command. Run as root, the box's files belong to root and the limit on
processes has no effect (the kernel exempts uid 0): prefer an ordinary user.
"""

import asyncio
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from asyncio import Future
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from clawgym.errors import SandboxError, SandboxUnsupportedError, UsageError
from clawgym.sandbox._box import HostBox, make_box
from clawgym.sandbox._diagnosis import MISSING, Refusal, diagnose
from clawgym.sandbox._home import box_home
from clawgym.sandbox._launch import UNLIMITED, Command, clean_environment, launcher
from clawgym.sandbox._process import (
    KILL_SECONDS,
    End,
    Outcome,
    Program,
    kill_quietly,
    memory_file,
    run,
)
from clawgym.sandbox._system import NAMESPACES, closing_arguments, system_arguments
from clawgym.sandbox.protocol import WORKSPACE, BoxSpec, Limits

_MOUNT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_TAKEN = {
    *("bin", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "proc", "root", "run"),
    *("sbin", "sys", "tmp", "usr", "var", WORKSPACE),
}
_PER_NAMESPACE_COUNT = (5, 14)
"""Since this kernel, processes are counted per user namespace; before, over the whole user."""


class BwrapBackend:
    """Boxes made of Linux namespaces by the `bwrap` program.

    Raises:
        SandboxUnsupportedError: `bwrap` is missing or cannot make namespaces here, with the fix.
    """

    name = "bwrap"
    capabilities = frozenset(
        {"filesystem", "network", "processes", "ipc", "kill_tree", "environment"}
    )

    def __init__(self) -> None:
        if refusal := refusal_here():
            raise SandboxUnsupportedError(str(refusal))

    async def create(self, spec: BoxSpec) -> "BwrapBox":
        """Make a box. See `Backend.create`."""
        for name in (*spec.mounts, *spec.writable):
            if not _MOUNT_NAME.fullmatch(name) or name in _TAKEN:
                raise UsageError(f"a box cannot have a mount named {name!r}; choose another name")
        return await make_box(spec, BwrapBox)


class BwrapBox(HostBox):
    """A workspace directory, and a fresh set of namespaces around each command."""

    def __init__(self, spec: BoxSpec, directory: Path) -> None:
        super().__init__(spec, directory)
        self._mounts = [*_system(os.getpid()), *self._own_mounts(), *closing_arguments()]

    def place(self, name: str) -> str:
        """Where a mount stands inside: `/<name>`."""
        if name != WORKSPACE and name not in {*self.spec.mounts, *self.spec.writable}:
            raise UsageError(f"this box has no mount named {name!r}")
        return f"/{name}"

    async def run(self, command: Command, stop: Future[None]) -> Outcome:
        """Run one command in namespaces of its own."""
        names = (WORKSPACE, *self.spec.mounts, *self.spec.writable)
        env = clean_environment(
            {name: self.place(name) for name in names},
            home="/nonexistent" if self.spec.workspace_read_only else self.place(WORKSPACE),
            extra=command.env,
        )
        inner = launcher(command, self.spec.limits, processes=_process_limit(self.spec.limits))
        with _arguments([*NAMESPACES, *self._mounts], env) as arguments, _status() as status:
            program = Program(
                argv=[_bwrap(), *_descriptors(arguments, status.write_end), "--", *inner],
                env={},  # bubblewrap is process 1 inside, and its environment can be read there
                stdin=command.stdin,
                pass_fds=(arguments, status.write_end),
            )
            outcome = await run(
                program,
                timeout=command.timeout,
                output_bytes=self.spec.limits.output_bytes,
                stop=stop,
                kill_tree=status.kill_tree,
            )
            return status.judge(outcome)

    def _own_mounts(self) -> list[str]:
        workspace = "--ro-bind" if self.spec.workspace_read_only else "--bind"
        options = [workspace, str(self.workspace), f"/{WORKSPACE}"]
        for name, source in self.spec.mounts.items():
            options += ["--ro-bind", str(source.resolve()), f"/{name}"]
        for name, source in self.spec.writable.items():
            options += ["--bind", str(source.resolve()), f"/{name}"]
        return [*options, "--chdir", f"/{WORKSPACE}"]


class _Status:
    """What bubblewrap reports about itself on a pipe: the first process inside, the exit code.

    No exit code means that the command never started; bubblewrap's own exit status cannot tell.
    """

    def __init__(self, read_end: int, write_end: int) -> None:
        self.write_end = write_end
        self._read_end = read_end
        self._text = b""
        self._init: int | None = None
        self.started: Future[None] = asyncio.get_running_loop().create_future()

    def receive(self) -> None:
        """Take what the pipe holds; called whenever there is something, and at the end."""
        with suppress(BlockingIOError):
            self._text += os.read(self._read_end, 65536)
        if self._init is None and b"}" in self._text:
            with suppress(ProcessLookupError):
                self._init = os.pidfd_open(self._value("child-pid") or 0)
            if not self.started.done():
                self.started.set_result(None)

    async def kill_tree(self, pid: int, exited: Future[None]) -> None:
        """Kill the first process inside, with which the kernel kills all others.

        Killed too early, bubblewrap could leave a half-made box behind, so its first report is
        awaited; it comes within milliseconds. Bubblewrap itself is left to bury its child and exit:
        killed first, it would leave a zombie wherever process 1 does not reap.
        """
        if exited.done():
            return
        await asyncio.wait(
            {self.started, exited}, timeout=KILL_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if self._init is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
            await asyncio.wait({exited}, timeout=KILL_SECONDS)
        if not exited.done():
            kill_quietly(pid)

    def judge(self, outcome: Outcome) -> Outcome:
        """The outcome with the command's own exit code.

        Raises:
            SandboxError: the command never started, or bubblewrap was killed from outside.
        """
        self.receive()
        if outcome.end is not End.EXITED:
            return outcome
        code = self._value("exit-code")
        if code is not None:
            return replace(outcome, returncode=code)
        if outcome.returncode < 0:
            raise SandboxError(
                f"bubblewrap was killed by signal {-outcome.returncode} from outside; "
                "is the machine out of memory?"
            )
        raise SandboxError(str(diagnose(_text(outcome.stderr.data))))

    def close(self) -> None:
        """Close the descriptors."""
        for descriptor in (self._read_end, self.write_end, self._init):
            if descriptor is not None:
                os.close(descriptor)

    def _value(self, key: str) -> int | None:
        for line in self._text.splitlines():
            with suppress(json.JSONDecodeError):
                event: Mapping[str, int] = json.loads(line)
                if key in event:
                    return event[key]
        return None


@contextmanager
def _status() -> Generator[_Status]:
    loop = asyncio.get_running_loop()
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    status = _Status(read_end, write_end)
    loop.add_reader(read_end, status.receive)
    try:
        yield status
    finally:
        loop.remove_reader(read_end)
        status.close()


@contextmanager
def _arguments(options: Sequence[str], env: Mapping[str, str]) -> Generator[int]:
    """A descriptor with options that must not show in the command line, such as host paths."""
    variables = [word for name, value in env.items() for word in ("--setenv", name, value)]
    text = b"".join(os.fsencode(word) + b"\0" for word in (*options, *variables))
    descriptor = memory_file(text)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _descriptors(arguments: int, status: int) -> list[str]:
    return ["--args", str(arguments), "--json-status-fd", str(status)]


@cache
def refusal_here() -> Refusal | None:
    """Why bubblewrap cannot isolate on this machine; None if it can. Tried once per process."""
    if not _find_bwrap():
        return MISSING
    try:
        options = [*NAMESPACES, *_system(os.getpid()), *closing_arguments()]
    except SandboxError as error:
        return Refusal(str(error), "")
    with _arguments(options, {}) as arguments:
        command = [_bwrap(), "--args", str(arguments), "--", "/bin/sh", "-c", ": > /dev/null"]
        try:
            tried = subprocess.run(
                command, env={}, pass_fds=(arguments,), capture_output=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Refusal(f"{command[0]} does not run: {error}", MISSING.fix)
    return diagnose(_text(tried.stderr)) if tried.returncode else None


@cache
def _system(pid: int) -> tuple[str, ...]:
    return tuple(system_arguments(box_home().path / "system"))


def _bwrap() -> str:
    program = _find_bwrap()
    if not program:
        raise SandboxUnsupportedError(str(MISSING))
    return program


@cache
def _find_bwrap() -> str | None:
    return shutil.which("bwrap") or shutil.which("bwrap", path=str(Path(sys.executable).parent))


def _process_limit(limits: Limits) -> str:
    release = re.match(r"(\d+)\.(\d+)", platform.release())
    counted = release is not None and tuple(map(int, release.groups())) >= _PER_NAMESPACE_COUNT
    return str(limits.processes) if counted else UNLIMITED


def _text(stderr: bytes) -> str:
    return stderr.decode(errors="backslashreplace").strip()[:1000]
