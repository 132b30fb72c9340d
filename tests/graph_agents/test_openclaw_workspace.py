"""A folder that OpenClaw has worked in, as it is: its files, notes, memory and skills."""

import json
from datetime import datetime

import pytest

from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from clawgym.model.endpoint import serve
from clawgym.settings import Settings
from graph_agents.approval import Answer, ApprovalDecision, Scope
from graph_agents.assembly import assemble
from graph_agents.events import ApprovalAsked, SkillActivated, StopReason, ToolEnded
from graph_agents.options import AgentOptions
from tests.graph_agents.skilled.conftest import write_skill

TODAY = f"memory/{datetime.now().astimezone():%Y-%m-%d}.md"
FILES = {
    "AGENTS.md": "Answer in one sentence.",
    "SOUL.md": "You are patient.",
    "IDENTITY.md": "Your name is Ferris.",
    "USER.md": "The user is called Ada.",
    "TOOLS.md": "The printer is called attic.",
    "HEARTBEAT.md": "Look at the inbox.",
    "MEMORY.md": "# Memory\n\nAda's favourite colour is teal.",
    "memory/2026-03-01.md": "Ada moved to Lisbon.",
    "memory/.dreams/short-term.json": "{}",
    ".openclaw/workspace-state.json": '{"version": 1}',
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "workspace"
    for name, text in {**FILES, TODAY: "Ada bakes today."}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    write_skill(folder / "skills", "bake", "Preheat the oven at {baseDir}.")
    write_skill(folder / ".agents/skills", "garden", "Water first.")
    write_skill(folder / ".agents/skills", "bake", "The other one.")
    write_skill(tmp_path / "home/.openclaw/skills", "managed", "Kept by the user.")
    return folder


class Recording:
    """What the model is told, and what it does: one call after the other."""

    def __init__(self, *calls: tuple[str, dict[str, object]]) -> None:
        self.calls = list(calls)
        self.system = ""

    def __call__(self, messages):
        self.system = messages[0].content
        if not self.calls:
            return Message(Role.ASSISTANT, "done")
        name, arguments = self.calls.pop(0)
        request = ToolRequest(f"c{len(self.calls)}", name, json.dumps(arguments))
        return Message(Role.ASSISTANT, "", (request,))


async def events_of(folder, recording, prompt="Do it.", asked=None):
    async def approve(request):
        if asked is not None:
            asked.append(request.rule)
        return ApprovalDecision(Answer.APPROVE, Scope.SESSION)

    async with serve(ScriptedModel(recording)) as endpoint:
        settings = Settings(model="m", base_url=endpoint.base_url)
        options = AgentOptions(
            folder, settings, skills="openclaw", state=folder.parent / "state/agent.sqlite"
        )
        async with assemble(options, approve) as assembled:
            turn = assembled.agent.new_session().send(prompt)
            events = [event async for event in turn]
    assert events[-1].reason is StopReason.DONE, events[-1]
    return events


async def test_its_files_and_latest_notes_stand_in_the_prompt(folder):
    recording = Recording()
    await events_of(folder, recording)
    for words in ("one sentence", "patient", "Ferris", "called Ada", "teal", "Lisbon", "bakes"):
        assert words in recording.system, words
    assert "Look at the inbox" not in recording.system


async def test_its_skills_are_offered_by_its_precedence(folder):
    recording = Recording(("read", {"path": "/skills/bake/SKILL.md"}))
    asked: list[str] = []
    events = await events_of(folder, recording, asked=asked)
    for name in ("bake", "garden", "managed"):
        assert f"<name>{name}</name>" in recording.system
    answer = next(event for event in events if isinstance(event, ToolEnded))
    assert "Preheat the oven" in answer.message.text
    assert [each.name for each in events if isinstance(each, SkillActivated)] == ["bake"]
    assert len(asked) == 1


async def test_a_skill_of_the_workspace_is_asked_about_once_for_its_files(folder):
    paths = [{"path": "/skills/garden/SKILL.md"}, {"path": "/skills/garden/scripts/shout.py"}]
    events = await events_of(folder, Recording(*(("read", path) for path in paths)))
    assert sum(isinstance(event, ApprovalAsked) for event in events) == 1


async def test_its_memory_is_searched_and_added_to(folder):
    calls = [
        ("memory_search", {"query": "Lisbon"}),
        ("memory_get", {"path": "memory/2026-03-01.md"}),
        ("memory_note", {"text": "The bread is done."}),
    ]
    events = await events_of(folder, Recording(*calls))
    answers = [event.message.text for event in events if isinstance(event, ToolEnded)]
    assert "memory/2026-03-01.md" in answers[0]
    assert "Ada moved" in answers[1]
    note = (folder / TODAY).read_text()
    assert note.split() == ["Ada", "bakes", "today.", "The", "bread", "is", "done."]


async def test_nothing_of_it_is_changed_by_being_used(folder):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    await events_of(folder, Recording(("exec", {"command": "ls -a"})))
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before
