"""`clawgym mcp install`, `doctor` and `bundle`, once their options are parsed."""

import json
from dataclasses import asdict
from pathlib import Path

import anyio
import typer

from clawgym.errors import UsageError
from mcp_servers.clients.doctor import Finding, examine, find_servers
from mcp_servers.clients.install import carry_out, plan
from mcp_servers.clients.launch import Launch, launches
from mcp_servers.clients.publication import write_bundle, write_registry_entry
from mcp_servers.clients.settings import CLIENTS, Scope


def install(
    client: str, scope: Scope, directory: Path, servers: dict[str, Launch], *, dry_run: bool
) -> None:
    """Show what changes in the client's settings, and change it unless it is a rehearsal."""
    kind = CLIENTS.get(client)
    if kind is None:
        raise UsageError(f"no client is called {client!r}; there are: {', '.join(CLIENTS)}")
    change = plan(kind, kind.path(scope, Path.home(), directory.resolve()), servers)
    if not change.needed:
        typer.echo(f"{change.path} has these servers already; nothing to change.")
        return
    typer.echo(change.diff, nl=False)
    if dry_run:
        typer.echo("Nothing was written (--dry-run).", err=True)
        return
    backup = carry_out(change)
    kept = f"; what it was before is in {backup}" if backup else ""
    typer.echo(f"Wrote {change.path}{kept}. {kind.afterwards}", err=True)


def diagnose(directory: Path, *, as_json: bool) -> int:
    """Start every server of ours that a client knows; 1 if one does not work."""
    found, broken = find_servers(Path.home(), directory.resolve())
    if not found:
        found = {("(not installed)", ""): launches(("skills", "workspace"), directory)}

    async def run() -> list[Finding]:
        good = [
            await examine(client, path, name, launch)
            for (client, path), servers in found.items()
            for name, launch in servers.items()
        ]
        return [*broken, *good]

    findings = anyio.run(run)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            typer.echo(_line(finding))
    return int(any(finding.problem for finding in findings))


def _line(finding: Finding) -> str:
    where = f"{finding.client}: {finding.server or finding.path}"
    if finding.problem:
        return f"FAIL  {where}: {finding.problem}"
    eras = " and ".join(finding.protocol)
    return f"ok    {where}: {finding.tools} tools, protocol {eras}, {finding.seconds} s"


def bundle(out: Path) -> None:
    """Write `server.json` and the bundle."""
    for path in (write_registry_entry(out / "server.json"), write_bundle(out / "clawgym.mcpb")):
        typer.echo(path)
