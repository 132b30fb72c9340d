"""What lies in a workspace: names, kinds, modes and the digests of contents.

What an earlier scan has read is not read again as long as inode, size and both time stamps are the
same and were older than two seconds then (a file may change twice within one tick of the kernel's
clock). The trees are believed to be hostile: every step goes from an open directory to a name in
it, and no link is followed.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_SETTLED = 2_000_000_000
"""Nanoseconds after which a time stamp says for certain that a file is the same."""


class Entry(BaseModel):
    """One name below the workspace. `content` is a digest, or where a link leads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["file", "directory", "link"]
    mode: int
    content: str = ""
    mtime: int = 0
    stamp: tuple[int, ...] = ()


def same(one: Entry | None, other: Entry | None) -> bool:
    """Whether two entries stand for the same thing; times do not count."""
    if one is None or other is None:
        return one is other
    return (one.kind, one.mode, one.content) == (other.kind, other.mode, other.content)


class Scan(BaseModel):
    """A workspace at the time `taken` (nanoseconds since 1970).

    `left_out` are paths that nothing is known of; below those that end in `/`, nothing is known.
    """

    model_config = ConfigDict(extra="forbid")

    schema_version: int = 2
    taken: int
    workspace: str
    entries: dict[str, Entry]
    left_out: frozenset[str] = frozenset()

    def knows(self, path: str) -> bool:
        """Whether it says what is at a path, or that nothing is."""
        if not self.left_out:
            return True
        parts = path.split("/")
        above = ("/".join(parts[:count]) for count in range(1, len(parts)))
        return path not in self.left_out and not any(
            {place, f"{place}/"} & self.left_out for place in above
        )


class Unread(NamedTuple):
    """A file that has to be read."""

    path: str
    entry: Entry
    size: int


@dataclass
class Walk:
    """One walk through a workspace that opens no file.

    Args:
        workspace: the folder.
        known: an earlier scan of it.
        ours: paths in it that are our own and no part of it, with what stands below and beside
            them: the `x.sqlite` of a journal means `x.sqlite-wal` as well.
    """

    workspace: Path
    known: Scan | None = None
    ours: tuple[str, ...] = ()
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    unread: list[Unread] = field(default_factory=list[Unread])
    left_out: set[str] = field(default_factory=set[str])
    bytes: int = 0

    def run(self) -> None:
        """Find everything. FIFOs, sockets and devices are left out, and what may not be read.

        Raises:
            OSError: the folder cannot be read.
        """
        base = os.fspath(self.workspace)
        os.stat(base)  # os.fwalk is silent where it is missing
        visited: set[str] = set()
        for folder, directories, names, descriptor in os.fwalk(base, follow_symlinks=False):
            inside = "" if folder == base else f"{os.path.relpath(folder, base)}/"
            visited.add(_readable(inside))
            for name in sorted([*directories, *names]):
                if self._is_ours(f"{inside}{name}"):
                    self.left_out |= {f"{inside}{name}", f"{inside}{name}/"}
                else:
                    self._note(f"{inside}{name}", name, descriptor)
            directories[:] = [d for d in directories if not self._is_ours(f"{inside}{d}")]
        for path, entry in self.entries.items():
            if entry.kind == "directory" and f"{path}/" not in visited:
                self.left_out.add(f"{path}/")

    def _is_ours(self, path: str) -> bool:
        return any(path == place or path.startswith(f"{place}-") for place in self.ours)

    def _note(self, path: str, name: str, folder: int) -> None:
        try:
            path.encode()  # names that are no UTF-8 cannot be listed
            entry = self._entry(path, name, folder)
        except (PermissionError, FileNotFoundError, UnicodeError):
            entry = None
        if entry is None:
            self.left_out.add(_readable(path))
        else:
            self.entries[path] = entry

    def _entry(self, path: str, name: str, folder: int) -> Entry | None:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        mode = stat.S_IMODE(info.st_mode)
        if stat.S_ISDIR(info.st_mode):
            return Entry(kind="directory", mode=mode)
        if stat.S_ISLNK(info.st_mode):
            target = os.readlink(name, dir_fd=folder)
            target.encode()
            return Entry(kind="link", mode=0, content=target)
        if not stat.S_ISREG(info.st_mode):
            return None
        self.bytes += info.st_size
        return self._file(path, info)

    def _file(self, path: str, info: os.stat_result) -> Entry:
        stamp = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
        mode = stat.S_IMODE(info.st_mode)
        known = self.known.entries.get(path) if self.known else None
        since = self.known.taken if self.known else 0
        settled = max(info.st_mtime_ns, info.st_ctime_ns) < since - _SETTLED
        content = known.content if known and known.stamp == stamp and settled else ""
        entry = Entry(kind="file", mode=mode, content=content, mtime=info.st_mtime_ns, stamp=stamp)
        if not content:
            self.unread.append(Unread(path, entry, info.st_size))
        return entry

    def read(self, reader: Callable[[int], str]) -> None:
        """Have each unread file read by a function from an open file to its content's digest."""
        with opened(self.workspace) as root:
            for path, entry, _ in self.unread:
                try:
                    with parent_of(root, path) as (folder, name), _file(folder, name) as source:
                        content = reader(source)
                except (PermissionError, FileNotFoundError):
                    del self.entries[path]
                    self.left_out.add(path)
                else:
                    self.entries[path] = entry.model_copy(update={"content": content})

    def scan(self, taken: int) -> Scan:
        """What was found."""
        place = str(self.workspace.resolve())
        return Scan(
            taken=taken, workspace=place, entries=self.entries, left_out=frozenset(self.left_out)
        )


def differences(
    one: Scan, other: Scan, paths: Mapping[str, object] | None = None
) -> dict[str, tuple[Entry | None, Entry | None]]:
    """What both know of and is not the same in them."""
    found: dict[str, tuple[Entry | None, Entry | None]] = {}
    for path in paths if paths is not None else one.entries | other.entries:
        pair = one.entries.get(path), other.entries.get(path)
        if not same(*pair) and one.knows(path) and other.knows(path):
            found[path] = pair
    return found


def digest(source: int) -> str:
    """The digest of an open file, which it leaves open."""
    with os.fdopen(source, "rb", closefd=False) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def opened(directory: Path) -> Generator[int]:
    """An open directory."""
    descriptor = os.open(directory, _DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def parent_of(root: int, path: str) -> Generator[tuple[int, str]]:
    """The open directory that a path below an open directory lies in, and its name there."""
    *above, name = path.split("/")
    descriptor = os.dup(root)
    try:
        for part in above:
            deeper = os.open(part, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = deeper
        yield descriptor, name
    finally:
        os.close(descriptor)


@contextmanager
def _file(folder: int, name: str) -> Generator[int]:
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _readable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()
