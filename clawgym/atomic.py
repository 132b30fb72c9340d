"""Writing files so that a crash leaves the old content or the new, never a mixture."""

import errno
import os
import tempfile
from pathlib import Path

from clawgym.errors import ClawGymError, StorageError, UsageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path` through a temporary file in the same directory.

    Raises:
        StorageError: the disk is full.
        UsageError: the place cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise unwritable(path, error) from error


def check_writable(path: Path) -> None:
    """Make sure, before long work, that a new file or directory can be put at `path`.

    Raises:
        StorageError: the disk is full.
        UsageError: it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> ClawGymError:
    """What to raise where writing to `path` met this error: who has to act, and how."""
    if error.errno in _FULL:
        return _full(f"write {path}", error)
    return UsageError(
        f"cannot write {path}: {_reason(error)}; choose another place, one that you may write to"
    )


def disk_error(error: OSError) -> ClawGymError | None:
    """What a disk that is full, read-only or closed to us means to the user; None for others.

    It is for errors that nobody expected: where the path is known, raise `unwritable`.
    """
    if error.errno in _FULL:
        return _full(f"write {error.filename}" if error.filename else "write", error)
    if error.errno not in _CLOSED or not error.filename:
        return None
    return UsageError(
        f"cannot open or write {error.filename}: {_reason(error)}; choose another place, or "
        "change who may use this one"
    )


def _full(action: str, error: OSError) -> StorageError:
    return StorageError(
        f"cannot {action}: {_reason(error)}; make room, there or in TMPDIR, and give the same "
        "command again"
    )


def _reason(error: OSError) -> str:
    """As the system says it: libraries put a whole story in `strerror`."""
    return os.strerror(error.errno) if error.errno else str(error)
