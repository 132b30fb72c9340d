"""Starting what is configured, exactly as the client would, and shaking hands in both eras."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import anyio
from mcp import Client, StdioServerParameters

from clawgym.errors import UsageError
from mcp_servers.clients.install import configured
from mcp_servers.clients.launch import Launch
from mcp_servers.clients.settings import CLIENTS, Scope

Era = Literal["legacy", "2026-07-28"]
ERAS: tuple[Era, ...] = ("legacy", "2026-07-28")
_PATIENCE = 30.0


@dataclass(frozen=True)
class Finding:
    """How one server did. `problem` is empty where all is well."""

    client: str
    path: str
    server: str
    problem: str = ""
    protocol: tuple[str, ...] = ()
    tools: int = 0
    seconds: float = 0.0


def find_servers(
    home: Path, project: Path
) -> tuple[dict[tuple[str, str], Mapping[str, Launch]], list[Finding]]:
    """Our servers in every client's settings, by client and file, and the files that are broken."""
    found: dict[tuple[str, str], Mapping[str, Launch]] = {}
    broken: list[Finding] = []
    for client in CLIENTS.values():
        scopes: tuple[Scope, ...] = ("user", "project")
        for scope in scopes:
            if (scope == "user" and not client.user) or (scope == "project" and not client.project):
                continue
            path = client.path(scope, home, project)
            try:
                servers = configured(client, path) if path.is_file() else {}
            except UsageError as error:
                broken.append(Finding(client.name, str(path), "", str(error)))
                continue
            if servers:
                found[client.name, str(path)] = servers
    return found, broken


async def examine(client: str, path: str, server: str, launch: Launch) -> Finding:
    """Start a server and list its tools, in both eras of the protocol."""
    started = time.monotonic()
    versions: list[str] = []
    tools = 0
    try:
        with anyio.fail_after(_PATIENCE):
            for era in ERAS:
                parameters = StdioServerParameters(command=launch.command, args=list(launch.args))
                async with Client(parameters, mode=era) as opened:
                    tools = len((await opened.list_tools()).tools)
                    versions.append(str(opened.protocol_version))
    except TimeoutError:
        problem = f"it did not answer within {_PATIENCE:g} seconds"
    except Exception as error:  # noqa: BLE001 - whatever a client could meet is the finding
        problem = f"it cannot be started or does not speak MCP: {_innermost(error)}"
    else:
        problem = ""
    seconds = time.monotonic() - started
    return Finding(client, path, server, problem, tuple(versions), tools, round(seconds, 2))


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return f"{type(error).__name__}: {error}".rstrip(": ")
