"""What is to be scanned, as it lies on disk or in an archive: nothing is followed or unpacked."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clawgym.files import Files
from clawgym_skills._folder import display_path

MAX_ENTRIES = 4_096
MAX_DEPTH = 16
MAX_FILE_BYTES = 8 * 1024**2
MAX_BYTES = 32 * 1024**2
"""What is read of one skill; what lies beyond is reported, not scanned."""

EntryKind = Literal["file", "link", "hardlink", "device"]


@dataclass(frozen=True)
class Entry:
    """One thing in a skill; `path` as written, `data` the bytes that were read of a file."""

    path: str
    kind: EntryKind = "file"
    data: bytes = b""
    size: int = 0
    mode: int = 0o644
    target: str = ""

    @property
    def cut(self) -> bool:
        """Whether the file is longer than what was read."""
        return self.kind == "file" and self.size > len(self.data)


@dataclass
class Tree:
    """All entries in the order of their paths; `omitted` says what was not looked at."""

    entries: list[Entry] = field(default_factory=list[Entry])
    omitted: list[str] = field(default_factory=list[str])
    left: int = MAX_BYTES

    def add(self, entry: Entry) -> None:
        """Take an entry in; its bytes count towards the limit."""
        self.entries.append(entry)
        self.left -= len(entry.data)

    @property
    def full(self) -> bool:
        """Whether a limit is reached."""
        return len(self.entries) >= MAX_ENTRIES or self.left <= 0


def tree_of_files(files: Files) -> Tree:
    """The tree of files that are in memory already."""
    tree = Tree()
    for path, file in files.items():
        data = file.data[: min(MAX_FILE_BYTES, max(0, tree.left))]
        mode = 0o755 if file.executable else 0o644
        tree.add(Entry(path, "file", data, len(file.data), mode))
    return tree


def tree_of_directory(directory: Path) -> Tree:
    """The tree below a directory; of `.git` only its hooks and configuration."""
    tree = Tree()
    for path, relative in _walk(directory, tree):
        if tree.full:
            tree.omitted.append(f"{relative} and what comes after it")
            break
        _add_path(path, relative, tree)
    return tree


def _walk(directory: Path, tree: Tree) -> Iterator[tuple[Path, str]]:
    def unreadable(error: OSError) -> None:
        tree.omitted.append(f"{display_path(Path(error.filename))}: {error.strerror}")

    for root, folders, names in os.walk(directory, onerror=unreadable):
        folders.sort()
        relative = Path(root).relative_to(directory)
        links = [name for name in folders if Path(root, name).is_symlink()]
        folders[:] = [name for name in folders if name not in links]
        _prune(relative, folders, tree)
        for name in sorted([*names, *links]):
            yield Path(root, name), display_path(relative / name)


def _prune(relative: Path, folders: list[str], tree: Tree) -> None:
    if len(relative.parts) >= MAX_DEPTH:
        tree.omitted.extend(f"{display_path(relative / name)}/: too deep" for name in folders)
        folders.clear()
    if relative.parts[:1] == (".git",):
        folders[:] = [name for name in folders if name == "hooks"]


def _add_path(path: Path, relative: str, tree: Tree) -> None:
    parts = relative.split("/")
    if parts[0] == ".git" and parts[1:2] not in (["config"], ["hooks"]):
        return
    try:
        tree.add(_entry(path, relative, min(MAX_FILE_BYTES, tree.left)))
    except OSError as error:
        tree.omitted.append(f"{relative}: {error.strerror}")


def _entry(path: Path, relative: str, limit: int) -> Entry:
    status = os.lstat(path)
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return Entry(relative, "link", target=display_path(Path(os.readlink(path))), mode=mode)
    if not stat.S_ISREG(status.st_mode):
        return Entry(relative, "device", mode=mode)
    # Between the check and this line the file may have become a link or a FIFO.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        return Entry(relative, "file", stream.read(limit), status.st_size, mode)
