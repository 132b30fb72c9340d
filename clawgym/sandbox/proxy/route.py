"""From a host that a box names to a connection: allowed, resolved once, checked, connected."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import Executor
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from clawgym.sandbox.proxy.hosts import AllowList, Host, IPAddress, unmapped
from clawgym.sandbox.proxy.http import RefusedError, shown
from clawgym.sandbox.proxy.wire import Wire

_MOST_ADDRESSES = 4
_DISCARD = 9


class Resolver(Protocol):
    """Finds a name's addresses; called in a thread, may block."""

    def __call__(self, name: str, /) -> Sequence[IPAddress]:
        """The addresses, best first.

        Raises:
            OSError: the name has none.
        """
        ...


def system_resolver(name: str) -> Sequence[IPAddress]:
    """What this machine's own resolver says."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    texts = dict.fromkeys(str(entry[4][0]) for entry in found)
    return [_address(text) for text in texts]


class Route:
    """The only way to a connection, so that none is made to an address that was not checked."""

    def __init__(
        self, allowed: AllowList, resolver: Resolver, threads: Executor, seconds: float
    ) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._threads = threads
        self._seconds = seconds

    async def find(self, host: Host, port: int) -> Sequence[IPAddress]:
        """The addresses of a host that a connection may go to, at least one.

        Raises:
            RefusedError: the list does not have the host (403), or its addresses (403); the name
                has none (502), or none in time (504).
        """
        if not self._allowed.covers(host, port):
            raise _not_listed(host, port)
        addresses = await self._resolve(host)
        permitted = [
            address
            for address in addresses
            if self._allowed.may_connect(host, address, port, own=is_own(address))
        ]
        if not permitted:
            led = ", ".join(str(address) for address in addresses[:_MOST_ADDRESSES])
            told = f"{shown(host, port)} leads to an address that the task's allow-list lacks"
            raise RefusedError(HTTPStatus.FORBIDDEN, told, f"leads to {led or 'nowhere'}")
        return permitted[:_MOST_ADDRESSES]

    async def connect(self, addresses: Sequence[IPAddress], port: int) -> Wire:
        """A connection to the first address that answers.

        Raises:
            RefusedError: none does (502), or not in time (504).
        """
        seconds = self._seconds / len(addresses)
        failure = OSError()
        for address in addresses:
            try:
                async with asyncio.timeout(seconds):
                    return await _connect(address, port)
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise _too_slow("connect") from failure
        why = failure.strerror or "unknown reason"
        told = "the host cannot be reached"
        raise RefusedError(HTTPStatus.BAD_GATEWAY, told, f"no connection: {why}") from failure

    async def _resolve(self, host: Host) -> Sequence[IPAddress]:
        if not isinstance(host, str):
            return [host]
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds):
                found = await loop.run_in_executor(self._threads, self._resolver, host)
        except TimeoutError as error:
            raise _too_slow("resolve") from error
        except OSError as error:
            told = f"the name {host} has no address"
            raise RefusedError(HTTPStatus.BAD_GATEWAY, told, "no such name") from error
        return [unmapped(address) for address in found]


def is_own(address: IPAddress) -> bool:
    """Whether an address is this machine's: the kernel then picks it as the source as well.

    Nothing is sent to find out.
    """
    with socket.socket(_family(address), socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), _DISCARD))
        except OSError:
            return False  # there is no route, which connecting will say
        return _address(str(probe.getsockname()[0])) == address


async def _connect(address: IPAddress, port: int) -> Wire:
    sock = socket.socket(_family(address), socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (str(address), port))
    except BaseException:
        sock.close()
        raise
    return Wire(sock)


def _family(address: IPAddress) -> socket.AddressFamily:
    return socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET


def _address(text: str) -> IPAddress:
    return unmapped(ip_address(text.partition("%")[0]))


def _not_listed(host: Host, port: int) -> RefusedError:
    told = f"{shown(host, port)} is not on the task's allow-list"
    loopback = host == "localhost" or (not isinstance(host, str) and host.is_loopback)
    hint = "; for a server inside the box go past the proxy (NO_PROXY=localhost,127.0.0.1)"
    return RefusedError(HTTPStatus.FORBIDDEN, told + hint * loopback, "not on the allow-list")


def _too_slow(step: str) -> RefusedError:
    told = "the host did not answer in time"
    return RefusedError(HTTPStatus.GATEWAY_TIMEOUT, told, f"no time left to {step}")
