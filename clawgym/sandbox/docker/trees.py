"""Whole trees inside the container: walk them, copy them out and in, remove them.

Sent into the container, as `files`, and under the same rules.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from clawgym.sandbox.docker.files import (
    NEW_FILE,
    OPEN_DIRECTORY,
    OPEN_FILE,
    descend,
    errno_name,
    pieces,
    write_all,
)
from clawgym.sandbox.docker.wire import (
    DIRECTORY,
    FIFO,
    FILE,
    LEFT_OUT,
    LINK,
    NO_TIME,
    SOCKET,
    SPECIAL,
    ProtocolError,
    Record,
    RecordReader,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

DEEPEST = 256
"""The most directories on the way down, each of which is held open."""

_KINDS = {
    stat.S_IFREG: FILE,
    stat.S_IFDIR: DIRECTORY,
    stat.S_IFLNK: LINK,
    stat.S_IFIFO: FIFO,
    stat.S_IFSOCK: SOCKET,
}


def walk(root: bytes, depth: int, room: int, *, whole: bool) -> Iterator[bytes]:
    """Packed records of all below `root`: directories before what is in them, names in order.

    What is too deep, cannot be opened, or has more entries than `room` has left, is `LEFT_OUT`.
    With `whole`, the root itself comes first, files are followed by their content, and what its
    owner may not read is unlocked to be read, and locked again.
    """
    stack = [_Folder.open(root, None, b"", whole)]
    try:
        if whole:
            yield stack[0].record()
        while stack:
            folder = stack[-1]
            if folder.names is None:
                room -= folder.look(room)
                if folder.names is None:
                    folder.names = iter(())
                    yield Record(LEFT_OUT, folder.path or b".", extra=b"count").pack()
            name = next(folder.names, None)
            if name is None:
                stack.pop().close()
            else:
                deeper = yield from _visit(folder, name, deep=len(stack) > min(depth, DEEPEST))
                if deeper is not None:
                    stack.append(deeper)
    finally:
        for folder in stack:
            folder.close()


def put(root: bytes) -> Generator[None, bytes | None, None]:
    """Send records with contents, then None: the tree stands below `root`, modes and times too.

    Raises:
        OSError: something of it cannot be made.
        ProtocolError: the stream breaks off.
    """
    reader, builder = RecordReader(contents=True), _Builder(root)
    try:
        while (piece := (yield)) is not None:
            for part in reader.feed(piece):
                builder.take(part)
        if not reader.complete:
            raise ProtocolError("a tree that breaks off")
        builder.finish()
    finally:
        builder.close()


def unlock(root: bytes) -> None:
    """Make sure that its owner may use a directory, whatever a command did to it."""
    os.close(_open_unlocked(root, None, OPEN_DIRECTORY, 0o700)[0])


def clear(root: bytes) -> None:
    """Remove everything below `root`, where nothing runs any more, whatever its modes and depth.

    Directories are moved up before they are emptied, so that the depth of a tree costs nothing.

    Raises:
        OSError: something cannot be removed.
    """
    top, _ = _open_unlocked(root, None, OPEN_DIRECTORY, 0o700)
    try:
        while entries := os.listdir(top):
            for name in map(os.fsencode, entries):
                if _is_directory(name, top):
                    _empty(name, top)
                    os.rmdir(name, dir_fd=top)
                else:
                    os.unlink(name, dir_fd=top)
    finally:
        os.close(top)


class _Folder:
    """A directory on the way down; closing it puts back the mode that was in the way."""

    def __init__(self, descriptor: int, path: bytes, locked: int | None, whole: bool) -> None:
        self.descriptor = descriptor
        self.path = path
        self.whole = whole
        self.names: Iterator[bytes] | None = None
        self._locked = locked

    @classmethod
    def open(cls, name: bytes, above: int | None, path: bytes, whole: bool) -> _Folder:
        bits = 0o500 if whole else 0
        descriptor, locked = _open_unlocked(name, above, OPEN_DIRECTORY, bits)
        return cls(descriptor, path, locked, whole)

    def record(self) -> bytes:
        info = os.fstat(self.descriptor)
        mode = stat.S_IMODE(info.st_mode) if self._locked is None else self._locked
        return Record(DIRECTORY, self.path, mode, info.st_mtime_ns).pack()

    def look(self, room: int) -> int:
        """Read the names, unless there are more than `room`; return how many there are."""
        found: list[bytes] = []
        with os.scandir(self.descriptor) as entries:
            for entry in entries:
                if len(found) == room:
                    return 0
                found.append(os.fsencode(entry.name))
        self.names = iter(sorted(found))
        return len(found)

    def close(self) -> None:
        if self._locked is not None:
            os.fchmod(self.descriptor, self._locked)
        os.close(self.descriptor)


def _visit(folder: _Folder, name: bytes, *, deep: bool) -> Generator[bytes, None, _Folder | None]:
    """Yield the record of one entry, and its content; return it opened if it is a directory."""
    path = folder.path + b"/" + name if folder.path else name
    try:
        info = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
        kind = _KINDS.get(stat.S_IFMT(info.st_mode), SPECIAL)
        if kind == DIRECTORY:
            if deep:
                yield Record(LEFT_OUT, path, extra=b"depth").pack()
                return None
            deeper = _Folder.open(name, folder.descriptor, path, folder.whole)
            yield deeper.record()
            return deeper
        extra = os.readlink(name, dir_fd=folder.descriptor) if kind == LINK else b""
        mode, size = stat.S_IMODE(info.st_mode), info.st_size if kind == FILE else 0
        record = Record(kind, path, mode, info.st_mtime_ns, size, extra)
        if kind == FILE and folder.whole:
            yield from _with_content(record, name, folder.descriptor)
        else:
            yield record.pack()
    except OSError as error:
        yield Record(LEFT_OUT, path, extra=errno_name(error).encode()).pack()
    return None


def _with_content(record: Record, name: bytes, folder: int) -> Iterator[bytes]:
    descriptor, locked = _open_unlocked(name, folder, OPEN_FILE, 0o400)
    try:
        if locked is not None:
            os.fchmod(descriptor, locked)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EAGAIN, "changed while it was looked at")
        yield record.pack()
        try:
            yield from pieces(descriptor, record.size)
        except OSError as error:  # the record has promised that many bytes
            raise ProtocolError(f"reading {record.path!r}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _open_unlocked(
    name: bytes, folder: int | None, flags: int, bits: int
) -> tuple[int, int | None]:
    """Open, making sure first that its owner has the permissions `bits`; the mode to put back."""
    probe = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=folder)
    try:
        mode = stat.S_IMODE(os.fstat(probe).st_mode)
        locked = mode if mode & bits != bits else None
        if locked is not None:
            os.chmod(f"/proc/self/fd/{probe}", mode | bits)
        return os.open(name, flags, dir_fd=folder), locked
    finally:
        os.close(probe)


class _Builder:
    """Makes entries. Directories get their modes last: they could be in the way."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._folder = descend(root, [])
        self._parents: list[bytes] = []
        self._file: tuple[int, Record] | None = None
        self._directories: list[Record] = []

    def take(self, part: Record | bytes) -> None:
        if isinstance(part, Record):
            self._close_file()
            self._make(part)
        elif self._file is not None:
            write_all(self._file[0], part)

    def finish(self) -> None:
        self._close_file()
        for record in reversed(self._directories):
            parts = record.path.split(b"/") if record.path else []
            descriptor = descend(self._root, parts)
            try:
                _finish(descriptor, record)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file[0])
            self._file = None
        os.close(self._folder)

    def _make(self, record: Record) -> None:
        *parents, name = record.path.split(b"/")
        folder = self._enter(parents)
        if record.kind == DIRECTORY:
            self._directories.append(record)
            if record.path:
                os.mkdir(name, 0o700, dir_fd=folder)
        elif record.kind == LINK:
            os.symlink(record.extra, name, dir_fd=folder)
            _set_time(name, folder, record)
        elif record.kind == FIFO:
            os.mkfifo(name, dir_fd=folder)
            os.chmod(name, record.mode, dir_fd=folder)
            _set_time(name, folder, record)
        elif record.kind == FILE:
            self._file = os.open(name, NEW_FILE, 0o600, dir_fd=folder), record

    def _enter(self, parents: list[bytes]) -> int:
        if parents != self._parents:
            deeper = descend(self._root, parents)
            os.close(self._folder)
            self._folder, self._parents = deeper, parents
        return self._folder

    def _close_file(self) -> None:
        if self._file is not None:
            descriptor, record = self._file
            self._file = None
            try:
                _finish(descriptor, record)
            finally:
                os.close(descriptor)


def _finish(descriptor: int, record: Record) -> None:
    os.fchmod(descriptor, record.mode)
    if record.mtime_ns != NO_TIME:
        os.utime(descriptor, ns=(record.mtime_ns, record.mtime_ns))


def _set_time(name: bytes, folder: int, record: Record) -> None:
    if record.mtime_ns != NO_TIME:
        when = (record.mtime_ns, record.mtime_ns)
        os.utime(name, ns=when, dir_fd=folder, follow_symlinks=False)


def _is_directory(name: bytes, folder: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def _empty(name: bytes, top: int) -> None:
    folder, _ = _open_unlocked(name, top, OPEN_DIRECTORY, 0o700)
    try:
        for inner in map(os.fsencode, os.listdir(folder)):
            if _is_directory(inner, folder):
                os.close(_open_unlocked(inner, folder, OPEN_DIRECTORY, 0o700)[0])
                aside = b".clawgym-" + os.urandom(8).hex().encode()
                os.rename(inner, aside, src_dir_fd=folder, dst_dir_fd=top)
            else:
                os.unlink(inner, dir_fd=folder)
    finally:
        os.close(folder)
