"""HTTP/1.1 as a forward proxy must speak it: read strictly, write anew, pass on nothing by habit.

h11 does the grammar and the framing. A request's head is held to a stricter rule than h11's before
it gets there: whatever two programs might read differently (bare LF, folded lines, two framings)
is refused and never repaired. Each message is then written anew from what was understood, so that
the upstream sees our framing and not the client's.
"""

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv6Address

import h11

from clawgym.sandbox.proxy.hosts import Host, normal_host, split_authority
from clawgym.sandbox.proxy.wire import Flow, Wire, beside

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

_HEAD_END = b"\r\n\r\n"
# Control characters, LF without CR, CR without LF, and lines that continue the one before.
_AMBIGUOUS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)|\n[ \t]")
_ABSOLUTE = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#@]*)((?:[/?][^#]*)?)")
_HTTP_PORT = 80
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade http2-settings host content-length".split()
)

_Fields = list[tuple[bytes, bytes]]
_Message = h11.Request | h11.Response | h11.InformationalResponse


class RefusedError(Exception):
    """A request that gets an answer from the proxy itself.

    `told` is the line that the box reads, `reason` what the journal keeps: it may say more.
    """

    def __init__(self, status: HTTPStatus, told: str, reason: str | None = None) -> None:
        super().__init__(told)
        self.status = status
        self.told = told
        self.reason = reason or told

    def response(self, *, with_body: bool = True) -> bytes:
        """The whole response; the connection closes after it."""
        body = f"{self.told}\n".encode()
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode()
        return head + body if with_body else head


@dataclass(frozen=True)
class Asked:
    """One request: where it wants to go, and the parser that has its body still to read."""

    request: h11.Request
    parser: h11.Connection
    host: Host
    port: int
    target: bytes
    """The path for the upstream; empty for CONNECT."""

    @property
    def tunnel(self) -> bool:
        """Whether this is a CONNECT."""
        return self.request.method == b"CONNECT"


async def read_head(client: Wire, limit: int, seconds: float) -> bytes | None:
    """Read one request's head and put back what follows it; None when no request comes.

    Raises:
        RefusedError: it is ambiguous, too long (431), too slow (408), or ends too early.
    """
    data = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while (end := await _more_of_head(client, data, limit)) is None:
                pass
    except TimeoutError as error:
        if not data:
            return None
        told = f"the request's head took longer than {seconds:g} s"
        raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, told) from error
    client.put_back(bytes(data[end:]))
    return bytes(data[:end]) or None


def read_request(head: bytes) -> Asked:
    """Understand a request's head.

    Raises:
        RefusedError: it is not a request for a proxy, or not one that has a single meaning.
    """
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(head)
    try:
        request = parser.next_event()
    except h11.RemoteProtocolError as error:
        raise _refused_by_parser(error) from error
    if not isinstance(request, h11.Request):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "this is no HTTP request")
    _require_one_framing(request)
    host, port, target = _destination(request)
    return Asked(request, parser, host, port, target)


def shown(host: Host, port: int | None = None) -> str:
    """A host as it stands in a URL."""
    text = f"[{host}]" if isinstance(host, IPv6Address) else str(host)
    return text if port is None else f"{text}:{port}"


async def forward(asked: Asked, client: Wire, upstream: Wire, flow: Flow) -> bool:
    """Carry one request up and its response down; return whether the client may send another.

    Raises:
        RefusedError: a side broke the protocol or off, and no part of a response has been sent.
        OSError: the same, but too late to answer.
        BudgetSpentError: the box has moved as many bytes as it may.
    """
    exchange = _Exchange(asked, client, upstream, flow)
    try:
        await flow.watch(beside(exchange.download(), exchange.upload()))
    except (h11.RemoteProtocolError, RefusedError, OSError) as error:
        if exchange.answered:
            raise ConnectionAbortedError(f"in the middle of the response: {error}") from error
        raise _unanswered(error) from error
    return exchange.reusable()


class _Exchange:
    """One request and its response, between a parser for each side."""

    def __init__(self, asked: Asked, client: Wire, upstream: Wire, flow: Flow) -> None:
        self.answered = False
        self._asked = asked
        self._client, self._from_client = client, asked.parser
        self._upstream, self._from_upstream = upstream, h11.Connection(h11.CLIENT)
        self._flow = flow
        self._uploaded = False

    async def upload(self) -> None:
        """Send the request, written anew, and its body."""
        await self._send_up(_anew(self._asked))
        while True:
            event = await self._next_from_client()
            if isinstance(event, h11.EndOfMessage):
                await self._send_up(h11.EndOfMessage())  # trailers stay behind
                self._uploaded = True
                return
            await self._send_up(event)
            await asyncio.sleep(0)

    async def download(self) -> None:
        """Send the response, written anew, and its body."""
        while True:
            event = await self._next_from_upstream()
            if isinstance(event, h11.InformationalResponse):
                await self._inform(event)
            elif isinstance(event, h11.Response):
                self.answered = True
                await self._send_down(_response_anew(event))
            elif isinstance(event, h11.Data):
                await self._send_down(event)
            else:
                await self._send_down(h11.EndOfMessage())
                return
            await asyncio.sleep(0)

    def reusable(self) -> bool:
        """Whether the client's connection is between two requests; keeps what it sent ahead."""
        parser = self._from_client
        if not self._uploaded or not parser.our_state is parser.their_state is h11.DONE:
            return False
        self._client.put_back(parser.trailing_data[0])
        return True

    async def _next_from_client(self) -> h11.Event:
        event = await _next_event(self._from_client, self._client)
        if isinstance(event, h11.Data | h11.EndOfMessage):
            return event
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the request ends within its body")

    async def _next_from_upstream(self) -> h11.Event:
        try:
            event = await _next_event(self._from_upstream, self._upstream)
        except h11.RemoteProtocolError as error:
            raise RefusedError(HTTPStatus.BAD_GATEWAY, "the host's answer is no HTTP") from error
        if isinstance(event, h11.ConnectionClosed):
            raise RefusedError(HTTPStatus.BAD_GATEWAY, "the host closed without an answer")
        return event

    async def _inform(self, event: h11.InformationalResponse) -> None:
        if self._asked.request.http_version != b"1.0":
            await self._send_down(
                h11.InformationalResponse(
                    status_code=event.status_code,
                    headers=_end_to_end(event),
                    reason=event.reason,
                )
            )

    async def _send_up(self, event: h11.Event) -> None:
        data = self._from_upstream.send(event) or b""
        self._flow.went_up(len(data))
        try:
            await self._upstream.send(data)
        except ConnectionError:
            # A host that has heard enough may already have answered: its answer decides.
            await asyncio.Event().wait()

    async def _send_down(self, event: h11.Event) -> None:
        data = self._from_client.send(event) or b""
        self._flow.came_down(len(data))
        await self._client.send(data)


async def _more_of_head(client: Wire, data: bytearray, limit: int) -> int | None:
    """Receive once more; return where the head ends, if that is known by now (0: there is none)."""
    piece = await client.receive()
    if not piece:
        if data:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the request ends within its head")
        return 0
    # Only new bytes are looked at, with those before them that decide their meaning.
    start = max(0, len(data) - len(_HEAD_END) + 1)
    data += piece
    found = data.find(_HEAD_END, start)
    end = len(data) if found < 0 else found + len(_HEAD_END)
    _require_plain(data, start, end)
    if end > limit:
        told = f"the request's head is longer than {limit} bytes"
        raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, told)
    return None if found < 0 else end


async def _next_event(parser: h11.Connection, wire: Wire) -> h11.Event:
    while not isinstance(event := parser.next_event(), h11.Event):
        parser.receive_data(await wire.receive())
    return event


def _unanswered(error: Exception) -> RefusedError:
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, h11.RemoteProtocolError):
        return _refused_by_parser(error)
    if isinstance(error, TimeoutError):
        return RefusedError(HTTPStatus.GATEWAY_TIMEOUT, "the host did not answer in time")
    return RefusedError(HTTPStatus.BAD_GATEWAY, "the host broke off the connection")


def _require_plain(data: bytearray, start: int, end: int) -> None:
    if _AMBIGUOUS.search(data, start, end):
        raise RefusedError(
            HTTPStatus.BAD_REQUEST,
            "the request's head has control characters, folded lines or line ends other than CRLF",
        )


def _require_one_framing(request: h11.Request) -> None:
    names = [name for name, _ in request.headers]
    coded = b"transfer-encoding" in names
    if coded and b"content-length" in names:
        told = "the request has both Content-Length and Transfer-Encoding"
    elif coded and request.http_version == b"1.0":
        told = "HTTP/1.0 has no Transfer-Encoding"
    elif request.method == b"CONNECT" and (coded or b"content-length" in names):
        told = "CONNECT has no body"
    else:
        return
    raise RefusedError(HTTPStatus.BAD_REQUEST, told)


def _refused_by_parser(error: h11.RemoteProtocolError) -> RefusedError:
    if error.error_status_hint == HTTPStatus.NOT_IMPLEMENTED:
        return RefusedError(HTTPStatus.NOT_IMPLEMENTED, "only Transfer-Encoding: chunked is known")
    return RefusedError(HTTPStatus.BAD_REQUEST, "the request is malformed")


def _destination(request: h11.Request) -> tuple[Host, int, bytes]:
    if request.http_version not in {b"1.0", b"1.1"}:
        raise RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "only HTTP/1.1 is spoken here")
    if request.method == b"CONNECT":
        host, port = _authority(request.target)
        if port is None:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "CONNECT needs host:port")
        return host, port, b""
    found = _ABSOLUTE.fullmatch(request.target)
    if found is None:
        told = "this is a proxy: ask for http://host/… or CONNECT host:port"
        raise RefusedError(HTTPStatus.BAD_REQUEST, told)
    if found[1].lower() != b"http":
        told = "only http:// and CONNECT are served"
        raise RefusedError(HTTPStatus.NOT_IMPLEMENTED, told)
    host, port = _authority(found[2])
    return host, port or _HTTP_PORT, _path(request.method, found[3])


def _path(method: bytes, path: bytes) -> bytes:
    if not path and method == b"OPTIONS":
        return b"*"
    return path if path.startswith(b"/") else b"/" + path


def _authority(text: bytes) -> tuple[Host, int | None]:
    try:
        host, port = split_authority(text.decode("ascii"))
        return normal_host(host), port
    except ValueError as error:
        raise RefusedError(
            HTTPStatus.BAD_REQUEST, "the request names no host", f"no host: {error}"
        ) from error


def _anew(asked: Asked) -> h11.Request:
    """The request as the upstream gets it: its host from the target, its framing from us."""
    host = shown(asked.host, None if asked.port == _HTTP_PORT else asked.port)
    headers = [
        (b"Host", host.encode("ascii")),
        *_end_to_end(asked.request),
        *_framing(asked.request),
        (b"Connection", b"close"),
    ]
    return h11.Request(method=asked.request.method, target=asked.target, headers=headers)


def _response_anew(response: h11.Response) -> h11.Response:
    headers = [
        *_end_to_end(response),
        # Where the host coded in chunks, h11 does so again, or closes for an HTTP/1.0 client.
        *(field for field in _framing(response) if field[0] == b"Content-Length"),
    ]
    return h11.Response(status_code=response.status_code, headers=headers, reason=response.reason)


def _framing(message: _Message) -> _Fields:
    """The one header that says how long the body is, from what h11 made of the message."""
    values = dict(iter(message.headers))
    if b"transfer-encoding" in values:
        return [(b"Transfer-Encoding", b"chunked")]
    length = values.get(b"content-length")
    return [] if length is None else [(b"Content-Length", length)]


def _end_to_end(message: _Message) -> _Fields:
    named = b",".join(value for name, value in message.headers if name == b"connection").lower()
    dropped = _HOP_BY_HOP | {name.strip() for name in named.split(b",")}
    return [
        (spelled, value)
        for spelled, value in message.headers.raw_items()
        if spelled.lower() not in dropped
    ]
