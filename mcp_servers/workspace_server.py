"""The workspace server: `read write edit exec` on one directory of the user's, in a sandbox."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp.server.lowlevel import Server

from clawgym.errors import UsageError
from clawgym.sandbox.protocol import Backend, BoxSpec, Limits
from mcp_servers.server import tool_server
from mcp_servers.workspace import workspace_tools

LIMITS = Limits(wall_seconds=600.0)
"""For one command; a client's own time-out is usually shorter."""


@asynccontextmanager
async def workspace_server(
    directory: Path, backend: Backend, *, read_only: bool = False
) -> AsyncGenerator[Server[Any]]:
    """A server whose tools see `directory`, and commands nothing else of the user's.

    The directory is the workspace itself, not a copy. With `read_only` there is only `read`.

    Raises:
        UsageError: there is no such directory.
        SandboxError: this machine cannot make the box.
    """
    spec = BoxSpec(
        workspace_dir=existing_directory(directory), workspace_read_only=read_only, limits=LIMITS
    )
    box = await backend.create(spec)
    try:
        tools = [tool for tool in workspace_tools(box) if tool.read_only or not read_only]
        yield tool_server(
            "clawgym-workspace", tools, instructions=_instructions(backend, read_only)
        )
    finally:
        await box.close()


def existing_directory(directory: Path) -> Path:
    """The absolute path of a directory that can be served.

    Raises:
        UsageError: there is no such directory.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory: name the one to serve")
    return directory.resolve()


def _instructions(backend: Backend, read_only: bool) -> str:
    scope = "Tools on one directory of the user's; paths are relative to it."
    if read_only:
        return f"{scope} It can only be read."
    limits = ", ".join(sorted(backend.capabilities)) or "nothing: commands run as the user"
    return f"{scope} Commands run in the sandbox '{backend.name}', which isolates: {limits}."
