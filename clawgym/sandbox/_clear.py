"""Empty an open directory, whatever somebody has put into it."""

import errno
import fcntl
import os
import sys
from collections.abc import Callable

from clawgym.sandbox._confined import OPEN_FILE
from clawgym.sandbox._trail import Trail

_GET_FLAGS = 0x80086601
_SET_FLAGS = 0x40086602
_IMMUTABLE_OR_APPEND_ONLY = 0x30


def clear_tree(directory: int) -> None:
    """Remove everything below an open directory; the directory itself stays as it is.

    Directories of ours that deny us their content are opened by force, and so is, for root, what is
    marked immutable. No link is followed, and any depth will do.

    Raises:
        OSError: something cannot be removed: it is not ours, a mount point, or is being refilled.
    """
    with Trail(directory, rights=os.R_OK | os.W_OK | os.X_OK) as trail:
        pending = [_remove_all_but_folders(trail.here)]
        while True:
            if pending[-1]:
                trail.enter(pending[-1].pop())
                pending.append(_remove_all_but_folders(trail.here))
            elif len(pending) > 1:
                pending.pop()
                _remove(os.rmdir, trail.leave(), trail.here)
            else:
                return


def _remove_all_but_folders(directory: int) -> list[str]:
    """Remove what is in a directory and return the names of the directories in it."""
    with os.scandir(directory) as entries:
        kinds = {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}
    for name, is_folder in kinds.items():
        if not is_folder:
            _remove(os.unlink, name, directory)
    return [name for name, is_folder in kinds.items() if is_folder]


def _remove(remove: Callable[..., None], name: str, folder: int) -> None:
    try:
        remove(name, dir_fd=folder)
    except PermissionError:
        freed = [_make_mutable(".", folder), _make_mutable(name, folder)]
        if not any(freed):
            raise
        remove(name, dir_fd=folder)


def _make_mutable(name: str, folder: int) -> bool:
    """Take away the marks that forbid changing a file or directory; whether there were any.

    Raises:
        OSError: EPERM: only root may.
    """
    try:
        descriptor = os.open(name, OPEN_FILE, dir_fd=folder)
    except OSError:
        return False  # a link, a socket, …: nothing that can be opened, so nothing to be marked
    try:
        buffer = fcntl.ioctl(descriptor, _GET_FLAGS, bytes(8))
        flags = int.from_bytes(buffer[:4], sys.byteorder)
        if not flags & _IMMUTABLE_OR_APPEND_ONLY:
            return False
        flags &= ~_IMMUTABLE_OR_APPEND_ONLY
        fcntl.ioctl(descriptor, _SET_FLAGS, flags.to_bytes(8, sys.byteorder))
    except OSError as error:
        if error.errno != errno.ENOTTY:  # a file system without such marks
            raise
        return False
    else:
        return True
    finally:
        os.close(descriptor)
