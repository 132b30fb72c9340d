"""The files of one skill on their way in or out, within limits, no link followed."""

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import ClawGymError, ExitCode
from clawgym.files import File, Files
from clawgym.paths import check_relative

MIB = 1024**2
MAX_FILE_BYTES = 10 * MIB
MAX_BUNDLE_BYTES = 50 * MIB
MAX_ENTRIES = 2_000
MAX_DEPTH = 24

STATE_FOLDERS = (".clawhub", ".clawdhub")
"""What installers keep beside a skill; never part of it."""

_LEFT_OUT = frozenset(
    {*STATE_FOLDERS, ".git", ".hg", ".svn", "node_modules", "__pycache__", "__MACOSX", ".DS_Store"}
)
_PORTS = (f"{name}{number}" for name in ("com", "lpt") for number in range(1, 10))
_DEVICES = frozenset({"con", "prn", "aux", "nul", *_PORTS})
"""What Windows takes for a device, whatever the suffix."""


class UnsafeBundleError(ClawGymError):
    """The files of a skill could hurt the machine they are written to: its author has to act."""

    exit_code = ExitCode.FINDINGS


@dataclass
class Intake:
    """Collects the files of a skill, and refuses what no skill needs.

    `origin` names in messages where the files come from.
    """

    origin: str

    def __post_init__(self) -> None:
        self._files: dict[str, File] = {}
        self._folded: dict[str, str] = {}
        self._bytes = 0

    @property
    def room(self) -> int:
        """How many bytes the next file may have."""
        return min(MAX_FILE_BYTES, MAX_BUNDLE_BYTES - self._bytes)

    def refuse(self, reason: str) -> UnsafeBundleError:
        """The error that refuses the whole."""
        return UnsafeBundleError(f"{self.origin}: {reason}; nothing was installed")

    def wants(self, path: str) -> bool:
        """Whether a file of this path belongs to a skill at all.

        Raises:
            UnsafeBundleError: the path could leave the folder or clash with another.
        """
        self._check_path(path)
        return not _LEFT_OUT.intersection(path.split("/"))

    def add(self, path: str, file: File) -> None:
        """Take one file that `wants` let through.

        Raises:
            UnsafeBundleError: it clashes with another, or there is too much.
        """
        if len(file.data) > self.room:
            limit = f"{MAX_FILE_BYTES // MIB} MiB a file, {MAX_BUNDLE_BYTES // MIB} MiB together"
            raise self.refuse(f"{path!r} is too big (at most {limit})")
        if len(self._files) >= MAX_ENTRIES:
            raise self.refuse(f"more than {MAX_ENTRIES:,} files")
        if path in self._files:
            raise self.refuse(f"{path!r} appears twice")
        self._check_collisions(path)
        self._files[path] = file
        self._bytes += len(file.data)

    def files(self) -> Files:
        """What was collected.

        Raises:
            UnsafeBundleError: one path is a folder of another, or there is nothing.
        """
        if not self._files:
            raise self.refuse("no files")
        try:
            return Files(self._files)
        except ValueError as error:
            raise self.refuse(str(error)) from error

    def _check_path(self, path: str) -> None:
        try:
            check_relative(path)
        except ValueError as error:
            raise self.refuse(str(error)) from error
        if any(unicodedata.category(character) == "Cc" for character in path):
            raise self.refuse(f"{path!r} holds a control character")
        parts = path.split("/")
        if len(parts) > MAX_DEPTH:
            raise self.refuse(f"{path[:80]!r} lies more than {MAX_DEPTH} folders deep")
        for part in parts:
            if ":" in part or part.endswith((" ", ".")) or part.split(".")[0].lower() in _DEVICES:
                raise self.refuse(f"{path!r} is no file name on every system")

    def _check_collisions(self, path: str) -> None:
        """Two names that only case or composition tells apart are one file on some systems."""
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            prefix = "/".join(parts[:depth])
            folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", prefix).casefold())
            if (other := self._folded.setdefault(folded, prefix)) != prefix:
                raise self.refuse(f"{other!r} and {prefix!r} are one name on some systems")


def read_bundle(directory: Path) -> Files:
    """Every file of a skill in a folder; versions control and installers' state are left out.

    Raises:
        UnsafeBundleError: it holds a link, a device, an unsafe name, or too much.
    """
    intake = Intake(str(directory))
    for path in _walk(directory, intake):
        relative = path.relative_to(directory).as_posix()
        if intake.wants(relative):
            intake.add(relative, _read(path, intake))
    return intake.files()


def _walk(directory: Path, intake: Intake) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        raise intake.refuse(f"{error.filename} cannot be listed: {error.strerror}") from error

    for root, folders, names in os.walk(directory, onerror=unreadable):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in _first_linked(root, folders):
            raise intake.refuse(f"{Path(root, name)} is a link; replace it by its content")
        for name in sorted(names):
            if name not in _LEFT_OUT:
                yield Path(root, name)


def _first_linked(root: str, folders: Iterable[str]) -> Iterator[str]:
    return (name for name in folders if Path(root, name).is_symlink())


def _read(path: Path, intake: Intake) -> File:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise intake.refuse(f"{path} is no regular file")
            return File(stream.read(intake.room + 1), bool(status.st_mode & 0o100))
    except OSError as error:
        reason = "it is a link" if path.is_symlink() else error.strerror
        raise intake.refuse(f"{path} cannot be read: {reason}") from error
