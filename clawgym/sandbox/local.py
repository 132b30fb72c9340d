"""A backend that isolates nothing: a directory and ordinary processes, for code that you trust."""

import itertools
import logging
import os
import shutil
import signal
from asyncio import Future
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from clawgym.errors import SandboxError, UsageError
from clawgym.sandbox._box import DirectoryBox, check_spec, make_box
from clawgym.sandbox._launch import UNLIMITED, Command, clean_environment, launcher
from clawgym.sandbox._process import Outcome, Program, run
from clawgym.sandbox.protocol import WORKSPACE, BoxSpec, Capability

MARKER = "CLAWGYM_BOX"
"""The variable that tells a command's descendants from every other process of this user."""

_TMP = "tmp"
_HUNTS = 50


class LocalBackend:
    """Runs commands as this user, with this user's files, network and processes in reach."""

    name = "local"
    capabilities: frozenset[Capability] = frozenset()

    def __init__(self) -> None:
        _warn_once()

    async def create(self, spec: BoxSpec) -> "LocalBox":
        """Make a box. See `Backend.create`."""
        check_spec(spec, self.name, self.capabilities)
        for name in (*spec.mounts, *spec.writable):
            if name in {WORKSPACE, _TMP} or "/" in name or name.startswith("."):
                raise UsageError(f"a box cannot have a mount named {name!r}; choose another name")
        return await make_box(spec, _build)


class LocalBox(DirectoryBox):
    """A directory with the workspace, a copy of each mount, and links to the writable ones."""

    def __init__(self, spec: BoxSpec, directory: Path) -> None:
        super().__init__(spec, directory)
        self._numbers = itertools.count(1)

    def place(self, name: str) -> str:
        """Where a mount stands: a directory beside the workspace."""
        if name != WORKSPACE and name not in {*self.spec.mounts, *self.spec.writable}:
            raise UsageError(f"this box has no mount named {name!r}")
        return str(self.workspace if name == WORKSPACE else self.directory / name)

    async def run(self, command: Command, stop: Future[None]) -> Outcome:
        """Run one command as an ordinary process in a session of its own."""
        names = (WORKSPACE, *self.spec.mounts, *self.spec.writable)
        places = {name: self.place(name) for name in names}
        marker = f"{self.directory.name}.{next(self._numbers)}"
        env = clean_environment(
            places,
            home="/nonexistent" if self.spec.workspace_read_only else places[WORKSPACE],
            extra={"TMPDIR": str(self.directory / _TMP), **command.env, MARKER: marker},
        )

        async def kill_tree(pid: int, exited: Future[None]) -> None:
            _kill_tree(pid, f"{MARKER}={marker}".encode())

        # The kernel would count this user's processes everywhere against a limit set here.
        argv = launcher(command, self.spec.limits, processes=UNLIMITED)
        return await run(
            Program(argv, env, stdin=command.stdin, cwd=places[WORKSPACE]),
            timeout=command.timeout,
            output_bytes=self.spec.limits.output_bytes,
            stop=stop,
            kill_tree=kill_tree,
        )

    async def kill_all(self) -> None:
        """Nothing to do: what a command leaves running is killed with it."""

    async def end(self) -> None:
        """Nothing to do, for the same reason."""


def _build(spec: BoxSpec, directory: Path) -> LocalBox:
    (directory / _TMP).mkdir()
    for name, source in spec.mounts.items():
        shutil.copytree(source, directory / name, symlinks=True)
    for name, source in spec.writable.items():
        (directory / name).symlink_to(source.resolve())
    return LocalBox(spec, directory)


def _kill_tree(leader: int, marker: bytes) -> None:
    """Kill a session's first group and all that carries the marker, until no more turn up.

    Raises:
        SandboxError: new ones appear faster than they can be killed.
    """
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
    for _ in range(_HUNTS):
        found = list(_marked(marker))
        if not found:
            return
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    raise SandboxError("a command forks faster than it can be killed; run such code with bwrap")


def _marked(marker: bytes) -> Iterator[int]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        # Gone, or of another user: neither is ours to kill.
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if marker in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                yield int(name)


@cache
def _warn_once() -> None:
    logging.getLogger(__name__).warning(
        "isolates nothing: the local sandbox runs commands as you, with your files and network"
    )
