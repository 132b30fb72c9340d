"""Where boxes live on the host, and how those of dead processes go away.

Every process has one home directory below `<temp>/clawgym-<uid>/boxes` and holds a lock on it for
as long as it lives. The kernel drops the lock however the process ends, so a home that can be
locked belongs to nobody: no process id has to be trusted.
"""

import atexit
import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from clawgym.errors import SandboxError


class BoxHome:
    """The boxes of one process."""

    def __init__(self) -> None:
        root = _root()
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root))
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            if _lock(self._lock) and self.path.exists():
                break
            os.close(self._lock)  # a collector was faster: it saw the home before the lock
        self._owner = os.getpid()
        atexit.register(self._remove)

    def new_box(self) -> Path:
        """A new empty directory that only this user can enter."""
        return Path(tempfile.mkdtemp(prefix="box-", dir=self.path))

    def _remove(self) -> None:
        if os.getpid() == self._owner:
            remove_tree(self.path)


def box_home() -> BoxHome:
    """The home of this process, made on first use; a forked child gets its own.

    Raises:
        SandboxError: there is no private directory to be had below the temporary directory.
    """
    return _home_of(os.getpid())


@contextmanager
def scratch_directory() -> Generator[Path]:
    """A private directory for what goes into a box; collected like a box if this process dies.

    Raises:
        SandboxError: as `box_home`.
    """
    directory = Path(tempfile.mkdtemp(prefix="scratch-", dir=box_home().path))
    try:
        yield directory
    finally:
        remove_tree(directory)


def collect_garbage() -> int:
    """Remove what processes that no longer live left behind; return how many homes there were."""
    return sum(_remove_if_dead(home) for home in _root().iterdir())


def dead_homes() -> list[str]:
    """The names of homes whose processes no longer live, before they are collected."""
    return [home.name for home in _root().iterdir() if _is_dead(home)]


def remove_tree(path: Path) -> None:
    """Remove a directory whatever its permissions and depth; one that is gone is fine.

    Raises:
        SandboxError: something in it cannot be removed.
    """
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):  # locked directories, or a tree deeper than Python's stack
        _remove_with_force(path)


def _remove_with_force(path: Path) -> None:
    subprocess.run(["chmod", "-R", "u+rwX", "--", path], capture_output=True, check=False)
    removed = subprocess.run(["rm", "-rf", "--", path], capture_output=True, check=False, text=True)
    if removed.returncode:
        raise SandboxError(f"cannot remove the box {path}: {removed.stderr.strip()[:500]}")


@cache
def _home_of(pid: int) -> BoxHome:
    return BoxHome()


def _root() -> Path:
    base = Path(tempfile.gettempdir(), f"clawgym-{os.getuid()}")
    try:
        base.mkdir(mode=0o700, exist_ok=True)
        info = base.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o066:
            raise SandboxError(f"{base} is not private to this user; remove it or set TMPDIR")
        (base / "boxes").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SandboxError(
            f"cannot make {base} for sandboxes: {error.strerror}; set TMPDIR to a directory "
            "that you may write to"
        ) from error
    return base / "boxes"


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_dead(home: Path) -> bool:
    try:
        descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        return _lock(descriptor)
    finally:
        os.close(descriptor)


def _remove_if_dead(home: Path) -> bool:
    try:
        descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False  # its owner or another collector was faster
    try:
        if not _lock(descriptor):
            return False
        remove_tree(home)
        return True
    finally:
        os.close(descriptor)
