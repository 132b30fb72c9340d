"""Files below a directory that somebody we do not trust may be changing right now.

Every step is taken from an open directory to a name in it, and no link is ever followed, so that
nothing planted inside can point a read or a write anywhere else.
"""

import errno
import os
import secrets
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from clawgym.paths import check_relative

READ_LIMIT = 64 * 1024**2
"""The largest file that `read` returns, in bytes."""

LIST_LIMIT = 100_000
"""The most names that `list` returns."""

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO must not make us wait


def open_root(root: Path | int) -> int:
    """A new descriptor of a directory that is given by path or by an open descriptor.

    Raises:
        OSError: it is no directory, or a link to one, or may not be entered.
    """
    if isinstance(root, int):
        return os.open(".", OPEN_DIRECTORY, dir_fd=root)
    return os.open(root, OPEN_DIRECTORY)


class Confined:
    """Reads and writes that cannot leave one directory. Every failure is an `OSError`.

    A root that is given as a descriptor stays the caller's to close. What is created belongs to the
    uid `owner`, which takes a caller who is root; None leaves it to the caller. `shared` says that
    the directory lies among others' on one file system: a file in it that has a second name may
    have it outside, and is not read.
    """

    def __init__(self, root: Path | int, owner: int | None = None, *, shared: bool = False) -> None:
        self._root = root
        self._owner = owner
        self._shared = shared

    def read(self, path: str, limit: int = READ_LIMIT) -> bytes:
        """The bytes of a regular file."""
        *parents, name = _parts(path)
        with _named(path), self._directory(parents) as folder:
            _refuse_link(name, folder)
            descriptor = os.open(name, OPEN_FILE, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as stream:
                info = os.fstat(descriptor)
                require_regular(info)
                if self._shared and info.st_nlink > 1:
                    raise OSError(errno.EMLINK, "file has another name, perhaps outside")
                data = stream.read(limit + 1)
        if len(data) > limit:
            raise OSError(errno.EFBIG, f"file is larger than {limit} bytes", path)
        return data

    def write(self, path: str, data: bytes) -> None:
        """Create or replace a regular file and its parent directories.

        The file is replaced, never written into: another name of it (a hard link) keeps the old
        bytes, and a reader sees the old content or the new.
        """
        *parents, name = _parts(path)
        with _named(path), self._directory(parents, create=True) as folder:
            _replace(name, data, folder, _mode_of(name, folder), self._owner)

    def list(self, path: str) -> list[str]:
        """The sorted names in a directory (`""` is the root); directories end in `/`."""
        parts = _parts(path) if path else []
        with _named(path), self._directory(parts) as folder, os.scandir(folder) as entries:
            names = [_shown(entry) for entry in islice(entries, LIST_LIMIT + 1)]
        if len(names) > LIST_LIMIT:
            raise OSError(errno.EOVERFLOW, f"directory has over {LIST_LIMIT} entries", path)
        return sorted(names)

    @contextmanager
    def _directory(self, parts: Sequence[str], *, create: bool = False) -> Generator[int]:
        current = open_root(self._root)
        try:
            for part in parts:
                if create:
                    _make_directory(part, current, self._owner)
                _refuse_link(part, current)
                deeper = os.open(part, OPEN_DIRECTORY, dir_fd=current)
                os.close(current)
                current = deeper
            yield current
        finally:
            os.close(current)


def require_regular(info: os.stat_result) -> None:
    """Raise what opening anything but a regular file deserves.

    Raises:
        OSError: EISDIR for a directory, EINVAL for a FIFO, a socket or a device.
    """
    if stat.S_ISDIR(info.st_mode):
        raise _error(errno.EISDIR)
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def readable_name(name: str) -> str:
    """A file name as text; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(name).decode(errors="backslashreplace")


def _parts(path: str) -> list[str]:
    try:
        return check_relative(path).split("/")
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error), path) from error


@contextmanager
def _named(path: str) -> Generator[None]:
    """Name the path that the caller knows in errors from any step on the way."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def _refuse_link(name: str, folder: int) -> None:
    # Only for a clearer errno: what protects is O_NOFOLLOW on the open that comes next.
    if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise _error(errno.ELOOP)


def _mode_of(name: str, folder: int) -> int:
    """The mode for the new content of `name`: a file keeps its own, so a private one stays so."""
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return 0o644
    if stat.S_ISLNK(info.st_mode):
        raise _error(errno.ELOOP)
    require_regular(info)
    return info.st_mode & 0o777


def _make_directory(name: str, folder: int, owner: int | None) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=folder)
        if owner is not None:
            os.chown(name, owner, owner, dir_fd=folder, follow_symlinks=False)


def _replace(name: str, data: bytes, folder: int, mode: int, owner: int | None) -> None:
    temporary = f".clawgym-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, mode, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            if owner is not None:
                os.fchown(descriptor, owner, owner)
            stream.write(data)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _shown(entry: "os.DirEntry[str]") -> str:
    return readable_name(entry.name) + ("/" if entry.is_dir(follow_symlinks=False) else "")


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
