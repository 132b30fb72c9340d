"""What a sandbox is: a workspace of files, and a way to run commands on it that cannot leave it.

A time-out, a full output buffer or a failing command is data in `ExecResult`. Exceptions mean that
the sandbox itself is broken or was asked for something it cannot do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from clawgym.files import Files

WORKSPACE = "workspace"
"""The name of the mount that holds the agent's files; the others are read-only."""


@dataclass(frozen=True)
class Limits:
    """What one command may use.

    `wall_seconds` is the default for `exec`; `output_bytes` bounds stdout and stderr each.
    """

    wall_seconds: float = 60.0
    output_bytes: int = 64 * 1024
    file_bytes: int = 2 * 1024**3
    open_files: int = 1024
    processes: int = 256


@dataclass(frozen=True)
class ExecResult:
    """The outcome of one command.

    `exit_code` is None exactly when the command ran out of time. `stdout` and `stderr` keep the
    first and last half of the byte limit; `stdout_bytes` and `stderr_bytes` count all of it.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    stdout_bytes: int
    stderr_bytes: int
    timed_out: bool
    seconds: float

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
        """Run one command to its end; whatever it leaves running is killed with it.

        `cwd` is a path as seen inside (default: the workspace). `env` is added to a clean
        environment. As in a shell, exit code 126 means that the directory or the arguments are
        unusable, 127 that there is no such program, 128 + n that signal n ended it.

        Raises:
            UsageError: there is no program in `argv`, or a name in `env` no shell could carry.
            SandboxError: the box is sealed, or the command could not be started at all for a reason
                that is not the command's own.
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
    box writes is written there, and closing the box leaves it alone. `files` must then be empty.
    """

    files: Files = field(default_factory=Files)
    mounts: Mapping[str, Path] = field(default_factory=dict[str, Path])
    writable: Mapping[str, Path] = field(default_factory=dict[str, Path])
    workspace_read_only: bool = False
    limits: Limits = Limits()
    workspace_dir: Path | None = None


class Backend(Protocol):
    """A way to make boxes. `capabilities` names what it really enforces."""

    @property
    def name(self) -> str:
        """The backend's name as the user types it."""
        ...

    @property
    def capabilities(self) -> frozenset[str]:
        """Names such as `filesystem`, `network`, `processes`, `kill_tree`, `ipc`."""
        ...

    async def create(self, spec: BoxSpec) -> Sandbox:
        """Make a box.

        Raises:
            UsageError: a mount has a name that is taken by the system.
            SandboxError: this machine cannot, with the reason and the fix.
        """
        ...
