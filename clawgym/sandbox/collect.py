"""Copy the regular files out of a workspace that an agent has left, believing nothing in it.

Only for sealed boxes: nothing may be running in them any more. Names are bytes until they prove
to be safe text; every entry is opened relative to its directory without following links; what is
no regular file within the caps is named in `skipped` with the reason, never dropped in silence.
"""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from clawgym.files import File, Files
from clawgym.paths import check_relative
from clawgym.sandbox._confined import OPEN_DIRECTORY, OPEN_FILE, open_root, readable_name
from clawgym.sandbox.protocol import Collected, Skipped


@dataclass(frozen=True)
class Caps:
    """The most that is copied; `entries` counts everything looked at, sizes are in bytes."""

    files: int = 20_000
    total_bytes: int = 512 * 1024**2
    file_bytes: int = 64 * 1024**2
    depth: int = 40
    entries: int = 200_000


_KINDS = {
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}


def collect(root: Path | int, caps: Caps | None = None) -> Collected:
    """The regular files below `root`, in path order within each directory, and what was skipped.

    `root` is a path or an open descriptor, which stays the caller's to close.

    Reasons: `symlink`, `fifo`, `socket`, `special` (a device), `name` (not a safe relative path in
    UTF-8), `depth`, `size`, `count`, `raced` (changed while it was looked at), or the name of an
    errno such as `EACCES`.
    """
    collection = _Collection(caps or Caps())
    collection.walk(root)
    return Collected(Files(collection.files), tuple(collection.skipped))


@dataclass
class _Folder:
    """A directory on the way down: one open descriptor each, never more than the depth cap."""

    descriptor: int
    prefix: str
    names: Iterator[str]


@dataclass
class _Collection:
    caps: Caps
    files: dict[str, File] = field(default_factory=dict[str, File])
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    bytes: int = 0
    entries: int = 0

    def walk(self, root: Path | int) -> None:
        stack = [self._open(open_root(root), "")]
        try:
            while stack:
                folder = stack[-1]
                name = next(folder.names, None)
                if name is None:
                    os.close(stack.pop().descriptor)
                elif deeper := self._take(folder, name, len(stack)):
                    stack.append(deeper)
        finally:
            for folder in stack:
                os.close(folder.descriptor)

    def _open(self, descriptor: int, prefix: str) -> _Folder:
        room = self.caps.entries - self.entries
        with os.scandir(descriptor) as entries:
            names = sorted(entry.name for entry in islice(entries, room + 1))
        if len(names) > room:
            self._skip(prefix or ".", "count")
            names = []
        self.entries += len(names)
        return _Folder(descriptor, prefix, iter(names))

    def _take(self, folder: _Folder, name: str, depth: int) -> _Folder | None:
        path = folder.prefix + name
        try:
            info = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                return self._descend(folder, name, depth)
            if reason := self._reason(path, info):
                self._skip(path, reason)
            else:
                self._copy(path, name, folder.descriptor)
        except OSError as error:
            self._skip(path, _errno_name(error))
        return None

    def _descend(self, folder: _Folder, name: str, depth: int) -> _Folder | None:
        path = folder.prefix + name
        if depth > self.caps.depth:
            self._skip(path, "depth")
            return None
        descriptor = os.open(name, OPEN_DIRECTORY, dir_fd=folder.descriptor)
        try:
            return self._open(descriptor, f"{path}/")
        except BaseException:
            os.close(descriptor)
            raise

    def _reason(self, path: str, info: os.stat_result) -> str | None:
        """Why a directory entry cannot be copied; None if it can."""
        if not stat.S_ISREG(info.st_mode):
            return _KINDS.get(stat.S_IFMT(info.st_mode), "special")
        if not _is_safe(path):
            return "name"
        if len(self.files) >= self.caps.files:
            return "count"
        room = min(self.caps.file_bytes, self.caps.total_bytes - self.bytes)
        return "size" if info.st_size > room else None

    def _copy(self, path: str, name: str, folder: int) -> None:
        descriptor = os.open(name, OPEN_FILE, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as stream:
            info = os.fstat(descriptor)
            if self._reason(path, info):
                self._skip(path, "raced")
                return
            data = stream.read(info.st_size + 1)
        if len(data) > info.st_size:
            self._skip(path, "raced")
            return
        self.files[path] = File(data, executable=bool(info.st_mode & 0o100))
        self.bytes += len(data)

    def _skip(self, path: str, reason: str) -> None:
        self.skipped.append(Skipped(readable_name(path), reason))


def _is_safe(path: str) -> bool:
    try:
        check_relative(path)
    except ValueError:  # a name that is no UTF-8 cannot be encoded, which is a ValueError too
        return False
    return True


def _errno_name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "error")
