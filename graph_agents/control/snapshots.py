"""Workspaces as they were before each turn, so that a whole turn can be undone.

A snapshot is a list of entries and the digests of their contents; contents are stored once each,
so a snapshot of an unchanged workspace costs its list. What one of the last snapshots has read is
not read again as long as inode, size and both time stamps are the same and older than two seconds
(a file may change twice within one tick of the kernel's clock). The trees are believed to be
hostile: every step goes from an open directory to a name in it, and no link is followed.
"""

import contextlib
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from clawgym.atomic import write_atomic
from clawgym.errors import ClawGymError, UsageError

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_SETTLED = 2_000_000_000
"""Nanoseconds after which a time stamp says for certain that a file is the same."""

_CHUNK = 1 << 20


class _Entry(BaseModel):
    """One name below the workspace. `content` is a digest, or where a link leads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["file", "directory", "link"]
    mode: int
    content: str = ""
    mtime: int = 0
    stamp: tuple[int, ...] = ()


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: int = 1
    taken: int
    workspace: str
    entries: dict[str, _Entry]
    left_out: tuple[str, ...] = ()


class KeptWorkspaces:
    """Snapshots of workspaces in one directory of ours.

    Args:
        home: where they are kept; made when it is first needed.
        most_bytes: the largest workspace that is kept.
        keep: how many snapshots of a workspace are kept; the oldest go first.
    """

    def __init__(self, home: Path, *, most_bytes: int = 2 * 1024**3, keep: int = 100) -> None:
        self._home = home
        self._most_bytes = most_bytes
        self._keep = keep
        self._last: dict[str, _Manifest] = {}

    def take(self, workspace: Path) -> str:
        """Keep what is there now. Blocks.

        FIFOs, sockets and devices are left out, and so is what may not be read.

        Returns:
            What `restore` needs.

        Raises:
            UsageError: the workspace is larger than may be kept, or there is no room.
        """
        place = str(workspace.resolve())
        before = self._last.get(place)
        known = before.entries if before else {}
        reading = _Reading(self._home / "contents", known, before.taken if before else 0)
        manifest = _Manifest(taken=time.time_ns(), workspace=place, entries={})
        try:
            (self._home / "contents").mkdir(parents=True, exist_ok=True, mode=0o700)
            left_out: list[str] = []
            for path, entry in reading.entries(workspace, left_out):
                manifest.entries[path] = entry
                if reading.bytes > self._most_bytes:
                    raise UsageError(
                        f"{workspace} holds more than {self._most_bytes / 1024**3:g} GiB, which is "
                        "too much to keep before each turn; work without undo, or in a smaller "
                        "folder"
                    )
        except OSError as error:
            raise UsageError(
                f"cannot keep {workspace} as it is: {error}; make room, or work without undo"
            ) from error
        manifest.left_out = tuple(left_out)
        name = f"{manifest.taken:020d}-{secrets.token_hex(4)}"
        write_atomic(self._home / f"{name}.json", manifest.model_dump_json().encode())
        self._last[place] = manifest
        self._prune(place)
        return name

    def restore(self, snapshot: str, workspace: Path) -> None:
        """Make the workspace hold exactly what it held. Blocks.

        What was left out of the snapshot is left alone. Files that are the same are not touched.

        Raises:
            UsageError: there is no such snapshot (any more).
            ClawGymError: it cannot be put back; run it again after what the message names.
        """
        manifest = self._read(snapshot)
        try:
            with _opened(workspace) as root:
                _Writing(self._home / "contents", manifest).restore(root)
        except OSError as error:
            raise ClawGymError(
                f"cannot put {workspace} back: {error}; nothing that is kept is lost, try again"
            ) from error

    def _read(self, snapshot: str) -> _Manifest:
        try:
            return _Manifest.model_validate_json((self._home / f"{snapshot}.json").read_bytes())
        except (OSError, ValidationError) as error:
            raise UsageError(
                f"the workspace as it was ({snapshot}) is no longer kept in {self._home}"
            ) from error

    def _prune(self, place: str) -> None:
        """Remove the oldest snapshots of a workspace, then contents that none of all needs."""
        mine = sorted(path for path in self._home.glob("*.json"))
        manifests = {path: self._read(path.stem) for path in mine} if len(mine) > self._keep else {}
        of_place = [path for path, manifest in manifests.items() if manifest.workspace == place]
        gone = of_place[: max(0, len(of_place) - self._keep)]
        if not gone:
            return
        for path in gone:
            path.unlink(missing_ok=True)
        needed = {
            entry.content
            for path, manifest in manifests.items()
            if path not in gone
            for entry in manifest.entries.values()
        }
        for content in (self._home / "contents").iterdir():
            if content.name not in needed:
                content.unlink(missing_ok=True)


class _Reading:
    """One walk through a workspace, storing what is not stored yet."""

    def __init__(self, contents: Path, known: Mapping[str, _Entry], known_since: int) -> None:
        self._contents = contents
        self._known = known
        self._known_since = known_since
        self.bytes = 0

    def entries(self, workspace: Path, left_out: list[str]) -> Iterator[tuple[str, _Entry]]:
        base = os.fspath(workspace)
        walk = os.fwalk(base, follow_symlinks=False, onerror=lambda error: _note(left_out, error))
        for folder, directories, names, descriptor in walk:
            inside = os.path.relpath(folder, base)
            for name in sorted([*directories, *names]):
                path = name if inside == "." else f"{inside}/{name}"
                try:
                    entry = self._entry(path, name, descriptor)
                except (PermissionError, FileNotFoundError, UnicodeError):
                    entry = None
                if entry is None:
                    left_out.append(_readable(path))
                else:
                    yield _readable(path), entry

    def _entry(self, path: str, name: str, folder: int) -> _Entry | None:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        mode = stat.S_IMODE(info.st_mode)
        path.encode()  # names that are no UTF-8 cannot be listed
        if stat.S_ISDIR(info.st_mode):
            return _Entry(kind="directory", mode=mode)
        if stat.S_ISLNK(info.st_mode):
            target = os.readlink(name, dir_fd=folder)
            target.encode()
            return _Entry(kind="link", mode=0, content=target)
        if not stat.S_ISREG(info.st_mode):
            return None
        self.bytes += info.st_size
        return self._file(path, name, folder, info)

    def _file(self, path: str, name: str, folder: int, info: os.stat_result) -> _Entry:
        stamp = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
        known = self._known.get(path)
        settled = max(info.st_mtime_ns, info.st_ctime_ns) < self._known_since - _SETTLED
        if known and known.stamp == stamp and settled:
            content = known.content
        else:
            content = self._store(name, folder)
        mode = stat.S_IMODE(info.st_mode)
        return _Entry(kind="file", mode=mode, content=content, mtime=info.st_mtime_ns, stamp=stamp)

    def _store(self, name: str, folder: int) -> str:
        source = os.open(name, _FILE, dir_fd=folder)
        draft = self._contents / f".{secrets.token_hex(8)}"
        digest = hashlib.sha256()
        try:
            with os.fdopen(source, "rb") as reader, draft.open("xb") as writer:
                while chunk := reader.read(_CHUNK):
                    digest.update(chunk)
                    writer.write(chunk)
            content = digest.hexdigest()
            if not (self._contents / content).exists():
                draft.rename(self._contents / content)
            return content
        finally:
            draft.unlink(missing_ok=True)


class _Writing:
    """Puts one manifest back into an open directory."""

    def __init__(self, contents: Path, manifest: _Manifest) -> None:
        self._contents = contents
        self._entries = manifest.entries
        self._left_out = frozenset(manifest.left_out)

    def restore(self, root: int) -> None:
        children: dict[str, list[str]] = {"": []}
        for path in self._entries:
            parent, _, name = path.rpartition("/")
            children.setdefault(parent, []).append(name)
        self._restore_directory(root, "", children)

    def _restore_directory(
        self, folder: int, inside: str, children: Mapping[str, list[str]]
    ) -> None:
        wanted = children.get(inside, [])
        for name in os.listdir(folder):
            path = _below(inside, name)
            there = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if _readable(path) not in self._left_out and not self._is_kind(path, there):
                _remove(name, folder)
        for name in wanted:
            path = _below(inside, name)
            entry = self._entries[path]
            if entry.kind == "directory":
                self._enter(name, folder, path, entry, children)
            elif entry.kind == "link":
                _put_link(name, folder, entry.content)
            else:
                self._put_file(name, folder, entry)

    def _is_kind(self, path: str, there: os.stat_result) -> bool:
        """Whether what stands at a path is to be there, as the kind of thing that it is."""
        entry = self._entries.get(path)
        if entry is None:
            return False
        checks = {"file": stat.S_ISREG, "directory": stat.S_ISDIR, "link": stat.S_ISLNK}
        return checks[entry.kind](there.st_mode)

    def _enter(
        self, name: str, folder: int, path: str, entry: _Entry, children: Mapping[str, list[str]]
    ) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
        os.chmod(name, entry.mode | 0o700, dir_fd=folder)
        deeper = os.open(name, _DIRECTORY, dir_fd=folder)
        try:
            self._restore_directory(deeper, path, children)
            os.fchmod(deeper, entry.mode)
        finally:
            os.close(deeper)

    def _put_file(self, name: str, folder: int, entry: _Entry) -> None:
        if _digest(name, folder) != entry.content:
            draft = f".{secrets.token_hex(8)}"
            handle = os.open(draft, _CREATE, 0o600, dir_fd=folder)
            try:
                with (
                    os.fdopen(handle, "wb") as writer,
                    (self._contents / entry.content).open("rb") as reader,
                ):
                    while chunk := reader.read(_CHUNK):
                        writer.write(chunk)
                os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                os.unlink(draft, dir_fd=folder)
                raise
        os.chmod(name, entry.mode, dir_fd=folder)
        os.utime(name, ns=(entry.mtime, entry.mtime), dir_fd=folder, follow_symlinks=False)


def _digest(name: str, folder: int) -> str | None:
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except (FileNotFoundError, PermissionError):
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _put_link(name: str, folder: int, target: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if os.readlink(name, dir_fd=folder) == target:
            return
        os.unlink(name, dir_fd=folder)
    os.symlink(target, name, dir_fd=folder)


def _remove(name: str, folder: int) -> None:
    if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=folder)
        return
    deeper = os.open(name, _DIRECTORY, dir_fd=folder)
    try:
        for inner in os.listdir(deeper):
            _remove(inner, deeper)
    finally:
        os.close(deeper)
    os.rmdir(name, dir_fd=folder)


@contextlib.contextmanager
def _opened(directory: Path) -> Generator[int]:
    descriptor = os.open(directory, _DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _note(left_out: list[str], error: OSError) -> None:
    left_out.append(_readable(str(error.filename)))


def _below(inside: str, name: str) -> str:
    return f"{inside}/{name}" if inside else name


def _readable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()
