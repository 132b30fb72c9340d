"""openai-agents: one agent with both servers."""

import asyncio

from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from agents.mcp import MCPServerStdio, MCPServerStreamableHttp
from openai import AsyncOpenAI
from told import found, said, text_of, told


async def main() -> None:
    given = told()
    set_tracing_disabled(True)
    (skills, *skills_args), (workspace, *workspace_args) = given.stdio.values()
    first, second = given.stdio
    async with (
        MCPServerStdio({"command": skills, "args": skills_args}, name=first) as one,
        MCPServerStdio({"command": workspace, "args": workspace_args}, name=second) as two,
    ):
        model = OpenAIChatCompletionsModel(
            "scripted", AsyncOpenAI(base_url=f"{given.model}/v1", api_key="none")
        )
        agent = Agent(
            "tester", model=model, mcp_servers=[one, two],
            mcp_config={"include_server_in_tool_names": True},
        )  # fmt: skip
        done = await Runner.run(agent, given.prompt)
        said(done.final_output)
        resource = await one.read_resource(given.uri)
        found("reads a resource", given.skill_text in text_of(resource))
    place = given.http[second]
    header = {"Authorization": f"Bearer {place['token']}"}
    async with MCPServerStreamableHttp({"url": place["url"], "headers": header}) as three:
        read = await three.call_tool("read", {"path": "todo.txt"})
        found("reads a file over HTTP", given.secret in text_of(read))


asyncio.run(main())
