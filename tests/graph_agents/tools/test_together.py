"""Everything at once: the setup of docs/agents.md, and a session that uses each part of it."""

import contextlib
import json
import sys

from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from clawgym.sandbox import open_backend
from graph_agents.agent import AgentSetup, open_agent
from graph_agents.context.compaction import SummaryCompactor
from graph_agents.context.notes import note_tool
from graph_agents.context.offload import WorkspaceOffload
from graph_agents.context.prompt import WorkspacePrompt
from graph_agents.context.tokens import TokenEstimate
from graph_agents.events import (
    Compacted,
    Offloaded,
    SkillActivated,
    StopReason,
    Subagent,
    ToolEnded,
)
from graph_agents.parts import Parts
from graph_agents.skilled.opening import skilled_box
from graph_agents.skilled.remembering import SkillPolicy
from graph_agents.skilled.skillset import Skillset
from graph_agents.skilled.sources import folder_source
from graph_agents.tools.family import Family
from graph_agents.tools.progress_card import card_tool
from graph_agents.tools.server_config import ServerSpec
from graph_agents.tools.servers import server_tools
from graph_agents.tools.subagents import subagent_tools
from mcp_servers.workspace import workspace_tools
from tests.graph_agents.context.test_compaction import summary
from tests.graph_agents.skilled.conftest import write_skill
from tests.graph_agents.tools.conftest import MCP_SERVER


def call(name: str, **arguments: object) -> Message:
    return Message(Role.ASSISTANT, "", (ToolRequest("c1", name, json.dumps(arguments)),))


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


PLAN = [{"step": "Everything", "status": "in_progress"}]


class Script:
    """What the model does, one step after the other; it remembers nothing but the step."""

    def __init__(self) -> None:
        self.steps = iter(
            [
                lambda _: call("progress_card", plan=PLAN),
                lambda _: call("skills_search", query="telescope"),
                lambda last: call("read", path=last.splitlines()[1].strip()),
                lambda _: call("exec", command="seq 1 9000"),
                lambda _: call("calc__double", number=21),
                lambda _: call("sessions_spawn", task="Say hello."),
                lambda last: call("agents_wait", ids=[json.loads(last)["runId"]]),
                *[lambda _: call("exec", command="seq 1 700")] * 4,
                lambda _: say("all done"),
            ]
        )
        self.prompts: dict[str, str] = {}

    def __call__(self, messages):
        last = messages[-1].content
        if messages[1].content.startswith("[Subagent Task]"):
            self.prompts["child"] = messages[0].content
            return say("hello")
        if "about to be shortened" in last:
            return say("NO_REPLY")
        if "Write the summary now" in last:
            names = last.partition("written here:\n")[2].partition("\n\n")[0].replace("- ", "")
            return say(summary(names))
        self.prompts["user"] = messages[0].content
        return next(self.steps)(last)


@contextlib.asynccontextmanager
async def everything(tmp_path, script):
    workspace, skills = tmp_path / "workspace", tmp_path / "skills"
    workspace.mkdir()
    (workspace / "AGENTS.md").write_text("Be exact.")
    (workspace / "SOUL.md").write_text("Be kind.")
    for number in range(152):
        write_skill(skills, f"aa-{number:03}")
    write_skill(skills, "telescope", "Point it at the sky.")
    (tmp_path / "server.py").write_text(MCP_SERVER)
    spec = ServerSpec(command=sys.executable, args=(str(tmp_path / "server.py"),))
    source, family = folder_source(skills, trusted=True), Family()
    async with (
        skilled_box(open_backend("local"), source, folder=workspace) as box,
        server_tools({"calc": spec}) as servers,
    ):
        book = Skillset(source, box.sandbox, box.shelf)
        tools = [
            *workspace_tools(box.sandbox),
            card_tool(),
            note_tool(box.sandbox),
            *book.tools(),
            *servers,
        ]
        names = [*(tool.name for tool in tools), "sessions_spawn", "agents_wait", "subagents"]
        prompt = WorkspacePrompt(
            workspace, box.sandbox, tools=names, skills=book.section, detail=family.detail
        )
        setup = AgentSetup(
            workspace=workspace,
            model=ScriptedModel(script),
            sandbox=box.sandbox,
            state=tmp_path / "agent.sqlite",
            tools=tools,
            more_tools=lambda agent: subagent_tools(family, agent),
            parts=Parts(
                prompt=prompt,
                tokens=TokenEstimate(),
                compactor=SummaryCompactor(keep=1_500),
                window=6_000,
                offload=WorkspaceOffload(box.sandbox),
                skills=book,
                policy=SkillPolicy(book),
            ),
        )
        async with open_agent(setup) as agent, family:
            yield agent


async def test_the_parts_work_together(tmp_path):
    script = Script()
    async with everything(tmp_path, script) as agent:
        session = agent.new_session()
        events = [event async for event in session.send("Use everything, then report to out.md.")]
        said = session.messages
    answers = [event.message for event in events if isinstance(event, ToolEnded)]
    assert [answer.text for answer in answers if answer.status == "error"] == []
    assert events[-1].reason is StopReason.DONE
    kinds = {type(event) for event in events}
    assert {SkillActivated, Offloaded, Subagent, Compacted} <= kinds
    by_tool = {answer.name: answer.text for answer in answers}
    assert "Point it at the sky." in next(a.text for a in answers if a.name == "read")
    assert by_tool["calc__double"] == "42"
    assert json.loads(by_tool["agents_wait"])["completed"][0]["result"] == "hello"
    assert "Use everything, then report to out.md." in said[0].text
    assert json.dumps({"plan": PLAN}) in said[0].text
    assert "Be kind." in script.prompts["user"]
    assert "Be exact." in script.prompts["child"]
    assert "Be kind." not in script.prompts["child"]
