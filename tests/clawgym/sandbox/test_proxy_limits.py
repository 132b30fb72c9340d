"""The proxy under strain: slow, many, large, cut short; and what is left of it afterwards."""

import asyncio
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from clawgym.sandbox.proxy.server import ProxyLimits
from tests.clawgym.sandbox.proxy_lab import (
    LOOPBACK,
    Tap,
    ask,
    client_hello,
    connect,
    echo,
    front,
    hello,
    listen,
    origin,
    resolve_to,
    sink,
)

MEGABYTE = 1024 * 1024


async def silence(tap: Tap, _: asyncio.StreamWriter) -> None:
    """Never a word."""
    while await tap.read():
        pass


async def test_a_head_that_trickles_in_is_given_up():
    async with front("good.test", limits=ProxyLimits(head_seconds=0.2)) as box:
        reader, writer = await asyncio.open_connection(LOOPBACK, box.port)
        started = time.monotonic()
        trickle = asyncio.create_task(drip(writer))
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - started < 1.5
        trickle.cancel()
        writer.close()


async def drip(writer: asyncio.StreamWriter) -> None:
    for byte in b"GET http://good.test/ HTTP/1.1\r\nHost: good.test\r\nX: " + b"x" * 200:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.02)


async def test_a_client_that_says_nothing_is_let_go_without_a_word():
    async with front("good.test", limits=ProxyLimits(head_seconds=0.1)) as box:
        assert await box.ask(b"", finish=False) == b""
        assert box.proxy.decisions == ()


async def test_a_tunnel_that_says_no_name_in_time_is_closed():
    async with origin(echo) as server:
        async with front("good.test", LOOPBACK, limits=ProxyLimits(head_seconds=0.1)) as box:
            hesitant = connect(f"good.test:{server.port}") + client_hello("good.test")[:50]
            await box.ask(hesitant, finish=False)
        assert server.heard == b""
    assert box.verdicts() == [("good.test", False, "there is no ClientHello in time")]


async def test_an_idle_tunnel_is_closed_and_a_busy_one_is_not():
    async with origin(echo) as server, front(LOOPBACK, limits=ProxyLimits(idle_seconds=0.3)) as box:
        reader, writer = await asyncio.open_connection(LOOPBACK, box.port)
        writer.write(connect(f"{LOOPBACK}:{server.port}"))
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(6):
            await asyncio.sleep(0.1)
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 2)
        writer.close()
    assert box.verdicts() == [(LOOPBACK, True, "nothing moved for too long")]


async def test_a_server_that_never_answers_is_a_gateway_time_out():
    limits = ProxyLimits(idle_seconds=0.1)
    async with origin(silence) as server, front(LOOPBACK, limits=limits) as box:
        answer = await box.ask(ask("GET", f"http://{LOOPBACK}:{server.port}/"), finish=False)
    assert answer.startswith(b"HTTP/1.1 504 ")


async def test_no_connection_lasts_longer_than_it_may():
    async with (
        origin(echo) as server,
        front(LOOPBACK, limits=ProxyLimits(total_seconds=0.2)) as box,
    ):
        await box.ask(connect(f"{LOOPBACK}:{server.port}"), finish=False)
    assert box.verdicts() == [(LOOPBACK, True, "cut short")]


async def test_a_slow_resolver_is_given_up():
    release = threading.Event()

    def slow(name: str) -> list[object]:
        release.wait(5)
        return []

    async with front("good.test", limits=ProxyLimits(connect_seconds=0.1), resolver=slow) as box:
        answer = await box.ask(ask("GET", "http://good.test/"))
        release.set()
    assert answer.startswith(b"HTTP/1.1 504 ")


async def test_more_connections_than_there_is_room_for_wait_their_turn():
    async with origin(hello) as server, front(LOOPBACK, limits=ProxyLimits(connections=2)) as box:
        request = ask("GET", f"http://{LOOPBACK}:{server.port}/")
        answers = await asyncio.gather(*(box.ask(request) for _ in range(10)))
    assert all(answer.endswith(b"hello") for answer in answers)


async def test_a_box_that_has_used_up_its_bytes_is_cut_off_and_told_so():
    async with origin(sink) as server, front(LOOPBACK, limits=ProxyLimits(total_bytes=1000)) as box:
        url = f"http://{LOOPBACK}:{server.port}/"
        assert await box.ask(ask("POST", url, "Content-Length: 9999") + b"x" * 9999) == b"reset"
        answer = await box.ask(ask("GET", url))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"the box has moved the 1000 bytes that it may\n")
    assert len(server.heard) <= 1000


async def test_a_flood_of_refusals_does_not_crowd_out_what_was_allowed():
    async with origin(hello) as server, front(LOOPBACK, limits=ProxyLimits(decisions=3)) as box:
        for number in range(5):
            await box.ask(ask("GET", f"http://flood-{number}.test/"))
        await box.ask(ask("GET", f"http://{LOOPBACK}:{server.port}/"))
    assert [one.allowed for one in box.proxy.decisions] == [True, False, False, False]
    assert box.proxy.decisions_dropped == 2


async def test_a_thousand_requests_one_after_the_other():
    async with (
        origin(hello) as server,
        front("good.test", LOOPBACK) as box,
        httpx2.AsyncClient(proxy=box.url, trust_env=False) as client,
    ):
        for _ in range(1000):
            answer = await client.get(f"http://good.test:{server.port}/")
            assert answer.content == b"hello"
    assert sum(one.times for one in box.proxy.decisions if one.allowed) == 1000


async def test_fifty_requests_at_once():
    async def slowly(tap: Tap, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        await hello(tap, writer)

    async with origin(slowly) as server, front("good.test", LOOPBACK) as box:
        request = ask("GET", f"http://good.test:{server.port}/", "Connection: close")
        started = time.monotonic()
        answers = await asyncio.gather(*(box.ask(request) for _ in range(50)))
    assert all(answer.endswith(b"hello") for answer in answers)
    assert time.monotonic() - started < 2.5  # one after the other they take 5 s


@contextmanager
def source(size: int, head: bytes = b"") -> Iterator[tuple[int, list[int]]]:
    """A blocking server in a thread that sends `size` bytes; its port and the count so far."""
    sent = [0]
    listener = listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(head)
            piece = bytes(MEGABYTE)
            try:
                while sent[0] < size:
                    sent[0] += connection.send(piece[: size - sent[0]])
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], sent
    finally:
        listener.close()
        thread.join(10)


def drain(port: int, request: bytes, peak: list[int]) -> int:
    """Read everything, blocking; watch this process's memory meanwhile."""
    total = 0
    buffer = bytearray(MEGABYTE)
    with socket.create_connection((LOOPBACK, port)) as client:
        client.sendall(request)
        while count := client.recv_into(buffer):
            total += count
            peak[0] = max(peak[0], resident_bytes())
    return total


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("way", ["tunnel", "request"])
async def test_two_hundred_megabytes_pass_in_flat_memory(way: str):
    size = 200 * MEGABYTE
    head = b"" if way == "tunnel" else f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    with source(size, head) as (origin_port, _):
        async with front(LOOPBACK) as box:
            place = f"{LOOPBACK}:{origin_port}"
            plain = ask("GET", f"http://{place}/", "Connection: close")
            request = connect(place) + b"go" if way == "tunnel" else plain
            before = resident_bytes()
            peak = [before]
            total = await asyncio.to_thread(drain, box.port, request, peak)
    assert size < total < size + 1000
    assert peak[0] - before < 16 * MEGABYTE


async def test_a_client_that_does_not_read_holds_the_server_back():
    with source(200 * MEGABYTE) as (origin_port, sent):
        async with front(LOOPBACK) as box:
            _, writer = await asyncio.open_connection(LOOPBACK, box.port, limit=65536)
            writer.write(connect(f"{LOOPBACK}:{origin_port}") + b"go")
            await asyncio.sleep(0.5)
            assert 0 < sent[0] < 40 * MEGABYTE  # what the kernel's buffers take
            writer.transport.abort()


async def test_a_busy_tunnel_leaves_the_loop_to_the_others():
    with source(100 * MEGABYTE) as (origin_port, _):
        async with front(LOOPBACK) as box:
            request = connect(f"{LOOPBACK}:{origin_port}") + b"go"
            transfer = asyncio.create_task(asyncio.to_thread(drain, box.port, request, [0]))
            longest = 0.0
            while not transfer.done():
                started = time.monotonic()
                await asyncio.sleep(0)
                longest = max(longest, time.monotonic() - started)
    assert longest < 0.25


async def test_closing_leaves_no_task_no_thread_and_no_socket():
    async with origin(silence) as server:
        await asyncio.sleep(0)
        tasks, descriptors = len(asyncio.all_tasks()), open_sockets()
        async with front(
            "good.test", LOOPBACK, resolver=resolve_to({"good.test": [LOOPBACK]})
        ) as box:
            open_ended = [
                b"",
                b"GET http://good.te",
                ask("GET", f"http://good.test:{server.port}/"),
                ask("POST", f"http://{LOOPBACK}:{server.port}/", "Content-Length: 9"),
                connect(f"good.test:{server.port}"),
                connect(f"{LOOPBACK}:{server.port}"),
            ]
            writers = [await say(box.port, data) for data in open_ended]
            await asyncio.sleep(0.2)
            assert len(asyncio.all_tasks()) > tasks
        for writer in writers:
            writer.close()
        await asyncio.sleep(0.1)
        assert len(asyncio.all_tasks()) == tasks
        assert open_sockets() == descriptors
        assert not [one for one in threading.enumerate() if "proxy-names" in one.name]
    assert {one.reason for one in box.proxy.decisions} == {"cut short"}


async def say(port: int, data: bytes) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(data)
    return writer


def open_sockets() -> int:
    links = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
    return sum(os.readlink(link).startswith("socket:") for link in links if os.path.islink(link))


async def test_when_descriptors_run_out_the_proxy_waits_and_goes_on():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with front("good.test") as box:
        client = socket.create_connection((LOOPBACK, box.port))
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
        try:
            client.sendall(ask("GET", "http://evil.test/"))
            await asyncio.sleep(0.05)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        client.settimeout(3)
        answer = await asyncio.to_thread(client.recv, 100)
        client.close()
    assert answer.startswith(b"HTTP/1.1 403 ")
