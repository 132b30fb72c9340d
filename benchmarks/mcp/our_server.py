"""The same tool on our base: arguments checked, lists paged, every failure an answer."""

import anyio
from pydantic import Field

from mcp_servers.server import serve_stdio, tool_server
from mcp_servers.toolkit import Arguments, Tool


class Echo(Arguments):
    """What to say."""

    text: str = Field(description="What to say.")


async def echo(arguments: Echo) -> str:
    return arguments.text


anyio.run(serve_stdio, tool_server("ours", [Tool("echo", "Say it again.", Echo, echo, True)]))
