"""Which hosts a box may reach: the patterns of a task, and the addresses behind a name.

A name is decided by its pattern, the connection by the address: a name on the list that leads to a
loopback, private or link-local address, or to this machine itself, goes nowhere unless the task
also names that address (DNS rebinding; cloud metadata at 169.254.169.254).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self

import idna

from clawgym.errors import UsageError

IPAddress = IPv4Address | IPv6Address
Host = str | IPv4Address | IPv6Address
"""A normal host: a lower-case ASCII name without a final dot, or an address."""

_Network = IPv4Network | IPv6Network

_LONGEST_NAME = 253
_LONGEST_TEXT = 300
_LAST_PORT = 65535
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What inet_aton would read as part of an IPv4 address: 127.1, 0x7f.1, 2130706433.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")

# IANA special-purpose registries; a table of our own, as `is_global` changes with Python's patches.
_SPECIAL_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",  # the machine that hosts an Azure guest
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_SPECIAL_6 = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class _Names:
    """One name, or with `below` every name under it but not itself."""

    name: str
    below: bool
    port: int | None

    def cover(self, name: str, port: int) -> bool:
        if self.port not in {None, port}:
            return False
        return name.endswith(f".{self.name}") if self.below else name == self.name


@dataclass(frozen=True)
class _Addresses:
    """A network. One that is wider than a special block does not open the block within it."""

    network: _Network
    port: int | None

    def cover(self, address: IPAddress, port: int, *, special: bool) -> bool:
        if self.port not in {None, port} or address not in self.network:
            return False
        return not special or self._names_special()

    def _names_special(self) -> bool:
        network = self.network
        if network.num_addresses == 1:
            return True
        if isinstance(network, IPv4Network):
            return any(network.subnet_of(block) for block in _SPECIAL_4)
        if any(network.subnet_of(block) for block in _SPECIAL_6):
            return True
        return not (network.overlaps(_GLOBAL_6) or network.overlaps(_NAT64))


@dataclass(frozen=True)
class AllowList:
    """What a task may reach; empty means nothing."""

    names: tuple[_Names, ...] = ()
    networks: tuple[_Addresses, ...] = ()

    @classmethod
    def parse(cls, patterns: Sequence[str]) -> Self:
        """Read `name`, `*.suffix`, an address or a CIDR block, each with an optional `:port`.

        Without a port every port is meant. `*.suffix` covers all names below the suffix and not
        the suffix itself. An IPv6 address with a port is written `[::1]:443`, a block with one
        `[2001:db8::/32]:443`. Case, a final dot and international spellings do not matter.

        Raises:
            UsageError: a pattern is none of these; the message names it.
        """
        read = [_read_pattern(pattern) for pattern in patterns]
        return cls(
            tuple(pattern for pattern in read if isinstance(pattern, _Names)),
            tuple(pattern for pattern in read if isinstance(pattern, _Addresses)),
        )

    def allows(self, host: str, port: int) -> bool:
        """Whether the task names this host and port; False for what is no host at all."""
        try:
            normal = normal_host(host)
        except ValueError:
            return False
        return self.covers(normal, port)

    def covers(self, host: Host, port: int) -> bool:
        """The same for a host that is normal already."""
        if isinstance(host, str):
            return any(pattern.cover(host, port) for pattern in self.names)
        return self._covers_address(host, port, special=not is_public(host))

    def may_connect(self, host: Host, address: IPAddress, port: int, *, own: bool) -> bool:
        """Whether a connection for `host`, which is covered, may go to this address of it.

        `own` says that the address is this machine's.
        """
        special = own or not is_public(address)
        if isinstance(host, str) and not special:
            return True
        return self._covers_address(address, port, special=special)

    def _covers_address(self, address: IPAddress, port: int, *, special: bool) -> bool:
        return any(pattern.cover(address, port, special=special) for pattern in self.networks)


def normal_host(text: str) -> Host:
    """Read a host name or an address, with or without brackets.

    An IPv4 address inside an IPv6 one (`::ffff:…`) comes out as what it is.

    Raises:
        ValueError: it is neither, or an address in a spelling that not all programs agree on.
    """
    if not 0 < len(text) <= _LONGEST_TEXT:
        raise ValueError(f"a host has 1 to {_LONGEST_NAME} characters")
    if text.startswith("["):
        return unmapped(IPv6Address(_plain(text.removeprefix("[").removesuffix("]"))))
    try:
        return unmapped(ip_address(_plain(text)))
    except ValueError:
        return _normal_name(text)


def split_authority(text: str) -> tuple[str, int | None]:
    """Split `host`, `host:port` or `[address]:port`.

    Raises:
        ValueError: it has another form, or the port is not 1 to 65535.
    """
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        raise ValueError("it is not host or host:port")
    port = None if found[2] is None else int(found[2])
    if port is not None and not 0 < port <= _LAST_PORT:
        raise ValueError(f"a port is a number from 1 to {_LAST_PORT}")
    return found[1], port


def is_public(address: IPAddress) -> bool:
    """Whether an address is unicast and means the same host everywhere on the internet."""
    if isinstance(address, IPv4Address):
        return not _within(address, _SPECIAL_4)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _GLOBAL_6 and not _within(address, _SPECIAL_6)


def unmapped(address: IPAddress) -> IPAddress:
    """The IPv4 address inside `::ffff:a.b.c.d`, or the address as it is."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address


def _within(address: IPAddress, blocks: Iterable[_Network]) -> bool:
    return any(address in block for block in blocks)


def _read_pattern(pattern: str) -> _Names | _Addresses:
    try:
        # A bare IPv6 address is full of colons, none of them before a port.
        bare = pattern.count(":") > 1 and not pattern.startswith("[")
        host, port = (pattern, None) if bare else split_authority(pattern)
        if "/" in host:
            return _Addresses(_network(host), port)
        if host.startswith("*."):
            return _Names(_normal_name(host.removeprefix("*.")), below=True, port=port)
        normal = normal_host(host)
    except ValueError as error:
        raise UsageError(
            f"allowed host {pattern!r} cannot be read: {error}; "
            "write name, *.suffix, an address or a CIDR block, with an optional :port"
        ) from error
    if isinstance(normal, str):
        return _Names(normal, below=False, port=port)
    return _Addresses(ip_network(normal), port)


def _network(text: str) -> _Network:
    network = ip_network(_plain(text.removeprefix("[").removesuffix("]")))
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return network if mapped is None else IPv4Network((int(mapped), network.prefixlen - 96))


def _plain(text: str) -> str:
    """The text, unless it carries a zone, which names an interface of one machine."""
    if "%" in text:
        raise ValueError("an address with a zone (%) means nothing outside one machine")
    return text


def _normal_name(text: str) -> str:
    spelled = text if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    name = spelled.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("it is no host name")
    if _NUMBER.fullmatch(labels[-1]):
        raise ValueError("it ends in a number and is no plain address")
    return name
