"""Files of this host as the stream of records that a container unpacks."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import SandboxError
from clawgym.files import Files
from clawgym.sandbox.docker.wire import CHUNK, DIRECTORY, FIFO, FILE, LINK, Record

_PAGE = 4096
_ROOT = Record(DIRECTORY, b"", 0o755).pack()


@dataclass(frozen=True)
class Size:
    """What a tree takes up in memory: whole pages, and one entry each."""

    memory: int = 0
    entries: int = 0

    def __add__(self, other: "Size") -> "Size":
        return Size(self.memory + other.memory, self.entries + other.entries)


def pack_files(files: Files) -> Iterator[bytes]:
    """Directories before what is in them; every file readable, some executable."""
    yield _ROOT
    made: set[str] = set()
    for path, file in files.items():
        parts = path.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            if parent not in made:
                made.add(parent)
                yield Record(DIRECTORY, os.fsencode(parent), 0o755).pack()
        mode = 0o755 if file.executable else 0o644
        yield Record(FILE, os.fsencode(path), mode, size=len(file.data)).pack()
        yield file.data


def pack_directory(root: Path) -> Iterator[bytes]:
    """All of a directory that we trust; modes are those of the owner, for everybody.

    Raises:
        SandboxError: it holds a device or a socket, or may not be read.
    """
    yield _ROOT
    for record, path in _records(root):
        yield record.pack()
        if record.kind == FILE:
            yield from _content(path, record.size)


def measure(root: Path) -> Size:
    """What `pack_directory` would make.

    Raises:
        SandboxError: as `pack_directory`.
    """
    return sum((_size(record) for record, _ in _records(root)), Size())


def batched(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth a message."""
    batch = bytearray()
    for part in parts:
        batch += part
        if len(batch) >= CHUNK:
            yield bytes(batch)
            batch.clear()
    yield bytes(batch)


def _records(root: Path) -> Iterator[tuple[Record, str]]:
    pending = [(os.fspath(root), b"")]
    try:
        while pending:
            directory, prefix = pending.pop()
            with os.scandir(directory) as found:
                entries = sorted(found, key=lambda entry: entry.name)
            for entry in entries:
                path = prefix + os.fsencode(entry.name)
                record = _record(entry, path)
                yield record, entry.path
                if record.kind == DIRECTORY:
                    pending.append((entry.path, path + b"/"))
    except OSError as error:
        raise SandboxError(f"cannot read {error.filename} for the box: {error.strerror}") from error


def _record(entry: "os.DirEntry[str]", path: bytes) -> Record:
    info = entry.stat(follow_symlinks=False)
    mode = _for_everybody(stat.S_IMODE(info.st_mode))
    if stat.S_ISREG(info.st_mode):
        return Record(FILE, path, mode, info.st_mtime_ns, info.st_size)
    if stat.S_ISDIR(info.st_mode):
        return Record(DIRECTORY, path, mode, info.st_mtime_ns)
    if stat.S_ISLNK(info.st_mode):
        target = os.fsencode(os.readlink(entry.path))
        return Record(LINK, path, mtime_ns=info.st_mtime_ns, extra=target)
    if stat.S_ISFIFO(info.st_mode):
        return Record(FIFO, path, mode, info.st_mtime_ns)
    raise SandboxError(f"{entry.path} is a device or a socket, which no box can hold; remove it")


def _for_everybody(mode: int) -> int:
    """Whoever owns it out here, inside it belongs to others than those who read it."""
    owner = mode >> 6 & 0o7
    return mode & 0o700 | owner << 3 & 0o050 | owner & 0o5


def _content(path: str, size: int) -> Iterator[bytes]:
    with open(path, "rb") as stream:
        while size:
            piece = stream.read(min(size, CHUNK))
            if not piece:
                raise SandboxError(f"{path} shrank while it was copied into the box")
            size -= len(piece)
            yield piece


def _size(record: Record) -> Size:
    return Size(-(-record.size // _PAGE) * _PAGE + _PAGE, 1)
