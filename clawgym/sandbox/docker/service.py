"""The service of files inside the container: many transfers at a time, none of them in memory.

Sent into the container, as `agent`, whose part this is. What comes in goes to *sinks*,
which are generators that take pieces; what goes out comes from *sources*, which are iterators of
messages, asked for more only while little waits to be sent.
"""

from __future__ import annotations

import json
import os
from collections import deque
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypedDict

from clawgym.sandbox.docker import files, trees
from clawgym.sandbox.docker.wire import (
    CHUNK,
    DATA,
    END,
    FAILED,
    ITEM,
    ProtocolError,
    message,
    messages,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from clawgym.sandbox.docker.commands import Identity, Order

    Sink = Generator[None, bytes | None, None]

_QUEUED = 1024**2
"""Bytes that may wait to be sent before sources have to wait in turn."""


class Request(TypedDict):
    """What a call asks for; which keys mean anything depends on `op`."""

    op: str
    root: str
    path: str
    limit: int
    depth: int
    whole: bool
    as_root: bool
    stdin: bool
    order: Order | None


class Outbox:
    """What waits to be sent."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._size = 0

    @property
    def is_full(self) -> bool:
        """Whether what can wait should."""
        return self._size >= _QUEUED

    def put(self, framed: bytes) -> None:
        """Add messages."""
        self._waiting.append(framed)
        self._size += len(framed)

    def end(self, call: int, result: object = None) -> None:
        """Say that a call is over, and what came of it."""
        self.put(message(END, call, json.dumps(result).encode()))

    def fail(self, call: int, error: Exception) -> None:
        """Say that a call is over for that reason."""
        number = error.errno if isinstance(error, OSError) else None
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        answer = json.dumps({"errno": number or 0, "message": said[:4096]})
        self.put(message(FAILED, call, answer.encode()))

    def send(self, descriptor: int) -> bool:
        """Write what can be written now; whether something is left."""
        while self._waiting:
            try:
                sent = os.write(descriptor, self._waiting[0])
            except BlockingIOError:
                return True
            self._size -= sent
            if sent < len(self._waiting[0]):
                self._waiting[0] = self._waiting[0][sent:]
            else:
                self._waiting.popleft()
        return False


class FileService:
    """Answers the calls that are about files, with the rights of the commands."""

    def __init__(self, identity: Identity, outbox: Outbox) -> None:
        self._identity = identity
        self._outbox = outbox
        self._sinks: dict[int, tuple[Sink, bool]] = {}
        self._sources: deque[tuple[int, Iterator[bytes]]] = deque()

    @property
    def is_busy(self) -> bool:
        """Whether `pump` would get on."""
        return bool(self._sources) and not self._outbox.is_full

    def begin(self, call: int, request: Request) -> None:
        """Start what a request asks for.

        Raises:
            OSError: it cannot be done.
            ProtocolError: there is no such thing to ask for.
        """
        operation, root = request["op"], os.fsencode(request["root"])
        path, limit = os.fsencode(request["path"]), request["limit"]
        if operation == "write":
            self._open(call, files.write(root, path), as_root=False)
        elif operation == "put":
            self._open(call, trees.put(root), as_root=request["as_root"])
        elif operation == "fetch":
            self._open(call, self._fetch(call, root, limit), as_root=False)
        else:
            with self._identity.assumed():
                self._sources.append((call, self._source(call, request, root, path)))

    def take(self, call: int, piece: bytes | None) -> None:
        """Give a call its next piece; None is the last.

        Raises:
            OSError: it cannot be done; the rest of the call's pieces is of no use.
            ProtocolError: it breaks off.
        """
        if call in self._sinks:  # else it has failed
            self._advance(call, piece)

    def drop(self, call: int) -> None:
        """Forget a call that has failed."""
        self._sinks.pop(call, None)

    def pump(self) -> None:
        """Fetch from the sources what can be sent soon."""
        while self.is_busy:
            call, source = self._sources[0]
            try:
                with self._identity.assumed():
                    framed = next(source, None)
            except (OSError, ProtocolError) as error:
                self._sources.popleft()
                self._outbox.fail(call, error)
                continue
            if framed is not None:
                self._outbox.put(framed)
            else:
                self._sources.popleft()
                self._outbox.end(call)

    def _source(self, call: int, request: Request, root: bytes, path: bytes) -> Iterator[bytes]:
        operation, limit = request["op"], request["limit"]
        if operation == "read":
            return _framed(call, files.read(root, path, limit))
        if operation == "list":
            return messages(DATA, call, "\0".join(files.names(root, path, limit)).encode())
        if operation == "walk":
            if not request["whole"]:
                trees.unlock(root)
            found = trees.walk(root, request["depth"], limit, whole=request["whole"])
            return _framed(call, found)
        if operation == "clear":
            trees.clear(root)
            return iter(())
        raise ProtocolError(f"no operation {operation!r}")

    def _open(self, call: int, sink: Sink, *, as_root: bool) -> None:
        self._sinks[call] = sink, as_root
        self._advance(call, None)

    def _advance(self, call: int, piece: bytes | None) -> None:
        """Give a sink its next piece; it starts, and ends, with None."""
        sink, as_root = self._sinks[call]
        with nullcontext() if as_root else self._identity.assumed():
            try:
                sink.send(piece)
            except StopIteration:
                del self._sinks[call]
                if all(call != source for source, _ in self._sources):
                    self._outbox.end(call)

    def _fetch(self, call: int, root: bytes, limit: int) -> Sink:
        """Take paths that end in NUL, then send each file, an `ITEM` after it."""
        paths = bytearray()
        while (piece := (yield)) is not None:
            paths += piece
        wanted = bytes(paths).split(b"\0")[:-1]
        self._sources.append((call, _fetched(call, root, wanted, limit)))


def _framed(call: int, parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts in messages of a sensible size."""
    batch = bytearray()
    for part in parts:
        batch += part
        if len(batch) >= CHUNK // 4:
            yield b"".join(messages(DATA, call, bytes(batch)))
            batch.clear()
    yield from messages(DATA, call, bytes(batch))


def _fetched(call: int, root: bytes, paths: list[bytes], limit: int) -> Iterator[bytes]:
    for path in paths:
        reason = ""
        try:
            yield from _framed(call, files.fetch(root, path, limit))
        except OSError as error:
            reason = files.errno_name(error)
        yield message(ITEM, call, reason.encode())
