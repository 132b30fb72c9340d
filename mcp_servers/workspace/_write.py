"""`write`: create or replace a file."""

import asyncio

from pydantic import Field

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.toolkit import Arguments, Tool, ToolFailure
from mcp_servers.workspace._document import Text
from mcp_servers.workspace._places import in_workspace


class WriteArguments(Arguments):
    """Which file, and all of its new content."""

    path: str = Field(description="File to write, relative to the workspace.")
    content: Text = Field(description="The whole new content.")


def write_tool(sandbox: Sandbox, changes: asyncio.Lock) -> Tool[WriteArguments]:
    """The tool that writes whole files; `changes` is held while it does."""

    async def run(arguments: WriteArguments) -> str:
        path = in_workspace(sandbox, arguments.path)
        if not path:
            raise ToolFailure("path names the workspace itself; name a file in it")
        data = arguments.content.encode()
        async with changes:
            await sandbox.write(path, data)
        return f"Wrote {len(data)} bytes to {arguments.path}"

    description = "Create a file or replace all of its content. Missing directories are made."
    return Tool("write", description, WriteArguments, run)
