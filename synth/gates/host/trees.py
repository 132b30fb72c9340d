"""Files on the box's own file system: laid out, swapped for an attempt, read back."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

Content = tuple[bytes, bool]
Tree = dict[str, Content]
"""Relative path to content and whether it may be executed."""


def lay_out(root: str, tree: Tree) -> None:
    """Write every file below `root`, which is made."""
    os.makedirs(root, exist_ok=True)
    made = {root}
    for path, (data, executable) in tree.items():
        target = f"{root}/{path}"
        folder = os.path.dirname(target)
        if folder not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        _write(target, data, executable)


def read_back(root: str) -> Tree:
    """Every regular file below `root`, following nothing; links, pipes and devices are left out."""
    found: Tree = {}
    waiting = [""]
    while waiting:
        below = waiting.pop()
        for entry in os.scandir(f"{root}/{below}"):
            path = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                waiting.append(f"{path}/")
            elif entry.is_file(follow_symlinks=False):
                executable = bool(entry.stat(follow_symlinks=False).st_mode & 0o100)
                with open(entry.path, "rb") as stream:
                    found[path] = (stream.read(), executable)
    return found


def remove(root: str) -> None:
    """Remove a tree in any state; one that is gone is fine."""
    for folder, folders, names in os.walk(root, topdown=False, onerror=_unlock):
        for name in names:
            os.unlink(os.path.join(folder, name))
        for name in folders:
            inside = os.path.join(folder, name)
            if os.path.islink(inside):
                os.unlink(inside)
            else:
                with suppress(OSError):
                    os.rmdir(inside)
    with suppress(FileNotFoundError):
        os.rmdir(root)


def _unlock(error: OSError) -> None:
    """A solution may have taken its own rights on a folder away."""
    if isinstance(error, PermissionError) and error.filename:
        os.chmod(error.filename, stat.S_IRWXU)


class View:
    """A directory that shows one finished workspace after the other.

    The initial workspace lies beside it, once; files that an attempt leaves alone are links to
    that. Between two attempts everything is put back, so that each finds what a fresh directory
    would hold and nothing else. Graders only read: nothing is ever written through a link.
    """

    def __init__(self, base: str, root: str, paths: list[str]) -> None:
        self.root = root
        self._base = base
        self._paths = frozenset(paths)
        os.makedirs(root, exist_ok=True)
        for path in paths:
            self._restore(path)

    def show(self, changed: Tree, removed: list[str]) -> None:
        """Turn the initial workspace into a finished one."""
        for path in (*removed, *changed):
            if path in self._paths:
                self._take_away(path)
        for path, (data, executable) in changed.items():
            target = f"{self.root}/{path}"
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _write(target, data, executable)

    def put_back(self, changed: Tree, removed: list[str]) -> None:
        """Undo `show`."""
        for path in changed:
            self._take_away(path)
        for path in (*removed, *changed):
            if path in self._paths:
                self._restore(path)

    def _restore(self, path: str) -> None:
        target = f"{self.root}/{path}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.link(f"{self._base}/{path}", target)

    def _take_away(self, path: str) -> None:
        """Remove a file, and the folders that held nothing else."""
        os.unlink(f"{self.root}/{path}")
        folder = os.path.dirname(path)
        while folder:
            try:
                os.rmdir(f"{self.root}/{folder}")
            except OSError:  # it holds something else
                return
            folder = os.path.dirname(folder)


def _write(target: str, data: bytes, executable: bool) -> None:
    with open(target, "wb") as stream:
        stream.write(data)
        os.fchmod(stream.fileno(), 0o755 if executable else 0o644)
