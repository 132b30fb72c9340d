"""A server behind HTTP: one endpoint, `/mcp`, for both protocol eras."""

from collections.abc import Callable
from typing import Any

from mcp.server.auth.settings import AuthSettings
from mcp.server.lowlevel import Server
from pydantic import AnyHttpUrl
from starlette.applications import Starlette

from clawgym.listening import serve_app
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
    app = http_app(server, access, doors)
    settle()
    await serve_app(app, host, port, path=PATH, started=started)


def _settings(access: Access) -> AuthSettings | None:
    if isinstance(access, OAuth):
        return access.settings
    if isinstance(access, NoToken):
        return None
    nowhere = AnyHttpUrl("http://127.0.0.1")  # the SDK wants an issuer; none is announced
    return AuthSettings(issuer_url=nowhere, resource_server_url=None)
