"""The proxy lets through what the task names, exactly, and says why to the rest."""

import asyncio
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from clawgym.sandbox.proxy.hosts import IPAddress
from clawgym.sandbox.proxy.route import system_resolver
from clawgym.sandbox.proxy.server import Decision, proxy_environment
from tests.clawgym.sandbox.proxy_lab import (
    LOOPBACK,
    Authority,
    Front,
    Tap,
    ask,
    front,
    hello,
    origin,
    resolve_to,
)

GOOD = ("good.test", "*.good.test", LOOPBACK)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


def asking(client: str, front: Front, url: str, ca: Path) -> tuple[int, bytes]:
    """Status and body, as a program in the box sees them."""
    return {"urllib": _urllib, "httpx": _httpx, "curl": _curl}[client](front, url, ca)


def _urllib(front: Front, url: str, ca: Path) -> tuple[int, bytes]:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"http": front.url, "https": front.url}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca))),
    )
    try:
        with opener.open(url, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def _httpx(front: Front, url: str, ca: Path) -> tuple[int, bytes]:
    verify = ssl.create_default_context(cafile=str(ca))
    with httpx2.Client(proxy=front.url, verify=verify, trust_env=False) as client:
        response = client.get(url)
        return response.status_code, response.content


def _curl(front: Front, url: str, ca: Path) -> tuple[int, bytes]:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    asked = ["curl", "-sS", "-m", "10", "-w", "\n%{http_code}", "--cacert", str(ca), url]
    told = proxy_environment(front.port)
    done = subprocess.run(asked, env=told, capture_output=True, check=False)
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), body


CLIENTS = pytest.mark.parametrize("client", ["urllib", "httpx", "curl"])


@CLIENTS
async def test_a_listed_name_is_reached_by_http(client: str, authority: Authority):
    async with origin(hello) as server, front(*GOOD) as box:
        url = f"http://good.test:{server.port}/page?q=1"
        answer = await asyncio.to_thread(asking, client, box, url, authority.file)
    assert answer == (200, b"hello")
    assert server.heard.startswith(b"GET /page?q=1 HTTP/1.1\r\n")


@CLIENTS
async def test_a_listed_name_is_reached_by_https_end_to_end(client: str, authority: Authority):
    async with origin(hello, tls=authority.server()) as server, front(*GOOD) as box:
        url = f"https://api.good.test:{server.port}/"
        answer = await asyncio.to_thread(asking, client, box, url, authority.file)
    assert answer == (200, b"hello")
    assert [(one.host, one.allowed) for one in box.proxy.decisions] == [("api.good.test", True)]


@CLIENTS
async def test_another_name_is_refused_and_told_so(client: str, authority: Authority):
    async with origin(hello) as server, front(*GOOD) as box:
        url = f"http://evil.test:{server.port}/"
        status, body = await asyncio.to_thread(asking, client, box, url, authority.file)
    assert status == 403
    assert body == f"evil.test:{server.port} is not on the task's allow-list\n".encode()
    assert not server.taps
    assert box.verdicts() == [("evil.test", False, "not on the allow-list")]


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("good.test:1", "http://good.test:{port}/"),
        ("*.good.test", "http://good.test:{port}/"),
        ("192.0.2.1", "http://127.0.0.1:{port}/"),
        ("good.test", "http://127.0.0.1:{port}/"),
        ("0.0.0.0/0", "http://127.0.0.1:{port}/"),
        ("good.test", "http://localhost:{port}/"),
        ("good.test", "http://[::1]:{port}/"),
        ("good.test", "http://[::ffff:127.0.0.1]:{port}/"),
    ],
)
async def test_the_list_is_exact(pattern: str, url: str):
    async with origin(hello) as server, front(pattern) as box:
        answer = await box.ask(ask("GET", url.format(port=server.port)))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert not server.taps


async def test_an_address_is_reached_where_the_list_names_it():
    async with origin(hello, address="::1") as server, front("[::1]") as box:
        answer = await box.ask(ask("GET", f"http://[::1]:{server.port}/"))
    assert answer.endswith(b"hello")
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.heard


async def test_a_listed_name_that_leads_to_loopback_goes_nowhere():
    async with origin(hello) as server, front("good.test") as box:
        answer = await box.ask(ask("GET", f"http://good.test:{server.port}/"))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"127.0.0.1" not in answer
    assert not server.taps
    assert box.verdicts() == [("good.test", False, "leads to 127.0.0.1")]


async def test_a_name_is_resolved_once_and_connected_to_what_was_checked():
    asked: list[str] = []

    def rebinding(name: str) -> list[IPAddress]:
        asked.append(name)
        return resolve_to({"good.test": ["::1" if len(asked) == 1 else LOOPBACK]})(name)

    async with origin(hello) as server, front("good.test", "::1", resolver=rebinding) as box:
        answer = await box.ask(ask("GET", f"http://good.test:{server.port}/"))
    assert answer.startswith(b"HTTP/1.1 502 ")  # nothing listens on ::1
    assert asked == ["good.test"]
    assert not server.taps


async def test_of_several_addresses_only_permitted_ones_are_tried():
    names = resolve_to({"good.test": ["10.0.0.1", "169.254.169.254", "::1"]})
    async with (
        origin(hello, address="::1") as server,
        front("good.test", "::1", resolver=names) as box,
    ):
        answer = await box.ask(ask("GET", f"http://good.test:{server.port}/"))
    assert answer.endswith(b"hello")


async def test_the_next_address_is_tried_where_one_does_not_answer():
    names = resolve_to({"good.test": ["::1", LOOPBACK]})
    async with origin(hello) as server, front("good.test", LOOPBACK, "::1", resolver=names) as box:
        answer = await box.ask(ask("GET", f"http://good.test:{server.port}/"))
    assert answer.endswith(b"hello")


async def test_a_name_that_does_not_exist_is_a_bad_gateway():
    async with front("*.test") as box:
        answer = await box.ask(ask("GET", "http://missing.test/"))
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert box.verdicts() == [("missing.test", True, "no such name")]


async def test_the_machines_own_resolver_is_asked_where_nobody_says_otherwise():
    async with (
        origin(hello) as server,
        front("localhost", LOOPBACK, resolver=system_resolver) as box,
    ):
        answer = await box.ask(ask("GET", f"http://localhost:{server.port}/"))
    assert answer.endswith(b"hello")


async def test_names_off_the_list_are_not_even_resolved():
    asked: list[str] = []

    def watching(name: str) -> list[IPAddress]:
        asked.append(name)
        return []

    async with front("good.test", resolver=watching) as box:
        await box.ask(ask("GET", "http://secret-bytes.evil.test/"))
    assert asked == []


async def test_the_request_goes_up_without_what_is_between_the_client_and_the_proxy():
    hop = [
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic eA==",
        "TE: trailers",
        "Connection: close, X-Hop, Content-Length",
        "X-Hop: 1",
        "Upgrade: h2c",
        "Keep-Alive: 5",
    ]
    async with origin(hello) as server, front(*GOOD) as box:
        url = f"http://good.test:{server.port}/a"
        await box.ask(ask("GET", url, *hop, "X-End: kept", host="evil.test"))
    expected = f"GET /a HTTP/1.1\r\nHost: good.test:{server.port}\r\nX-End: kept\r\n"
    assert server.heard == f"{expected}Connection: close\r\n\r\n".encode()


async def test_the_response_comes_down_without_traces_of_the_way():
    async with origin(hello) as server, front(*GOOD) as box:
        answer = await box.ask(ask("GET", f"http://good.test:{server.port}/", "Connection: close"))
    assert answer == (
        b"HTTP/1.1 200 OK\r\nX-End: kept\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    )


BODY = bytes(range(256)) * 4096


async def test_a_body_of_known_length_arrives_whole():
    async def measure(tap: Tap, writer: asyncio.StreamWriter) -> None:
        while not tap.heard.endswith(BODY):
            await tap.read()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with (
        origin(measure) as server,
        front(*GOOD) as box,
        httpx2.AsyncClient(proxy=box.url, trust_env=False) as client,
    ):
        answer = await client.post(f"http://good.test:{server.port}/", content=BODY)
    assert answer.content == b"ok"
    assert f"\r\nContent-Length: {len(BODY)}\r\n".encode() in server.heard
    assert server.heard.endswith(BODY)


async def test_a_body_in_chunks_arrives_in_chunks_and_comes_back():
    async def mirror(tap: Tap, writer: asyncio.StreamWriter) -> None:
        while not tap.heard.endswith(b"\r\n0\r\n\r\n"):
            await tap.read()
        body = tap.heard.partition(b"\r\n\r\n")[2]
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        await writer.drain()

    async def pieces() -> AsyncGenerator[bytes]:
        for at in range(0, len(BODY), 70_000):
            yield BODY[at : at + 70_000]

    async with (
        origin(mirror) as server,
        front(*GOOD) as box,
        httpx2.AsyncClient(proxy=box.url, trust_env=False) as client,
    ):
        answer = await client.post(f"http://good.test:{server.port}/", content=pieces())
    assert answer.content == BODY
    assert b"\r\nTransfer-Encoding: chunked\r\n" in server.heard
    assert b"Content-Length" not in server.heard


async def test_a_client_waits_for_the_servers_word_before_its_body():
    async def careful(tap: Tap, writer: asyncio.StreamWriter) -> None:
        await tap.head()
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await tap.read()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with origin(careful) as server, front(*GOOD) as box:
        reader, writer = await asyncio.open_connection(LOOPBACK, box.port)
        url = f"http://good.test:{server.port}/"
        writer.write(ask("POST", url, "Expect: 100-continue", "Content-Length: 4"))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()


async def test_an_answer_that_comes_before_the_whole_body_still_comes():
    async def impatient(tap: Tap, writer: asyncio.StreamWriter) -> None:
        await tap.head()
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\ntoo")
        writer.write_eof()
        while await tap.read():
            pass

    async with origin(impatient) as server, front(*GOOD) as box:
        url = f"http://good.test:{server.port}/"
        answer = await box.ask(ask("POST", url, f"Content-Length: {len(BODY)}") + BODY[:-1])
    assert answer.endswith(b"\r\n\r\ntoo")


async def test_a_refusal_arrives_while_the_client_is_still_sending():
    async with front(*GOOD) as box:
        answer = await box.ask(
            ask("POST", "http://evil.test/", "Content-Length: 9999999") + BODY * 5
        )
    assert answer.endswith(b"evil.test:80 is not on the task's allow-list\n")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", b"HTTP/1.1 502 "),
        (b"SSH-2.0-server\r\n\r\n", b"HTTP/1.1 502 "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"reset"),
    ],
    ids=["nothing", "no http", "half"],
)
async def test_a_server_that_breaks_off_never_looks_complete(said: bytes, told: bytes):
    async def break_off(tap: Tap, writer: asyncio.StreamWriter) -> None:
        await tap.head()
        writer.write(said)

    async with origin(break_off) as server, front(*GOOD) as box:
        answer = await box.ask(ask("GET", f"http://good.test:{server.port}/"))
    assert answer.startswith(told)


async def test_a_client_may_ask_again_on_the_same_connection_and_ahead_of_the_answer():
    async with origin(hello) as server, front(*GOOD) as box:
        one = ask("GET", f"http://good.test:{server.port}/1")
        two = ask("GET", f"http://good.test:{server.port}/2")
        refused = ask("GET", f"http://evil.test:{server.port}/3")
        answer = await box.ask(one + two + refused)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b"HTTP/1.1 403 ") == 1
    assert server.heard.count(b"GET ") == 2


async def test_equal_decisions_are_counted_together():
    async with origin(hello) as server, front(*GOOD) as box:
        for _ in range(3):
            await box.ask(ask("GET", f"http://good.test:{server.port}/"))
        (decision,) = box.proxy.decisions
    up, down = len(server.heard), decision.bytes_down
    assert decision == Decision("good.test", server.port, True, up, down, "done", times=3)
    assert down > 3 * len("hello")


async def test_programs_find_the_proxy_in_their_environment():
    assert proxy_environment(3128)["https_proxy"] == "http://127.0.0.1:3128"
    assert proxy_environment(3128)["NO_PROXY"] == ""
