"""What the harness and the program inside a container say to each other.

A message is a kind, the number of the call that it belongs to, and at most `CHUNK` bytes. A tree
of files travels as records, each followed by the file's content where the call says so. This file
is also sent into the container, where only Python 3.8's standard library can be counted on.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 256 * 1024
"""The most bytes of data in one message."""
LONGEST = 32 * 1024**2
"""The most bytes in any message: a request may name very many arguments."""

REQUEST = 1
"""To the container: JSON that starts a call."""
DATA = 2
"""Both ways: the next piece of what the call carries."""
END = 3
"""To the container: no more data will come. From it: JSON, the result; the call is over."""
FAILED = 4
"""From the container: JSON with `errno` and `message`; the call is over."""
ITEM = 5
"""From the container: one of several files is complete; the reason if it could not be read."""

FILE, DIRECTORY, LINK, FIFO, SOCKET, SPECIAL = b"f", b"d", b"l", b"p", b"s", b"x"
LEFT_OUT = b"e"
"""The kind of a record for an entry that was not looked into; `extra` is the reason."""
NO_TIME = -1
"""In place of a modification time that does not matter."""

_MESSAGE = struct.Struct(">BII")
_RECORD = struct.Struct(">cHqQII")
_NAMES = 4096 * 16


class ProtocolError(Exception):
    """What came is nothing that the other side would have sent."""


class Record(NamedTuple):
    """One entry of a tree: permission bits, nanoseconds, bytes; `extra` is a link's target."""

    kind: bytes
    path: bytes
    mode: int = 0
    mtime_ns: int = NO_TIME
    size: int = 0
    extra: bytes = b""

    def pack(self) -> bytes:
        """The record as bytes, without the file's content."""
        lengths = (len(self.path), len(self.extra))
        fixed = _RECORD.pack(self.kind, self.mode, self.mtime_ns, self.size, *lengths)
        return fixed + self.path + self.extra


def message(kind: int, call: int, payload: bytes = b"") -> bytes:
    """One message as bytes."""
    return _MESSAGE.pack(kind, call, len(payload)) + payload


def messages(kind: int, call: int, payload: bytes) -> Iterator[bytes]:
    """A long payload as messages; an empty one as none."""
    for at in range(0, len(payload), CHUNK):
        yield message(kind, call, payload[at : at + CHUNK])


class MessageReader:
    """Finds messages in a stream of bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """The messages that the stream completes with `data`: kind, call, payload.

        Raises:
            ProtocolError: a length that no message has.
        """
        self._buffer += data
        at = 0
        try:
            while len(self._buffer) - at >= _MESSAGE.size:
                kind, call, length = _MESSAGE.unpack_from(self._buffer, at)
                if length > LONGEST:
                    raise ProtocolError(f"a message of {length} bytes")
                start, end = at + _MESSAGE.size, at + _MESSAGE.size + length
                if end > len(self._buffer):
                    break
                at = end
                yield kind, call, bytes(self._buffer[start:end])
        finally:
            del self._buffer[:at]


class RecordReader:
    """Finds records, and the contents of files between them, in a stream of bytes."""

    def __init__(self, *, contents: bool) -> None:
        self._contents = contents
        self._buffer = bytearray()
        self._missing = 0

    @property
    def complete(self) -> bool:
        """Whether the stream may end here."""
        return not self._buffer and not self._missing

    def feed(self, data: bytes) -> Iterator[Record | bytes]:
        """What `data` brings: records, and pieces of the content of the last one.

        Raises:
            ProtocolError: lengths that no record has.
        """
        self._buffer += data
        while self._buffer:
            if self._missing:
                piece = bytes(self._buffer[: self._missing])
                del self._buffer[: len(piece)]
                self._missing -= len(piece)
                yield piece
            elif (record := self._next()) is not None:
                self._missing = record.size if self._contents and record.kind == FILE else 0
                yield record
            else:
                return

    def _next(self) -> Record | None:
        if len(self._buffer) < _RECORD.size:
            return None
        kind, mode, mtime_ns, size, path, extra = _RECORD.unpack_from(self._buffer)
        if path > _NAMES or extra > _NAMES:
            raise ProtocolError(f"a record with names of {path} and {extra} bytes")
        middle, end = _RECORD.size + path, _RECORD.size + path + extra
        if len(self._buffer) < end:
            return None
        names = bytes(self._buffer[_RECORD.size : end])
        del self._buffer[:end]
        cut = middle - _RECORD.size
        return Record(kind, names[:cut], mode, mtime_ns, size, names[cut:])
