"""`clawgym mcp`: serve skills or a workspace to any MCP client over stdio."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

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
def skills(catalog: CatalogOption = None, names: SkillsOption = None) -> None:
    """Serve the skills of a catalogue on standard input and output.

    Without a catalogue it serves the skills that come with ClawGym.
    """
    import anyio

    from clawgym_skills.catalogue import open_catalogue
    from mcp_servers.server import serve_stdio
    from mcp_servers.skills import skills_server

    _log_to_stderr()
    with open_catalogue(_catalog_path(catalog)) as catalogue:
        anyio.run(serve_stdio, skills_server(catalogue, names=_names(names)))


@app.command()
def workspace(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory to work in.")],
    sandbox: Annotated[
        SandboxChoice | None,
        typer.Option(help="Where commands run; 'local' isolates nothing."),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Offer `read` only.")] = False,
) -> None:
    """Serve the tools read, write, edit and exec on one directory."""
    import anyio

    from clawgym.sandbox import open_backend
    from clawgym.settings import load
    from mcp_servers.server import serve_stdio
    from mcp_servers.workspace_server import workspace_server

    async def serve() -> None:
        backend = open_backend(load({"sandbox": sandbox}).settings.sandbox)
        async with workspace_server(directory, backend, read_only=read_only) as server:
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
    from mcp_servers._library import select_skills
    from mcp_servers.workspace_server import existing_directory

    path = _catalog_path(catalog)
    with open_catalogue(path) as opened:
        select_skills(opened.names(), _names(names))  # a client would only say: disconnected
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
