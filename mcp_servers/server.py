"""Our layer over the low-level MCP server: tools that are validated, lists that are paged.

One `Server` object speaks both protocol eras (the handshake of 2025-11-25 and before, and the
stateless wire of 2026-07-28). It is served over stdio, or handed to `mcp.Client(server)` in memory.
"""

import base64
import gc
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mcp import types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
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

_OBJECTS_OF_A_PAGE = 20_000
_DETAILS = "org.clawgym/details"
_CURSOR = "after:"
_NAME = re.compile("[a-z0-9-]+")


class _ListServer(Server[Any]):
    """A server that tells clients of the handshake era, too, that its lists may change."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        changing = self.get_request_handler("subscriptions/listen") is not None
        options = notification_options or NotificationOptions(
            prompts_changed=changing, resources_changed=changing
        )
        return super().create_initialization_options(options, experimental_capabilities, extensions)


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
        return _answer(await _call(by_name[params.name], params.arguments or {}))

    return _ListServer(
        name,
        version=__version__,
        instructions=instructions or None,
        cache_hints={"tools/list": CacheHint(ttl_ms=3_600_000, scope="public")},
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def after_cursor(params: types.PaginatedRequestParams | None) -> str:
    """The name that a page begins after, of a cursor that `cursor_after` wrote; '' for the first.

    Raises:
        MCPError: -32602, the cursor is not one of ours.
    """
    cursor = (params and params.cursor) or _CURSOR
    name = cursor.removeprefix(_CURSOR)
    if cursor == name or (cursor != _CURSOR and not _NAME.fullmatch(name)):
        raise invalid_params(f"unknown cursor {cursor!r}: list again from the start")
    return name


def cursor_after(name: str | None) -> str | None:
    """The cursor of the page that begins after `name`; None where no page follows."""
    return None if name is None else f"{_CURSOR}{name}"


async def serve_stdio(server: Server[Any]) -> None:
    """Speak MCP on standard input and output until the client closes them."""
    settle()
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def settle() -> None:
    """Keep garbage collection from looking at what stays: a server's modules, a page of a list."""
    gc.freeze()
    gc.set_threshold(_OBJECTS_OF_A_PAGE, 10, 10)


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


def _answer(result: ToolResult) -> types.CallToolResult:
    """A result on the wire; `details` go where programs look and models do not."""
    images = [
        types.ImageContent(data=base64.b64encode(image.data).decode(), mime_type=image.media_type)
        for image in result.images
    ]
    return types.CallToolResult(
        content=[types.TextContent(text=result.text), *images],
        is_error=result.is_error,
        _meta={_DETAILS: dict(result.details)} if result.details else None,
    )


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
