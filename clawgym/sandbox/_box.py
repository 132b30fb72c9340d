"""What every box on this host has in common: its directory, its files, its life."""

import asyncio
import errno
import os
import re
from abc import ABC, abstractmethod
from asyncio import Future, Task
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from clawgym.errors import SandboxError, SandboxUnsupportedError, UsageError
from clawgym.sandbox._confined import Confined, open_root
from clawgym.sandbox._fill import fill
from clawgym.sandbox._home import box_home, remove_tree
from clawgym.sandbox._launch import Command, check_environment, words
from clawgym.sandbox._process import End, Outcome, to_the_end
from clawgym.sandbox._python import may_be_warm, python_words
from clawgym.sandbox._snapshots import TreeSnapshot
from clawgym.sandbox._trees import copy_tree
from clawgym.sandbox.collect import collect
from clawgym.sandbox.protocol import (
    WORKSPACE,
    BoxSpec,
    Capability,
    Collected,
    ExecResult,
    Snapshot,
)

_T = TypeVar("_T")
_MOUNT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_TAKEN = {
    *("bin", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "proc", "root", "run"),
    *("sbin", "sys", "tmp", "usr", "var", WORKSPACE),
}
_CANNOT_START = 126
"""The exit code of a command that no system could start, as a shell has it."""


class HostBox(ABC):
    """A box whose workspace is a directory of this host, by path or by descriptor.

    A backend says where the mounts stand, how one command runs and how the box ends; this class
    keeps the promises of the protocol around it.
    """

    def __init__(self, spec: BoxSpec, workspace: Path | int, *, owner: int | None = None) -> None:
        """Take over a workspace; its files belong to the host's uid `owner`, None for ours."""
        self.spec = spec
        self.workspace = workspace
        self.owner = owner
        self._files = Confined(workspace, owner, shared=spec.workspace_dir is not None)
        self._snapshots: list[TreeSnapshot] = []
        self._running: dict[Task[Outcome], Future[None]] = {}
        self._sealed = False
        self._closed = False

    @abstractmethod
    def place(self, name: str) -> str:
        """Where the mount of that name stands, as a command inside sees it."""

    @abstractmethod
    async def run(self, command: Command, stop: Future[None]) -> Outcome:
        """Run one command to its end, which `stop` brings about at once."""

    @abstractmethod
    async def end(self) -> None:
        """Kill what commands left in the background; nothing runs in this box any more."""

    @abstractmethod
    async def dispose(self) -> None:
        """Remove the box's files, once nothing runs in it any more."""

    async def exec(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float | None = None,
    ) -> ExecResult:
        """Run one command. See `Sandbox.exec`."""
        return await self._exec(argv, cwd, env, stdin, timeout)

    async def exec_python(
        self,
        script: str,
        args: Sequence[str] = (),
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float | None = None,
    ) -> ExecResult:
        """Run a Python script. See `Sandbox.exec_python`."""
        warm = may_be_warm(env or {})
        return await self._exec(python_words(script, args), cwd, env, stdin, timeout, warm=warm)

    async def _exec(
        self,
        argv: Sequence[str],
        cwd: str | None,
        env: Mapping[str, str] | None,
        stdin: bytes | None,
        timeout: float | None,
        *,
        warm: bool = False,
    ) -> ExecResult:
        self._require_unsealed()
        limits = self.spec.limits
        try:
            command = Command(
                argv=words(argv),
                cwd=cwd or self.place(WORKSPACE),
                env=check_environment(env or {}),
                stdin=stdin,
                timeout=limits.wall_seconds if timeout is None else timeout,
                warm=warm,
            )
            outcome = await self._run_until_stopped(command)
        except ValueError as error:
            return _refused(f"argument cannot be passed on: {error}")
        except OSError as error:
            if error.errno != errno.E2BIG:
                raise SandboxError(f"cannot start a process: {error.strerror}") from error
            return _refused("argument list too long; write it to a file first")
        if outcome.end is End.STOPPED:
            raise SandboxError("the box was sealed while the command ran")
        return _result(outcome)

    async def read(self, path: str) -> bytes:
        """The bytes of a regular file in the workspace. See `Sandbox.read`."""
        self._require_open()
        return await asyncio.to_thread(self._files.read, path)

    async def write(self, path: str, data: bytes) -> None:
        """Create or replace a file in the workspace. See `Sandbox.write`."""
        self._require_unsealed()
        if self.spec.workspace_read_only:
            raise OSError(errno.EROFS, "the workspace of this box is read-only", path)
        await asyncio.to_thread(self._files.write, path, data)

    async def list(self, path: str = "") -> list[str]:
        """The sorted names in a workspace directory. See `Sandbox.list`."""
        self._require_open()
        return await asyncio.to_thread(self._files.list, path)

    async def seal(self) -> None:
        """Kill everything inside and wait until it is dead. See `Sandbox.seal`."""
        self._sealed = True
        running = dict(self._running)
        for stop in running.values():
            if not stop.done():
                stop.set_result(None)
        for task in running:
            await to_the_end(task)
        await self.end()

    async def snapshot(self) -> TreeSnapshot:
        """Keep the workspace as it is. See `Sandbox.snapshot`."""
        self._require_open()
        taken = await asyncio.to_thread(self._take_snapshot)
        self._snapshots.append(taken)
        return taken

    async def restore(self, snapshot: Snapshot) -> None:
        """Put the workspace back. See `Sandbox.restore`."""
        self._require_unsealed()
        if not isinstance(snapshot, TreeSnapshot):
            raise UsageError("that snapshot is of another kind of box")
        await self.kill_all()
        await asyncio.to_thread(self._restore, snapshot)

    @abstractmethod
    async def kill_all(self) -> None:
        """Kill everything inside; the box can be used again."""

    async def collect(self) -> Collected:
        """The regular files of the sealed workspace. See `Sandbox.collect`."""
        self._require_open()
        if not self._sealed:
            raise SandboxError("collect needs a sealed box: call seal() first")
        return await asyncio.to_thread(collect, self.workspace)

    async def close(self) -> None:
        """Kill everything and remove the files; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        removal = asyncio.create_task(self._remove())
        await to_the_end(removal)
        removal.result()

    async def _remove(self) -> None:
        try:
            await self.seal()
            for snapshot in self._snapshots:
                await snapshot.discard()
        finally:
            await self.dispose()

    async def _run_until_stopped(self, command: Command) -> Outcome:
        stop: Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self.run(command, stop))
        self._running[task] = stop
        task.add_done_callback(self._forget)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not stop.done():
                stop.set_result(None)
            await to_the_end(task)
            if not task.cancelled():
                task.exception()  # seen: the caller is told of the cancellation instead
            raise

    def _take_snapshot(self) -> TreeSnapshot:
        descriptor = open_root(self.workspace)
        try:
            return TreeSnapshot.take(descriptor)
        finally:
            os.close(descriptor)

    def _restore(self, snapshot: TreeSnapshot) -> None:
        descriptor = open_root(self.workspace)
        try:
            snapshot.restore(descriptor, owner=self.owner)
        finally:
            os.close(descriptor)

    def _forget(self, task: Task[Outcome]) -> None:
        del self._running[task]

    def _require_unsealed(self) -> None:
        self._require_open()
        if self._sealed:
            raise SandboxError("the box is sealed: nothing may run or be written any more")

    def _require_open(self) -> None:
        if self._closed:
            raise SandboxError("the box is closed and its files are gone")


def check_spec(spec: BoxSpec, backend: str, capabilities: frozenset[Capability]) -> None:
    """Refuse what cannot be made before anything is.

    Raises:
        UsageError: the spec contradicts itself, or a mount would cover the system.
        SandboxUnsupportedError: it requires what the backend lacks, by name.
    """
    if sum(map(bool, (spec.files, spec.workspace_dir, spec.base))) > 1:
        raise UsageError("a box starts with files, a workspace_dir or a base: give one of them")
    for name in (*spec.mounts, *spec.writable):
        if not _MOUNT_NAME.fullmatch(name) or name in _TAKEN:
            raise UsageError(f"a box cannot have a mount named {name!r}; choose another name")
    network = frozenset({Capability.ALLOWLIST} if spec.allowed_hosts else ())
    required: frozenset[Capability] = spec.requires | network
    if missing := sorted(required - capabilities):
        raise SandboxUnsupportedError(
            f"the sandbox {backend!r} cannot enforce {', '.join(missing)} here, which this box "
            "requires; `clawgym sandbox doctor` says what each one can do"
        )


class DirectoryBox(HostBox):
    """A box that is a directory on the host, with the workspace in it and what else it needs."""

    def __init__(self, spec: BoxSpec, directory: Path) -> None:
        own = directory / WORKSPACE
        super().__init__(spec, spec.workspace_dir.resolve() if spec.workspace_dir else own)
        self.directory = directory

    async def dispose(self) -> None:
        """Remove the directory."""
        await asyncio.to_thread(remove_tree, self.directory)


async def make_box(spec: BoxSpec, build: Callable[[BoxSpec, Path], _T]) -> _T:
    """Fill a new box directory and let `build` make the box; nothing stays if that fails.

    Raises:
        SandboxError: a mounted directory does not exist, or the files cannot be written.
    """
    filling = asyncio.create_task(asyncio.to_thread(_fill, spec, build))
    try:
        return await asyncio.shield(filling)
    except asyncio.CancelledError:
        await to_the_end(filling)
        if not filling.cancelled() and not filling.exception():
            await asyncio.to_thread(_discard, filling.result())
        raise


def _discard(box: object) -> None:
    if isinstance(box, DirectoryBox):
        remove_tree(box.directory)


def _fill(spec: BoxSpec, build: Callable[[BoxSpec, Path], _T]) -> _T:
    bound = {WORKSPACE: spec.workspace_dir} if spec.workspace_dir else {}
    for name, source in {**spec.mounts, **spec.writable, **bound}.items():
        if not source.is_dir():
            raise SandboxError(f"the mount {name!r} needs the directory {source}; create it first")
    directory = box_home().new_box()
    try:
        if spec.workspace_dir is None:
            workspace = directory / WORKSPACE
            workspace.mkdir()
            _fill_workspace(workspace, spec)
        return build(spec, directory)
    except OSError as error:
        remove_tree(directory)
        raise SandboxError(f"cannot fill the box {directory}: {error}") from error
    except BaseException:
        remove_tree(directory)
        raise


def _fill_workspace(workspace: Path, spec: BoxSpec) -> None:
    target = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fill(target, spec.files, owner=None)
        if spec.base:
            base = os.open(spec.base, os.O_RDONLY | os.O_DIRECTORY)
            try:
                copy_tree(base, target, owner=None)
            finally:
                os.close(base)
    finally:
        os.close(target)


def _result(outcome: Outcome) -> ExecResult:
    timed_out = outcome.end is End.TIMED_OUT
    code = outcome.returncode
    return ExecResult(
        exit_code=None if timed_out else code if code >= 0 else 128 - code,
        stdout=outcome.stdout.data,
        stderr=outcome.stderr.data,
        stdout_bytes=outcome.stdout.total,
        stderr_bytes=outcome.stderr.total,
        timed_out=timed_out,
        seconds=outcome.seconds,
        oom_killed=outcome.oom_killed,
    )


def _refused(message: str) -> ExecResult:
    stderr = f"box: {message}\n".encode(errors="backslashreplace")
    return ExecResult(_CANNOT_START, b"", stderr, 0, len(stderr), timed_out=False, seconds=0.0)
