"""A set of files held in memory: what a workspace, a test folder or a solution consists of."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import TaskFormatError
from clawgym.paths import check_relative


@dataclass(frozen=True)
class File:
    """The bytes of one regular file and whether it may be executed."""

    data: bytes
    executable: bool = False


class Files(Mapping[str, File]):
    """Relative path to `File`, ordered by path, immutable.

    Raises:
        ValueError: a path is unsafe, or one path is a directory of another.
    """

    def __init__(self, entries: Mapping[str, File | bytes | str] | None = None) -> None:
        self._entries = {
            check_relative(path): _as_file(entry) for path, entry in sorted((entries or {}).items())
        }
        for path in self._entries:
            parts = path.split("/")
            for depth in range(1, len(parts)):
                if (parent := "/".join(parts[:depth])) in self._entries:
                    raise ValueError(f"{parent!r} is both a file and the directory of {path!r}")

    def __getitem__(self, path: str) -> File:
        return self._entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Files) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Files({list(self._entries)})"

    def __or__(self, other: "Files") -> "Files":
        return Files({**self._entries, **other._entries})

    @property
    def digest(self) -> str:
        """A SHA-256 over paths, modes and bytes, in hexadecimal."""
        return self.digest_of(
            (path, file.executable, hashlib.sha256(file.data).hexdigest())
            for path, file in self._entries.items()
        )

    @staticmethod
    def digest_of(entries: Iterable[tuple[str, bool, str]]) -> str:
        """What `digest` is for files given as (path, executable, SHA-256), ordered by path."""
        total = hashlib.sha256()
        for path, executable, content in entries:
            total.update(f"{path}\0{int(executable)}\0{content}\n".encode())
        return total.hexdigest()

    def write_to(self, directory: Path) -> None:
        """Write every file below `directory`, which must be ours alone."""
        made: set[str] = set()
        for path, file in self._entries.items():
            target = f"{directory}/{path}"
            folder = os.path.dirname(target)
            if folder not in made:
                os.makedirs(folder, exist_ok=True)
                made.add(folder)
            with open(target, "wb") as stream:
                os.fchmod(stream.fileno(), 0o755 if file.executable else 0o644)
                stream.write(file.data)

    @classmethod
    def read_from(cls, directory: Path, *, skip: Callable[[str], bool] | None = None) -> "Files":
        """Read every regular file below a directory that we trust; `{}` if it does not exist.

        Whatever `skip` holds for, by its path relative to the directory, is not looked at.

        Raises:
            TaskFormatError: the directory is none, or holds a link, a device, an unsafe name or
                something that may not be read.
        """
        entries: dict[str, File] = {}
        for root, folders, names in _walk(directory, skip):
            for name in (*folders, *names):
                path = Path(root, name)
                if path.is_symlink() or not (path.is_file() or path.is_dir()):
                    raise TaskFormatError(
                        f"{path} is not a regular file; replace it by its content"
                    )
            for name in names:
                path = Path(root, name)
                executable = bool(path.stat().st_mode & 0o100)
                relative = path.relative_to(directory).as_posix()
                entries[relative] = File(_read_bytes(path), executable)
        try:
            return cls(entries)
        except ValueError as error:
            raise TaskFormatError(f"{directory}: {error}") from error


def _walk(
    directory: Path, skip: Callable[[str], bool] | None
) -> Iterator[tuple[str, list[str], list[str]]]:
    for root, folders, names in os.walk(directory, onerror=_cannot_list):
        if skip:
            for entries in (folders, names):
                relative = {name: Path(root, name).relative_to(directory) for name in entries}
                entries[:] = [name for name in entries if not skip(relative[name].as_posix())]
        yield root, folders, names


def _cannot_list(error: OSError) -> None:
    """Let a folder that is not there pass as empty: it is what `os.walk` does with all errors."""
    if not isinstance(error, FileNotFoundError):
        raise TaskFormatError(f"{error.filename} cannot be listed: {error.strerror}") from error


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TaskFormatError(f"{path} cannot be read: {error.strerror}") from error


def _as_file(entry: File | bytes | str) -> File:
    if isinstance(entry, File):
        return entry
    return File(entry.encode() if isinstance(entry, str) else entry)
