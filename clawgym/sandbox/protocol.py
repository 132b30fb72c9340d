"""What a sandbox is: a workspace of files, and a way to run commands on it that cannot leave it.

A time-out, a full output buffer or a failing command is data in `ExecResult`. Exceptions mean that
the sandbox itself is broken or was asked for something it cannot do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from clawgym.files import Files

WORKSPACE = "workspace"
"""The name of the mount that holds the agent's files; the others are read-only."""


class Capability(StrEnum):
    """What a backend really enforces or offers. A task that needs what is missing is refused."""

    FILESYSTEM = "filesystem"
    """Host files are invisible but for the mounts and a read-only system."""
    PROCESSES = "processes"
    """Processes outside the box can be neither seen nor signalled."""
    NETWORK = "network"
    """There is no network, not even the host's loopback."""
    ALLOWLIST = "allowlist"
    """Named hosts can be reached through a filtering proxy, and no others."""
    IPC = "ipc"
    """Shared memory, abstract sockets and message queues are the box's own."""
    ENVIRONMENT = "environment"
    """Nothing of the harness's environment can be read inside."""
    KILL_TREE = "kill_tree"
    """Whatever a command started can be killed for certain."""
    SYSCALLS = "syscalls"
    """A seccomp filter denies the system calls that no task needs."""
    MEMORY = "memory"
    """Memory is limited for the box as a whole, and running out of it is reported."""
    PIDS = "pids"
    """The number of processes is limited."""
    CPU = "cpu"
    """The share of the machine's CPUs is limited."""
    DISK = "disk"
    """Bytes and files of the workspace are limited."""
    BACKGROUND = "background"
    """What a command leaves in the background goes on; elsewhere it dies with the command."""
    OVERLAY = "overlay"
    """A large workspace is shared with its base and not copied."""


@dataclass(frozen=True)
class Limits:
    """What a box, or one command in it, may use.

    Per command: `wall_seconds` (the default for `exec`), `cpu_seconds` and `file_bytes` of each
    process, `output_bytes` of stdout and of stderr. Per box: `memory_bytes`, `processes`, `cpus`,
    the workspace's `workspace_bytes` and `workspace_files`, `tmp_bytes` of each temporary
    directory. Which of them a backend enforces, its capabilities say.
    """

    wall_seconds: float = 60.0
    cpu_seconds: int = 600
    output_bytes: int = 64 * 1024
    file_bytes: int = 2 * 1024**3
    open_files: int = 1024
    memory_bytes: int = 768 * 1024**2
    processes: int = 128
    cpus: float | None = None
    workspace_bytes: int = 256 * 1024**2
    workspace_files: int = 100_000
    tmp_bytes: int = 64 * 1024**2


@dataclass(frozen=True)
class ExecResult:
    """The outcome of one command.

    `exit_code` is None exactly when the command ran out of time. `stdout` and `stderr` keep the
    first and last half of the byte limit; `stdout_bytes` and `stderr_bytes` count all of it.
    `oom_killed` says that something in the box was killed while it ran, for want of memory.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    stdout_bytes: int
    stderr_bytes: int
    timed_out: bool
    seconds: float
    oom_killed: bool = False

    @property
    def truncated(self) -> bool:
        """Whether output was dropped."""
        return self.stdout_bytes > len(self.stdout) or self.stderr_bytes > len(self.stderr)


@dataclass(frozen=True)
class Skipped:
    """One entry that `collect` left out, and why (`symlink`, `fifo`, `size`, …)."""

    path: str
    reason: str


@dataclass(frozen=True)
class Collected:
    """The regular files of a sealed workspace."""

    files: Files
    skipped: tuple[Skipped, ...] = ()


class Snapshot(Protocol):
    """A workspace as it once was, on the host."""

    async def discard(self) -> None:
        """Remove it. Closing the box does so as well."""
        ...


class Sandbox(Protocol):
    """One box. Commands see each mount at `place(name)`; the workspace alone may be written."""

    async def exec(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float | None = None,
    ) -> ExecResult:
        """Run one command to its end.

        What it leaves in the background goes on where the backend can (`Capability.BACKGROUND`),
        until the box is sealed or a command runs out of time: then everything inside is killed.
        After a time-out the box can be used again.
        `cwd` is a path as seen inside (default: the workspace). `env` is added to a clean
        environment. As in a shell, exit code 126 means that the directory or the arguments are
        unusable, 127 that there is no such program, 128 + n that signal n ended it.

        Raises:
            UsageError: there is no program in `argv`, or a name in `env` no shell could carry.
            SandboxError: the box is sealed, or the command could not be started at all for a reason
                that is not the command's own.
        """
        ...

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
        """Run `python3 -I -S -B script args…`, as `exec` would.

        A backend may do so in a copy of an interpreter that is there already, in milliseconds. What
        the script can see of that: the hash seed is the copy's origin's, `/proc/self/environ` and
        `cmdline` are, and a module that it imports may be loaded already.

        Raises:
            UsageError, SandboxError: as `exec`.
        """
        ...

    def place(self, name: str) -> str:
        """Where the mount of that name stands, as a command inside sees it."""
        ...

    async def read(self, path: str) -> bytes:
        """The bytes of a regular file in the workspace, by a path relative to it.

        Raises:
            OSError: as `open` would, ELOOP for links, EINVAL for paths that are not plainly inside
                and for what is no regular file, EFBIG over 64 MiB.
        """
        ...

    async def write(self, path: str, data: bytes) -> None:
        """Create or replace a file in the workspace, making parent directories.

        Raises:
            OSError: as `read`, and EROFS when the workspace is read-only.
        """
        ...

    async def list(self, path: str = "") -> list[str]:
        """The sorted names in a workspace directory; directories end in `/`."""
        ...

    async def snapshot(self) -> "Snapshot":
        """Keep the workspace as it is, links and modes included; for `restore`."""
        ...

    async def restore(self, snapshot: "Snapshot") -> None:
        """Put the workspace back, exactly, to what it was. Kills what runs inside first."""
        ...

    async def seal(self) -> None:
        """Kill everything inside. The files stay; `exec` and `write` raise from now on."""
        ...

    async def collect(self) -> Collected:
        """Copy the regular files out of a sealed box, following nothing.

        Raises:
            SandboxError: the box is not sealed yet.
        """
        ...

    async def close(self) -> None:
        """Destroy the box and its files. Closing twice is fine."""
        ...


@dataclass(frozen=True)
class BoxSpec:
    """What to put into a new box.

    `files` fills the workspace. `mounts` maps a name to a host directory that appears read-only
    (`skills`, `tests`, `solution`); names in `writable` are host directories the box may write to
    and that the host reads afterwards, such as the verifier's log directory.

    `workspace_dir` makes a host directory itself the workspace instead of a private one: what the
    box writes is written there, and closing the box leaves it alone. `base` is a host directory
    that the workspace starts as a private copy of, shared copy-on-write where that is possible.
    At most one of `files`, `workspace_dir` and `base` may be given.

    `allowed_hosts` opens the network to these hosts alone: `name`, `*.suffix` or an IP address,
    each with an optional `:port`. `requires` names capabilities without which the box must not be
    made.
    """

    files: Files = field(default_factory=Files)
    mounts: Mapping[str, Path] = field(default_factory=dict[str, Path])
    writable: Mapping[str, Path] = field(default_factory=dict[str, Path])
    workspace_read_only: bool = False
    limits: Limits = Limits()
    workspace_dir: Path | None = None
    base: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    requires: frozenset[Capability] = frozenset()


class Backend(Protocol):
    """A way to make boxes. `capabilities` names what it really enforces."""

    @property
    def name(self) -> str:
        """The backend's name as the user types it."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this backend enforces on this machine, for this user."""
        ...

    async def create(self, spec: BoxSpec) -> Sandbox:
        """Make a box.

        Raises:
            UsageError: a mount has a name that is taken by the system.
            SandboxUnsupportedError: the spec requires what this backend lacks.
            SandboxError: this machine cannot, with the reason and the fix.
        """
        ...
