"""An agent of LangChain's, or one with the same constructor, over LangGraph's SQLite saver."""

from collections.abc import Callable
from typing import Any

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from measuring import arguments, measured
from sleeper import Sleeper


@tool
async def look(number: int) -> str:
    """Look at a number."""
    return f"{number:04} " * 400


async def race(construct: Callable[..., Any]) -> None:
    """Measure agents that `construct` makes, as `create_agent` does."""
    url, _, agents, delay, folder = arguments()
    database = folder / "agent.sqlite"
    async with AsyncSqliteSaver.from_conn_string(str(database)) as saver:
        await saver.setup()

        made = {}

        async def one(key: str, steps: int, number: int) -> int:
            if key not in made:
                model = Sleeper(steps=steps, delay=float(delay))
                if agents == 1:
                    model = ChatOpenAI(model="m", base_url=url, api_key=key)
                made[key] = construct(model, [look], system_prompt="You work.", checkpointer=saver)
            agent, thread = made[key], f"{key} {number}"
            config = {"configurable": {"thread_id": thread}, "recursion_limit": 4 * steps + 20}
            asked = {"messages": [("user", "look at the numbers")]}
            state = await agent.ainvoke(asked, config, durability="sync")
            return len(state["messages"])

        await measured(one, database)
