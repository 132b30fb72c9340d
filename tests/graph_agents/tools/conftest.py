"""An agent whose model follows a script that knows who is asked, and a server with one tool."""

import contextlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from clawgym.sandbox import BoxSpec, box, open_backend
from graph_agents.agent import AgentSetup, open_agent
from graph_agents.parts import Parts
from graph_agents.tools.family import Family
from graph_agents.tools.subagents import subagent_tools

MCP_SERVER = """
from mcp.server import MCPServer
app = MCPServer("test")

@app.tool()
def double(number: int) -> str:
    "Twice a number."
    return str(2 * number)

app.run("stdio")
"""


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


def call(*requests: tuple[str, dict]) -> Message:
    return Message(
        Role.ASSISTANT,
        "",
        tuple(
            ToolRequest(f"c{number}", name, json.dumps(arguments))
            for number, (name, arguments) in enumerate(requests)
        ),
    )


def results(messages: Sequence[Message]) -> list[dict]:
    """What the tools have answered so far, as JSON."""
    return [json.loads(message.content) for message in messages if message.role is Role.TOOL]


@pytest.fixture
def agent_of(tmp_path: Path):
    """Opens an agent: `async with agent_of(script, …) as (agent, family)`."""

    @contextlib.asynccontextmanager
    async def open_it(script: Callable[[Sequence[Message]], Message], limits=None, **parts):
        workspace = tmp_path / "workspace"
        workspace.mkdir(exist_ok=True)
        model = script if hasattr(script, "complete") else ScriptedModel(script)
        family = Family(limits)
        async with box(open_backend("local"), BoxSpec(workspace_dir=workspace)) as sandbox:
            setup = AgentSetup(
                workspace=workspace,
                model=model,
                sandbox=sandbox,
                state=tmp_path / "agent.sqlite",
                more_tools=lambda agent: subagent_tools(family, agent),
                parts=Parts(**parts),
            )
            async with open_agent(setup) as agent, family:
                yield agent, family

    return open_it
