"""Our agent: sessions in one journal."""

import asyncio
import contextlib
from collections.abc import Sequence

from measuring import SAID, arguments, measured

from clawgym.model import (
    ChatModel,
    ChatReply,
    Message,
    OnDelta,
    Role,
    ToolRequest,
    ToolSchema,
)
from clawgym.model.openai_client import OpenAIModel
from graph_agents.agent import Agent, AgentSetup, open_agent
from graph_agents.state import AgentLimits
from mcp_servers.toolkit import Arguments, Tool


class Number(Arguments):
    number: int


async def look(arguments: Number) -> str:
    return f"{arguments.number:04} " * 400


class Sleeper:
    """A model in this process that takes its time."""

    name = "sleeper"

    def __init__(self, steps: int, delay: float) -> None:
        self._steps, self._delay = steps, delay

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        await asyncio.sleep(self._delay)
        number = len(messages) // 2
        call = ToolRequest(f"c{number}", "look", f'{{"number": {number}}}')
        calls = (call,) if number <= self._steps else ()
        return ChatReply(Message(Role.ASSISTANT, SAID, calls))


class Box:
    def place(self, name: str) -> str:
        return f"/{name}"


async def main() -> None:
    url, most, agents, delay, folder = arguments()
    database = folder / "agent.sqlite"
    limits = AgentLimits(max_turns=most + 9, max_tool_calls=most + 9)
    tool = Tool("look", "Look at a number.", Number, look)
    opened: dict[str, Agent] = {}
    async with contextlib.AsyncExitStack() as stack:

        async def one(key: str, steps: int, number: int) -> int:
            del number
            if key not in opened:
                model: ChatModel = Sleeper(steps, float(delay))
                if agents == 1:
                    model = OpenAIModel("m", url, key)
                    stack.push_async_callback(model.close)
                box = Box()
                setup = AgentSetup(
                    folder, model, box, database, [tool], limits=limits, stream=False
                )
                opened[key] = await stack.enter_async_context(open_agent(setup))
            session = opened[key].new_session()
            async for _ in session.send("look at the numbers"):
                pass
            return len(session.messages)

        await measured(one, database)


asyncio.run(main())
