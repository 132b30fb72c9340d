"""Single files inside the container, in a directory that commands may be changing right now.

Sent into the container and run there with the file-system identity of the commands: even a step
that could be tricked reaches nothing that a command could not. Every step goes from an open
directory to a name in it and follows no link. Failures are `OSError`s.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from clawgym.sandbox.docker.wire import CHUNK

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO must not make us wait
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def read(root: bytes, path: bytes, limit: int) -> Iterator[bytes]:
    """The pieces of a regular file.

    Raises:
        OSError: ELOOP for links, EISDIR, EINVAL for what is no regular file, EFBIG over `limit`.
    """
    descriptor = _open_below(root, path)
    try:
        info = os.fstat(descriptor)
        _require_regular(info)
        if info.st_size > limit:
            raise OSError(errno.EFBIG, f"file is larger than {limit} bytes")
        yield from pieces(descriptor, info.st_size)
    finally:
        os.close(descriptor)


def fetch(root: bytes, path: bytes, limit: int) -> Iterator[bytes]:
    """The pieces of a regular file of a sealed box.

    Raises:
        OSError: EAGAIN if it is not the small regular file that it has been; or as `open`.
    """
    descriptor = _open_below(root, path)
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode) or info.st_size > limit:
            raise OSError(errno.EAGAIN, "changed while it was looked at")
        yield from pieces(descriptor, info.st_size)
    finally:
        os.close(descriptor)


def write(root: bytes, path: bytes) -> Generator[None, bytes | None, None]:
    """Send the pieces, then None: a file that replaces what is there, in one step.

    Raises:
        OSError: as `read`, and what writing may meet.
    """
    *parents, name = path.split(b"/")
    folder = descend(root, parents, create=True)
    temporary = b".clawgym-" + os.urandom(8).hex().encode()
    try:
        mode = _mode_of(name, folder)
        descriptor = os.open(temporary, NEW_FILE, mode, dir_fd=folder)
        try:
            os.fchmod(descriptor, mode)
            while (piece := (yield)) is not None:
                write_all(descriptor, piece)
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(temporary, dir_fd=folder)
            raise
        finally:
            os.close(descriptor)
    finally:
        os.close(folder)


def names(root: bytes, path: bytes, limit: int) -> list[str]:
    """The sorted names in a directory, text with escapes; directories end in `/`.

    Raises:
        OSError: as `open`; EOVERFLOW over `limit` names.
    """
    folder = descend(root, path.split(b"/") if path else [])
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if len(found) == limit:
                    raise OSError(errno.EOVERFLOW, f"directory has over {limit} entries")
                name = os.fsencode(entry.name).decode(errors="backslashreplace")
                found.append(name + "/" if entry.is_dir(follow_symlinks=False) else name)
    finally:
        os.close(folder)
    return sorted(found)


def descend(root: bytes, parents: Sequence[bytes], *, create: bool = False) -> int:
    """A descriptor of the directory below `root`, reached without following a link."""
    current = os.open(root, OPEN_DIRECTORY)
    try:
        for name in parents:
            if create:
                _make_directory(name, current)
            _refuse_link(name, current)
            deeper = os.open(name, OPEN_DIRECTORY, dir_fd=current)
            os.close(current)
            current = deeper
    except BaseException:
        os.close(current)
        raise
    return current


def pieces(descriptor: int, size: int) -> Iterator[bytes]:
    """Exactly `size` bytes: what a file has lost meanwhile is zeros, what it gained is left."""
    while size:
        piece = os.read(descriptor, min(size, CHUNK)) or bytes(min(size, CHUNK))
        size -= len(piece)
        yield piece


def errno_name(error: OSError) -> str:
    """`EACCES` and the like, as a reason for leaving something out."""
    return errno.errorcode.get(error.errno or 0, "error")


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, in as many steps as it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _open_below(root: bytes, path: bytes) -> int:
    *parents, name = path.split(b"/")
    folder = descend(root, parents)
    try:
        _refuse_link(name, folder)
        return os.open(name, OPEN_FILE, dir_fd=folder)
    finally:
        os.close(folder)


def _make_directory(name: bytes, folder: int) -> None:
    with suppress(FileExistsError):  # the open that follows says whether it is a directory
        os.mkdir(name, 0o755, dir_fd=folder)


def _refuse_link(name: bytes, folder: int) -> None:
    # Only for a clearer errno: what protects is O_NOFOLLOW on the open that comes next.
    if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _require_regular(info: os.stat_result) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def _mode_of(name: bytes, folder: int) -> int:
    """The mode for the new content of `name`: a file keeps its own, so a private one stays so."""
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return 0o644
    if stat.S_ISLNK(info.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    _require_regular(info)
    return info.st_mode & 0o777
