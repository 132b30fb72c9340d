"""Real servers on loopback, a proxy before them, and a client that speaks raw bytes."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from clawgym.sandbox.proxy.hosts import AllowList, IPAddress
from clawgym.sandbox.proxy.server import FilteringProxy, ProxyLimits

LOOPBACK = "127.0.0.1"
NAMES = ("good.test", "api.good.test", "evil.test")


class Tap:
    """Reads a connection, and keeps what was read."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.heard = bytearray()

    async def head(self) -> bytes:
        return self._kept(await self._reader.readuntil(b"\r\n\r\n"))

    async def read(self) -> bytes:
        return self._kept(await self._reader.read(65536))

    def _kept(self, data: bytes) -> bytes:
        self.heard += data
        return data


Answer = Callable[[Tap, asyncio.StreamWriter], Awaitable[None]]


def resolve_to(addresses: Mapping[str, Sequence[str]]) -> Callable[[str], list[IPAddress]]:
    """A resolver that knows these names and no others."""

    def resolve(name: str) -> list[IPAddress]:
        if name not in addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name")
        return [ipaddress.ip_address(text) for text in addresses[name]]

    return resolve


LAB_NAMES = resolve_to({name: [LOOPBACK] for name in NAMES})


def listen(address: str = LOOPBACK) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen(128)
    return listener


@dataclass
class Front:
    """A proxy that is serving, and where."""

    proxy: FilteringProxy
    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def ask(self, data: bytes, *, finish: bool = True) -> bytes:
        """Send bytes and return everything that comes back until the proxy closes."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        try:
            writer.write(data)
            if finish:
                writer.write_eof()
            return await asyncio.wait_for(reader.read(), 10)
        except ConnectionResetError:
            return b"reset"
        finally:
            writer.close()

    def verdicts(self) -> list[tuple[str, bool, str]]:
        return [(one.host, one.allowed, one.reason) for one in self.proxy.decisions]


@asynccontextmanager
async def front(
    *patterns: str,
    limits: ProxyLimits | None = None,
    resolver: Callable[[str], Sequence[IPAddress]] = LAB_NAMES,
    unnamed_tunnels: bool = False,
) -> AsyncGenerator[Front]:
    listener = listen()
    port = listener.getsockname()[1]
    allowed = AllowList.parse(patterns)
    async with FilteringProxy(
        listener, allowed, limits=limits, resolver=resolver, unnamed_tunnels=unnamed_tunnels
    ) as proxy:
        yield Front(proxy, port)


@dataclass
class Origin:
    """A server that keeps all bytes that it read."""

    port: int
    taps: list[Tap] = field(default_factory=list[Tap])

    @property
    def heard(self) -> bytes:
        return b"".join(tap.heard for tap in self.taps)


@asynccontextmanager
async def origin(
    answer: Answer, *, address: str = LOOPBACK, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[Origin]:
    """A server that answers each connection with `answer`."""
    here = Origin(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tap = Tap(reader)
        here.taps.append(tap)
        try:
            await answer(tap, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, address, 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()


def ask(method: str, url: str, *headers: str, host: str = "ignored.test") -> bytes:
    """The head of a request to a proxy."""
    return "\r\n".join((f"{method} {url} HTTP/1.1", f"Host: {host}", *headers, "", "")).encode()


def connect(authority: str) -> bytes:
    return ask("CONNECT", authority, host=authority)


async def hello(tap: Tap, writer: asyncio.StreamWriter) -> None:
    """One HTTP response after one head, and the end."""
    await tap.head()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-End: kept\r\n\r\nhello")
    await writer.drain()


async def echo(tap: Tap, writer: asyncio.StreamWriter) -> None:
    """Everything back, and the end after the end."""
    while data := await tap.read():
        writer.write(data)
        await writer.drain()


async def sink(tap: Tap, writer: asyncio.StreamWriter) -> None:
    """Read to the end, then answer once."""
    while await tap.read():
        pass
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")


class Authority:
    """A certificate for the lab's names, and the two sides of TLS with it."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self._file = folder / "lab.pem"
        self._file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + _certificate(key).public_bytes(serialization.Encoding.PEM)
        )

    @property
    def file(self) -> Path:
        return self._file

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._file)
        return context

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._file))


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab")])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(text) for text in NAMES]
    names.append(x509.IPAddress(ipaddress.ip_address(LOOPBACK)))
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def client_hello(name: str | None) -> bytes:
    """What OpenSSL says first to a server of that name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake cannot end without a server")


ENCRYPTED = b"\xfe\x0d\0\x01\0"
"""The extension of an encrypted ClientHello, with nothing in it."""


def with_extension(hello: bytes, extension: bytes) -> bytes:
    """A ClientHello in one record with one more extension at its end."""
    body = bytearray(hello[5:] + extension)
    at = 4 + 2 + 32  # header, version, random; then session, cipher suites, compression
    at += 1 + body[at]
    at += 2 + int.from_bytes(body[at : at + 2])
    at += 1 + body[at]
    body[at : at + 2] = (int.from_bytes(body[at : at + 2]) + len(extension)).to_bytes(2)
    body[1:4] = (len(body) - 4).to_bytes(3)
    return hello[:3] + len(body).to_bytes(2) + bytes(body)
