"""The way down a tree of any depth, holding few of its directories open at a time.

Whoever filled the tree may be changing it right now: every step is taken from an open directory to
a name in it and follows no link, and a step up is taken only to the directory we came from.
"""

import errno
import os
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from clawgym.sandbox._confined import OPEN_DIRECTORY, OPEN_FILE, open_root

OPEN_LEVELS = 32
"""How many directories a trail holds open: far fewer than a process may have descriptors."""

Finish = Callable[[int], None]
"""What is still to be done to a directory when it is left, by its descriptor."""

_SHOWN_PARTS = 40


@dataclass
class _Level:
    name: str
    descriptor: int | None
    identity: tuple[int, int]
    finish: Finish | None = None


class Trail:
    """One position in a tree, moved by `enter` and `leave`; a context manager.

    With `rights` (`os.R_OK`, `os.W_OK` and `os.X_OK`) a directory of ours that denies them to us
    grants them while we are inside. `root` is the descriptor that was given: the caller's to close.
    """

    def __init__(self, root: int, *, rights: int = 0) -> None:
        self.root = root
        self._rights = rights
        relock = self._unlock(root)
        self._levels = [_Level("", open_root(root), _identity(os.fstat(root)), relock)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            while self._levels and self._levels[-1].descriptor is not None:
                self.leave()
        finally:
            for level in self._levels:
                if level.descriptor is not None:
                    os.close(level.descriptor)

    @property
    def here(self) -> int:
        """The descriptor of the directory that we are in."""
        descriptor = self._levels[-1].descriptor
        assert descriptor is not None  # only levels far above us are closed
        return descriptor

    @property
    def names(self) -> list[str]:
        """The names of the directories on the way here, from below the root."""
        return [level.name for level in self._levels[1:]]

    def enter(self, name: str, finish: Finish | None = None) -> os.stat_result:
        """Go down into a directory; return its status from before anything was done to it.

        Raises:
            OSError: it is no directory (any more), or it may not be opened.
        """
        descriptor, info = self._open(name)
        try:
            relock = self._unlock(descriptor, stat.S_IMODE(info.st_mode))
        except BaseException:
            os.close(descriptor)
            raise
        self._levels.append(_Level(name, descriptor, _identity(info), finish or relock))
        self._close_level_far_above()
        return info

    def leave(self) -> str:
        """Go up, out of the directory whose name is returned.

        Raises:
            OSError: ESTALE if somebody has moved a directory far down while we were in it.
        """
        left = self._levels.pop()
        descriptor = left.descriptor
        assert descriptor is not None
        try:
            if self._levels and self._levels[-1].descriptor is None:
                self._levels[-1].descriptor = _open_parent(descriptor, self._levels[-1].identity)
            if left.finish:
                left.finish(descriptor)
        finally:
            os.close(descriptor)
        return left.name

    def open_file(self, name: str) -> int:
        """A file here, opened for reading; whether it is a regular one is the caller's to see."""
        try:
            return os.open(name, OPEN_FILE, dir_fd=self.here)
        except PermissionError:
            if not self._rights:
                raise
        with _granted(name, self.here, os.R_OK) as (path, info):
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            os.fchmod(descriptor, stat.S_IMODE(info.st_mode))
            return descriptor

    def shown(self, name: str) -> str:
        """The path of a name here, for people: of a very long one, its end."""
        parts = [*(level.name for level in self._levels[-_SHOWN_PARTS:]), name]
        if len(self._levels) > _SHOWN_PARTS:
            parts[0] = "…"
        return "/".join(part for part in parts if part)

    def _open(self, name: str) -> tuple[int, os.stat_result]:
        try:
            descriptor = os.open(name, OPEN_DIRECTORY, dir_fd=self.here)
        except PermissionError:
            if not self._rights:
                raise
        else:
            return descriptor, os.fstat(descriptor)
        with _granted(name, self.here, self._rights) as (path, info):
            return os.open(path, os.O_RDONLY | os.O_DIRECTORY), info

    def _unlock(self, descriptor: int, mode: int | None = None) -> Finish | None:
        """Grant ourselves what we need; return what takes it back to `mode`, if anything."""
        if not self._rights:
            return None
        now = stat.S_IMODE(os.fstat(descriptor).st_mode)
        before = now if mode is None else mode
        needed = self._rights << 6
        if now & needed != needed and not _allowed(descriptor, self._rights):
            os.fchmod(descriptor, now | needed)
        elif now == before:
            return None
        return lambda left: os.fchmod(left, before)

    def _close_level_far_above(self) -> None:
        if len(self._levels) > OPEN_LEVELS:
            level = self._levels[-OPEN_LEVELS - 1]
            if level.descriptor is not None:
                os.close(level.descriptor)
                level.descriptor = None


def _open_parent(descriptor: int, identity: tuple[int, int]) -> int:
    parent = os.open("..", OPEN_DIRECTORY, dir_fd=descriptor)
    if _identity(os.fstat(parent)) != identity:
        os.close(parent)
        raise OSError(errno.ESTALE, "a directory was moved while it was being worked on")
    return parent


def _identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def _allowed(directory: int, rights: int) -> bool:
    return os.access(".", rights, dir_fd=directory, effective_ids=True)


@contextmanager
def _granted(name: str, folder: int, rights: int) -> Generator[tuple[str, os.stat_result]]:
    """A path to a file or directory of ours that now grants us `rights`, and what it was before.

    The path leads through a descriptor, the only way to change the mode of what was looked at and
    of nothing that has come into its place.
    """
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=folder)
    try:
        info = os.fstat(handle)
        if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), name)
        path = f"/proc/self/fd/{handle}"
        os.chmod(path, stat.S_IMODE(info.st_mode) | rights << 6)
        yield path, info
    finally:
        os.close(handle)
