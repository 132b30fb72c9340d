"""`web_fetch` reaches public addresses and nothing else; what it brings is marked."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mcp_servers.workspace import _web_request as request_module
from mcp_servers.workspace import web_fetch_tool

PAGE = b"""<html><head><title>A page</title><style>p {}</style></head><body><h1>Title</h1>
<p>Some <a href="/x">words</a>.</p><ul><li>one</li><li>two</li></ul>
<script>alert(1)</script></body></html>"""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        pages = {"/": (200, "text/html", PAGE), "/bin": (200, "image/png", b"x")}
        status, kind, body = pages.get(self.path, (302, "text/plain", b""))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status == 302:
            target = "http://127.0.0.2:9/" if self.path == "/inward" else self.path
            self.send_header("Location", target)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch):
    """A site on our loopback, which counts as public here: 127.0.0.1 and no other address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(request_module, "is_public", lambda one: str(one) == "127.0.0.1")
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


async def fetch(url: str, **arguments: object):
    return await web_fetch_tool().call({"url": url, **arguments})


async def test_a_page_becomes_marked_text(site):
    result = await fetch(site)
    assert not result.is_error
    assert "# Title\n\nSome [words](/x).\n\n- one\n- two" in result.text
    assert "alert" not in result.text
    assert result.details["title"] == "A page"
    assert '<<<EXTERNAL_UNTRUSTED_CONTENT id="' in result.text


async def test_text_has_no_marks_of_markdown(site):
    assert "Title\n\nSome words." in (await fetch(site, extractMode="text")).text


async def test_long_text_is_cut_and_says_so(site):
    assert (await fetch(site, maxChars=100)).details["truncated"] is False
    assert (await fetch(site, maxChars=100)).details["length"] <= 100


async def test_what_is_no_text_is_refused(site):
    assert "is image/png, not text" in (await fetch(f"{site}/bin")).text


async def test_redirects_end(site):
    assert "redirects more than 3 times" in (await fetch(f"{site}/round")).text


async def test_a_redirect_inwards_is_refused(site):
    assert "is not a public address" in (await fetch(f"{site}/inward")).text


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://[fd00::1]/",
        "http://[fe80::1%25lo]/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "ftp://example.org/",
        "http://user@127.0.0.1/",
        "http:///x",
        "http://[broken/",
        "gopher://127.0.0.1:70/",
    ],
)
async def test_only_public_pages_are_asked_for(url, monkeypatch):
    def connected(*_: object, **__: object) -> None:
        raise AssertionError("it connected")

    monkeypatch.setattr(socket, "create_connection", connected)
    result = await fetch(url)
    assert result.is_error
