"""What two programs could read differently is refused, and nothing of it goes up."""

import asyncio
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawgym.sandbox.proxy.server import ProxyLimits
from tests.clawgym.sandbox.proxy_lab import LOOPBACK, Front, Tap, ask, front, hello, origin

URL = "http://good.test:{port}/"
BAD = b"HTTP/1.1 400 "


async def answer_to(template: bytes, *, limits: ProxyLimits | None = None) -> tuple[bytes, bytes]:
    """What the box reads and what the server heard; `PORT` becomes the server's."""
    async with (
        origin(hello) as server,
        front("good.test", LOOPBACK, limits=limits) as box,
    ):
        answer = await box.ask(template.replace(b"PORT", str(server.port).encode()))
    return answer, server.heard


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"X: 1\r\n folded\r\n",
        b"X: 1\r\n\tfolded\r\n",
        b"X: 1\nTransfer-Encoding: chunked\r\n",
        b"X: 1\rY: 2\r\n",
        b"X: 1\0\r\n",
        b"X : 1\r\n",
        b": 1\r\n",
        b"X\r\n",
        b"Host: second.test\r\n",
    ],
)
async def test_an_ambiguous_head_is_refused(headers: bytes):
    head = b"POST http://good.test:PORT/ HTTP/1.1\r\nHost: good.test\r\n" + headers + b"\r\n"
    answer, heard = await answer_to(head + b"5\r\nhello\r\n0\r\n\r\n")
    assert answer.startswith(BAD)
    assert heard == b""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"GET / HTTP/1.1", BAD),
        (b"GET good.test:PORT HTTP/1.1", BAD),
        (b"GET http:/good.test:PORT/ HTTP/1.1", BAD),
        (b"GET http://user@good.test:PORT/ HTTP/1.1", BAD),
        (b"GET http://good.test@evil.test:PORT/ HTTP/1.1", BAD),
        (b"GET http://evil.test\\@good.test:PORT/ HTTP/1.1", BAD),
        (b"GET http://good.test:PORT/#part HTTP/1.1", BAD),
        (b"GET http://good.test:0/ HTTP/1.1", BAD),
        (b"GET http://good.test:99999/ HTTP/1.1", BAD),
        (b"GET http://127.1:PORT/ HTTP/1.1", BAD),
        (b"GET http:///path HTTP/1.1", BAD),
        (b"GET  http://good.test:PORT/ HTTP/1.1", BAD),
        (b"GET http://good.test:PORT/\xc3\xa9 HTTP/1.1", BAD),
        (b"GET http://good.test:PORT/", BAD),
        (b"CONNECT good.test HTTP/1.1", BAD),
        (b"CONNECT http://good.test:PORT/ HTTP/1.1", BAD),
        (b"CONNECT good.test:PORT/path HTTP/1.1", BAD),
        (b"connect good.test:PORT HTTP/1.1", BAD),
        (b"GET https://good.test:PORT/ HTTP/1.1", b"HTTP/1.1 501 "),
        (b"GET ftp://good.test:PORT/ HTTP/1.1", b"HTTP/1.1 501 "),
        (b"GET http://good.test:PORT/ HTTP/2.0", b"HTTP/1.1 505 "),
    ],
)
async def test_only_requests_for_a_proxy_are_served(line: bytes, told: bytes):
    answer, heard = await answer_to(line + b"\r\nHost: good.test\r\n\r\n")
    assert answer.startswith(told)
    assert heard == b""


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (b"Transfer-Encoding: gzip, chunked\r\n", b"HTTP/1.1 501 "),
        (b"Transfer-Encoding: identity\r\n", b"HTTP/1.1 501 "),
    ],
)
async def test_unknown_codings_are_not_implemented(headers: bytes, told: bytes):
    head = b"POST http://good.test:PORT/ HTTP/1.1\r\nHost: good.test\r\n" + headers + b"\r\n"
    assert (await answer_to(head))[0].startswith(told)


async def test_connect_carries_no_body():
    head = b"CONNECT good.test:PORT HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"
    assert (await answer_to(head))[0].startswith(BAD)


async def test_http_1_0_knows_no_chunks():
    head = b"POST http://good.test:PORT/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert (await answer_to(head))[0].startswith(BAD)


@pytest.mark.parametrize(
    "body", [b"zz\r\nhello\r\n", b"5\nhello\r\n", b"5\r\nhello!\r\n", b"5\r\nhe"]
)
async def test_a_broken_body_never_looks_complete_to_the_server(body: bytes):
    head = b"POST http://good.test:PORT/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer, heard = await answer_to(head + body)
    assert not heard.endswith(b"0\r\n\r\n")
    assert answer.startswith((BAD, b"reset", b"HTTP/1.1 200 "))


async def test_what_hides_behind_a_body_is_a_request_of_its_own_and_checked():
    hidden = ask("GET", "http://evil.test:PORT/secret")
    head = ask("POST", "http://good.test:PORT/", f"Content-Length: {len(hidden)}")
    answer, heard = await answer_to(head + hidden + hidden)
    assert heard.count(b"HTTP/1.1\r\n") <= 2  # the second one only as a body
    assert b"Host: evil.test" not in heard
    assert answer.count(b"HTTP/1.1 200 ") <= 1


async def test_a_huge_head_is_refused():
    limits = ProxyLimits(head_bytes=4096)
    head = ask("GET", URL.replace("{port}", "PORT"), "X-Big: " + "x" * 5000)
    answer, heard = await answer_to(head, limits=limits)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert heard == b""


async def test_an_endless_head_is_refused_while_it_comes():
    async with front("good.test", limits=ProxyLimits(head_bytes=4096)) as box:
        answer = await box.ask(b"GET http://good.test/" + b"x" * 5000, finish=False)
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\0", b"\x04\x01\0\x50", b"\x05\x01\0", b"\n\n"])
async def test_other_protocols_are_refused_at_once(data: bytes):
    async with front("good.test") as box:
        answer = await box.ask(data, finish=False)
    assert answer.startswith(BAD)


async def test_refusals_say_nothing_about_the_host_machine():
    async with front() as box:
        answers = [
            await box.ask(ask("GET", "http://127.0.0.1/")),
            await box.ask(ask("CONNECT", "x.test:443")),
            await box.ask(ask("HEAD", "http://x.test/")),
            await box.ask(b"\0"),
        ]
    for answer in answers:
        head = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        names = [line.partition(":")[0] for line in head[1:]]
        assert names == ["Content-Type", "Content-Length", "Connection"]
    assert answers[2].endswith(b"\r\n\r\n")  # no body after HEAD


TOKENS = st.sampled_from(
    [
        b"GET ", b"CONNECT ", b"POST ", b"http://", b"good.test", b"evil.test", b":PORT", b"/",
        b" ", b"HTTP/1.1", b"\r\n", b"\n", b"\r", b"Host: x", b"Content-Length: 3", b"\r\n\r\n",
        b"abc", b"Transfer-Encoding: chunked", b"0\r\n\r\n", b"@",
        b"\0", b"\xff", b"[::1]", b"127.0.0.1",
    ]
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.lists(TOKENS, max_size=14).map(b"".join))
def test_arbitrary_bytes_neither_crash_the_proxy_nor_go_up(
    caplog: pytest.LogCaptureFixture, data: bytes
):
    async def scenario() -> None:
        async with origin(hello) as server, front("nowhere.test") as box:
            await box.ask(data.replace(b"PORT", str(server.port).encode()))
            await _still_serves(box)
        assert not server.taps

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert not caplog.records


REPLY = st.sampled_from(
    [
        b"HTTP/1.1 200 OK", b"HTTP/1.1 100 x", b"HTTP/1.1 101 x", b"HTTP/1.1 204 x",
        b"HTTP/1.0 304 x", b"\r\n", b"\n", b"\r\n\r\n", b"Content-Length: 3", b"abc",
        b"Transfer-Encoding: chunked", b"3\r\nabc\r\n", b"0\r\n\r\n", b"Connection: close",
        b"Upgrade: x", b"\0", b"\xff", b" folded",
    ]
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["GET", "HEAD", "POST"]),
    st.binary(max_size=200) | st.lists(REPLY, max_size=12).map(b"".join),
)
def test_arbitrary_answers_do_not_crash_the_proxy(
    caplog: pytest.LogCaptureFixture, method: str, data: bytes
):
    async def babble(tap: Tap, writer: asyncio.StreamWriter) -> None:
        await tap.head()
        writer.write(data)

    async def scenario() -> None:
        async with origin(babble) as server, front(LOOPBACK) as box:
            request = ask(method, f"http://{LOOPBACK}:{server.port}/", "Content-Length: 2")
            await box.ask(request + b"ab")
            await _still_serves(box)

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert not caplog.records


async def _still_serves(box: Front) -> None:
    assert (await box.ask(ask("GET", "http://evil.test/"))).startswith(b"HTTP/1.1 403 ")
