"""MCP servers over streamable HTTP: who may call, and by which names the server may be called.

- `doors`: the hosts and origins that are let in, against DNS rebinding
- `tokens`: the secret that a client must know unless OAuth is configured
- `oauth`: access tokens of an authorization server, checked here
- `discovery`: where an authorization server publishes its keys
- `serving`: the three in front of a server
"""

from mcp_servers.http.doors import Doors
from mcp_servers.http.oauth import OAuth
from mcp_servers.http.serving import Access, http_app, serve_http
from mcp_servers.http.tokens import NoToken, SharedToken, new_token

__all__ = [
    "Access",
    "Doors",
    "NoToken",
    "OAuth",
    "SharedToken",
    "http_app",
    "new_token",
    "serve_http",
]
