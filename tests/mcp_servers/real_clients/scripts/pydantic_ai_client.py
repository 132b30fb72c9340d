"""pydantic-ai: one agent with both servers."""

import asyncio

from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from told import found, said, text_of, told


async def main() -> None:
    given = told()
    toolsets = {
        name: MCPToolset(StdioTransport(command, rest, keep_alive=False), id=name)
        for name, (command, *rest) in given.stdio.items()
    }
    provider = OpenAIProvider(base_url=f"{given.model}/v1", api_key="none")
    agent = Agent(
        OpenAIChatModel("scripted", provider=provider),
        toolsets=[toolset.prefixed(name) for name, toolset in toolsets.items()],
    )
    async with agent:
        done = await agent.run(given.prompt)
        said(done.output)
        resource = await toolsets["clawgym-skills"].read_resource(given.uri)
        found("reads a resource", given.skill_text in text_of(resource))
    place = given.http["clawgym-workspace"]
    header = {"Authorization": f"Bearer {place['token']}"}
    over_http = MCPToolset(StreamableHttpTransport(place["url"], headers=header))
    async with over_http:
        read = await over_http.direct_call_tool("read", {"path": "todo.txt"})
        found("reads a file over HTTP", given.secret in text_of(read))


asyncio.run(main())
