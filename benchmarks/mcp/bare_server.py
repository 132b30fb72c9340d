"""The least that a low-level server can be: one tool that echoes, nothing checked."""

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


async def list_tools(_context: object, _params: object) -> types.ListToolsResult:
    tool = types.Tool(name="echo", description="Say it again.", input_schema=SCHEMA)
    return types.ListToolsResult(tools=[tool])


async def call_tool(_context: object, params: types.CallToolRequestParams) -> types.CallToolResult:
    said = (params.arguments or {})["text"]
    return types.CallToolResult(content=[types.TextContent(text=said)])


async def main() -> None:
    server = Server("bare", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


anyio.run(main)
