"""A real server on loopback, real requests: who is let in, and who is not."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import httpx2
import jwt
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from clawgym.errors import ClawGymError, UsageError
from mcp_servers.http import Doors, NoToken, OAuth, SharedToken, new_token, serve_http
from mcp_servers.http.discovery import discover_keys
from mcp_servers.http.serving import Access
from mcp_servers.server import tool_server
from mcp_servers.toolkit import Arguments, Tool
from tests.mcp_servers.issuer import METADATA, OPENID, Issuer, new_key, running_issuer

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


RESOURCE = "https://mcp.example.org/mcp"
OTHER_KEY = new_key()


@asynccontextmanager
async def protected() -> AsyncIterator[tuple[str, Issuer]]:
    with running_issuer() as issuer:
        keys = await discover_keys(issuer.url)
        async with serving(OAuth(issuer.url, RESOURCE, keys, ("skills:read",))) as url:
            yield url, issuer


async def test_a_token_of_the_authorization_server_is_accepted():
    async with protected() as (url, issuer):
        token = issuer.token(RESOURCE, scope="skills:read")
        assert (await post(url, Authorization=f"Bearer {token}")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"aud": "https://another.example.org"}, 401),
        ({"aud": None}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"exp": 1}, 401),
        ({"exp": None}, 401),
        ({"scope": "something:else"}, 403),
    ],
)
async def test_other_tokens_are_refused(changes: dict[str, Any], status: int):
    async with protected() as (url, issuer):
        token = issuer.token(RESOURCE, **{"scope": "skills:read", **changes})
        answer = await post(url, Authorization=f"Bearer {token}")
    assert answer.status_code == status


async def test_a_token_that_another_signed_is_refused():
    async with protected() as (url, issuer):
        forged = replace(issuer, key=OTHER_KEY).token(RESOURCE, scope="skills:read")
        assert (await post(url, Authorization=f"Bearer {forged}")).status_code == 401


async def test_a_token_signed_with_the_published_key_as_a_secret_is_refused():
    async with protected() as (url, issuer):
        claims = {"iss": issuer.url, "aud": RESOURCE, "exp": int(time.time()) + 60}
        public = issuer.pages["/keys"]["keys"][0]["n"]
        forged = jwt.encode(claims, public, algorithm="HS256", headers={"kid": "1"})
        assert (await post(url, Authorization=f"Bearer {forged}")).status_code == 401


async def test_a_client_learns_where_to_get_a_token():
    async with protected() as (url, issuer):
        refused = await post(url)
        async with httpx2.AsyncClient() as client:
            base = url.removesuffix("/mcp")
            found = await client.get(f"{base}/.well-known/oauth-protected-resource/mcp")
    assert "resource_metadata=" in refused.headers["www-authenticate"]
    assert found.json()["resource"] == RESOURCE
    assert found.json()["authorization_servers"] == [issuer.url]


async def test_keys_are_found_where_openid_connect_has_them():
    with running_issuer() as issuer:
        issuer.pages[OPENID] = issuer.pages.pop(METADATA)
        assert await discover_keys(issuer.url) == f"{issuer.url}/keys"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (None, "publishes no metadata; asked"),
        ({"issuer": "https://evil.example", "jwks_uri": "https://evil.example/keys"}, "not of"),
        ({"issuer": "$"}, "jwks_uri: Field required"),
        ({"issuer": "$", "jwks_uri": "file:///etc/passwd"}, "has to be an https:// URL"),
        ({"issuer": "$", "jwks_uri": "http://keys.example/"}, "has to be an https:// URL"),
    ],
)
async def test_an_authorization_server_that_cannot_be_used_is_said_so(
    metadata: dict[str, object] | None, reason: str
):
    with running_issuer() as issuer:
        issuer.pages.pop(METADATA)
        if metadata:
            issuer.pages[METADATA] = metadata | {
                "issuer": metadata["issuer"].replace("$", issuer.url)
            }
        with pytest.raises(ClawGymError, match=reason):
            await discover_keys(issuer.url)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.org",
        "ftp://x",
        "login.example.org",
        "https://",
        "https://[",
        "https://x?y=1",
    ],
)
async def test_an_issuer_is_an_https_url(url: str):
    with pytest.raises(UsageError, match="has to be an https:// URL"):
        await discover_keys(url)
