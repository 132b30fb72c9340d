"""Changes a workspace, path by path. No link is followed; see `scanning`."""

import os
import secrets
import shutil
import stat
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from graph_agents.control.scanning import Entry, parent_of

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def set_aside(
    root: int, wanted: Mapping[str, Entry | None], now: Mapping[str, Entry], place: Path
) -> bool:
    """Copy the files and links that are about to change to a new folder; False: there are none."""
    paths = [path for path in wanted if path in now and now[path].kind != "directory"]
    for path in paths:
        copy = place / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        with parent_of(root, path) as (folder, name):
            if now[path].kind == "link":
                copy.symlink_to(os.readlink(name, dir_fd=folder))
                continue
            handle = os.open(name, _FILE, dir_fd=folder)
            with os.fdopen(handle, "rb") as source, copy.open("xb") as target:
                shutil.copyfileobj(source, target)
    return bool(paths)


def replace(
    root: int, wanted: Mapping[str, Entry | None], now: Mapping[str, Entry], contents: Path
) -> None:
    """Make each path below an open directory what it shall be.

    Args:
        root: the directory.
        wanted: what shall be there; None for nothing.
        now: what is there.
        contents: the folder of the contents, by digest.
    """
    for path in sorted(wanted, reverse=True):  # what is in a directory before the directory
        entry, there = wanted[path], now.get(path)
        if there and (entry is None or entry.kind != there.kind):
            with _writable_parent_of(root, path) as (folder, name):
                _remove(name, folder, there, stays_if_full=entry is None)
    put = {path: entry for path, entry in sorted(wanted.items()) if entry}
    for path, entry in put.items():
        with _writable_parent_of(root, path) as (folder, name):
            _put(name, folder, entry, contents)
    for path, entry in sorted(put.items(), reverse=True):
        if entry.kind == "directory":
            with parent_of(root, f"{path}/") as (folder, _):
                os.fchmod(folder, entry.mode)


@contextmanager
def _writable_parent_of(root: int, path: str) -> Generator[tuple[int, str]]:
    with parent_of(root, path) as (folder, name):
        mode = stat.S_IMODE(os.fstat(folder).st_mode)
        locked = mode & 0o300 != 0o300
        if locked:
            os.fchmod(folder, mode | 0o700)
        try:
            yield folder, name
        finally:
            if locked:
                os.fchmod(folder, mode)


def _remove(name: str, folder: int, there: Entry, *, stays_if_full: bool) -> None:
    if there.kind != "directory":
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        return
    try:
        os.rmdir(name, dir_fd=folder)
    except OSError:
        if not stays_if_full:  # else it holds what could not be listed
            raise


def _put(name: str, folder: int, entry: Entry, contents: Path) -> None:
    if entry.kind == "directory":
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
        deeper = os.open(name, _DIRECTORY, dir_fd=folder)
        os.fchmod(deeper, entry.mode | 0o700)
        os.close(deeper)
        return
    draft = f".{secrets.token_hex(8)}"
    try:
        if entry.kind == "link":
            os.symlink(entry.content, draft, dir_fd=folder)
        else:
            _write(draft, folder, entry, contents)
        os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        raise


def _write(name: str, folder: int, entry: Entry, contents: Path) -> None:
    handle = os.open(name, _CREATE, 0o600, dir_fd=folder)
    with os.fdopen(handle, "wb") as writer, (contents / entry.content).open("rb") as reader:
        shutil.copyfileobj(reader, writer)
        writer.flush()
        os.fchmod(handle, entry.mode)
        os.utime(handle, ns=(entry.mtime, entry.mtime))
