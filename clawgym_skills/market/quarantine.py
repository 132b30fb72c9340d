"""From nothing to installed in one step, or not at all, whatever dies on the way.

New files are written into `<skills>/.clawhub/quarantine/<token>/`, on the same file system as the
place where they go. What changes then (the folder and its line in the lock) is written down first,
as an intent. Whoever takes the lock of the skills folder next finishes an intent whose folder is
in place, takes back one whose folder is not, and sweeps out what the dead left behind.
"""

import ctypes
import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict

from clawgym.atomic import write_atomic
from clawgym.errors import ClawGymError, UsageError
from clawgym_skills.market.bundle import STATE_FOLDERS
from clawgym_skills.market.lockfile import Lock, LockEntry

_INTENT = "intent.json"
_SECONDS = 60.0
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_NOT_SUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


class BusyError(ClawGymError):
    """Another process has been changing the same skills folder for too long."""


class Intent(BaseModel):
    """What is about to change: the folder at `target` becomes the one with this inode, or goes.

    `key` and `entry` are a line of the lock in `workdir`; with no entry the line is removed, with
    no key the lock does not change.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    workdir: str
    target: str
    inode: int | None
    key: str | None = None
    entry: LockEntry | None = None

    @property
    def done(self) -> bool:
        """Whether the folder is already as it should become."""
        try:
            return os.lstat(self.target).st_ino == self.inode
        except FileNotFoundError:
            return self.inode is None

    def lock(self) -> None:
        """Write the line of the lock."""
        if self.key is None:
            return
        lock = Lock.read(Path(self.workdir))
        if self.entry is None:
            lock.remove(self.key)
        else:
            lock.put(self.key, self.entry)
        lock.write()


@dataclass(frozen=True)
class Stage:
    """One folder in quarantine: `new` is what is being installed, `old` what it replaces."""

    folder: Path

    @property
    def new(self) -> Path:
        """Where the new skill is put together."""
        return self.folder / "new"

    @property
    def old(self) -> Path:
        """Where the old one goes."""
        return self.folder / "old"


class Quarantine:
    """The quarantine of one skills folder."""

    def __init__(self, skills: Path) -> None:
        self._state = skills / STATE_FOLDERS[0]
        self._folder = self._state / "quarantine"

    @contextmanager
    def stage(self) -> Generator[Stage]:
        """A folder of one's own, gone afterwards; the next to come removes it if we die.

        Raises:
            UsageError: the skills folder cannot be written to.
        """
        try:
            with self._own_token() as token:
                folder = self._folder / token
                folder.mkdir()
                try:
                    yield Stage(folder)
                finally:
                    _remove(folder)
        finally:
            with suppress(OSError):  # others are still at work there
                self._folder.rmdir()

    @contextmanager
    def exclusive(self) -> Generator[None]:
        """The right to change the skills folder; first puts right what the dead left unfinished.

        Raises:
            BusyError: another process holds it for a minute.
        """
        _make(self._state)
        with (self._state / "install.lock").open("a") as handle:
            _wait_for(handle, self._state.parent)
            self._recover()
            yield

    def replace(self, stage: Stage, intent: Intent) -> None:
        """Put `stage.new` where `intent.target` is, and the lock right. Needs `exclusive`."""
        target = Path(intent.target)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(stage.folder / _INTENT, intent.model_dump_json().encode())
        if target.exists():
            _exchange(stage.new, target, stage.old)
        else:
            os.rename(stage.new, target)
        self._finish(stage, intent)

    def remove(self, stage: Stage, intent: Intent) -> None:
        """Take `intent.target` away, and its line out of the lock. Needs `exclusive`."""
        write_atomic(stage.folder / _INTENT, intent.model_dump_json().encode())
        with suppress(FileNotFoundError):
            os.rename(intent.target, stage.old)
        self._finish(stage, intent)

    def _finish(self, stage: Stage, intent: Intent) -> None:
        intent.lock()
        (stage.folder / _INTENT).unlink()

    @contextmanager
    def _own_token(self) -> Generator[str]:
        """A name that nobody else has, and a locked file that says that we live."""
        while True:
            _make(self._folder)
            token = secrets.token_hex(8)
            sign = self._folder / f"{token}.alive"
            try:
                handle = sign.open("x")
            except FileNotFoundError:
                continue  # the folder has just been removed by whoever was done with it
            with handle:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if not os.path.lexists(sign):
                    continue  # it was swept out before we had locked it
                try:
                    yield token
                finally:
                    sign.unlink(missing_ok=True)
                return

    def _recover(self) -> None:
        for sign in sorted(self._folder.glob("*.alive")):
            try:
                handle = sign.open("r+")
            except FileNotFoundError:
                continue  # its owner is done
            with handle:
                if _locked(handle):
                    self._sweep(Stage(sign.with_suffix("")))
                    sign.unlink(missing_ok=True)
        with suppress(OSError):
            self._folder.rmdir()

    def _sweep(self, stage: Stage) -> None:
        path = stage.folder / _INTENT
        if path.exists():
            intent = Intent.model_validate_json(path.read_bytes())
            if intent.done:
                intent.lock()
            elif stage.old.exists() and not os.path.lexists(intent.target):
                os.rename(stage.old, intent.target)
        _remove(stage.folder)


def _make(folder: Path) -> None:
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if isinstance(error, FileExistsError) and not os.path.lexists(folder):
                continue  # it was there, and whoever was done with it has just removed it
            raise UsageError(
                f"cannot make {folder}: {error.strerror}; choose a folder that you may write to"
            ) from error
        return


def _wait_for(handle: IO[str], skills: Path) -> None:
    end = time.monotonic() + _SECONDS
    while not _locked(handle):
        if time.monotonic() > end:
            raise BusyError(f"another process is changing {skills}; try again when it is done")
        time.sleep(0.02)


def _locked(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _exchange(new: Path, target: Path, old: Path) -> None:
    """Swap two folders at once; where the file system cannot, there is a moment with none."""
    libc = ctypes.CDLL(None, use_errno=True)
    swap = getattr(libc, "renameat2", None)
    source, place = os.fsencode(new), os.fsencode(target)
    if swap is not None and swap(_AT_FDCWD, source, _AT_FDCWD, place, _RENAME_EXCHANGE) == 0:
        return
    code = ctypes.get_errno()
    if swap is not None and code not in _NOT_SUPPORTED:
        raise OSError(code, os.strerror(code), str(target))
    os.rename(target, old)
    os.rename(new, target)


def _remove(folder: Path) -> None:
    """Remove a tree, read-only folders included; what is not there is gone already."""
    for root, _, _ in os.walk(folder):
        with suppress(OSError):
            os.chmod(root, 0o700)
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
