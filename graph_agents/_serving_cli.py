"""`clawgym agent serve`: the agent behind the OpenAI chat API."""

from pathlib import Path
from typing import Annotated

import typer

from graph_agents._flags_cli import Flags, takes_flags


@takes_flags
def serve(
    workspace: Annotated[
        Path,
        typer.Option(
            "--workspace",
            "-w",
            help="The folder to work in; the agent changes it.",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ],
    flags: Flags,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8765,
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than loopback open it to others.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(
            envvar="CLAWGYM_AGENT_TOKEN",
            help="API key that clients send; default: a new one, printed.",
        ),
    ] = None,
    no_token: Annotated[
        bool, typer.Option("--no-token", help="Let every program of this machine in.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST[:PORT]",
            help="A name that requests may call this server by, besides this machine's own; may "
            "be given again.",
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="A web page's origin that may call, as https://app.example.org; may be given "
            "again.",
        ),
    ] = None,
) -> None:
    """Serve the agent to any chat client that speaks the OpenAI API, as the model 'clawgym'.

    Nobody can be asked for approval here: what the policy would ask about is refused, and the
    agent is told why.
    """
    import asyncio

    from graph_agents.serve_command import ServeRequest, serve_agent

    request = ServeRequest(
        options=flags.options(workspace),
        host=host,
        port=port,
        token=token,
        no_token=no_token,
        hosts=tuple(allow_host or ()),
        origins=tuple(allow_origin or ()),
    )
    asyncio.run(serve_agent(request, lambda line: typer.echo(line, err=True)))


def add_to(app: typer.Typer) -> None:
    """Make this a command of a group."""
    app.command()(serve)
