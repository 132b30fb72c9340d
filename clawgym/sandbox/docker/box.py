"""One box that is a Docker container: everything goes through the channel to its process 1."""

import asyncio
import errno
import json
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict, TypeVar

from clawgym.errors import SandboxError, SandboxUnsupportedError, UsageError
from clawgym.paths import check_relative
from clawgym.sandbox._confined import LIST_LIMIT, READ_LIMIT, Confined
from clawgym.sandbox._launch import check_environment, clean_environment, words
from clawgym.sandbox._process import to_the_end
from clawgym.sandbox._python import python_words
from clawgym.sandbox.docker.boot import program
from clawgym.sandbox.docker.channel import BoxChannel, ChannelLostError, request
from clawgym.sandbox.docker.collect import collect_from
from clawgym.sandbox.docker.commands import CANNOT_RUN, Identity
from clawgym.sandbox.docker.config import Plan
from clawgym.sandbox.docker.container import Container
from clawgym.sandbox.docker.execution import check_input, make_order, refused, result
from clawgym.sandbox.docker.pack import batched, pack_directory, pack_files
from clawgym.sandbox.docker.service import Request
from clawgym.sandbox.docker.snapshot import DockerSnapshot
from clawgym.sandbox.protocol import (
    WORKSPACE,
    BoxSpec,
    Capability,
    Collected,
    ExecResult,
    Snapshot,
)

_T = TypeVar("_T")
_ROOT = f"/{WORKSPACE}"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_GRACE = 30.0
"""Seconds beyond a command's own time after which a silent box is called broken."""
_PATIENCE = 300.0
"""The same for the transfer of files."""

_logger = logging.getLogger(__name__)


class _Hello(TypedDict):
    filter: bool


class DockerBox:
    """Made by `DockerBackend.create`."""

    def __init__(self, container: Container, plan: Plan, channel: BoxChannel) -> None:
        self.id = container.id
        self._container = container
        self._plan = plan
        self._spec = plan.spec
        self._channel = channel
        self._snapshots: list[DockerSnapshot] = []
        self._lost: SandboxError | None = None
        self._sealed = False
        self._closed = False

    async def start(self) -> None:
        """Bring up process 1 and fill the box.

        Raises:
            SandboxUnsupportedError: the image has no Python that could run process 1.
            SandboxError: the container ended, or its files do not fit.
        """
        try:
            await self._channel.boot(program(*self._plan.identity))
            hello: _Hello = json.loads(
                await self._guarded(self._channel.call(request("hello")), _GRACE)
            )
        except ChannelLostError as error:
            if not (said := self._said()):
                raise await self._explain() from error
            raise SandboxUnsupportedError(
                "the image cannot run process 1 of a box, for which it needs python3 of version "
                f"3.8 or newer: {said}"
            ) from error
        spec = self._spec
        if not hello["filter"]:
            _weaker(spec)
        for name, source in spec.mounts.items():
            await self._put(f"/{name}", pack_directory(source), as_root=True)
        for name, source in spec.writable.items():
            await self._put(f"/{name}", pack_directory(source))
        if spec.workspace_dir is None:
            content = pack_directory(spec.base) if spec.base else pack_files(spec.files)
            await self._put(_ROOT, content, as_root=spec.workspace_read_only)

    def place(self, name: str) -> str:
        """Where a mount stands inside: `/<name>`."""
        if name != WORKSPACE and name not in {*self._spec.mounts, *self._spec.writable}:
            raise UsageError(f"this box has no mount named {name!r}")
        return f"/{name}"

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
        self._require_unsealed()
        environment = self._environment(check_environment(env or {}))
        limits = self._spec.limits
        try:
            order = make_order(words(argv), cwd or _ROOT, environment, limits, timeout)
            check_input(stdin, limits)
        except ValueError as error:
            return refused(f"argument cannot be passed on: {error}", CANNOT_RUN)
        output = bytearray()
        answer = await self._kill_if_cancelled(
            self._ask(
                request("exec", order=order, stdin=stdin is not None),
                send=() if stdin is None else (stdin,),
                on_data=output.extend,
                patience=order["timeout"] + _GRACE,
            )
        )
        if self._sealed:
            raise SandboxError("the box was sealed while the command ran")
        return result(answer, bytes(output))

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
        command = python_words(script, args)
        return await self.exec(command, cwd=cwd, env=env, stdin=stdin, timeout=timeout)

    async def read(self, path: str) -> bytes:
        """The bytes of a regular file in the workspace. See `Sandbox.read`."""
        self._require_open()
        data = bytearray()
        asked = request("read", root=_ROOT, path=_checked(path), limit=READ_LIMIT)
        await self._about(path, self._ask(asked, on_data=data.extend))
        return bytes(data)

    async def write(self, path: str, data: bytes) -> None:
        """Create or replace a file in the workspace. See `Sandbox.write`."""
        self._require_unsealed()
        if self._spec.workspace_read_only:
            raise OSError(errno.EROFS, "the workspace of this box is read-only", path)
        asked = request("write", root=_ROOT, path=_checked(path))
        await self._about(path, self._ask(asked, send=(data,)))

    async def list(self, path: str = "") -> list[str]:
        """The sorted names in a workspace directory. See `Sandbox.list`."""
        self._require_open()
        data = bytearray()
        where = _checked(path) if path else ""
        asked = request("list", root=_ROOT, path=where, limit=LIST_LIMIT)
        await self._about(path, self._ask(asked, on_data=data.extend))
        return data.decode().split("\0") if data else []

    async def snapshot(self) -> DockerSnapshot:
        """Keep the workspace as it is. See `Sandbox.snapshot`."""
        self._require_open()
        snapshot = await self._whole(DockerSnapshot.take(self._channel, _ROOT))
        self._snapshots.append(snapshot)
        return snapshot

    async def restore(self, snapshot: Snapshot) -> None:
        """Put the workspace back. See `Sandbox.restore`."""
        self._require_unsealed()
        if not isinstance(snapshot, DockerSnapshot):
            raise UsageError("that snapshot is of another kind of box")
        snapshot.require()
        await self._ask(request("kill"))
        await self._ask(request("clear", root=_ROOT))
        await self._put(_ROOT, snapshot.pieces())

    async def seal(self) -> None:
        """Kill everything inside and wait until it is dead. See `Sandbox.seal`."""
        self._require_open()
        if not self._sealed:
            self._sealed = True
            await self._ask(request("kill"))
            await self._return_writable()

    async def collect(self) -> Collected:
        """The regular files of the sealed workspace. See `Sandbox.collect`."""
        self._require_open()
        if not self._sealed:
            raise SandboxError("collect needs a sealed box: call seal() first")
        return await self._whole(collect_from(self._channel, _ROOT))

    async def close(self) -> None:
        """End the container, which removes it and its files; a second call does nothing."""
        if self._closed:
            return
        try:
            if self._spec.writable and self._lost is None:
                await self.seal()
        finally:
            await self.abandon()

    async def abandon(self) -> None:
        """Close, whatever state it is in; what was written to writable mounts is lost."""
        self._closed = True
        removal = asyncio.create_task(self._remove())
        await to_the_end(removal)
        removal.result()

    async def _remove(self) -> None:
        for snapshot in self._snapshots:
            await snapshot.discard()
        self._channel.close()
        await self._container.removal()

    async def _return_writable(self) -> None:
        """Copy what commands wrote to the host's directories, regular files only."""
        for name, directory in self._spec.writable.items():
            collected = await self._whole(collect_from(self._channel, f"/{name}"))
            if collected.skipped:
                _logger.warning("left out of %s: %s", directory, collected.skipped[:10])
            await asyncio.to_thread(_write_back, directory, collected, self._plan.identity)

    async def _put(self, root: str, parts: Iterable[bytes], *, as_root: bool = False) -> None:
        try:
            asked = request("put", root=root, as_root=as_root)
            await self._ask(asked, send=batched(parts))
        except OSError as error:
            raise SandboxError(f"cannot fill {root} of the box: {error.strerror}") from error

    async def _ask(
        self,
        asked: Request,
        *,
        send: Iterable[bytes] = (),
        on_data: Callable[[bytes], object] | None = None,
        patience: float = _PATIENCE,
    ) -> bytes:
        return await self._whole(self._channel.call(asked, send=send, on_data=on_data), patience)

    async def _whole(self, call: Coroutine[object, object, _T], patience: float = _PATIENCE) -> _T:
        """Go through with it even if the caller is cancelled: half a transfer leaves a mess."""
        task = asyncio.create_task(self._guarded(call, patience))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await to_the_end(task)
            if not task.cancelled():
                task.exception()
            raise
        except ChannelLostError as error:
            if self._closed:
                raise SandboxError("the box was closed while it was in use") from error
            raise await self._explain() from error

    async def _guarded(self, call: Awaitable[_T], patience: float) -> _T:
        try:
            async with asyncio.timeout(patience):
                return await call
        except TimeoutError as error:
            self._channel.close()
            self._lost = SandboxError(
                f"the container {self.id[:12]} did not answer for {patience:.0f} s: is it paused, "
                "or the machine overloaded?"
            )
            raise self._lost from error

    async def _kill_if_cancelled(self, call: Coroutine[object, object, bytes]) -> bytes:
        task = asyncio.create_task(call)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._lost is None and not self._sealed:
                killing = asyncio.create_task(self._ask(request("kill")))
                await to_the_end(killing)
                if not killing.cancelled():
                    killing.exception()  # what is wrong shows in the task as well
            await to_the_end(task)
            if not task.cancelled():
                task.exception()  # seen: the caller is told of the cancellation instead
            raise

    async def _explain(self) -> SandboxError:
        """Why the channel was lost, found out once."""
        if self._lost is None:
            try:
                reason = await self._container.fate()
            except SandboxError as error:
                reason = str(error)
            if said := self._said():
                reason = f"{reason}; it said: {said}"
            self._lost = SandboxError(f"the container {self.id[:12]} of this box ended: {reason}")
        return self._lost

    def _said(self) -> str:
        return self._channel.said.decode(errors="replace").strip()[-1000:]

    async def _about(self, path: str, call: Awaitable[object]) -> None:
        """Name the path that the caller knows in errors."""
        try:
            await call
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from error

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """The image's own variables, then ours, then the caller's; the PATH is the image's."""
        names = (WORKSPACE, *self._spec.mounts, *self._spec.writable)
        home = "/nonexistent" if self._spec.workspace_read_only else _ROOT
        ours = clean_environment({name: self.place(name) for name in names}, home=home, extra={})
        image = self._container.environment
        return {**image, **ours, "PATH": image.get("PATH", _PATH), **extra}

    def _require_unsealed(self) -> None:
        self._require_open()
        if self._sealed:
            raise SandboxError("the box is sealed: nothing may run or be written any more")

    def _require_open(self) -> None:
        if self._closed:
            raise SandboxError("the box is closed and its files are gone")
        if self._lost is not None:
            raise self._lost


def _weaker(spec: BoxSpec) -> None:
    said = "the image's python3 has no ctypes: no filter of system calls but Docker's own"
    if Capability.SYSCALLS in spec.requires:
        raise SandboxUnsupportedError(f"{said}, and this box requires ours; use another image")
    _logger.warning(said)


def _write_back(directory: Path, collected: Collected, identity: Identity) -> None:
    # Nothing that comes out of a box is root's.
    confined = Confined(directory, owner=identity.uid if os.geteuid() == 0 else None)
    for path, file in collected.files.items():
        confined.write(path, file.data)


def _checked(path: str) -> str:
    try:
        return check_relative(path)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error), path) from error
