"""Prompt, offloading and compaction in a running agent."""

import contextlib
import json
from datetime import UTC, datetime

import pytest

from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from graph_agents.agent import AgentSetup, open_agent
from graph_agents.context.compaction import SummaryCompactor
from graph_agents.context.notes import note_tool
from graph_agents.context.offload import WorkspaceOffload
from graph_agents.context.prompt import WorkspacePrompt
from graph_agents.context.tokens import TokenEstimate
from graph_agents.events import Compacted, Offloaded, StopReason
from graph_agents.parts import Parts
from mcp_servers.workspace import workspace_tools
from tests.graph_agents.context.test_compaction import summary

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def call(name: str, **arguments: object) -> Message:
    return Message(Role.ASSISTANT, "", (ToolRequest("c1", name, json.dumps(arguments)),))


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


@pytest.fixture
def agent_of(sandbox, workspace, tmp_path):
    @contextlib.asynccontextmanager
    async def open_it(script, **parts):
        parts.setdefault("prompt", WorkspacePrompt(workspace, sandbox, now=lambda: NOW))
        setup = AgentSetup(
            workspace=workspace,
            model=ScriptedModel(script),
            sandbox=sandbox,
            state=tmp_path / "agent.sqlite",
            tools=[*workspace_tools(sandbox), note_tool(sandbox, lambda: NOW)],
            parts=Parts(**parts),
        )
        async with open_agent(setup) as agent:
            yield agent

    return open_it


async def turn(session, prompt="go"):
    return [event async for event in session.send(prompt)]


async def test_a_session_keeps_its_prompt_over_a_resume(agent_of, workspace):
    seen = []

    def script(messages):
        seen.append(messages[0].content)
        return say("ok")

    (workspace / "AGENTS.md").write_text("First rule.")
    async with agent_of(script) as agent:
        session = agent.new_session()
        await turn(session)
    (workspace / "AGENTS.md").write_text("Second rule.")
    async with agent_of(script) as agent:
        await turn(await agent.resume(session.id))
        await turn(agent.new_session())
    assert seen[0] == seen[1]
    assert "Second rule." in seen[2]


async def test_a_large_result_is_offloaded_and_can_be_read_on(agent_of, workspace, sandbox):
    replies = [call("exec", command="seq 1 9000"), say("seen")]
    async with agent_of(replies, offload=WorkspaceOffload(sandbox)) as agent:
        session = agent.new_session()
        events = await turn(session)
        (offloaded,) = [event for event in events if isinstance(event, Offloaded)]
        assert "\n9000\n" in (workspace / offloaded.path).read_text()
        assert len(session.messages[2].text) < 6_000


async def test_the_agent_notes_what_matters_and_goes_on_with_a_summary(agent_of, workspace):
    def script(messages):
        last = messages[-1].content
        if "about to be shortened" in last:
            return call("memory_note", text="The total was 42.")
        if "Write the summary now" in last:
            return say(summary("report.csv", Findings="The total was 42."))
        if messages[-1].role is Role.TOOL and "memory/2026-03-04.md" in last:
            return say("NO_REPLY")
        if "This summary of it was written" in messages[1].content:
            return say("done: 42")
        return call("exec", command="seq 1 600")

    parts = {"tokens": TokenEstimate(), "compactor": SummaryCompactor(keep=1_500), "window": 8_000}
    async with agent_of(script, **parts) as agent:
        session = agent.new_session()
        events = await turn(session, "Write report.csv and keep to the rules.")
        (compacted,) = [event for event in events if isinstance(event, Compacted)]
        assert compacted.after < compacted.before
        assert events[-1].reason is StopReason.DONE
        assert session.messages[-1].text == "done: 42"
        assert "Write report.csv and keep to the rules." in session.messages[0].text
        texts = [message.text for message in session.messages]
        assert "about to be shortened" not in str(texts)
    assert (workspace / "memory/2026-03-04.md").read_text() == "The total was 42.\n"
    async with agent_of(script, **parts) as agent:
        resumed = await agent.resume(session.id)
        assert [message.text for message in resumed.messages] == texts
