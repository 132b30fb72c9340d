"""`write`: create or replace a file."""

import asyncio

from pydantic import Field

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.toolkit import Arguments, Tool, ToolFailure, ToolResult
from mcp_servers.workspace._document import Text
from mcp_servers.workspace._places import in_workspace


class WriteArguments(Arguments):
    """Which file, and all of its new content."""

    path: str = Field(description="File to write, relative to the workspace.")
    content: Text = Field(description="The whole new content.")


def write_tool(sandbox: Sandbox, changes: asyncio.Lock) -> Tool[WriteArguments]:
    """The tool that writes whole files; `changes` is held while it does."""

    async def run(arguments: WriteArguments) -> ToolResult:
        path = in_workspace(sandbox, arguments.path)
        if not path:
            raise ToolFailure("path names the workspace itself; name a file in it")
        data = arguments.content.encode()
        async with changes:
            before = await _before(sandbox, path)
            if before != data:
                await sandbox.write(path, data)
        if before == data:
            text = f"{arguments.path} already holds exactly that: nothing changed"
            return ToolResult(text, details={"changed": False})
        text = f"Wrote {len(data)} bytes to {arguments.path}"
        return ToolResult(text, details={"changed": True, "created": before is None})

    description = "Create a file or replace all of its content. Missing directories are made."
    return Tool("write", description, WriteArguments, run)


async def _before(sandbox: Sandbox, path: str) -> bytes | None:
    """What the file holds; None where there is none that can be read: writing says what it is."""
    try:
        return await sandbox.read(path)
    except OSError:
        return None
