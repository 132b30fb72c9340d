"""As root: which user a Landlock box runs as, what it can reach, and whose its files are.

There are no mounts to put a box's files where its user can find them. So read-only mounts are
copied into its directory, the way there is opened for passing through, and what it may write is
lent to it.
"""

import errno
import os
import pwd
import random
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from clawgym.errors import SandboxError
from clawgym.sandbox._confined import OPEN_DIRECTORY
from clawgym.sandbox._trail import Trail
from clawgym.sandbox._trees import copy_tree

_Wanted = Callable[[os.stat_result], bool]
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


def open_passage(directory: Path, top: Path) -> None:
    """Let other users pass through the directories from below `top` to `directory`.

    They can list none of them, so that they get no further than to a name that they know.
    """
    for place in (directory, *directory.parents):
        if place == top:
            return
        os.chmod(place, 0o711)  # noqa: S103


def is_reachable(place: Path) -> bool:
    """Whether every user may pass through all directories above a place."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in place.resolve().parents)


def copy_for(user: int, source: Path, target: Path) -> None:
    """Copy a directory; the copy belongs to a user.

    Raises:
        OSError: something cannot be read or written.
    """
    target.mkdir()
    reading, writing = os.open(source, OPEN_DIRECTORY), os.open(target, OPEN_DIRECTORY)
    try:
        copy_tree(reading, writing, owner=user)
        os.fchown(writing, user, user)
    finally:
        os.close(reading)
        os.close(writing)


@dataclass(frozen=True)
class Loan:
    """A directory that a box's user has for a while, and whose it is.

    Attributes:
        directory: what is lent, with all in it that belongs to the directory's owner.
        owner: the directory's owner.
        group: the directory's group.
        entries: device and inode of what was lent.
    """

    directory: Path
    owner: int
    group: int
    entries: frozenset[tuple[int, int]]


def lend(directory: Path, user: int) -> Loan:
    """Give a user all in a directory that belongs to the directory's owner; follows no links.

    Raises:
        OSError: an owner cannot be changed.
    """
    info = directory.stat()
    entries: set[tuple[int, int]] = set()

    def give(entry: os.stat_result) -> bool:
        if entry.st_uid == info.st_uid:
            entries.add((entry.st_dev, entry.st_ino))
            return True
        return False

    _hand_over(directory, give, user, user)
    return Loan(directory, info.st_uid, info.st_gid, frozenset(entries))


def take_back(loan: Loan, user: int, *, with_what_is_new: bool) -> None:
    """Give the directory's owner what was lent, and if wanted what the user has added to it.

    Raises:
        OSError: an owner cannot be changed.
    """

    def give(entry: os.stat_result) -> bool:
        known = with_what_is_new or (entry.st_dev, entry.st_ino) in loan.entries
        return entry.st_uid == user and known

    if loan.directory.exists():
        _hand_over(loan.directory, give, loan.owner, loan.group)


def _hand_over(directory: Path, wanted: _Wanted, taker: int, group: int) -> None:
    root = os.open(directory, OPEN_DIRECTORY)
    try:
        if wanted(os.fstat(root)):
            os.fchown(root, taker, group)
        with Trail(root) as trail:
            pending = [_give_entries(trail.here, wanted, taker, group)]
            while pending[-1] or len(pending) > 1:
                if pending[-1]:
                    trail.enter(pending[-1].pop())
                    pending.append(_give_entries(trail.here, wanted, taker, group))
                else:
                    pending.pop()
                    trail.leave()
    finally:
        os.close(root)


def _give_entries(folder: int, wanted: _Wanted, taker: int, group: int) -> list[str]:
    """Change the owner of what is in a directory; return the names of the directories in it."""
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if wanted(entry.stat(follow_symlinks=False)):
                os.chown(entry.name, taker, group, dir_fd=folder, follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
    return folders


def _has_account(user: int) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwuid(user))
    return False
