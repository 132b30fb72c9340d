"""URLs in a text, and what their hosts are known for. Nothing is looked up."""

import ipaddress
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import TypeAdapter

HostKind = Literal["paste", "upload", "tunnel", "shortener", "drop", "registry"]

_URL = re.compile(
    r"(?P<scheme>https?|ftp)://(?:[\w.~%!$&'*+,;=:-]{1,80}@)?"
    r"(?P<host>\[[0-9a-fA-F:.]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?(?P<path>/[^\s\"'`<>)\]}|]{0,500})?"
)


@dataclass(frozen=True)
class Address:
    """One URL; `start` is where it begins in the text."""

    scheme: str
    host: str
    path: str
    start: int

    @property
    def raw(self) -> bool:
        """Whether the host is a public IP address instead of a name."""
        return is_public_ip(self.host)

    @property
    def kinds(self) -> frozenset[HostKind]:
        """What the host is known for."""
        return kinds_of(self.host)

    @property
    def untrusted(self) -> bool:
        """Whether nobody answers for what this URL serves: raw address, paste, upload, tunnel."""
        return self.raw or bool(self.kinds & {"paste", "upload", "tunnel", "shortener", "drop"})

    @property
    def local(self) -> bool:
        """Whether it stays on this machine or in the local network."""
        name = self.host
        return name in ("localhost", "host.docker.internal") or (
            _ip(name) is not None and not self.raw
        )


def addresses(text: str) -> Iterator[Address]:
    """Every URL in a text, in order."""
    for found in _URL.finditer(text):
        host = found["host"].strip("[].").lower()
        yield Address(found["scheme"].lower(), host, found["path"] or "", found.start())


def is_public_ip(host: str) -> bool:
    """Whether a host is an IP address outside the private, loopback and link-local ranges."""
    ip = _ip(host)
    if ip is None or ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast:
        return False
    return not any(
        ip in network for network in _private_networks() if network.version == ip.version
    )


@cache
def kinds_of(host: str) -> frozenset[HostKind]:
    """What a host is known for, by its own name, those above it, or a label that tells."""
    labels = host.split(".")
    names = {".".join(labels[start:]) for start in range(len(labels))}
    table = _table()
    told: set[HostKind] = {kind for kind, known in table["labels"].items() if known & set(labels)}
    told |= {kind for kind, known in table["hosts"].items() if names & known}
    return frozenset(told)


@cache
def _table() -> dict[str, dict[HostKind, frozenset[str]]]:
    text = files("clawgym_skills.scan").joinpath("data/hosts.toml").read_text("utf-8")
    return TypeAdapter(dict[str, dict[HostKind, frozenset[str]]]).validate_python(
        tomllib.loads(text)
    )


@cache
def _private_networks() -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Private in the strict sense: the ranges for documentation count as public."""
    names = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
    return tuple(ipaddress.ip_network(name) for name in names)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
