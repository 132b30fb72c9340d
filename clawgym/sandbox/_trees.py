"""Whole trees of files below open directories: copy one, empty one, write one.

The trees are believed to be hostile: names are arbitrary bytes (text with surrogate escapes here,
which loses nothing), directories may be ten thousand levels deep, and a name may be something else
each time one looks. No link is followed, nothing recurses, and few descriptors are open at a time.
"""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from clawgym.sandbox._clear import clear_tree
from clawgym.sandbox._confined import readable_name
from clawgym.sandbox._content import ContentCopier, can_reflink
from clawgym.sandbox._fill import fill
from clawgym.sandbox._trail import Trail
from clawgym.sandbox.protocol import Skipped

__all__ = ["NAMED_SKIPS", "TreeStats", "can_reflink", "clear_tree", "copy_tree", "fill"]

NAMED_SKIPS = 1_000
"""How many skipped entries are named; the others are counted."""

_LINK_DEPTH = 64
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW

_UNREADABLE = {
    *(errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO),
    *(errno.EINVAL, errno.ESTALE),
}
"""What reading a source may answer because of what the source is, not because of this machine."""

_UNFIT = {errno.EFBIG, errno.ENAMETOOLONG}
"""What a target answers to content that its file system has no room for by design."""

_REASONS = {
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    **dict.fromkeys((stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK), "raced"),
}


@dataclass(frozen=True)
class TreeStats:
    """What was copied. `bytes` is the apparent size of the files, each inode counted once.

    `skipped` names the first entries that were left out, with reasons: `fifo`, `socket`, `special`
    (a device), `raced` (became something else while it was looked at), or the name of an errno.
    `skipped_count` counts all of them.
    """

    files: int = 0
    directories: int = 0
    symlinks: int = 0
    hard_links: int = 0
    bytes: int = 0
    skipped: tuple[Skipped, ...] = ()
    skipped_count: int = 0


def copy_tree(source: int, target: int, *, owner: int | None, unlock: bool = False) -> TreeStats:
    """Copy what is below one open directory into another, empty one.

    Regular files (holes stay holes, blocks are shared where the file system can), directories and
    symbolic links as links, with permissions and modification times as precise as the target's
    file system has them. Not copied: set-id and sticky bits, extended attributes, owners, and mode
    and times of `source` itself. Several names of one file stay names of one file, unless the first
    of them lies more than 64 directories deep. FIFOs, sockets, devices and what may not be read are
    skipped and named.

    Args:
        source: a directory that may hold anything and be changed meanwhile; it is only read.
        target: an empty directory that nobody else writes to.
        owner: the user and group id of everything that is made; needs root. None: our own.
        unlock: whether files and directories of ours that deny us reading are made readable while
            they are copied.

    Raises:
        OSError: the target cannot take it (ENOSPC, …), or ESTALE: somebody moved a directory deep
            in the source while it was being copied.
    """
    rights = os.R_OK | os.X_OK if unlock else 0
    with Trail(source, rights=rights) as reading, Trail(target) as writing:
        return _Copy(reading, writing, owner).run()


class _Copy:
    def __init__(self, source: Trail, target: Trail, owner: int | None) -> None:
        self._source = source
        self._target = target
        self._owner = owner
        self._content = ContentCopier()
        self._files = self._directories = self._symlinks = self._hard_links = self._bytes = 0
        self._first_names: dict[tuple[int, int], tuple[list[str], str]] = {}
        self._skipped: list[Skipped] = []
        self._skipped_count = 0

    def run(self) -> TreeStats:
        pending = [self._copy_all_but_folders()]
        while True:
            if pending[-1]:
                if self._enter(pending[-1].pop()):
                    pending.append(self._copy_all_but_folders())
            elif len(pending) > 1:
                pending.pop()
                self._source.leave()
                self._target.leave()
            else:
                return self._stats()

    def _copy_all_but_folders(self) -> list[str]:
        """Copy what is here and return the names of the directories here."""
        with os.scandir(self._source.here) as entries:  # a dict: a race can show a name twice
            copiers = {entry.name: self._copier(entry) for entry in entries}
        for name, copy in copiers.items():
            if copy:
                self._take(name, copy)
        return [name for name, copy in copiers.items() if not copy]

    def _copier(self, entry: "os.DirEntry[str]") -> Callable[[str], None] | None:
        """What copies the entry; None for a directory."""
        if entry.is_file(follow_symlinks=False):
            return self._copy_file
        if entry.is_dir(follow_symlinks=False):
            return None
        return self._copy_link if entry.is_symlink() else self._skip_special

    def _take(self, name: str, copy: Callable[[str], None]) -> None:
        try:
            copy(name)
        except OSError as error:
            if error.errno not in _UNFIT:
                raise
            self._skip(name, errno.errorcode[error.errno])

    def _enter(self, name: str) -> bool:
        try:
            info = self._source.enter(name)
        except OSError as error:
            self._skip_unreadable(name, error)
            return False
        os.mkdir(name, 0o700, dir_fd=self._target.here)
        self._target.enter(name, partial(self._stamp, info=info))
        self._directories += 1
        return True

    def _copy_file(self, name: str) -> None:
        try:
            source = self._source.open_file(name)
        except OSError as error:
            self._skip_unreadable(name, error)
            return
        try:
            info = os.fstat(source)
            if not stat.S_ISREG(info.st_mode):
                self._skip(name, "raced")
            elif info.st_nlink == 1 or not self._link(name, info):
                self._create(name, source, info)
        finally:
            os.close(source)

    def _create(self, name: str, source: int, info: os.stat_result) -> None:
        target = os.open(name, _CREATE, 0o600, dir_fd=self._target.here)
        try:
            self._content.copy(source, target, info)
            self._stamp(target, info)
        except BaseException:
            os.unlink(name, dir_fd=self._target.here)
            raise
        finally:
            os.close(target)
        self._files += 1
        self._bytes += info.st_size
        names = self._target.names if info.st_nlink > 1 else []
        if info.st_nlink > 1 and len(names) <= _LINK_DEPTH:
            self._first_names[info.st_dev, info.st_ino] = names, name

    def _link(self, name: str, info: os.stat_result) -> bool:
        """Make another name for a file that was copied before; False if there is none."""
        folders, first = self._first_names.get((info.st_dev, info.st_ino), ([], ""))
        if not first:
            return False
        try:
            with Trail(self._target.root, rights=os.R_OK | os.X_OK) as trail:  # finished folders
                for folder in folders:
                    trail.enter(folder)
                here = self._target.here
                os.link(first, name, src_dir_fd=trail.here, dst_dir_fd=here, follow_symlinks=False)
        except OSError as error:
            if error.errno != errno.EMLINK:  # a file can have only so many names
                raise
            return False
        self._hard_links += 1
        return True

    def _copy_link(self, name: str) -> None:
        try:
            text = os.readlink(name, dir_fd=self._source.here)
            info = os.stat(name, dir_fd=self._source.here, follow_symlinks=False)
        except OSError as error:
            self._skip_unreadable(name, error)
            return
        here = self._target.here
        os.symlink(text, name, dir_fd=here)
        if self._owner is not None:
            os.chown(name, self._owner, self._owner, dir_fd=here, follow_symlinks=False)
        os.utime(name, ns=_times(info), dir_fd=here, follow_symlinks=False)
        self._symlinks += 1

    def _stamp(self, target: int, info: os.stat_result) -> None:
        if self._owner is not None:
            os.chown(target, self._owner, self._owner)
        os.fchmod(target, info.st_mode & 0o777)
        os.utime(target, ns=_times(info))

    def _skip_special(self, name: str) -> None:
        try:
            info = os.stat(name, dir_fd=self._source.here, follow_symlinks=False)
        except OSError as error:
            self._skip_unreadable(name, error)
            return
        self._skip(name, _REASONS.get(stat.S_IFMT(info.st_mode), "special"))

    def _skip_unreadable(self, name: str, error: OSError) -> None:
        if error.errno not in _UNREADABLE:
            raise error
        self._skip(name, errno.errorcode[error.errno])

    def _skip(self, name: str, reason: str) -> None:
        self._skipped_count += 1
        if len(self._skipped) < NAMED_SKIPS:
            self._skipped.append(Skipped(readable_name(self._source.shown(name)), reason))

    def _stats(self) -> TreeStats:
        return TreeStats(
            files=self._files,
            directories=self._directories,
            symlinks=self._symlinks,
            hard_links=self._hard_links,
            bytes=self._bytes,
            skipped=tuple(self._skipped),
            skipped_count=self._skipped_count,
        )


def _times(info: os.stat_result) -> tuple[int, int]:
    return info.st_atime_ns, info.st_mtime_ns
