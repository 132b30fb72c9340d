"""A server behind HTTP: one endpoint, `/mcp`, for both protocol eras."""

from collections.abc import Callable
from socket import socket
from typing import Any

import uvicorn
from mcp.server.auth.settings import AuthSettings
from mcp.server.lowlevel import Server
from pydantic import AnyHttpUrl
from starlette.applications import Starlette

from mcp_servers.http.doors import Doors
from mcp_servers.http.oauth import OAuth
from mcp_servers.http.tokens import NoToken, SharedToken
from mcp_servers.server import settle

PATH = "/mcp"
MAX_SESSIONS = 1_000
IDLE_SECONDS = 900.0
"""Bounds on clients of the handshake era, which hold a session; the others hold nothing."""

Access = SharedToken | OAuth | NoToken


def http_app(server: Server[Any], access: Access, doors: Doors | None = None) -> Starlette:
    """The server as an ASGI application; its lifespan must be run, as uvicorn does.

    Args:
        server: what answers.
        access: who may call.
        doors: what requests may name besides this machine.
    """
    return server.streamable_http_app(
        streamable_http_path=PATH,
        transport_security=(doors or Doors()).settings,
        session_idle_timeout=IDLE_SECONDS,
        max_sessions=MAX_SESSIONS,
        auth=_settings(access),
        token_verifier=None if isinstance(access, NoToken) else access,
    )


async def serve_http(
    server: Server[Any],
    access: Access,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    doors: Doors | None = None,
    started: Callable[[str], None] | None = None,
) -> None:
    """Serve until cancelled or interrupted.

    `started` is told the URL once the server listens; port 0 is any free one. A host that is not
    this machine's own has to be among the doors, else every request to it is refused.
    """
    config = uvicorn.Config(
        http_app(server, access, doors),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    settle()
    await _Server(config, started).serve([config.bind_socket()])


class _Server(uvicorn.Server):
    """A server that says where it listens."""

    def __init__(self, config: uvicorn.Config, started: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tell and self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._tell(f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}")


def _settings(access: Access) -> AuthSettings | None:
    if isinstance(access, OAuth):
        return access.settings
    if isinstance(access, NoToken):
        return None
    nowhere = AnyHttpUrl("http://127.0.0.1")  # the SDK wants an issuer; none is announced
    return AuthSettings(issuer_url=nowhere, resource_server_url=None)
