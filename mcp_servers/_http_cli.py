"""The options of `clawgym mcp` that are about HTTP, and serving as they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clawgym.errors import UsageError

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from mcp_servers.http import OAuth, SharedToken

PortOption = Annotated[
    int | None,
    typer.Option("--http", metavar="PORT", help="Serve over HTTP on 127.0.0.1; 0: any port."),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        envvar="CLAWGYM_MCP_TOKEN",
        help="Bearer token that HTTP clients send; default: a new one, printed.",
    ),
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST[:PORT]",
        help="A name that HTTP requests may call this server by, besides this machine's own; "
        "may be given again.",
    ),
]
AllowOriginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-origin",
        metavar="ORIGIN",
        help="A web page's origin that may call, as https://app.example.org; may be given again.",
    ),
]
IssuerOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Accept the access tokens of this OAuth authorization server instead of --token.",
    ),
]
ResourceOption = Annotated[
    str | None,
    typer.Option(
        "--resource",
        "--audience",
        metavar="URL",
        help="This server's public URL, which access tokens must name as their audience.",
    ),
]
RequireScopeOption = Annotated[
    list[str] | None,
    typer.Option("--require-scope", help="What every access token must allow; may be given again."),
]


@dataclass(frozen=True)
class HttpOptions:
    """What the command line says of HTTP.

    Raises:
        UsageError: the options do not go together.
    """

    port: int | None
    token: str | None
    hosts: Sequence[str]
    origins: Sequence[str]
    issuer: str | None
    resource: str | None
    scopes: Sequence[str]

    def __post_init__(self) -> None:
        others = (self.hosts, self.origins, self.issuer, self.resource, self.scopes)
        if self.port is None and any(others):
            raise UsageError(
                "--allow-host, --allow-origin, --issuer, --resource and --require-scope are about "
                "HTTP: add --http PORT"
            )
        if bool(self.issuer) != bool(self.resource):
            raise UsageError(
                "--issuer and --resource go together: whose access tokens, and for which server"
            )
        if self.scopes and not self.issuer:
            raise UsageError("--require-scope is about access tokens: add --issuer and --resource")
        if self.issuer and self.token:
            raise UsageError(
                "clients send one token: give --issuer, or --token (CLAWGYM_MCP_TOKEN), not both"
            )


def http_options(
    port: int | None,
    token: str | None,
    hosts: list[str] | None,
    origins: list[str] | None,
    issuer: str | None,
    resource: str | None,
    scopes: list[str] | None,
) -> HttpOptions:
    """The options as Typer hands them on.

    Raises:
        UsageError: as `HttpOptions`.
    """
    return HttpOptions(port, token, hosts or (), origins or (), issuer, resource, scopes or ())


async def serve(server: "Server[Any]", options: HttpOptions) -> None:
    """Serve over HTTP where a port is given, else on standard input and output.

    Raises:
        UsageError: a URL cannot be used, or the token is too short.
        AuthorizationServerError: the issuer cannot be asked for its keys.
    """
    from mcp_servers.server import serve_stdio

    if options.port is None:
        await serve_stdio(server)
        return
    from mcp_servers.http import Doors, SharedToken, serve_http

    access = await _access(options)
    shown = ""
    if isinstance(access, SharedToken) and not options.token:
        shown = f"\nAuthorization: Bearer {access.value}"

    def started(url: str) -> None:
        typer.echo(f"{url}{shown}", err=True)

    doors = Doors((*options.hosts, *_host_of(options.resource)), tuple(options.origins))
    await serve_http(server, access, port=options.port, doors=doors, started=started)


async def _access(options: HttpOptions) -> "OAuth | SharedToken":
    from mcp_servers.http import OAuth, SharedToken, new_token
    from mcp_servers.http.discovery import check_url, discover_keys

    if options.issuer is None or options.resource is None:
        return SharedToken(options.token or new_token())
    check_url(options.resource, "the resource")
    keys = await discover_keys(options.issuer)
    return OAuth(options.issuer, options.resource, keys, tuple(options.scopes))


def _host_of(resource: str | None) -> list[str]:
    """The name that clients call a public server by, where one is given."""
    from urllib.parse import urlsplit

    return [urlsplit(resource).netloc] if resource else []
