"""One GET request that can only reach public addresses, made to the address that was checked."""

import http.client
import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from clawgym.sandbox.proxy.hosts import is_public, unmapped
from mcp_servers.toolkit import ToolFailure

MAX_BYTES = 750_000
_CONNECT_SECONDS = 10.0
_PORTS = {"http": 80, "https": 443}
_TEXT = ("text/", "application/json", "application/xml", "application/xhtml+xml")


@dataclass(frozen=True)
class Fetched:
    """What a server answered. `location` is where it points instead."""

    url: str
    status: int
    media_type: str
    text: str
    cut: bool = False
    location: str | None = None


def fetch(url: str) -> Fetched:
    """GET one address; redirects are not followed.

    Raises:
        ToolFailure: the address is none that may be fetched, or it did not answer with text.
    """
    scheme, host, port, path = _parts(url)
    address = _public_address(host, port)
    connection = _connection(scheme, host, port, address)
    try:
        connection.request("GET", path, headers={"User-Agent": "clawgym", "Accept": "text/*"})
        response = connection.getresponse()
        return _taken(url, response)
    except (OSError, http.client.HTTPException) as error:
        raise ToolFailure(f"{url} did not answer: {error}") from error
    finally:
        connection.close()


def _parts(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ToolFailure(f"{url} is not a web address: {error}") from error
    if parts.scheme not in _PORTS or not host:
        raise ToolFailure(f"{url} is not an http or https address")
    if parts.username is not None:
        raise ToolFailure("an address with a user name in it is not fetched")
    path = parts.path or "/"
    if parts.query:
        path = f"{path}?{parts.query}"
    if not path.isascii() or any(c <= " " or c == "\x7f" for c in path):
        raise ToolFailure(f"{url} must be percent-encoded")
    return parts.scheme, host, port or _PORTS[parts.scheme], path


def _public_address(host: str, port: int) -> str:
    """An address of the host; every one of its addresses must be public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolFailure(f"cannot resolve {host}: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    # A zone (%) marks a link-local address, which ip_address understands.
    if not addresses or not all(is_public(unmapped(ip_address(one))) for one in addresses):
        raise ToolFailure(f"{host} is not a public address; web_fetch reaches public pages only")
    return addresses[0]


def _connection(scheme: str, host: str, port: int, address: str) -> http.client.HTTPConnection:
    connection = (
        http.client.HTTPSConnection(host, port, timeout=_CONNECT_SECONDS)
        if scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=_CONNECT_SECONDS)
    )
    try:
        raw = socket.create_connection((address, port), timeout=_CONNECT_SECONDS)
        if scheme == "https":
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
    except OSError as error:
        raise ToolFailure(f"cannot connect to {host}: {error}") from error
    connection.sock = raw  # http.client would resolve the name once more
    return connection


def _taken(url: str, response: http.client.HTTPResponse) -> Fetched:
    location = response.getheader("Location") if 300 <= response.status < 400 else None
    media_type = response.headers.get_content_type()
    if location is not None:
        return Fetched(url, response.status, media_type, "", location=location)
    if not media_type.startswith(_TEXT):
        raise ToolFailure(f"{url} is {media_type}, not text")
    data = response.read(MAX_BYTES + 1)
    charset = response.headers.get_content_charset() or "utf-8"
    try:
        text = data[:MAX_BYTES].decode(charset, errors="replace")
    except LookupError:
        text = data[:MAX_BYTES].decode(errors="replace")
    return Fetched(url, response.status, media_type, text, cut=len(data) > MAX_BYTES)
