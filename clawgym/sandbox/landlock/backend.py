"""A weaker backend for where namespaces are refused, as they are inside most containers.

Landlock closes the host's files, a seccomp filter closes every socket, and a warden outside each
box (`landlock.warden`) kills all that was ever started in it. That needs no privilege; under
root, boxes become users of their own. What it cannot do, and what the capabilities leave out:

- Names, sizes, owners and link targets of host files can be looked up (stat, readlink), and as an
  ordinary user the box may change the modes and times of that user's own files. Their content can
  neither be read nor written. The host's name can be asked for.
- The host's name shows, for want of a namespace of its own.
- That other processes exist can be found out, by their ids alone. Signals to them are refused since
  Linux 6.12; before, they reach the same user's processes, so under an ordinary user the harness.
- Memory is limited for each process, not for the box; CPU share and disk are not limited at all.
- Places are the host's own: mounts are links below the box's directory (under root, copies), and
  `/tmp` is closed (`$TMPDIR` is open). Neither sockets (not even loopback ones), shared memory,
  terminals nor `/proc/<pid>` can be used: `multiprocessing` pools, local servers and debuggers do
  not work.

Under root, what the box may write belongs to its user meanwhile and is given back when it closes;
should the harness be killed, `chown` is left to do in a `workspace_dir` or writable mount. If one
of those is below a directory that lets nobody through, as `/root` is, the box keeps one capability,
to pass through directories.
"""

import asyncio
import errno
import json
import os
import resource
import struct
from asyncio import Future
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from clawgym.errors import SandboxError, SandboxUnsupportedError, UsageError
from clawgym.sandbox import _seccomp
from clawgym.sandbox._box import DirectoryBox, check_spec, make_box
from clawgym.sandbox._confined import Confined
from clawgym.sandbox._diagnosis import TRUSTED, Refusal
from clawgym.sandbox._home import box_home
from clawgym.sandbox._launch import Command, clean_environment, extra_python
from clawgym.sandbox._pipes import OutputPipes
from clawgym.sandbox._process import KILL_SECONDS, End, Outcome, memory_file
from clawgym.sandbox.landlock.link import Answer, WardenLink
from clawgym.sandbox.landlock.owner import (
    Loan,
    copy_for,
    is_reachable,
    lease_user,
    lend,
    open_passage,
    take_back,
)
from clawgym.sandbox.landlock.rules import device_paths, system_paths
from clawgym.sandbox.landlock.warden.kernel import OLDEST_ABI, SCOPE_ABI, landlock_abi
from clawgym.sandbox.landlock.warden.plan import KILL, RUN, Plan, Request
from clawgym.sandbox.protocol import WORKSPACE, BoxSpec, Capability, Limits

_NEWEST_ABI = 7
_TMP = "tmp"
_ALWAYS = frozenset(
    {
        Capability.FILESYSTEM,
        Capability.NETWORK,
        Capability.ENVIRONMENT,
        Capability.SYSCALLS,
        Capability.BACKGROUND,
    }
)
_ROOT = 0
_NEEDED_BY_ROOT = {"CHOWN": 0, "DAC_OVERRIDE": 1, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8}
"""Capabilities to become another user and to care for its files; Docker grants them all."""

_BOMB_PROCESSES = 4096
"""What an ordinary user's box may add to the processes that this user has already. The kernel
counts them all together, so `Limits.processes` itself would strike at the wrong ones."""

WEAKER = (
    "weaker than namespaces: names and sizes of host files and the existence of processes can be "
    "found out, memory is limited for each process only, disk and CPU share are not; no sockets, "
    "no /tmp, no shared memory inside"
)
"""What to know of this backend where it works, in one sentence."""


class LandlockBackend:
    """Boxes made of Landlock, seccomp and a process that watches over them.

    Raises:
        SandboxUnsupportedError: this kernel or container has no Landlock, with the fix.
    """

    name = "landlock"

    def __init__(self, abi: int | None = None) -> None:
        """Use no more than version `abi` of Landlock's interface; None: the newest there is."""
        if refusal := landlock_refusal():
            raise SandboxUnsupportedError(str(refusal))
        self._abi = min(landlock_abi(), _NEWEST_ABI, _NEWEST_ABI if abi is None else abi)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What is enforced with this kernel, for this user."""
        root = os.geteuid() == _ROOT
        pids = {Capability.PIDS} if root else set[Capability]()
        # Where signals reach outside, a box could stop what is there to kill it
        kill = {Capability.KILL_TREE} if root or self._abi >= SCOPE_ABI else set[Capability]()
        return _ALWAYS | pids | kill

    async def create(self, spec: BoxSpec) -> "LandlockBox":
        """Make a box. See `Backend.create`."""
        check_spec(spec, self.name, self.capabilities)
        for name in (*spec.mounts, *spec.writable):
            if name in {WORKSPACE, _TMP} or "/" in name or name.startswith("."):
                raise UsageError(f"a box cannot have a mount named {name!r}; choose another name")
        box = await make_box(spec, partial(LandlockBox, abi=self._abi))
        try:
            await asyncio.to_thread(box.lend)
        except BaseException:
            await box.close()
            raise
        return box


class LandlockBox(DirectoryBox):
    """A directory with the workspace, a `tmp` and a link to each mount; and its warden."""

    def __init__(self, spec: BoxSpec, directory: Path, *, abi: int) -> None:
        super().__init__(spec, directory)
        self._names = (WORKSPACE, *spec.mounts, *spec.writable)
        self._tmp = directory / _TMP
        self._tmp.mkdir()
        self._loans: list[Loan] = []
        self._lease = lease_user() if os.geteuid() == _ROOT else None
        if self._lease:
            self.owner = self._lease.user
            self._files = Confined(self.workspace, self.owner)
            open_passage(directory, box_home().path.parents[2])
        for name, source in spec.mounts.items():
            if self._lease:
                copy_for(self._lease.user, source, directory / name)
            else:
                (directory / name).symlink_to(source.resolve())
        for name, source in spec.writable.items():
            (directory / name).symlink_to(source.resolve())
        self._warden = WardenLink(self._plan(abi))

    def place(self, name: str) -> str:
        """Where a mount stands: below the box's own directory on the host."""
        if name not in self._names:
            raise UsageError(f"this box has no mount named {name!r}")
        return str(self.workspace if name == WORKSPACE else self.directory / name)

    def lend(self) -> None:
        """Under root, let the box's user own what the box may write.

        Raises:
            SandboxError: an owner cannot be changed.
        """
        if not self._lease:
            return
        own = [] if self.spec.workspace_dir else [self.directory / WORKSPACE]
        for path in {*self._writable(), *own, self._tmp}:
            try:
                self._loans.append(lend(path, self._lease.user))
            except OSError as error:
                raise SandboxError(f"cannot change owners below {path}: {error}") from error

    async def run(self, command: Command, stop: Future[None]) -> Outcome:
        """Run one command inside."""
        if not self._warden.alive:
            raise SandboxError("the box is dead: its warden was killed from outside")
        with (
            OutputPipes(self.spec.limits.output_bytes) as pipes,
            _request(self._request(command)) as request,
            _stdin(command.stdin) as stdin,
            Answer() as ended,
        ):
            await self._warden.tell(RUN, [request, stdin, *pipes.give_away(), ended.theirs])
            ended.close_theirs()
            return await self._until_the_end(command, stop, ended.given, pipes)

    async def kill_all(self) -> None:
        """Kill everything inside; the box can be used again."""
        if not self._warden.alive:
            return
        with Answer() as killed:
            await self._warden.tell(KILL, [killed.theirs])
            killed.close_theirs()
            await asyncio.wait({killed.given}, timeout=KILL_SECONDS)
            if not killed.given.done():
                raise SandboxError(
                    f"a box is still there {KILL_SECONDS:g} s after SIGKILL; "
                    "look for a hanging disk or network mount"
                )

    async def end(self) -> None:
        """Kill everything inside, and the warden goes as well."""
        await self._warden.end()

    async def dispose(self) -> None:
        """Take back what was lent of the host's directories, and remove the box's own."""
        try:
            if self._lease:
                await asyncio.to_thread(self._take_back, self._lease.user)
                self._lease.lock.close()
                self._lease = None
        finally:
            await super().dispose()

    async def _until_the_end(
        self, command: Command, stop: Future[None], ended: "Future[bytes]", pipes: OutputPipes
    ) -> Outcome:
        await asyncio.wait(
            {ended, stop}, timeout=command.timeout, return_when=asyncio.FIRST_COMPLETED
        )
        end = End.EXITED if ended.done() else End.STOPPED if stop.done() else End.TIMED_OUT
        seconds = pipes.seconds
        if not ended.done():
            await self.kill_all()
            await asyncio.wait({ended}, timeout=KILL_SECONDS)
        await pipes.drain()
        return Outcome(end, _exit_code(ended.result()), pipes.stdout, pipes.stderr, seconds)

    def _request(self, command: Command) -> Request:
        env = clean_environment(
            {name: self.place(name) for name in self._names},
            home="/nonexistent" if self.spec.workspace_read_only else self.place(WORKSPACE),
            extra={"TMPDIR": str(self._tmp), **command.env},
        )
        return Request(list(command.argv), env, command.cwd)

    def _plan(self, abi: int) -> Plan:
        read = [self.directory / name for name in self.spec.mounts]
        places = [*read, *self._writable(), *filter(None, [extra_python()])]
        if self.spec.workspace_read_only:
            read.append(Path(self.place(WORKSPACE)))
            places.append(read[-1] / "what is in it")
        return Plan(
            abi=abi,
            read=[*system_paths(), *map(str, read)],
            write=[*map(str, self._writable()), str(self._tmp)],
            devices=device_paths(),
            user=self._lease.user if self._lease else None,
            pass_directories=not all(map(is_reachable, places)),
            system_calls=_seccomp.program("shared").hex(),
            limits=_limits(self.spec.limits),
        )

    def _writable(self) -> list[Path]:
        workspace = [] if self.spec.workspace_read_only else [Path(self.place(WORKSPACE))]
        return [*workspace, *(source.resolve() for source in self.spec.writable.values())]

    def _take_back(self, user: int) -> None:
        for loan in self._loans:
            project = loan.directory == self.workspace
            try:
                if not loan.directory.is_relative_to(self.directory):
                    take_back(loan, user, with_what_is_new=project)
            except OSError as error:
                raise SandboxError(
                    f"cannot change owners below {loan.directory}: {error}"
                ) from error


def _exit_code(report: bytes) -> int:
    """Negative for a signal; without a report, the runner was killed and with it the command."""
    return struct.unpack("i", report)[0] if report else -9


@contextmanager
def _request(request: Request) -> Generator[int]:
    descriptor = memory_file(json.dumps(request._asdict()).encode())
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


def _limits(limits: Limits) -> list[tuple[int, int]]:
    root = os.geteuid() == _ROOT
    processes = limits.processes + 1 if root else _running_processes() + _BOMB_PROCESSES
    return [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_NPROC, processes),
    ]


def _running_processes() -> int:
    """How many processes and threads this machine runs; the user's own are among them."""
    return int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[2])


@cache
def landlock_refusal() -> Refusal | None:
    """Why Landlock cannot isolate on this machine; None if it can. Tried once per process."""
    if not _seccomp.is_supported():
        machines = " and ".join(_seccomp.MACHINES)
        return Refusal(f"the system call filter knows {machines} only", f"use docker {TRUSTED}")
    if os.geteuid() == _ROOT and (missing := _missing_capabilities()):
        return Refusal(
            f"root lacks the capabilities {', '.join(missing)}, to run boxes as other users",
            f"run as an ordinary user, or grant them (docker run --cap-add …) {TRUSTED}",
        )
    try:
        abi = landlock_abi()
    except OSError as error:
        return _without_landlock(error)
    if abi < OLDEST_ABI:
        return Refusal(
            f"this kernel's Landlock (version {abi}) lets files be truncated that are out of reach",
            f"use Linux 6.2 or newer {TRUSTED}",
        )
    return _try_once(abi)


def _without_landlock(error: OSError) -> Refusal:
    if error.errno == errno.EOPNOTSUPP:
        fix = "add `landlock` to the kernel's boot parameter `lsm=`"
        return Refusal("Landlock is switched off in this kernel", f"{fix} {TRUSTED}")
    if error.errno == errno.ENOSYS:
        return Refusal("this kernel has no Landlock", f"use Linux 6.2 or newer {TRUSTED}")
    return Refusal(
        f"Landlock cannot be used: {error.strerror}",
        f"allow its system calls (444 to 446) in the container's seccomp profile {TRUSTED}",
    )


def _try_once(abi: int) -> Refusal | None:
    plan = Plan(
        abi=min(abi, _NEWEST_ABI),
        read=system_paths(),
        write=[],
        devices=device_paths(),
        user=None,
        pass_directories=False,
        system_calls=_seccomp.program("shared").hex(),
        limits=[],
    )
    try:
        WardenLink(plan).abandon()
    except SandboxError as error:
        return Refusal(str(error), TRUSTED)
    return None


def _missing_capabilities() -> list[str]:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    held = int(status.partition("CapEff:")[2].split(maxsplit=1)[0], 16)
    return [name for name, number in _NEEDED_BY_ROOT.items() if not held >> number & 1]
