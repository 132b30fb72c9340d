"""FastMCP's client against both servers; its skills extension over the skills server."""

import asyncio
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.skills.client import SkillsClientExtension
from fastmcp.utilities.skills import (
    list_skills,  # pyright: ignore[reportUnknownVariableType] - its Client has no type argument
)
from told import Told, found, text_of, told


async def main() -> None:
    given = told()
    for wire in ("stdio", "HTTP"):
        async with reach(given, "clawgym-skills", wire) as client:
            await check_skills(f"{wire}: ", client, given)
        async with reach(given, "clawgym-workspace", wire) as client:
            read = await client.call_tool("read", {"path": "todo.txt"})
            found(f"{wire}: reads a file", given.secret in text_of(read))
            await client.call_tool("write", {"path": "a.txt", "content": given.secret})
            again = await client.call_tool("exec", {"command": "cat a.txt"})
            found(f"{wire}: writes a file, runs a command", given.secret in text_of(again), again)


def reach(given: Told, server: str, wire: str) -> Client[Any]:
    if wire == "stdio":
        command, *rest = given.stdio[server]
        transport = StdioTransport(command, rest, keep_alive=False)
    else:
        place = given.http[server]
        header = {"Authorization": f"Bearer {place['token']}"}
        transport = StreamableHttpTransport(place["url"], headers=header)
    return Client(transport, extensions=[SkillsClientExtension()])


async def check_skills(about: str, client: Client[Any], given: Told) -> None:
    read = await client.call_tool("skill_read", {"name": given.skill})
    found(f"{about}reads a skill with a tool", given.skill_text in text_of(read))
    entries = await client.list_skills()
    found(f"{about}skills/list", given.skill in text_of(entries), len(entries))
    entry = await client.get_skill(given.uri)
    found(f"{about}skills/get", "sha256:" in text_of(entry))
    found(
        f"{about}reads a resource",
        given.skill_text in text_of(await client.read_resource(given.uri)),
    )
    summaries = await list_skills(client)
    found(f"{about}its older listing by resources", len(summaries) == len(entries), len(summaries))
    found(f"{about}gets a prompt", given.skill in text_of(await client.get_prompt(given.skill)))


asyncio.run(main())
