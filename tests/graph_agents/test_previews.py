"""What a person sees who is asked about a call."""

import json

import pytest

from clawgym.model import ToolRequest
from clawgym.sandbox import BoxSpec, box, open_backend
from graph_agents.approval import Answer, ApprovalDecision
from graph_agents.diffs import preview
from graph_agents.events import ApprovalAsked
from graph_agents.parts import Parts
from tests.graph_agents.engine_parts import Talker, Workshop, agent_with, call, played, say
from tests.graph_agents.test_engine import Rules, play

TEXT = "one\ntwo\nthree\n"


@pytest.fixture
async def folder(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    async with box(open_backend("local"), BoxSpec(workspace_dir=tmp_path)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("tool", "arguments", "shown"),
    [
        ("write", {"path": "a.txt", "content": "one\nTWO\nthree\n"}, " one\n-two\n+TWO\n three"),
        ("write", {"path": "new.txt", "content": "hi\n"}, "--- /dev/null\n+++ b/new.txt"),
        (
            "edit",
            {"path": "a.txt", "edits": [{"oldText": "two", "newText": "TWO"}]},
            " one\n-two\n+TWO\n three",
        ),
        (
            "edit",
            {"path": "a.txt", "edits": '[{"oldText": "two", "newText": "TWO"}]'},
            " one\n-two\n+TWO\n three",
        ),
        (
            "edit",
            {"path": "a.txt", "edits": '[{"oldText": "two", "newText": "\\ud800"}]'},
            "+\ufffd",
        ),
        ("edit", {"path": "a.txt", "edits": "two, please"}, ""),
        ("edit", {"path": "a.txt", "oldText": "seven", "newText": "8"}, "-seven\n+8"),
        ("apply_patch", {"input": "*** Begin Patch"}, "*** Begin Patch"),
        ("exec", {"command": "ls"}, ""),
    ],
)
async def test_the_preview_is_the_diff_that_the_call_would_make(folder, tool, arguments, shown):
    text = await preview(folder, ToolRequest("c", tool, json.dumps(arguments)))
    assert shown in text
    assert bool(text) == bool(shown)
    assert (await folder.read("a.txt")).decode() == TEXT


class Book:
    """Skills that a call reaches by their name."""

    def expand(self, session, prompt):
        return prompt, ()

    def judge(self, session, call):
        return None

    def about(self, call):
        return "skill bake: files 123abc, findings: curl-pipe" if "risky" in call.arguments else ""

    def saw(self, session, call, result):
        return None

    def disclosed(self, session):
        return ()

    def restore(self, session, activated):
        pass


async def diff_of(request):
    return f"+++ {request.name}"


async def test_who_is_asked_in_place_sees_the_skills_and_the_diff():
    seen = []

    async def approve(request):
        seen.append(request.preview)
        return ApprovalDecision(Answer.REJECT)

    parts = Parts(policy=Rules([]), approve=approve, preview=diff_of, skills=Book())
    await play(Talker(call(("make", {"name": "risky"})), say("ok")), Workshop(), parts)
    assert seen == ["skill bake: files 123abc, findings: curl-pipe\n\n+++ make"]


async def test_who_is_asked_later_sees_the_same(tmp_path):
    parts = Parts(policy=Rules([]), preview=diff_of)
    model = Talker(call(("make", {"name": "risky"})))
    async with agent_with(tmp_path, model, Workshop().tools(), parts=parts) as agent:
        session = agent.new_session()
        events = await played(session.send("go"))
        [asked] = [event.request for event in events if isinstance(event, ApprovalAsked)]
        assert asked.preview == "+++ make"
        assert session.asked == (asked,)
