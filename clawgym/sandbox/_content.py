"""The content of one file, copied in the cheapest way that the file systems allow.

A file system with reflinks shares the blocks; everywhere else plain reads and writes through one
buffer are as fast as `sendfile` and `copy_file_range` (measured on ext4 and tmpfs, 4 KiB to
64 MiB), work between any two file systems, and keep holes.
"""

import errno
import fcntl
import os

_FICLONE = 0x40049409
_BUFFER_BYTES = 256 * 1024
_NO_REFLINK = {errno.EOPNOTSUPP, errno.ENOTTY, errno.ENOSYS, errno.EXDEV, errno.EINVAL}


class ContentCopier:
    """Copies between two file systems; learns once whether they share blocks."""

    def __init__(self) -> None:
        self._reflink = True
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))

    def copy(self, source: int, target: int, info: os.stat_result) -> None:
        """Fill the new file `target` with the first `info.st_size` bytes of `source`.

        What is written to the source meanwhile may or may not be seen, but never makes this go on
        for ever. Both descriptors stand at the beginning.
        """
        if not info.st_size or (self._reflink and self._clone(source, target)):
            return
        if info.st_blocks * 512 < info.st_size:
            self._copy_data_around_holes(source, target, info.st_size)
        else:
            self._copy_range(source, target, info.st_size)

    def _clone(self, source: int, target: int) -> bool:
        self._reflink = clone(source, target)
        return self._reflink

    def _copy_data_around_holes(self, source: int, target: int, size: int) -> None:
        end = 0
        while (start := _next_data(source, end)) is not None and start < size:
            end = min(os.lseek(source, start, os.SEEK_HOLE), size)
            os.lseek(source, start, os.SEEK_SET)
            os.lseek(target, start, os.SEEK_SET)
            self._copy_range(source, target, end - start)
        os.ftruncate(target, size)

    def _copy_range(self, source: int, target: int, length: int) -> None:
        while length > 0:
            count = os.readv(source, [self._buffer[:length]])
            if not count:
                return  # somebody has made it shorter
            length -= count
            rest = self._buffer[:count]
            while rest:
                rest = rest[os.write(target, rest) :]


def clone(source: int, target: int) -> bool:
    """Let `target` share all blocks of `source`; False if these file systems cannot."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno not in _NO_REFLINK:
            raise
        return False
    return True


def can_reflink(directory: int) -> bool:
    """Whether files below this directory can share their blocks with each other."""
    flags = os.O_TMPFILE | os.O_RDWR
    try:
        source = os.open(".", flags, 0o600, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT):  # no unnamed files here
            return False
        raise
    try:
        target = os.open(".", flags, 0o600, dir_fd=directory)
        try:
            return clone(source, target)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _next_data(descriptor: int, offset: int) -> int | None:
    """Where the next data begins; None if only a hole is left."""
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None
