"""What `clawgym agent serve` does, once its options are parsed."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from clawgym.errors import UsageError
from clawgym.listening import serve_app
from graph_agents.approval import ApprovalDecision, ApprovalRequest
from graph_agents.assembly import assemble
from graph_agents.journal import default_state
from graph_agents.options import AgentOptions
from graph_agents.serving.app import agent_app
from graph_agents.ui.asking import refuse
from mcp_servers.http import Doors, NoToken, SharedToken, new_token


@dataclass(frozen=True)
class ServeRequest:
    """One call of the command.

    Raises:
        UsageError: a token is given and refused at once, or nobody would be kept out.
    """

    options: AgentOptions
    host: str = "127.0.0.1"
    port: int = 0
    token: str | None = None
    no_token: bool = False
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.no_token and self.token:
            raise UsageError("give --token (CLAWGYM_AGENT_TOKEN) or --no-token, not both")
        if self.no_token and self.host not in {"127.0.0.1", "localhost", "::1"}:
            raise UsageError(
                "--no-token is for this machine alone: leave --host out, or use a token"
            )
        if self.options.dry_run:
            raise UsageError("a server has no end at which a dry run could be shown")


async def serve_agent(request: ServeRequest, tell: Callable[[str], None]) -> None:
    """Serve until interrupted; `tell` is given the lines that the user needs.

    Raises:
        UsageError: the token is too short, no model is named, the port is taken.
        SandboxError: this machine cannot make the box.
    """
    _require_free(request.host, request.port)
    access = NoToken() if request.no_token else SharedToken(request.token or new_token())
    journal = request.options.state or default_state()
    async with assemble(request.options, _refuse) as assembled:
        app = agent_app(
            assembled.agent,
            access,
            doors=Doors(request.hosts, request.origins),
            conversations=journal.with_name(f"{journal.stem}-served.sqlite"),
        )

        def started(url: str) -> None:
            tell(f"base URL  {url}\nmodel     clawgym")
            if isinstance(access, SharedToken) and not request.token:
                tell(f"API key   {access.value}")

        await serve_app(app, request.host, request.port, path="/v1", started=started)


def _require_free(host: str, port: int) -> None:
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, number) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host} port {port}: {error.strerror}; end what listens there, or "
            "give another --port (0: any free one) or --host"
        ) from error


async def _refuse(request: ApprovalRequest) -> ApprovalDecision:
    return refuse(request)
