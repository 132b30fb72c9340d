"""A workspace as it once was, kept as a copy in the home of this process's boxes.

A restore empties the workspace and copies everything back. Leaving alone what seems not to have
changed (same inode, size, mtime and ctime) would be faster and wrong: a program that had mapped a
file into its memory before the snapshot can go on to write to it without a new time stamp, on
tmpfs always, and time stamps of two changes within one tick of the kernel's clock are the same.
"""

import asyncio
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from clawgym.errors import SandboxError
from clawgym.sandbox._home import box_home, remove_tree
from clawgym.sandbox._trees import TreeStats, clear_tree, copy_tree


@dataclass(frozen=True)
class TreeSnapshot:
    """A copy of a workspace. `stats` says what it holds and what could not be kept."""

    path: Path
    mode: int
    mtime_ns: int
    stats: TreeStats

    @classmethod
    def take(cls, workspace: int, *, place: Path | None = None) -> Self:
        """Copy what is below an open directory into a new one in `place` (default: the box home).

        Blocks; nothing stays on disk if it fails. FIFOs, sockets and devices are left out.

        Raises:
            SandboxError: there is no room for it, or deep directories were moved meanwhile.
        """
        path = Path(tempfile.mkdtemp(prefix="snapshot-", dir=place or box_home().path))
        try:
            with _explained("cannot take a snapshot of the workspace"), _opened(path) as copy:
                info = os.fstat(workspace)
                stats = copy_tree(workspace, copy, owner=None, unlock=True)
        except BaseException:
            remove_tree(path)
            raise
        return cls(path, stat.S_IMODE(info.st_mode), info.st_mtime_ns, stats)

    def restore(self, workspace: int, *, owner: int | None) -> None:
        """Make an open directory hold exactly what it held, belonging to `owner` (None: us).

        Blocks. Nobody else may be writing to the directory. After a failure it holds part of it.

        Raises:
            SandboxError: the snapshot was discarded, or the workspace cannot be emptied or filled.
        """
        with _explained("cannot restore the workspace"), _opened(self.path) as copy:
            clear_tree(workspace)
            copy_tree(copy, workspace, owner=owner, unlock=True)
            os.fchmod(workspace, self.mode)
            os.utime(workspace, ns=(self.mtime_ns, self.mtime_ns))

    async def discard(self) -> None:
        """Remove the copy; a second call does nothing."""
        await asyncio.to_thread(self._remove)

    def _remove(self) -> None:
        if self.path.exists():
            with _explained("cannot remove a snapshot"), _opened(self.path) as copy:
                clear_tree(copy)
            self.path.rmdir()


@contextmanager
def _opened(directory: Path) -> Generator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _explained(failure: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise SandboxError(f"{failure}: {error}; is there room on the disk?") from error
