"""The official Python client against both servers, in both eras, over stdio and HTTP."""

import hashlib
from contextlib import AsyncExitStack
from typing import Any, Literal

import anyio
import httpx2
from mcp import Client, StdioServerParameters, types
from mcp.client.streamable_http import streamable_http_client
from pydantic import ConfigDict
from told import Told, found, text_of, told

Mode = Literal["legacy", "auto"]


class Ask(types.Request[dict[str, Any], str]):
    """A request of the skills extension."""


class Answer(types.Result):
    """Whatever it answers."""

    model_config = ConfigDict(extra="allow")


async def main() -> None:
    given = told()
    for mode in ("legacy", "auto"):
        for wire in ("stdio", "HTTP"):
            async with AsyncExitStack() as stack:
                skills = await reach(stack, given, "clawgym-skills", wire, mode)
                await check_skills(f"{mode} {wire}: ", skills, given)
                workspace = await reach(stack, given, "clawgym-workspace", wire, mode)
                await check_workspace(f"{mode} {wire}: ", workspace, given)


async def reach(stack: AsyncExitStack, given: Told, server: str, wire: str, mode: Mode) -> Client:
    if wire == "stdio":
        command, *rest = given.stdio[server]
        return await stack.enter_async_context(
            Client(StdioServerParameters(command=command, args=rest), mode=mode)
        )
    place = given.http[server]
    header = {"Authorization": f"Bearer {place['token']}"}
    http = await stack.enter_async_context(httpx2.AsyncClient(headers=header))
    transport = streamable_http_client(place["url"], http_client=http)
    return await stack.enter_async_context(Client(transport, mode=mode))


async def check_skills(about: str, client: Client, given: Told) -> None:
    tools = (await client.list_tools()).tools
    found(f"{about}lists tools", len(tools) == 3, len(tools))
    read = await client.call_tool("skill_read", {"name": given.skill})
    found(f"{about}reads a skill with a tool", given.skill_text in text_of(read))
    (content,) = (await client.read_resource(given.uri)).contents
    found(f"{about}reads a resource", given.skill_text in text_of(content))
    prompt = await client.get_prompt(given.skill)
    found(f"{about}gets a prompt", given.skill in text_of(prompt))
    if about.startswith("legacy"):
        return
    request = Ask(method="skills/get", params={"uri": given.uri})
    answer = await client.session.send_request(request, Answer)
    assert isinstance(content, types.TextResourceContents)
    digest = f"sha256:{hashlib.sha256(content.text.encode()).hexdigest()}"
    found(f"{about}skills/get has the digest of what was read", digest in text_of(answer))


async def check_workspace(about: str, client: Client, given: Told) -> None:
    read = await client.call_tool("read", {"path": "todo.txt"})
    found(f"{about}reads a file", given.secret in text_of(read))
    await client.call_tool("write", {"path": "sum.txt", "content": given.secret})
    again = await client.call_tool("exec", {"command": "cat sum.txt"})
    found(f"{about}writes a file, runs a command", given.secret in text_of(again), again)
    refused = await client.call_tool("read", {"path": "../home"})
    found(f"{about}cannot leave the workspace", refused.is_error, refused)


anyio.run(main)
