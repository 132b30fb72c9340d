"""The value of a secret reaches neither the model nor anything that is kept or shown."""

import json

import pytest
from langchain_core.messages import HumanMessage

from clawgym.errors import ProviderError
from graph_agents.control.redaction import Redactor
from graph_agents.events import ToolOutput, event_json, listening
from graph_agents.hearing import Heard
from graph_agents.parts import Compaction, Parts
from mcp_servers.toolkit import Tool, ToolResult, put_out
from tests.graph_agents.engine_parts import Name, Talker, agent_with, call, played, say

SECRET = "tOpSeCrEt-4711-value"


class Prompt:
    async def system(self, session):
        return f"the key is {SECRET}"


class Flushing:
    def wanted(self, tokens, window):
        return False

    async def compact(self, messages, model, flush):
        await flush("save", ["leak"])
        return Compaction(HumanMessage("summary"), len(messages) - 1, 9, 3)


async def leak(arguments):
    put_out(f"printing {SECRET}\n")
    return ToolResult(f"{arguments.name}: {SECRET}", details={"diff": f"+{SECRET}"})


async def test_no_file_prompt_or_event_has_the_value_of_a_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", SECRET)
    parts = Parts(prompt=Prompt(), redactor=Redactor.of_environment(), compactor=Flushing())
    model = Talker(
        call(("leak", {"name": SECRET}), text=f"I say {SECRET}"),
        ProviderError("prompt is too long"),
        call(("leak", {"name": "notes"})),
        say("noted"),
        ProviderError(f"refused: {SECRET}"),
    )
    tools = [Tool("leak", "Leak.", Name, leak)]
    async with agent_with(tmp_path, model, tools, parts=parts) as agent:
        session = agent.new_session()
        events = await played(session.send(f"use {SECRET}"))
        session.export("openclaw", tmp_path / "session.jsonl")
        session.export("atif", tmp_path / "session.json")
        told = [json.dumps(event_json(event)) for event in events]
    assert any(isinstance(event, ToolOutput) for event in events)
    assert "[secret MY_API_KEY]" in "".join(told)
    assert SECRET not in "".join(told)
    asked = str(model.asked)
    assert "[secret MY_API_KEY]" in asked
    assert SECRET not in asked
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path.name
    assert b"[secret MY_API_KEY]" in (tmp_path / "session.jsonl").read_bytes()


@pytest.mark.parametrize("size", [1, 3, 7, 100])
@pytest.mark.parametrize("secret", [SECRET, "k" * 700, "several words of it"])
def test_a_secret_that_comes_in_pieces_is_not_shown_either(secret, size):
    events = []
    text = f"I say {secret}\nand {'y' * 600}{secret}, that is all"
    with listening(events.append):
        heard = Heard(Redactor({"KEY": secret}))
        for at in range(0, len(text), size):
            heard(text[at : at + size])
        heard.end()
    shown = "".join(event.text for event in events)
    assert shown == text.replace(secret, "[secret KEY]")
    assert len(events) >= 3


async def test_a_secret_that_a_tool_puts_out_in_pieces_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", SECRET)

    async def drip(arguments):
        for letter in f"it is {SECRET}":
            put_out(letter)
        return ToolResult("done")

    model = Talker(call(("drip", {"name": "x"})), say("ok"))
    parts = Parts(redactor=Redactor.of_environment())
    async with agent_with(tmp_path, model, [Tool("drip", "Drip.", Name, drip)], parts=parts) as it:
        events = await played(it.new_session().send("go"))
    pieces = [event.text for event in events if isinstance(event, ToolOutput)]
    assert "".join(pieces) == "it is [secret MY_API_KEY]"
    assert len(pieces) > 2
