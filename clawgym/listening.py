"""Serving an ASGI app over HTTP, and saying where, once it listens.

Importing this module imports `uvicorn`: only the commands that serve do.
"""

from collections.abc import Callable
from socket import socket

import uvicorn
from starlette.types import ASGIApp


async def serve_app(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    path: str,
    started: Callable[[str], None] | None = None,
) -> None:
    """Serve until cancelled or told to stop by a signal.

    Args:
        app: what to serve.
        host: the address to listen on.
        port: 0 is any free one.
        path: what follows the address in the URL that is told.
        started: is told the URL once the server listens.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    await _Server(config, path, started).serve([config.bind_socket()])


class _Server(uvicorn.Server):
    """A server that says where it listens."""

    def __init__(
        self, config: uvicorn.Config, path: str, started: Callable[[str], None] | None
    ) -> None:
        super().__init__(config)
        self._path = path
        self._tell = started

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tell and self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._tell(f"http://{f'[{host}]' if ':' in host else host}:{port}{self._path}")
