"""Zip files that somebody else made: read within limits, never unpacked to disk."""

import io
import json
import lzma
import struct
import zipfile
import zlib

MAX_PART_BYTES = 32 * 1024 * 1024
MAX_TOTAL_BYTES = 64 * 1024 * 1024
MAX_LISTED = 1_000

# Everything that `zipfile` and its decompressors are known to raise for damaged, encrypted
# (RuntimeError) and unusually packed (NotImplementedError, a RuntimeError) archives.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


class UnreadableError(Exception):
    """The file is not what it claims to be; whoever made it has to act, so a judge is told."""


class Archive:
    """A zip file in memory. What is read from it, all in all, stays below `MAX_TOTAL_BYTES`."""

    def __init__(self, data: bytes) -> None:
        """Read the directory of the archive.

        Raises:
            UnreadableError: it is no zip file.
        """
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise UnreadableError(f"no readable zip archive: {error}") from error
        self._left = MAX_TOTAL_BYTES

    @property
    def names(self) -> list[str]:
        """The members, in the order of the archive."""
        return self._zip.namelist()

    def read(self, name: str) -> bytes:
        """The bytes of one member.

        Raises:
            UnreadableError: it is missing, broken, encrypted, or unpacks to too much.
        """
        limit = min(MAX_PART_BYTES, self._left)
        try:
            with self._zip.open(name) as stream:
                data = stream.read(limit + 1)
        except KeyError as error:
            raise UnreadableError(f"it has no part {name}") from error
        except _BROKEN as error:
            raise UnreadableError(f"its part {name} cannot be read: {error}") from error
        if len(data) > limit:
            raise UnreadableError(f"its part {name} unpacks to more than {limit:,} bytes")
        self._left -= len(data)
        return data

    def listing(self) -> str:
        """One line a member, its unpacked size as the archive states it."""
        members = self._zip.infolist()
        lines = [
            f"{json.dumps(member.filename, ensure_ascii=False)} {member.file_size:,} bytes"
            for member in members[:MAX_LISTED]
        ]
        if more := len(members) - len(lines):
            lines.append(f"and {more:,} more members that are not listed")
        return "\n".join(lines)
