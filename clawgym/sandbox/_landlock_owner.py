"""As root: which user a Landlock box runs as, and whose its files are meanwhile."""

import errno
import os
import pwd
import random
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from clawgym.errors import SandboxError
from clawgym.sandbox._confined import OPEN_DIRECTORY
from clawgym.sandbox._trail import Trail

_USERS = range(61_184, 65_520)
"""The uids that Linux distributions leave to whoever needs one for a while; containers have them
too, where higher ones may not exist."""


class Lease(NamedTuple):
    """A uid that no other box has, for as long as the socket is open."""

    user: int
    lock: socket.socket


def lease_user() -> Lease:
    """Take a free uid. The kernel takes it back when this process ends, however it ends.

    Raises:
        SandboxError: all of them are in use.
    """
    for user in random.sample(_USERS, len(_USERS)):
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            lock.bind(f"\0clawgym-user-{user}")
        except OSError as error:
            lock.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            if not _has_account(user):
                return Lease(user, lock)
            lock.close()
    raise SandboxError(f"all {len(_USERS)} users for boxes are taken; close some boxes")


def hand_over(directory: Path, giver: int, taker: int) -> None:
    """Change the owner of a directory and all in it, where it is `giver`; follows no links.

    Raises:
        OSError: an owner cannot be changed.
    """
    root = os.open(directory, OPEN_DIRECTORY)
    try:
        _give(root, giver, taker)
        with Trail(root) as trail:
            pending = [_give_entries(trail.here, giver, taker)]
            while pending:
                if pending[-1]:
                    trail.enter(pending[-1].pop())
                    pending.append(_give_entries(trail.here, giver, taker))
                else:
                    pending.pop()
                    if pending:
                        trail.leave()
    finally:
        os.close(root)


def _give(descriptor: int, giver: int, taker: int) -> None:
    if os.fstat(descriptor).st_uid == giver:
        os.fchown(descriptor, taker, taker)


def _give_entries(folder: int, giver: int, taker: int) -> list[str]:
    """Change the owner of what is in a directory; return the names of the directories in it."""
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_uid == giver:
                os.chown(entry.name, taker, taker, dir_fd=folder, follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
    return folders


def _has_account(user: int) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwuid(user))
    return False
