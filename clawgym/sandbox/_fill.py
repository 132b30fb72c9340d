"""Write a set of files below an open directory."""

import os
from typing import Self

from clawgym.files import Files
from clawgym.sandbox._confined import OPEN_DIRECTORY, open_root

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def fill(directory: int, files: Files, *, owner: int | None) -> None:
    """Write files below an open directory: 0644 or 0755, as are the directories that are missing.

    A file that is in the way is replaced, not written into; a link in the way is never followed.
    `owner` is the user and group id of everything that is made, which needs root; None: our own.

    Raises:
        OSError: as `open` would, ENOTDIR where a parent is no directory.
    """
    with _Writer(directory, owner) as writer:
        for path, file in files.items():  # sorted, so that what is in one directory comes together
            *parents, name = path.split("/")
            writer.write(parents, name, file.data, 0o755 if file.executable else 0o644)


class _Writer:
    """Writes one file after the other, keeping open the directories on the way to the last one."""

    def __init__(self, root: int, owner: int | None) -> None:
        self._owner = owner
        self._parts: list[str] = []
        self._open = [open_root(root)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    def write(self, parents: list[str], name: str, data: bytes, mode: int) -> None:
        if parents != self._parts:
            self._go_to(parents)
        descriptor = _create_anew(name, self._open[-1])
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            self._stamp(descriptor, mode)
        finally:
            os.close(descriptor)

    def _go_to(self, parents: list[str]) -> None:
        while self._parts != parents[: len(self._parts)]:
            self._parts.pop()
            os.close(self._open.pop())
        for name in parents[len(self._parts) :]:
            self._open.append(self._enter(name, self._open[-1]))
            self._parts.append(name)

    def _enter(self, name: str, folder: int) -> int:
        try:
            os.mkdir(name, 0o700, dir_fd=folder)
        except FileExistsError:
            return os.open(name, OPEN_DIRECTORY, dir_fd=folder)
        descriptor = os.open(name, OPEN_DIRECTORY, dir_fd=folder)
        self._stamp(descriptor, 0o755)
        return descriptor

    def _stamp(self, descriptor: int, mode: int) -> None:
        _own(descriptor, self._owner)
        os.fchmod(descriptor, mode)  # whatever our umask is


def _create_anew(name: str, folder: int) -> int:
    try:
        return os.open(name, _CREATE, 0o600, dir_fd=folder)
    except FileExistsError:
        os.unlink(name, dir_fd=folder)
        return os.open(name, _CREATE, 0o600, dir_fd=folder)


def _own(descriptor: int, owner: int | None) -> None:
    if owner is not None:
        os.chown(descriptor, owner, owner)
