"""Skills in a running agent: offered, approved in place, read, used, and there again later."""

import contextlib
import json

import pytest

from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from graph_agents.agent import AgentSetup, open_agent
from graph_agents.approval import Answer, ApprovalDecision, Scope
from graph_agents.context.prompt import WorkspacePrompt
from graph_agents.events import ApprovalAsked, SkillActivated
from graph_agents.parts import Parts
from graph_agents.skilled.remembering import SkillPolicy
from graph_agents.skilled.trust import Trust


def call(name: str, **arguments: object) -> Message:
    return Message(Role.ASSISTANT, "", (ToolRequest("c1", name, json.dumps(arguments)),))


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


def location_of(skill: str, prompt: str) -> str:
    entry = prompt.split(f"<name>{skill}</name>")[1]
    return entry.split("<location>")[1].split("</location>")[0]


class Watched(ScriptedModel):
    """A scripted model that keeps which tools it was offered."""

    def __init__(self, script):
        super().__init__(script)
        self.offered: list[set[str]] = []

    async def complete(self, messages, tools=(), *, on_delta=None):
        self.offered.append({tool["function"]["name"] for tool in tools})
        return await super().complete(messages, tools, on_delta=on_delta)


def shouting(messages):
    done = [message for message in messages if message.role is Role.TOOL]
    if not done:
        return call("read", path=location_of("shouting", messages[0].content))
    if len(done) == 1 and not done[0].content.startswith("Error"):
        return call("shouting__shout", words="hello")
    return say(done[-1].content)


@pytest.fixture
def agent_of(opened, workspace, tmp_path):
    @contextlib.asynccontextmanager
    async def open_it(model, answers=(), **options):
        said = iter(answers)

        async def approve(request):
            return next(said)

        options.setdefault("trusted", False)
        async with opened(**options) as (skills, sandbox):
            prompt = WorkspacePrompt(workspace, sandbox, skills=skills.section)
            parts = Parts(skills=skills, prompt=prompt, approve=approve, policy=SkillPolicy(skills))
            setup = AgentSetup(
                workspace=workspace,
                model=model,
                sandbox=sandbox,
                state=tmp_path / "agent.sqlite",
                parts=parts,
            )
            async with open_agent(setup) as agent:
                yield agent

    return open_it


async def turn(session, prompt="Shout hello."):
    return [event async for event in session.send(prompt)]


YES = ApprovalDecision(Answer.APPROVE)
NO = ApprovalDecision(Answer.REJECT, message="not that one")


async def test_a_skill_is_approved_read_and_its_script_is_a_tool_from_then_on(agent_of):
    model = Watched(shouting)
    async with agent_of(model, [YES]) as agent:
        session = agent.new_session()
        events = await turn(session)
        assert session.messages[-1].text == "HELLO"
    (asked,) = [event for event in events if isinstance(event, ApprovalAsked)]
    assert "shouting has not been approved" in asked.request.rule
    (used,) = [event for event in events if isinstance(event, SkillActivated)]
    assert used.name == "shouting"
    assert ["shouting__shout" in names for names in model.offered] == [False, True, True]


async def test_a_skill_that_is_refused_is_not_read(agent_of):
    async with agent_of(ScriptedModel(shouting), [NO]) as agent:
        session = agent.new_session()
        events = await turn(session)
        assert "not that one" in session.messages[-1].text
        assert not any(isinstance(event, SkillActivated) for event in events)


async def test_a_resumed_session_still_has_the_disclosed_tools(agent_of):
    async with agent_of(Watched(shouting), [YES]) as agent:
        session = agent.new_session()
        await turn(session)
    model = Watched(lambda messages: say("still here"))
    async with agent_of(model) as agent:
        await turn(await agent.resume(session.id), "And now?")
    assert "shouting__shout" in model.offered[0]


async def test_a_fork_has_the_disclosed_tools_too(agent_of):
    model = Watched(shouting)
    async with agent_of(model, [YES]) as agent:
        session = agent.new_session()
        await turn(session)
        fork = await session.fork()
        await turn(fork, "Once more.")
    assert "shouting__shout" in model.offered[-1]


async def test_an_approval_for_good_is_not_asked_again(agent_of, tmp_path):
    always = ApprovalDecision(Answer.APPROVE, Scope.ALWAYS)
    trust = tmp_path / "trust.json"
    async with agent_of(ScriptedModel(shouting), [always], trust=Trust(trust)) as agent:
        await turn(agent.new_session())
    async with agent_of(ScriptedModel(shouting), [], trust=Trust(trust)) as agent:
        session = agent.new_session()
        await turn(session)
        assert session.messages[-1].text == "HELLO"


async def test_a_user_calls_a_skill_by_name(agent_of):
    seen = []

    def script(messages):
        seen.append(messages[-1].content)
        return say("ok")

    async with agent_of(ScriptedModel(script), trusted=True) as agent:
        events = await turn(agent.new_session(), "/bake two loaves")
        [info] = agent.sessions()
    assert "Preheat" in seen[0]
    assert any(isinstance(event, SkillActivated) for event in events)
    assert info.title == "/bake two loaves"
