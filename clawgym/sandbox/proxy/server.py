"""The one way out of a box with an allow-list: a forward proxy that the harness runs for it.

The box's network has nothing but this proxy's socket. It serves `CONNECT` tunnels and plain
`http://` requests to the hosts of the task, resolves names itself, and connects to the very
address that it has checked.

TLS is not opened. What can be seen from outside is held together: the server name (SNI) that the
client says in a tunnel has to be the host it asked for, or an allowed name on a shared front end
would open every other name there (domain fronting). A tunnel to a *name* whose first bytes are not
TLS, say no server name or may hide another one (ECH) is closed, unless `unnamed_tunnels` is set;
that also closes it to browsers that send a dummy ECH, and to SSH. A tunnel to an allowed *address*
is not looked into: whoever allows an address allows all that it serves. What a host does with the
encrypted `Host` header is beyond reach: allow only hosts that you would trust with the box's files.
"""

import asyncio
import errno
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Self

from clawgym.sandbox.proxy.hello import ACCESS_DENIED, TLS_FIRST, Hello, read_hello
from clawgym.sandbox.proxy.hosts import AllowList, Host, normal_host
from clawgym.sandbox.proxy.http import (
    ESTABLISHED,
    Asked,
    RefusedError,
    forward,
    read_head,
    read_request,
)
from clawgym.sandbox.proxy.route import Resolver, Route, system_resolver
from clawgym.sandbox.proxy.wire import Budget, BudgetSpentError, Flow, Wire, join

_log = logging.getLogger(__name__)

_RESOLVING_THREADS = 2
_PAUSE_SECONDS = 0.2
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


@dataclass(frozen=True)
class ProxyLimits:
    """What one box's traffic may take of the harness.

    `head_seconds` and `head_bytes` are for a request's head, and for the ClientHello. Time is per
    connection: nothing moved for `idle_seconds`, or `total_seconds` in all. `connections` are
    served at once, more wait; `total_bytes` counts both directions of the whole box. `decisions`
    different ones are kept of the allowed and of the refused requests each.
    """

    connections: int = 64
    head_bytes: int = 32 * 1024
    head_seconds: float = 10.0
    connect_seconds: float = 15.0
    idle_seconds: float = 120.0
    total_seconds: float = 3600.0
    total_bytes: int = 16 * 1024**3
    decisions: int = 1000


@dataclass(frozen=True)
class Decision:
    """What was asked, and what came of it; `times` such requests moved the bytes together.

    `host` is empty and `port` 0 where the request did not get so far as to name them.
    """

    host: str
    port: int
    allowed: bool
    bytes_up: int
    bytes_down: int
    reason: str
    times: int = 1


def proxy_environment(port: int) -> dict[str, str]:
    """The variables that send a command's programs to the proxy at 127.0.0.1:`port`."""
    url = f"http://127.0.0.1:{port}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    told = {spelled: url for name in names for spelled in (name, name.lower())}
    return {**told, "NO_PROXY": "", "no_proxy": "", "NODE_USE_ENV_PROXY": "1"}


class FilteringProxy:
    """Serves one box's listening socket while it is open as an async context manager.

    It takes the socket over, closes it at the end, and leaves no task, thread or connection.
    `decisions` can still be read then.
    """

    def __init__(
        self,
        listener: socket.socket,
        allowed: AllowList,
        *,
        limits: ProxyLimits | None = None,
        resolver: Resolver = system_resolver,
        unnamed_tunnels: bool = False,
    ) -> None:
        limits = limits or ProxyLimits()
        # Threads of its own: a box that asks for slow names must not hold up the harness's.
        self._threads = ThreadPoolExecutor(_RESOLVING_THREADS, thread_name_prefix="proxy-names")
        self._rules = _Rules(
            Route(allowed, resolver, self._threads, limits.connect_seconds),
            limits,
            Budget(limits.total_bytes),
            unnamed_tunnels,
        )
        self._journal = _Journal(limits.decisions)
        self._listener = listener
        self._listening = False
        self._visits: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listener.setblocking(False)
        self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ignore()
        self._listener.close()
        visits = tuple(self._visits)
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What finished requests came to, allowed ones first; equal ones are counted together."""
        return self._journal.kept()

    @property
    def decisions_dropped(self) -> int:
        """How many requests found no more room among `decisions`."""
        return self._journal.dropped

    def _listen(self) -> None:
        if self._listener.fileno() >= 0 and not self._listening:
            asyncio.get_running_loop().add_reader(self._listener, self._accept)
            self._listening = True

    def _ignore(self) -> None:
        if self._listening:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listening = False

    def _accept(self) -> None:
        """Take every connection that waits and that there is room for."""
        while len(self._visits) < self._rules.limits.connections:
            try:
                accepted, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._ignore()
                if error.errno not in _NO_ROOM:
                    raise
                asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._listen)
                return
            visit = asyncio.create_task(self._serve(Wire(accepted)))
            self._visits.add(visit)
            visit.add_done_callback(self._leave)
        self._ignore()

    def _leave(self, visit: asyncio.Task[None]) -> None:
        self._visits.discard(visit)
        self._listen()
        if not visit.cancelled() and (error := visit.exception()):
            _log.error("a connection of the box's proxy failed", exc_info=error)

    async def _serve(self, client: Wire) -> None:
        again = True
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rules.limits.total_seconds):
                    while again:
                        again = await self._visit(client)
        finally:
            client.abort()  # nothing, where it was closed in good order

    async def _visit(self, client: Wire) -> bool:
        visit = _Visit(client, self._rules)
        try:
            return await visit.serve()
        finally:
            if (decision := visit.decision()) is not None:
                self._journal.add(decision)


@dataclass(frozen=True)
class _Rules:
    """What holds for all requests of one box."""

    route: Route
    limits: ProxyLimits
    budget: Budget
    unnamed_tunnels: bool


class _Visit:
    """One request, from its first byte to the decision that is kept of it."""

    def __init__(self, client: Wire, rules: _Rules) -> None:
        self._client = client
        self._rules = rules
        self._flow = Flow(rules.budget, rules.limits.idle_seconds)
        self._asked: Asked | None = None
        self._allowed = False
        self._tls = False
        self._reason: str | None = None

    async def serve(self) -> bool:
        """Serve the request; return whether the client may send another.

        The client is closed in good order if all went well, and left open if it was cut short.
        """
        try:
            return await self._answer()
        except RefusedError as refused:
            await self._refuse(refused)
        except TimeoutError:
            self._end("nothing moved for too long")
        except BudgetSpentError:
            self._end("the box may not move more bytes")
        except OSError as error:
            self._end(f"broken off: {error.strerror or error}")
        return False

    def decision(self) -> Decision | None:
        """What came of it; None if nothing was asked."""
        if self._reason is None:
            return None
        host, port = (self._asked.host, self._asked.port) if self._asked else ("", 0)
        return Decision(
            str(host), port, self._allowed, self._flow.up, self._flow.down, self._reason
        )

    async def _answer(self) -> bool:
        limits, route = self._rules.limits, self._rules.route
        head = await read_head(self._client, limits.head_bytes, limits.head_seconds)
        if head is None:
            await self._client.part()
            return False
        asked = self._asked = read_request(head)
        self._reason = "cut short"
        if not self._rules.budget.bytes_left:
            told = f"the box has moved the {limits.total_bytes} bytes that it may"
            raise RefusedError(HTTPStatus.FORBIDDEN, told)
        addresses = await route.find(asked.host, asked.port)
        self._allowed = True
        upstream = await route.connect(addresses, asked.port)
        try:
            again = await self._carry(asked, upstream)
            upstream.close()
        finally:
            upstream.abort()
        self._reason = "done"
        return again

    async def _carry(self, asked: Asked, upstream: Wire) -> bool:
        if asked.tunnel:
            await self._client.send(ESTABLISHED)
            await self._require_honest_name(asked.host)
            await join(self._client, upstream, self._flow)
            again = False
        else:
            again = await forward(asked, self._client, upstream, self._flow)
        if not again:
            await self._client.part()
        return again

    async def _require_honest_name(self, host: Host) -> None:
        if self._rules.unnamed_tunnels or not isinstance(host, str):
            return
        try:
            hello = await self._hello()
            if hello is not None:
                _require_name(hello, host)
        except ValueError as error:
            told = f"only TLS for {host} may pass: {error}"
            raise RefusedError(HTTPStatus.FORBIDDEN, told, str(error)) from error

    async def _hello(self) -> Hello | None:
        """What the client says first in a tunnel, still to be received; None if it says nothing."""
        limits, data = self._rules.limits, b""
        try:
            async with asyncio.timeout(limits.head_seconds):
                while (hello := read_hello(data)) is None and len(data) <= limits.head_bytes:
                    if not (piece := await self._client.receive()):
                        break
                    data += piece
                    self._tls = data.startswith(TLS_FIRST)
        except TimeoutError as error:
            raise ValueError("there is no ClientHello in time") from error
        if hello is None and data:
            raise ValueError("the ClientHello is incomplete")
        self._client.put_back(data)
        return hello

    async def _refuse(self, refused: RefusedError) -> None:
        self._reason = refused.reason
        self._allowed = self._asked is not None and refused.status is not HTTPStatus.FORBIDDEN
        method = self._asked.request.method if self._asked else b""
        answer = refused.response(with_body=method != b"HEAD")
        with suppress(OSError):  # the box may have left, or not be listening
            async with asyncio.timeout(self._rules.limits.head_seconds):
                await self._client.send(ACCESS_DENIED if self._tls else answer)
            await self._client.part()

    def _end(self, reason: str) -> None:
        if self._asked is not None:
            self._reason = reason


def _require_name(hello: Hello, host: str) -> None:
    if hello.encrypted:
        raise ValueError("the ClientHello may hide another server name (ECH)")
    if hello.name is None:
        raise ValueError("the ClientHello says no server name")
    if normal_host(hello.name) != host:
        raise ValueError("the ClientHello says another server name")


class _Journal:
    """Finished requests, equal ones together; as many refused as allowed ones find room."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._kept: dict[bool, dict[tuple[str, int, str], Decision]] = {True: {}, False: {}}
        self.dropped = 0

    def add(self, decision: Decision) -> None:
        kept = self._kept[decision.allowed]
        key = (decision.host, decision.port, decision.reason)
        before = kept.get(key)
        if before is not None:
            kept[key] = _together(before, decision)
        elif len(kept) < self._room:
            kept[key] = decision
        else:
            self.dropped += 1

    def kept(self) -> tuple[Decision, ...]:
        return tuple(decision for kept in self._kept.values() for decision in kept.values())


def _together(before: Decision, decision: Decision) -> Decision:
    return replace(
        before,
        bytes_up=before.bytes_up + decision.bytes_up,
        bytes_down=before.bytes_down + decision.bytes_down,
        times=before.times + 1,
    )
