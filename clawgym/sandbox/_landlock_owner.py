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

_USERS = range(40_000, 60_000)
"""Uids for ordinary users of which no machine has so many, below what systemd gives to services.
Containers have them too, where higher ones may not exist."""


class Lease(NamedTuple):
    """A uid that no other box has, for as long as the socket is open."""

    user: int
    lock: socket.socket


def lease_user() -> Lease:
    """Take a free uid. The kernel takes it back when this process ends, however it ends.

    Raises:
        SandboxError: all of them are in use.
    """
    first = random.randrange(len(_USERS))
    for number in range(len(_USERS)):
        user = _USERS[(first + number) % len(_USERS)]
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


class Loan(NamedTuple):
    """A directory that a box's user has for a while, and whose it is."""

    directory: Path
    owner: int
    group: int


def lend(directory: Path, user: int) -> Loan:
    """Give a user all in a directory that belongs to the directory's owner; follows no links.

    Raises:
        OSError: an owner cannot be changed.
    """
    info = directory.stat()
    _hand_over(directory, info.st_uid, user, user)
    return Loan(directory, info.st_uid, info.st_gid)


def take_back(loan: Loan, user: int) -> None:
    """Give the directory's owner what belongs to the user; set-id bits are lost on the way.

    Raises:
        OSError: an owner cannot be changed.
    """
    if loan.directory.exists():
        _hand_over(loan.directory, user, loan.owner, loan.group)


def _hand_over(directory: Path, giver: int, taker: int, group: int) -> None:
    root = os.open(directory, OPEN_DIRECTORY)
    try:
        if os.fstat(root).st_uid == giver:
            os.fchown(root, taker, group)
        with Trail(root) as trail:
            pending = [_give_entries(trail.here, giver, taker, group)]
            while pending[-1] or len(pending) > 1:
                if pending[-1]:
                    trail.enter(pending[-1].pop())
                    pending.append(_give_entries(trail.here, giver, taker, group))
                else:
                    pending.pop()
                    trail.leave()
    finally:
        os.close(root)


def _give_entries(folder: int, giver: int, taker: int, group: int) -> list[str]:
    """Change the owner of what is in a directory; return the names of the directories in it."""
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_uid == giver:
                os.chown(entry.name, taker, group, dir_fd=folder, follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
    return folders


def _has_account(user: int) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwuid(user))
    return False
