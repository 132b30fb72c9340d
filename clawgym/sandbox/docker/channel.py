"""The harness's end of the channel to process 1 of a container: many calls at a time."""

import asyncio
import json
import socket
import struct
from asyncio import Future
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypedDict

from clawgym.errors import SandboxError
from clawgym.sandbox.docker.commands import Order
from clawgym.sandbox.docker.service import Request
from clawgym.sandbox.docker.wire import (
    CHUNK,
    DATA,
    END,
    FAILED,
    ITEM,
    REQUEST,
    MessageReader,
    message,
    messages,
)

_STDOUT, _STDERR = 1, 2
_SAID = 4096
_HEADER = struct.Struct(">BxxxL")


class ChannelLostError(Exception):
    """The container, or the daemon between it and us, has closed the channel."""


class _Failure(TypedDict):
    errno: int
    message: str


class FrameReader:
    """Takes apart what Docker multiplexes over one stream: 8-byte headers before each piece.

    See https://docs.docker.com/reference/api/engine/ (attach to a container, stream format).
    """

    def __init__(self) -> None:
        self._header = bytearray()
        self._stream = 0
        self._missing = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Pieces of streams (1: standard output, 2: standard error), as they come."""
        at = 0
        while at < len(data):
            if self._missing:
                piece = data[at : at + self._missing]
                self._missing -= len(piece)
                at += len(piece)
                yield self._stream, piece
                continue
            room = _HEADER.size - len(self._header)
            self._header += data[at : at + room]
            at += room
            if len(self._header) == _HEADER.size:
                self._stream, self._missing = _HEADER.unpack(self._header)
                self._header.clear()


def request(
    op: str,
    *,
    root: str = "",
    path: str = "",
    limit: int = 0,
    depth: int = 0,
    whole: bool = False,
    as_root: bool = False,
    stdin: bool = False,
    order: Order | None = None,
) -> Request:
    """A request with the keys that do not matter filled in."""
    return Request(
        op=op,
        root=root,
        path=path,
        limit=limit,
        depth=depth,
        whole=whole,
        as_root=as_root,
        stdin=stdin,
        order=order,
    )


@dataclass
class _Call:
    done: Future[bytes]
    on_data: Callable[[bytes], object]
    on_item: Callable[[str], object]


class BoxChannel(asyncio.Protocol):
    """Sends requests and data, and hands what comes back to the call that it belongs to."""

    def __init__(self) -> None:
        self._frames = FrameReader()
        self._reader = MessageReader()
        self._calls: dict[int, _Call] = {}
        self._number = 0
        self._transport: asyncio.Transport | None = None
        self._may_send = asyncio.Event()
        self._may_send.set()
        self.said = bytearray()
        """The end of what process 1 wrote to standard error: nothing, unless it is broken."""

    @classmethod
    async def open(cls, descriptor: int) -> "BoxChannel":
        """A channel over an attached descriptor, which it owns from now on."""
        stream = socket.socket(fileno=descriptor)
        try:
            stream.setblocking(False)
            loop = asyncio.get_running_loop()
            return (await loop.create_unix_connection(cls, sock=stream))[1]
        except BaseException:
            stream.close()
            raise

    async def boot(self, program: bytes) -> None:
        """Send the program that answers from now on."""
        await self._send(len(program).to_bytes(4, "big") + program)

    async def call(
        self,
        request: Request,
        *,
        send: Iterable[bytes] = (),
        on_data: Callable[[bytes], object] | None = None,
        on_item: Callable[[str], object] | None = None,
    ) -> bytes:
        """Ask, send what there is to send, and return the JSON of the result.

        Raises:
            OSError: what was asked for met this error in the container.
            SandboxError: process 1 could not do it at all.
            ChannelLostError: the channel is or gets closed.
        """
        self._number += 1
        number = self._number
        done: Future[bytes] = asyncio.get_running_loop().create_future()
        self._calls[number] = _Call(done, on_data or _unexpected, on_item or _unexpected)
        try:
            await self._send_request(number, request, send, done)
            return await done
        finally:
            del self._calls[number]
            if done.done() and not done.cancelled():
                done.exception()  # seen, also where sending has failed before

    def close(self) -> None:
        """Hang up, upon which the container ends."""
        if self._transport is not None:
            self._transport.abort()

    async def _send_request(
        self, number: int, request: Request, send: Iterable[bytes], done: Future[bytes]
    ) -> None:
        await self._send(message(REQUEST, number, json.dumps(request).encode()))
        for part in send:
            for framed in messages(DATA, number, part):
                if done.done():
                    return  # it has failed already
                await self._send(framed)
        await self._send(message(END, number))

    async def _send(self, data: bytes) -> None:
        await self._may_send.wait()
        if self._transport is None or self._transport.is_closing():
            raise ChannelLostError
        self._transport.write(data)

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=4 * CHUNK)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for stream, piece in self._frames.feed(data):
            if stream == _STDERR:
                self.said = (self.said + piece)[-_SAID:]
            elif stream == _STDOUT:
                for kind, number, payload in self._reader.feed(piece):
                    self._take(kind, number, payload)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._may_send.set()
        for call in self._calls.values():
            if not call.done.done():
                call.done.set_exception(ChannelLostError())

    def pause_writing(self) -> None:
        self._may_send.clear()

    def resume_writing(self) -> None:
        self._may_send.set()

    def _take(self, kind: int, number: int, payload: bytes) -> None:
        call = self._calls.get(number)
        if call is None or call.done.done():
            return  # nobody waits for it any more
        try:
            if kind == DATA:
                call.on_data(payload)
            elif kind == ITEM:
                call.on_item(payload.decode())
            elif kind == END:
                call.done.set_result(payload)
            elif kind == FAILED:
                call.done.set_exception(_failure(payload))
        except (OSError, SandboxError) as error:  # the receiver's: a full disk, a limit
            call.done.set_exception(error)


def _failure(payload: bytes) -> Exception:
    failure: _Failure = json.loads(payload)
    if failure["errno"]:
        return OSError(failure["errno"], failure["message"])
    return SandboxError(f"inside the container: {failure['message']}")


def _unexpected(part: bytes | str) -> None:
    raise SandboxError(f"the container sent {len(part)} bytes that nobody asked for")
