"""The default backend: Linux namespaces made by bubblewrap, no root, no daemon of the system.

A keeper process (`clawgym.sandbox.keeper`) gives each box a workspace of its own size, one
bubblewrap process that holds its namespaces open, and starts commands that join them. Under root,
boxes run as an unprivileged user of the host, and control groups limit their memory, processes and
CPU share. An ordinary user has resource limits instead, for each process.
"""

import asyncio
import os
import resource
import shutil
import socket
import sys
from asyncio import Future
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from clawgym.errors import SandboxError, SandboxUnsupportedError, UsageError
from clawgym.sandbox import _seccomp
from clawgym.sandbox._box import HostBox, check_spec
from clawgym.sandbox._diagnosis import MISSING, Refusal, diagnose
from clawgym.sandbox._fill import fill
from clawgym.sandbox._home import box_home, dead_homes
from clawgym.sandbox._launch import (
    Command,
    clean_environment,
    extra_python,
    inner_path,
    inner_python,
    words,
)
from clawgym.sandbox._link import BoxChannel, Hello, KeeperLink, keeper_link, wait_for_message
from clawgym.sandbox._pipes import OutputPipes
from clawgym.sandbox._plan import workspace_plan
from clawgym.sandbox._process import KILL_SECONDS, End, Outcome, memory_file, to_the_end
from clawgym.sandbox._python import compiled_sources
from clawgym.sandbox._system import (
    NAMESPACES,
    closing_arguments,
    system_arguments,
    temporary_sizes,
    write_system,
)
from clawgym.sandbox._terminal import pseudo_terminal, relay
from clawgym.sandbox._trees import copy_tree
from clawgym.sandbox.keeper.mounts import KEEP, KEPT_MOUNTS, KEPT_TEMPORARY, KEPT_WORKSPACE
from clawgym.sandbox.protocol import WORKSPACE, BoxSpec, Capability, Limits
from clawgym.sandbox.proxy.hosts import AllowList
from clawgym.sandbox.proxy.server import Decision, FilteringProxy, proxy_environment

PROXY_PORT = 3128
"""Where a box with allowed hosts finds its proxy, on its own loopback."""

_ALWAYS = frozenset(
    {
        Capability.FILESYSTEM,
        Capability.PROCESSES,
        Capability.NETWORK,
        Capability.ALLOWLIST,
        Capability.IPC,
        Capability.ENVIRONMENT,
        Capability.KILL_TREE,
        Capability.SYSCALLS,
        Capability.PIDS,
        Capability.DISK,
        Capability.BACKGROUND,
        Capability.OVERLAY,
    }
)
_BY_CONTROLLER = {"memory": Capability.MEMORY, "cpu": Capability.CPU}
_USERS = range(700_000, 760_000)
"""The host's uids that a root harness runs boxes as; nobody else has files of theirs."""


class BwrapBackend:
    """Boxes made of Linux namespaces by the `bwrap` program.

    Raises:
        SandboxUnsupportedError: `bwrap` is missing or cannot make namespaces here, with the fix.
    """

    name = "bwrap"

    def __init__(self) -> None:
        if refusal := refusal_here():
            raise SandboxUnsupportedError(str(refusal))
        controllers = _keeper().controllers
        extra = {found for name, found in _BY_CONTROLLER.items() if name in controllers}
        self.capabilities: frozenset[Capability] = _ALWAYS | extra

    async def create(self, spec: BoxSpec) -> "BwrapBox":
        """Make a box. See `Backend.create`."""
        check_spec(spec, self.name, self.capabilities)
        AllowList.parse(spec.allowed_hosts)
        box = BwrapBox(spec, await _open(spec))
        try:
            await box.start()
        except BaseException:
            await box.close()
            raise
        return box


class BwrapBox(HostBox):
    """A workspace that only this box and its harness see, and namespaces that commands join."""

    def __init__(self, spec: BoxSpec, opened: "_Opened") -> None:
        folder = spec.workspace_dir
        # A user's own folder is reached by its path: through the box's mount of it, which turns its
        # owner into the box's user, the harness would be a stranger.
        super().__init__(
            spec,
            folder.resolve() if folder else opened.workspace,
            owner=_owner_of(folder) if folder else _user(),
        )
        self._opened = opened
        self._channel = opened.channel
        self._ids = iter(range(1, sys.maxsize))
        self._proxy: FilteringProxy | None = None

    async def start(self) -> None:
        """Fill the workspace while bubblewrap sets the box up; wait for both.

        Raises:
            SandboxError: bubblewrap cannot set it up, or the workspace is too small.
        """
        filled = asyncio.create_task(asyncio.to_thread(self._fill))
        try:
            await self._opened.ready
        except SandboxError as error:
            raise SandboxError(str(diagnose(str(error)))) from error
        finally:
            await to_the_end(filled)
        try:
            filled.result()
        except OSError as error:
            raise SandboxError(f"cannot fill the workspace: {error}") from error
        if self.spec.allowed_hosts:
            self._proxy = await self._open_network()

    async def _open_network(self) -> FilteringProxy:
        """Serve the allowed hosts on the box's own loopback, from the harness's network."""
        listening = self._channel.expect("listening")
        await self._channel.tell({"op": "listen", "port": PROXY_PORT})
        await listening
        listener = socket.socket(fileno=self._channel.take_descriptor())
        proxy = FilteringProxy(listener, AllowList.parse(self.spec.allowed_hosts))
        return await proxy.__aenter__()

    @property
    def network_decisions(self) -> tuple[Decision, ...]:
        """What commands asked the network for, and what they got."""
        return self._proxy.decisions if self._proxy else ()

    def place(self, name: str) -> str:
        """Where a mount stands inside: `/<name>`."""
        if name != WORKSPACE and name not in {*self.spec.mounts, *self.spec.writable}:
            raise UsageError(f"this box has no mount named {name!r}")
        return f"/{name}"

    async def run(self, command: Command, stop: Future[None]) -> Outcome:
        """Run one command in the box's namespaces."""
        request = self._request(command.argv, command.env, command.cwd)
        if command.warm:
            request["warm"] = True
            if news := _keeper().news_of(compiled_sources()):
                request["known"] = dict(news)
        with OutputPipes(self.spec.limits.output_bytes) as pipes, _stdin(command.stdin) as stdin:
            ended = self._channel.expect(request["id"])
            await self._channel.tell(request, [stdin, *pipes.give_away()])
            return await self._until_the_end(command, stop, ended, pipes)

    async def attach(self, argv: Sequence[str]) -> int:
        """Lend the user's terminal to a program in the box; return its exit code.

        Raises:
            SandboxError: it cannot be started.
        """
        env = {"TERM": os.environ.get("TERM", "dumb")}
        request = {**self._request(words(argv), env, self.place(WORKSPACE)), "terminal": True}
        with pseudo_terminal() as (ours, theirs):
            ended = self._channel.expect(request["id"])
            await self._channel.tell(request, [theirs, theirs, theirs])
            os.close(theirs)
            await relay(ours, ended)
        told = ended.result()
        if error := told.get("error"):
            raise SandboxError(f"cannot start a command: {error}")
        return int(told["code"])

    def _request(self, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> dict[str, Any]:
        if not self._channel.alive:
            raise SandboxError(self._channel.lost or "the box is dead: something killed it")
        names = (WORKSPACE, *self.spec.mounts, *self.spec.writable)
        whole = clean_environment(
            {name: self.place(name) for name in names},
            home="/nonexistent" if self.spec.workspace_read_only else self.place(WORKSPACE),
            extra={**(proxy_environment(PROXY_PORT) if self._proxy else {}), **env},
        )
        return {
            "op": "exec",
            "id": next(self._ids),
            "argv": list(argv),
            "env": whole,
            "cwd": cwd,
            "limits": self._limits(),
        }

    async def _until_the_end(
        self,
        command: Command,
        stop: Future[None],
        ended: "Future[dict[str, Any]]",
        pipes: OutputPipes,
    ) -> Outcome:
        await asyncio.wait(
            {ended, stop}, timeout=command.timeout, return_when=asyncio.FIRST_COMPLETED
        )
        end = End.EXITED if ended.done() else End.STOPPED if stop.done() else End.TIMED_OUT
        seconds = pipes.seconds
        if not ended.done():
            await self.kill_all()
            await asyncio.wait({ended}, timeout=KILL_SECONDS)
        if not ended.done():
            raise SandboxError(
                f"a command is still there {KILL_SECONDS:g} s after SIGKILL; "
                "look for a hanging disk or network mount"
            )
        told = ended.result()
        if error := told.get("error"):
            raise SandboxError(f"cannot start a command: {error}")
        await pipes.drain()
        return Outcome(
            end,
            told["code"],
            pipes.stdout,
            pipes.stderr,
            seconds,
            oom_killed=told["oom"],
        )

    async def kill_all(self) -> None:
        """Kill everything inside but the process that holds the box."""
        if self._channel.alive:
            number = next(self._ids)
            await self._channel.ask({"op": "kill", "id": number}, number)

    async def end(self) -> None:
        """Kill the first process inside, and with it all others."""
        if self._channel.alive:
            await self._ask_if_there("seal", "sealed")

    async def dispose(self) -> None:
        """Give the box back to the keeper, which takes its mounts apart."""
        if self._proxy:
            await self._proxy.__aexit__()
        os.close(self._opened.workspace)
        try:
            await self._ask_if_there("close", "closed")
        finally:
            self._channel.close()

    async def _ask_if_there(self, request: str, answer: str) -> None:
        """Ask the keeper; one that is gone has taken everything inside with it."""
        if self._channel.lost is None:
            try:
                await self._channel.ask({"op": request}, answer)
            except SandboxError:
                if self._channel.lost is None:
                    raise

    def _fill(self) -> None:
        """Put the initial files in place; they belong to the box's user."""
        workspace, owner = self._opened.workspace, _user()
        if self.spec.files:
            fill(workspace, self.spec.files, owner=owner)
        if self.spec.base and self._opened.kind == "tmpfs":
            base = os.open(self.spec.base, os.O_RDONLY | os.O_DIRECTORY)
            try:
                copy_tree(base, workspace, owner=owner)
            finally:
                os.close(base)

    def _limits(self) -> dict[str, int]:
        limits, controllers = self.spec.limits, _keeper().controllers
        found = {
            "RLIMIT_CORE": 0,
            "RLIMIT_FSIZE": limits.file_bytes,
            "RLIMIT_NOFILE": limits.open_files,
            "RLIMIT_CPU": limits.cpu_seconds,
        }
        if "pids" not in controllers:
            found["RLIMIT_NPROC"] = limits.processes
        if "memory" not in controllers:
            found["RLIMIT_AS"] = limits.memory_bytes
        return found


class _Opened:
    """A box that is being set up: its channel, the workspace's descriptor, its readiness."""

    def __init__(self, channel: BoxChannel, kind: str) -> None:
        self.channel = channel
        self.kind = kind
        self.ready = channel.expect("ready")
        self.made = channel.expect("made")
        self.workspace = -1


async def _open(spec: BoxSpec) -> _Opened:
    """Ask the keeper for a box and take its workspace."""
    name = f"b{next(_numbers)}"
    kind = "bind" if spec.workspace_dir else "overlay" if _shares(spec.base) else "tmpfs"
    # It looks around and may have to start the keeper: too long for whoever shares the loop.
    opened = _Opened(BoxChannel(await asyncio.to_thread(_ask_for, name, spec, kind)), kind)
    try:
        await opened.made
    except BaseException:
        opened.channel.close()
        raise
    opened.workspace = opened.channel.take_descriptor()
    return opened


def _ask_for(name: str, spec: BoxSpec, kind: str) -> socket.socket:
    request = _request(name, spec, kind)
    with _arguments(_options(spec)) as arguments:
        return _keeper().open_box(request, arguments)


def _request(name: str, spec: BoxSpec, kind: str) -> dict[str, object]:
    source = (spec.workspace_dir or spec.base) if kind != "tmpfs" else None
    mounts = {**spec.mounts, **spec.writable}
    bound = {"workspace": source} if source else {}
    for mount, path in {**mounts, **bound}.items():
        if not path.is_dir():
            raise SandboxError(f"the mount {mount!r} needs the directory {path}; create it first")
    return {
        "op": "box",
        "name": name,
        "kind": kind,
        "source": str(source.resolve()) if source else "",
        "bytes": spec.limits.workspace_bytes,
        "files": spec.limits.workspace_files,
        "mounts": [(mount, str(path.resolve())) for mount, path in mounts.items()],
        "writable": list(spec.writable),
        "temporary": temporary_sizes(spec.limits),
        "limits": _group_limits(spec.limits),
    }


def _shares(base: Path | None) -> bool:
    """Whether a base is large enough for copy-on-write to beat a copy."""
    if base is None:
        return False
    return workspace_plan(base, overlay=True) == "overlay"


def _options(spec: BoxSpec) -> list[str]:
    workspace = "--ro-bind" if spec.workspace_read_only else "--bind"
    options = [
        *NAMESPACES,
        *system_arguments(f"{KEEP}/system", f"{KEEP}/python", KEPT_TEMPORARY),
        *(workspace, KEPT_WORKSPACE, f"/{WORKSPACE}"),
    ]
    for mount in spec.mounts:
        options += ["--ro-bind", f"{KEPT_MOUNTS}/{mount}", f"/{mount}"]
    for mount in spec.writable:
        options += ["--bind", f"{KEPT_MOUNTS}/{mount}", f"/{mount}"]
    return [*options, *closing_arguments(), "--chdir", "/"]


def _group_limits(limits: Limits) -> dict[str, float]:
    found: dict[str, float] = {"memory": limits.memory_bytes, "pids": limits.processes}
    return found if limits.cpus is None else {**found, "cpu": limits.cpus}


@contextmanager
def _arguments(options: Sequence[str]) -> Generator[int]:
    """A descriptor with options: they must not show in the command line, which is read inside."""
    descriptor = memory_file(b"".join(os.fsencode(word) + b"\0" for word in options))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _stdin(data: bytes | None) -> Generator[int]:
    # A file in memory, not a pipe: the command can reopen /dev/stdin, and nobody has to feed it.
    descriptor = os.open(os.devnull, os.O_RDONLY) if data is None else memory_file(data)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _keeper() -> KeeperLink:
    return keeper_link(_hello)


def _hello() -> Hello:
    home = box_home().path
    system = home / "system"
    again = system.exists()  # somebody killed our keeper
    if not again:
        write_system(system)
    python = extra_python()
    _raise_open_files()
    return Hello(
        name=f"clawgym-{home.name}",
        dead=tuple(f"clawgym-{name}" for name in (*dead_homes(), *[home.name] * again)),
        user=_user(),
        bwrap=_bwrap(),
        shared={"system": str(system), **({"python": str(python)} if python else {})},
        system_calls=_seccomp.program("box").hex(),
        python=inner_python(),
        path=":".join(inner_path()),
    )


def _owner_of(folder: Path) -> int | None:
    """Whom new files in a user's folder belong to: its owner, if we are root."""
    return folder.stat().st_uid if os.geteuid() == 0 else None


@cache
def _user() -> int | None:
    """The host's uid of boxes: one of its own for each root harness, else the harness's."""
    return _USERS[os.getpid() % len(_USERS)] if os.geteuid() == 0 else None


@cache
def refusal_here() -> Refusal | None:
    """Why bubblewrap cannot isolate on this machine; None if it can. Tried once per process."""
    if not _find_bwrap():
        return MISSING
    try:
        failure = _try_once()
    except SandboxError as error:
        failure = str(error)
    return diagnose(failure) if failure else None


def _try_once() -> str:
    """What goes wrong when a box is made; empty if nothing does. There may be no event loop."""
    spec = BoxSpec()
    with _arguments(_options(spec)) as arguments:
        channel = _keeper().open_box(_request("probe", spec, "tmpfs"), arguments)
    with channel:
        channel.settimeout(KILL_SECONDS)
        while True:
            told = wait_for_message(channel)
            if "ready" in told:
                return ""
            if "made" not in told:
                return str(told.get("failed") or told.get("stderr") or "bubblewrap said nothing")


def _raise_open_files() -> None:
    """Hundreds of boxes need more descriptors than a shell allows by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 1 << 20
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, 1 << 20), hard))


def _bwrap() -> str:
    program = _find_bwrap()
    if not program:
        raise SandboxUnsupportedError(str(MISSING))
    return program


@cache
def _find_bwrap() -> str | None:
    return shutil.which("bwrap") or shutil.which("bwrap", path=str(Path(sys.executable).parent))


_numbers = iter(range(1, sys.maxsize))
