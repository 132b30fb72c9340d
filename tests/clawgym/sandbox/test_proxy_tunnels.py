"""What passes through a tunnel: to an address anything, to a name TLS for that name."""

import asyncio
import ssl

import pytest

from tests.clawgym.sandbox.proxy_lab import (
    ENCRYPTED,
    LOOPBACK,
    Authority,
    Tap,
    client_hello,
    connect,
    echo,
    front,
    hello,
    origin,
    with_extension,
)

GOOD = ("good.test", "*.good.test", LOOPBACK)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


async def test_a_tunnel_may_be_half_closed():
    async def late(tap: Tap, writer: asyncio.StreamWriter) -> None:
        while await tap.read():
            pass
        writer.write(b"after your end")

    async with origin(late) as server, front(*GOOD) as box:
        answer = await box.ask(connect(f"{LOOPBACK}:{server.port}") + b"to the end")
    assert answer.endswith(b"\r\n\r\nafter your end")
    assert server.heard == b"to the end"


async def test_a_server_may_finish_first():
    over = asyncio.Event()

    async def early(tap: Tap, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        writer.write_eof()
        while await tap.read():
            pass
        over.set()

    async with origin(early) as server, front(*GOOD) as box:
        reader, writer = await asyncio.open_connection(LOOPBACK, box.port)
        writer.write(connect(f"{LOOPBACK}:{server.port}"))
        assert (await reader.read()).endswith(b"bye")
        writer.write(b"still talking")
        writer.write_eof()
        await asyncio.wait_for(over.wait(), 5)
        writer.close()
    assert server.heard == b"still talking"


async def test_a_tunnel_does_not_reach_another_name_on_the_same_front_end(authority: Authority):
    async with origin(hello, tls=authority.server()) as server, front(*GOOD) as box:
        reader, writer = await asyncio.open_connection(LOOPBACK, box.port)
        writer.write(connect(f"good.test:{server.port}"))
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(ssl.SSLError, match="ACCESS_DENIED"):
            await writer.start_tls(authority.client(), server_hostname="evil.test")
    assert not server.heard
    assert box.verdicts() == [("good.test", False, "the ClientHello says another server name")]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (client_hello(None), "the ClientHello says no server name"),
        (client_hello("evil.test"), "the ClientHello says another server name"),
        (
            with_extension(client_hello("good.test"), ENCRYPTED),
            "the ClientHello may hide another server name (ECH)",
        ),
        (client_hello("good.test")[:100], "the ClientHello is incomplete"),
        (b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n", "this is not TLS"),
        (b"SSH-2.0-client\r\n", "this is not TLS"),
    ],
    ids=["no-name", "another-name", "encrypted-name", "cut-short", "http", "ssh"],
)
async def test_a_tunnel_to_a_name_carries_nothing_but_tls_for_it(first: bytes, reason: str):
    async with origin(echo) as server, front(*GOOD) as box:
        answer = await box.ask(connect(f"good.test:{server.port}") + first)
    refusal = answer.partition(b"\r\n\r\n")[2]
    assert refusal.startswith(b"\x15" if first.startswith(b"\x16") else b"HTTP/1.1 403 ")
    assert server.heard == b""
    assert box.verdicts() == [("good.test", False, reason)]


async def test_unnamed_tunnels_can_be_asked_for():
    async with origin(echo) as server, front(*GOOD, unnamed_tunnels=True) as box:
        answer = await box.ask(connect(f"good.test:{server.port}") + b"SSH-2.0-client\r\n")
    assert answer.endswith(b"\r\n\r\nSSH-2.0-client\r\n")
