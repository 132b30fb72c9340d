"""As much of an HTTP/1.1 server as a chat endpoint on loopback needs, over asyncio streams.

A framework's server brings signal handlers, polling and a tenth of a second to stop; an endpoint
that lives as long as one rollout, beside others in one event loop, wants none of them.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import JsonValue

HEAD_BYTES = 64 * 1024
BODY_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class HttpRequest:
    """One request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class HttpFailure(Exception):  # noqa: N818 - a client's mistake, answered with a status
    """A request that is answered with an error status."""

    def __init__(self, status: HTTPStatus, message: str, code: str = "invalid_request") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> HttpRequest | None:
    """The next request of a connection; None when the client has gone.

    Raises:
        HttpFailure: what arrived is not HTTP, or too large; the connection cannot be used again.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except asyncio.LimitOverrunError as error:
        raise _too_large("the headers are too long") from error
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise HttpFailure(HTTPStatus.BAD_REQUEST, f"no HTTP/1.1 request: {first[:100]!r}")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        body = await _read_body(reader, headers)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except asyncio.LimitOverrunError as error:
        raise _too_large("a line of the chunked body is too long") from error
    return HttpRequest(words[0], words[1].partition("?")[0], headers, body)


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    return await reader.readexactly(_size(headers.get("content-length", "0"), 10, 0))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := _size((await reader.readuntil(b"\r\n")).decode("latin-1"), 16, len(body)):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers carry nothing for us
    return bytes(body)


def _size(text: str, base: int, so_far: int) -> int:
    digits = text.partition(";")[0].strip()
    try:
        size = int(digits, base)
    except ValueError as error:
        raise HttpFailure(HTTPStatus.BAD_REQUEST, f"bad body length {digits[:40]!r}") from error
    if size < 0 or size + so_far > BODY_BYTES:
        raise _too_large(f"the body is larger than {BODY_BYTES} bytes")
    return size


def _too_large(message: str) -> HttpFailure:
    return HttpFailure(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)


def write_json(
    writer: asyncio.StreamWriter,
    content: Mapping[str, JsonValue],
    status: HTTPStatus = HTTPStatus.OK,
    headers: str = "",
) -> None:
    """Send a whole JSON response; `headers` are further lines, each ending in CRLF."""
    body = json.dumps(content, ensure_ascii=False).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n"
    )
    writer.write(head.encode("latin-1") + body)


def start_events(writer: asyncio.StreamWriter) -> None:
    """Begin a response of server-sent events."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )


def write_event(writer: asyncio.StreamWriter, data: str) -> None:
    """Send one event."""
    event = f"data: {data}\n\n".encode()
    writer.write(b"%x\r\n%b\r\n" % (len(event), event))


def end_events(writer: asyncio.StreamWriter) -> None:
    """End the response; the connection can be used again."""
    writer.write(b"0\r\n\r\n")
