"""`clawgym mcp`: serve skills or a workspace to any MCP client."""

import gc
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from mcp_servers._http_cli import (
    AllowHostOption,
    AllowOriginOption,
    IssuerOption,
    PortOption,
    RequireScopeOption,
    ResourceOption,
    TokenOption,
    http_options,
    serve,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Serve skills or a workspace to any MCP client.",
)

_IMPATIENT_SECONDS = 0.0005
"""What imports hold up another thread for, which has hundreds of small system calls to make."""

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
    port: PortOption = None,
    token: TokenOption = None,
    allow_host: AllowHostOption = None,
    allow_origin: AllowOriginOption = None,
    issuer: IssuerOption = None,
    resource: ResourceOption = None,
    require_scope: RequireScopeOption = None,
) -> None:
    """Serve the skills of a catalogue on standard input and output, or over HTTP.

    Without a catalogue it serves the skills that come with ClawGym.
    """
    http = http_options(port, token, allow_host, allow_origin, issuer, resource, require_scope)
    with _starting_up():
        import anyio

        from clawgym_skills.catalogue import open_catalogue
        from mcp_servers.skills import Selection, skills_server

    selection = Selection(_names(names), category, eligible_only)
    with open_catalogue(_catalog_path(catalog)) as catalogue:
        server = skills_server(catalogue, selection)
        anyio.run(serve, server, http)


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
    port: PortOption = None,
    token: TokenOption = None,
    allow_host: AllowHostOption = None,
    allow_origin: AllowOriginOption = None,
    issuer: IssuerOption = None,
    resource: ResourceOption = None,
    require_scope: RequireScopeOption = None,
) -> None:
    """Serve tools for files and commands on one directory, on standard input and output or HTTP."""
    http = http_options(port, token, allow_host, allow_origin, issuer, resource, require_scope)
    with _starting_up():
        from concurrent.futures import ThreadPoolExecutor

        from clawgym.sandbox import open_backend
        from clawgym.settings import load

        chosen = load({"sandbox": sandbox}).settings.sandbox
        with ThreadPoolExecutor(1) as beside:  # opening a sandbox is mostly waiting
            opening = beside.submit(open_backend, chosen)

            import anyio

            from mcp_servers.workspace_server import workspace_server

    async def open_and_serve() -> None:
        with _skills_to_mount(names, catalog) as skills:
            async with workspace_server(
                directory,
                opening.result(),
                read_only=read_only,
                skills=skills,
                scripts=_names(scripts) or (),
                web=web,
            ) as server:
                await serve(server, http)

    anyio.run(open_and_serve)


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


def _catalog_path(flag: Path | None) -> Path:
    from clawgym.errors import UsageError
    from clawgym.settings import load

    if flag and not flag.is_file():
        raise UsageError(f"there is no catalogue {flag}; make one with `clawgym skills index`")
    return load({"catalog": flag}).settings.catalog


@contextmanager
def _skills_to_mount(names: str | None, catalog: Path | None) -> Generator[Path | None]:
    """A directory of skills; the bundled ones are mounted where they were installed."""
    if names is None:
        from clawgym_skills.bundle import bundled_directory

        yield bundled_directory()
    elif names == "none":
        yield None
    else:
        from clawgym_skills.catalogue import open_catalogue
        from mcp_servers.mounted_skills import mounted_skills

        with open_catalogue(_catalog_path(catalog)) as catalogue:
            wanted = [catalogue.get(name) for name in _names(names) or []]
        with mounted_skills(wanted) as directory:
            yield directory


def _names(flag: str | None) -> list[str] | None:
    if flag is None:
        return None
    return [name.strip() for name in flag.split(",") if name.strip()]


@contextmanager
def _starting_up() -> Generator[None]:
    """Around a server's imports, a third of which would go into looking for garbage.

    Standard output carries the protocol and nothing else: logs go to standard error.
    """
    import logging

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    patience = sys.getswitchinterval()
    sys.setswitchinterval(_IMPATIENT_SECONDS)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        sys.setswitchinterval(patience)


if __name__ == "__main__":
    app()
