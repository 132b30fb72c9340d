"""Conversations as ATIF: complete, valid, and readable back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from clawgym.model import ChatReply, Message, Role, ToolRequest, Usage
from clawgym.trajectory import Trajectory
from graph_agents.chat_model import from_reply
from graph_agents.events import StopReason
from graph_agents.recording import Recorder, describe_agent, record

TOOL = {"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}
AGENT = describe_agent("clawgym", "m", [TOOL])


def reply(text: str = "", *calls: ToolRequest, usage: Usage = Usage()) -> AIMessage:  # noqa: B008
    message = Message(Role.ASSISTANT, text, calls, reasoning="hm")
    return from_reply(ChatReply(message, usage, model="m-2"))


def conversation():
    return [
        SystemMessage("be good"),
        HumanMessage("read a and b"),
        reply(
            "",
            ToolRequest("1", "read", '{"path": "a"}'),
            ToolRequest("2", "read", '{"path": '),
            usage=Usage(10, 5, 3),
        ),
        ToolMessage("A", tool_call_id="1"),
        ToolMessage("Error: bad", tool_call_id="2", status="error"),
        reply("done", usage=Usage(20, 1)),
    ]


def test_a_run_is_kept_whole():
    trajectory = record(conversation(), AGENT, StopReason.DONE)
    assert [step.source for step in trajectory.steps] == ["system", "user", "agent", "agent"]
    assert trajectory.agent.tool_definitions == [TOOL]
    assert trajectory.extra == {"stop_reason": "done"}
    step = trajectory.steps[2]
    assert step.model_name == "m-2"
    assert step.reasoning_content == "hm"
    assert [result.content for result in step.observation.results] == ["A", "Error: bad"]
    assert step.observation.results[1].extra == {"is_error": True}
    assert trajectory.final_metrics.total_prompt_tokens == 30
    assert trajectory.final_metrics.total_cached_tokens == 3


def test_arguments_that_are_no_object_are_kept_as_text():
    good, bad = record(conversation(), AGENT).steps[2].tool_calls
    assert (good.arguments, good.extra) == ({"path": "a"}, None)
    assert (bad.arguments, bad.extra) == ({}, {"raw_arguments": '{"path": '})


def test_it_reads_back_as_it_was_written(tmp_path):
    trajectory = record(conversation(), AGENT)
    trajectory.save(tmp_path / "t.json")
    assert Trajectory.load(tmp_path / "t.json") == trajectory


def test_every_beginning_of_a_run_is_a_valid_trajectory():
    messages = conversation()
    for length in range(1, len(messages) + 1):
        trajectory = record(messages[:length], AGENT)
        assert Trajectory.model_validate_json(trajectory.dumps()) == trajectory


def test_steps_bear_the_time_at_which_they_came():
    times = iter(["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"])
    recorder = Recorder(AGENT, clock=lambda: next(times))
    recorder.add(SystemMessage("s"))
    recorder.add(HumanMessage("u"))
    assert recorder.trajectory().steps[1].timestamp == "2026-01-01T00:00:01Z"


@given(raw=st.text() | st.recursive(st.floats() | st.text(), st.lists).map(json.dumps))
def test_whatever_a_model_writes_as_arguments_can_be_saved_and_read_back(raw):
    trajectory = record([reply("", ToolRequest("1", "read", f'{{"a": {raw}}}'))], AGENT)
    assert Trajectory.model_validate_json(trajectory.dumps()) == trajectory


@pytest.mark.parametrize("value", ["NaN", "-Infinity", '"\\ud800"', "1e999", "[" * 100_000])
def test_what_json_cannot_hold_is_kept_as_text(value):
    raw = f'{{"path": {value}}}'
    trajectory = record([reply("", ToolRequest("1", "read", raw))], AGENT)
    [call] = trajectory.steps[0].tool_calls
    assert (call.arguments, call.extra) == ({}, {"raw_arguments": raw})
    assert Trajectory.model_validate_json(trajectory.dumps()) == trajectory
