"""A server's tools as LangChain tools.

The public adapter is pinned to `mcp` 1 and opens a connection for each call; here each server keeps
one session for as long as its tools are in use.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from mcp import Client, StdioServerParameters, types
from mcp.server.lowlevel import Server

from clawgym.errors import UsageError

MAX_PAGES = 100
"""How many pages of tools are followed: a server may go on for ever."""

Target = str | StdioServerParameters | Server[Any]
"""The URL of a server, how to start one, or one in this process."""

Blocks = list[dict[str, str]]


@asynccontextmanager
async def open_tools(servers: Mapping[str, Target]) -> AsyncGenerator[list[BaseTool]]:
    """Connect to servers and offer their tools until the block ends.

    A tool is called `SERVER__TOOL`, as in OpenClaw, after the label that *we* give the server: no
    server can take the name of another's tool.

    Raises:
        UsageError: a label is no identifier, or a server lists tools without end.
    """
    async with AsyncExitStack() as stack:
        tools: list[BaseTool] = []
        for label, target in servers.items():
            if not label.isidentifier() or "__" in label:
                raise UsageError(
                    f"{label!r} cannot label a server: use letters, digits and single _"
                )
            client = await stack.enter_async_context(Client(target))
            tools += await client_tools(client, prefix=f"{label}__")
        yield tools


async def client_tools(client: Client, *, prefix: str = "") -> list[BaseTool]:
    """The tools of one open client.

    Raises:
        UsageError: the server lists tools without end.
    """
    return [langchain_tool(client, tool, prefix=prefix) for tool in await _listed(client)]


def langchain_tool(client: Client, tool: types.Tool, *, prefix: str = "") -> BaseTool:
    """One tool. Its schema is the server's own; the result's structure is the artifact.

    What the server calls an error raises `ToolException` inside, which LangChain hands to the
    model.
    """

    async def call(**arguments: Any) -> tuple[Blocks, dict[str, Any] | None]:  # noqa: ANN401
        result = await client.call_tool(tool.name, arguments)
        blocks = [block_of(part) for part in result.content]
        if result.is_error:
            text = "\n".join(block.get("text", "") for block in blocks).strip()
            raise ToolException(text or f"{tool.name} failed and gave no reason")
        return blocks, result.structured_content

    annotations = tool.annotations
    return StructuredTool(
        name=prefix + tool.name,
        description=tool.description or tool.title or tool.name,
        args_schema=tool.input_schema,
        coroutine=call,
        response_format="content_and_artifact",
        handle_tool_error=True,
        metadata={"mcp": annotations.model_dump(exclude_none=True) if annotations else {}},
    )


def block_of(part: types.ContentBlock) -> dict[str, str]:
    """A part of a result as a LangChain content block; what has no block of its own, as JSON."""
    if isinstance(part, types.TextContent):
        return {"type": "text", "text": part.text}
    if isinstance(part, types.ImageContent):
        return {"type": "image", "base64": part.data, "mime_type": part.mime_type}
    return {"type": "text", "text": part.model_dump_json(by_alias=True, exclude_none=True)}


async def _listed(client: Client) -> Sequence[types.Tool]:
    tools: list[types.Tool] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return tools
    raise UsageError(f"the server lists tools on more than {MAX_PAGES} pages; it is broken")
