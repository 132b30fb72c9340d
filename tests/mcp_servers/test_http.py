"""A real server on loopback, real requests: who is let in, and who is not."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import anyio
import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from clawgym.errors import UsageError
from mcp_servers.http import Doors, NoToken, OAuth, SharedToken, new_token, serve_http
from mcp_servers.http.serving import Access
from mcp_servers.server import tool_server
from mcp_servers.toolkit import Arguments, Tool

TOKEN = "a token of the tests"
DISCOVER = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "server/discover",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}


class Nothing(Arguments):
    """No arguments."""


async def hello(_: Nothing) -> str:
    return "hello"


@asynccontextmanager
async def serving(access: Access, doors: Doors | None = None) -> AsyncIterator[str]:
    server = tool_server("greeter", [Tool("hello", "Say hello.", Nothing, hello, True)])
    urls: list[str] = []
    started = anyio.Event()

    def tell(url: str) -> None:
        urls.append(url)
        started.set()

    async def serve() -> None:
        await serve_http(server, access, doors=doors, started=tell)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        with anyio.fail_after(10):
            await started.wait()
        yield urls[0]
        tasks.cancel_scope.cancel()


async def post(url: str, **headers: str) -> httpx2.Response:
    always = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "server/discover",
    }
    async with httpx2.AsyncClient() as client:
        return await client.post(url, json=DISCOVER, headers=always | headers)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_client_of_either_era_calls_a_tool(mode: Any):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        serving(SharedToken(TOKEN)) as url,
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        result = await client.call_tool("hello", {})
    assert "hello" in result.model_dump_json()


async def test_without_the_token_nobody_is_let_in():
    async with serving(SharedToken(TOKEN)) as url:
        assert (await post(url)).status_code == 401
        assert (await post(url, Authorization="Bearer another")).status_code == 401
        assert (await post(url, Authorization=f"Bearer {TOKEN}")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:6274"}, 200),
        ({"Host": "mcp.example.org", "Origin": "https://app.example.org"}, 200),
    ],
)
async def test_hosts_and_origins_are_let_in_by_a_list(headers: dict[str, str], status: int):
    doors = Doors(hosts=("mcp.example.org",), origins=("https://app.example.org",))
    async with serving(NoToken(), doors) as url:
        assert (await post(url, **headers)).status_code == status


def test_tokens_are_long_and_are_not_shown():
    assert len(new_token()) >= 43
    assert TOKEN not in repr(SharedToken(TOKEN))
    with pytest.raises(UsageError, match="take at least 16"):
        SharedToken("short")


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ISSUER = "https://login.example.org"
RESOURCE = "https://mcp.example.org/mcp"


def token(key: rsa.RSAPrivateKey = KEY, **changes: object) -> str:
    claims = {
        "iss": ISSUER,
        "aud": RESOURCE,
        "exp": int(time.time()) + 60,
        "scope": "skills:read",
        "client_id": "tests",
        **changes,
    }
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, key, algorithm="RS256", headers={"kid": "1"})


@contextmanager
def authorization_server() -> Iterator[str]:
    """Where the issuer publishes its keys."""
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "1"}
    answer = json.dumps({"keys": [jwk]}).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/keys"
        server.shutdown()


@asynccontextmanager
async def protected() -> AsyncIterator[str]:
    with authorization_server() as keys:
        async with serving(OAuth(ISSUER, RESOURCE, keys, ("skills:read",))) as url:
            yield url


async def test_a_token_of_the_authorization_server_is_accepted():
    async with protected() as url:
        assert (await post(url, Authorization=f"Bearer {token()}")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"aud": "https://another.example.org"}, 401),
        ({"aud": None}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"exp": 1}, 401),
        ({"exp": None}, 401),
        ({"key": OTHER_KEY}, 401),
        ({"scope": "something:else"}, 403),
    ],
)
async def test_other_tokens_are_refused(changes: dict[str, Any], status: int):
    async with protected() as url:
        answer = await post(url, Authorization=f"Bearer {token(**changes)}")
    assert answer.status_code == status


async def test_a_client_learns_where_to_get_a_token():
    async with protected() as url:
        refused = await post(url)
        async with httpx2.AsyncClient() as client:
            base = url.removesuffix("/mcp")
            found = await client.get(f"{base}/.well-known/oauth-protected-resource/mcp")
    assert "resource_metadata=" in refused.headers["www-authenticate"]
    assert found.json()["resource"] == RESOURCE
    assert found.json()["authorization_servers"] == [ISSUER]
