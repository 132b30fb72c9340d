"""Messages between a worker and the warm hosts in its box: a JSON head, then blobs of bytes.

Standard library of Python 3.9+: this file runs on both sides.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_SIZES = struct.Struct(">QI")
MAX_HEAD = 64 * 1024 * 1024

Head = dict[str, Any]
FileEntry = tuple[str, bool, int]
"""Path, whether it is executable, and the number of the blob that holds it."""


class Message:
    """A head, and blobs that its entries refer to by number."""

    def __init__(self, head: Head, blobs: list[bytes] | None = None) -> None:
        self.head = head
        self.blobs: list[bytes] = blobs if blobs is not None else []

    def add(self, data: bytes) -> int:
        """Put a blob in; its number."""
        self.blobs.append(data)
        return len(self.blobs) - 1

    def files(self, entries: list[FileEntry]) -> dict[str, tuple[bytes, bool]]:
        """The files of a list of entries: path to content and whether it may be executed."""
        return {path: (self.blobs[blob], executable) for path, executable, blob in entries}


def send(stream: IO[bytes], message: Message) -> None:
    """Write one message and flush."""
    sizes = [len(blob) for blob in message.blobs]
    head = json.dumps({"sizes": sizes, "head": message.head}).encode()
    stream.write(_SIZES.pack(len(head), len(sizes)))
    stream.write(head)
    for blob in message.blobs:
        stream.write(blob)
    stream.flush()


def receive(stream: IO[bytes]) -> Message | None:
    """The next message; None where the other side has closed.

    Raises:
        EOFError: it closed in the middle of a message.
        ValueError: this is no message.
    """
    start = stream.read(_SIZES.size)
    if not start:
        return None
    if len(start) < _SIZES.size:
        raise EOFError
    length, count = _SIZES.unpack(start)
    if length > MAX_HEAD:
        raise ValueError(f"a head of {length} bytes")
    outer = json.loads(_exactly(stream, length))
    if len(outer["sizes"]) != count:
        raise ValueError("the number of blobs differs")
    return Message(outer["head"], [_exactly(stream, size) for size in outer["sizes"]])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
