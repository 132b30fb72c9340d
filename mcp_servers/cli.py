"""`clawgym mcp`: serve skills or a workspace to any MCP client over stdio."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Serve skills or a workspace to any MCP client.",
)

SandboxChoice = Literal["auto", "bwrap", "local"]
CatalogOption = Annotated[
    Path | None, typer.Option("--catalog", help="Skill catalogue; default: the setting `catalog`.")
]
SkillsOption = Annotated[
    str | None, typer.Option("--skills", help="Names of the skills to serve, separated by commas.")
]


@app.command()
def skills(
    catalog: CatalogOption = None,
    names: SkillsOption = None,
    category: Annotated[
        str | None, typer.Option(help="Serve only the skills in this category.")
    ] = None,
    eligible_only: Annotated[
        bool, typer.Option("--eligible-only", help="Serve only what OpenClaw would load here.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option("--http", metavar="PORT", help="Serve over HTTP on 127.0.0.1; 0: any port."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="CLAWGYM_MCP_TOKEN",
            help="Bearer token that HTTP clients send; default: a new one, printed.",
        ),
    ] = None,
) -> None:
    """Serve the skills of a catalogue on standard input and output, or over HTTP.

    Without a catalogue it serves the skills that come with ClawGym.
    """
    import anyio

    from clawgym_skills.catalogue import open_catalogue
    from mcp_servers.server import serve_stdio
    from mcp_servers.skills import Selection, skills_server

    _log_to_stderr()
    selection = Selection(_names(names), category, eligible_only)
    with open_catalogue(_catalog_path(catalog)) as catalogue:
        server = skills_server(catalogue, selection)
        if port is None:
            anyio.run(serve_stdio, server)
        else:
            _serve_http(server, port, token)


@app.command()
def workspace(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory to work in.")],
    sandbox: Annotated[
        SandboxChoice | None,
        typer.Option(help="Where commands run; 'local' isolates nothing."),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Offer only what changes nothing.")
    ] = False,
    catalog: CatalogOption = None,
    names: Annotated[
        str | None,
        typer.Option(
            "--skills",
            help="Skills that commands find beside the directory: names, or 'none'; "
            "default: the bundled ones.",
        ),
    ] = None,
    scripts: Annotated[
        str | None,
        typer.Option("--scripts", help="Skills whose declared scripts are offered as tools."),
    ] = None,
    web: Annotated[
        bool, typer.Option("--web", help="Offer web_fetch, which reaches public pages.")
    ] = False,
) -> None:
    """Serve tools for files and commands on one directory."""
    import anyio

    from clawgym.sandbox import open_backend
    from clawgym.settings import load
    from mcp_servers.mounted_skills import mounted_skills
    from mcp_servers.server import serve_stdio
    from mcp_servers.workspace_server import workspace_server

    async def serve() -> None:
        backend = open_backend(load({"sandbox": sandbox}).settings.sandbox)
        wanted = [] if names == "none" else _names(names)
        skills = mounted_skills(wanted, _catalog_path(catalog))
        async with workspace_server(
            directory,
            backend,
            read_only=read_only,
            skills=skills,
            scripts=_names(scripts) or (),
            web=web,
        ) as server:
            await serve_stdio(server)

    _log_to_stderr()
    anyio.run(serve)


@app.command()
def config(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Directory that the workspace server serves.")
    ] = Path(),
    catalog: CatalogOption = None,
    names: SkillsOption = None,
) -> None:
    """Print the JSON that an MCP client's settings need for both servers."""
    from clawgym_skills.catalogue import open_catalogue
    from mcp_servers.skills.library import check_selection
    from mcp_servers.skills.stock import Selection, Stock
    from mcp_servers.workspace_server import existing_directory

    path = _catalog_path(catalog)
    with open_catalogue(path) as opened:
        check_selection(
            Stock(opened), Selection(names=_names(names))
        )  # a client would only say: disconnected
    options = [
        *(["--catalog", str(path.absolute())] if path.is_file() else []),
        *(["--skills", names] if names else []),
    ]
    arguments = {
        "clawgym-skills": ["skills", *options],
        "clawgym-workspace": ["workspace", str(existing_directory(directory))],
    }
    servers = {
        name: {"command": sys.executable, "args": ["-m", "clawgym", "mcp", *rest]}
        for name, rest in arguments.items()
    }
    typer.echo(json.dumps({"mcpServers": servers}, indent=2))


@app.command()
def install(
    client: Annotated[str, typer.Option(help="The client to set up; a wrong name lists them.")],
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Directory that the workspace server serves.")
    ] = Path(),
    scope: Annotated[
        Literal["user", "project"], typer.Option(help="Whose settings: yours, or those of DIR.")
    ] = "user",
    only: Annotated[
        Literal["skills", "workspace"] | None, typer.Option(help="Install this server alone.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Have the workspace only read.")
    ] = False,
    catalog: CatalogOption = None,
    names: SkillsOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the change and write nothing.")
    ] = False,
) -> None:
    """Add our servers to a client's settings, with a backup, and show what changed."""
    from mcp_servers.clients import commands
    from mcp_servers.clients.launch import launches

    servers = launches(
        (only,) if only else ("skills", "workspace"),
        directory,
        catalog=_catalog_path(catalog),
        skills=names,
        read_only=read_only,
    )
    commands.install(client, scope, directory, servers, dry_run=dry_run)


@app.command()
def doctor(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The project whose settings count as well.")
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Start every server of ours that a client's settings name, as the client would."""
    from mcp_servers.clients import commands

    raise typer.Exit(commands.diagnose(directory, as_json=as_json))


@app.command()
def bundle(
    out: Annotated[Path, typer.Option("--out", help="Directory to write to.")] = Path("dist"),
) -> None:
    """Write server.json for the MCP registry and clawgym.mcpb for one-click installs."""
    from mcp_servers.clients import commands

    commands.bundle(out)


def _serve_http(server: "Server[Any]", port: int, token: str | None) -> None:
    import anyio

    from mcp_servers.http import SharedToken, new_token, serve_http

    access = SharedToken(token or new_token())

    def started(url: str) -> None:
        shown = "" if token else f"\nAuthorization: Bearer {access.value}"
        typer.echo(f"{url}{shown}", err=True)

    async def serve() -> None:
        await serve_http(server, access, port=port, started=started)

    anyio.run(serve)


def _catalog_path(flag: Path | None) -> Path:
    from clawgym.errors import UsageError
    from clawgym.settings import load

    if flag and not flag.is_file():
        raise UsageError(f"there is no catalogue {flag}; make one with `clawgym skills index`")
    return load({"catalog": flag}).settings.catalog


def _names(flag: str | None) -> list[str] | None:
    if flag is None:
        return None
    return [name.strip() for name in flag.split(",") if name.strip()]


def _log_to_stderr() -> None:
    """Standard output carries the protocol and nothing else."""
    import logging

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)


if __name__ == "__main__":
    app()
