"""Replies, tools and models that the tests of the engine share."""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

from clawgym.model import ChatReply, Message, Role, ToolRequest, Usage
from graph_agents.agent import AgentSetup, open_agent
from mcp_servers.toolkit import Arguments, Tool, put_out


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


def call(*requests: tuple[str, object], text: str = "") -> Message:
    return Message(
        Role.ASSISTANT,
        text,
        tuple(
            ToolRequest(f"c{i}", name, args if isinstance(args, str) else json.dumps(args))
            for i, (name, args) in enumerate(requests)
        ),
    )


class Name(Arguments):
    name: str


class Workshop:
    """Tools that keep a log of what they did. `hold` and `held` let a test stop one half-way."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.hold: asyncio.Event | None = None
        self.held = asyncio.Event()
        self.broken: BaseException | None = None

    async def look(self, arguments: Name) -> str:
        self.log.append(f"look {arguments.name}")
        await asyncio.sleep(0.01)
        return f"seen {arguments.name}"

    async def make(self, arguments: Name) -> str:
        if self.broken:
            raise self.broken
        self.log.append(f"make {arguments.name}")
        put_out(f"making {arguments.name}")
        if self.hold and arguments.name == "slow":
            self.held.set()
            await self.hold.wait()
        return f"made {arguments.name}"

    def tools(self):
        return [
            Tool("look", "Look at something.", Name, self.look, read_only=True),
            Tool("make", "Make something.", Name, self.make),
        ]


class Talker:
    """A model that says what it is told to; an exception in the list is raised."""

    name = "talker"

    def __init__(self, *replies) -> None:
        self.replies = list(replies)
        self.asked: list[list[Message]] = []
        self.offered: list[list[str]] = []
        self.finish_reasons: list[str] = []

    async def complete(self, messages, tools=(), *, on_delta=None):
        self.asked.append(list(messages))
        self.offered.append([tool["function"]["name"] for tool in tools])
        reply = self.replies.pop(0)
        if callable(reply):
            reply = await reply()
        if isinstance(reply, BaseException):
            raise reply
        if on_delta and reply.content:
            on_delta(reply.content)
        ending = self.finish_reasons.pop(0) if self.finish_reasons else "stop"
        return ChatReply(reply, Usage(10, 5, 2), ending)


class Box:
    """As much of a sandbox as an agent with tools of its own needs."""

    def place(self, name: str) -> str:
        return f"/{name}"


@asynccontextmanager
async def agent_with(folder: Path, model, tools, **options):
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    setup = AgentSetup(workspace, model, Box(), folder / "state.sqlite", tools, **options)
    async with open_agent(setup) as agent:
        yield agent


async def played(turn) -> list:
    return [event async for event in turn]
