"""Our layer over the low-level MCP server: tools that are validated, lists that are paged.

One `Server` object speaks both protocol eras (the handshake of 2025-11-25 and before, and the
stateless wire of 2026-07-28). It is served over stdio, or handed to `mcp.Client(server)` in memory.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mcp import types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from clawgym import __version__
from clawgym.errors import SandboxError
from mcp_servers.toolkit import Tool, ToolResult

PAGE_SIZE = 100
"""Entries of a list in one answer."""

Context = ServerRequestContext[Any, Any]
ItemT = TypeVar("ItemT")

logger = logging.getLogger(__name__)


def tool_server(name: str, tools: Sequence[Tool[Any]], *, instructions: str = "") -> Server[Any]:
    """A server of these tools; more request handlers may be added to it.

    An unknown tool is a protocol error. Whatever else goes wrong in a call is a result with
    `is_error`, whose text tells the model what to change.
    """
    by_name = {tool.name: tool for tool in tools}
    described = [_describe(tool) for tool in tools]

    async def list_tools(
        _context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        page, following = paged(described, params)
        return types.ListToolsResult(tools=page, next_cursor=following)

    async def call_tool(
        _context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        if params.name not in by_name:
            known = ", ".join(by_name)
            raise invalid_params(f"there is no tool {params.name!r}; the tools are {known}")
        result = await _call(by_name[params.name], params.arguments or {})
        content = [types.TextContent(text=result.text)]
        return types.CallToolResult(content=list(content), is_error=result.is_error)

    return Server(
        name,
        version=__version__,
        instructions=instructions or None,
        cache_hints={"tools/list": CacheHint(ttl_ms=3_600_000, scope="public")},
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_stdio(server: Server[Any]) -> None:
    """Speak MCP on standard input and output until the client closes them."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def paged(
    items: Sequence[ItemT], params: types.PaginatedRequestParams | None, size: int = PAGE_SIZE
) -> tuple[list[ItemT], str | None]:
    """One page of a list, and the cursor of the next page if there is one.

    Raises:
        MCPError: -32602, the cursor is not one of ours.
    """
    cursor = params.cursor if params else None
    if cursor and cursor not in map(str, range(size, len(items), size)):
        raise invalid_params(f"unknown cursor {cursor!r}: list again from the start")
    start = int(cursor or 0)
    end = start + size
    return list(items[start:end]), str(end) if end < len(items) else None


def invalid_params(message: str, data: Mapping[str, object] | None = None) -> MCPError:
    """The protocol error -32602: the request names something that is not there."""
    return MCPError(types.INVALID_PARAMS, message, data)


async def _call(tool: Tool[Any], arguments: dict[str, Any]) -> ToolResult:
    try:
        return await tool.call(arguments)
    except SandboxError as error:
        return ToolResult(f"Error: {error}", is_error=True)
    except Exception as error:
        logger.exception("tool %s failed", tool.name)
        reason = f"{type(error).__name__} inside the tool {tool.name}"
        return ToolResult(f"Error: {reason}; this is a bug, see the server's log", is_error=True)


def _describe(tool: Tool[Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        annotations=types.ToolAnnotations(
            read_only_hint=tool.read_only,
            destructive_hint=not tool.read_only,
            idempotent_hint=tool.read_only,
            open_world_hint=not tool.read_only,
        ),
    )
