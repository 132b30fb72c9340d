"""The agent's loop: what the model says is answered, and every end has its reason."""

import asyncio
import json

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.graph import MessagesState, StateGraph

from clawgym.errors import ProviderError
from clawgym.model import ChatReply, Message, Role, ScriptedModel, ToolRequest
from graph_agents.chat_model import to_message
from graph_agents.events import (
    ModelReplied,
    Nudged,
    StopReason,
    TextDelta,
    ToolEnded,
    ToolStarted,
)
from graph_agents.graph import AgentLimits, make_agent


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


def call(*requests: tuple[str, object], text: str = "") -> Message:
    """Tool calls; arguments that are a string stand as they are."""
    return Message(
        Role.ASSISTANT,
        text,
        tuple(
            ToolRequest(f"c{i}", name, args if isinstance(args, str) else json.dumps(args))
            for i, (name, args) in enumerate(requests)
        ),
    )


async def play(tools, replies, **options):
    options.setdefault("system_prompt", "work")
    agent = make_agent(ScriptedModel(replies), tools, **options)
    return await agent.ainvoke({"messages": [HumanMessage("do it")]})


def answers(state) -> list[ToolMessage]:
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


async def test_tools_run_until_the_model_answers_without_a_call(tools, tmp_path):
    replies = [
        call(("write", {"path": "a.txt", "content": "hello"})),
        call(("read", {"path": "a.txt"})),
        say("done"),
    ]
    state = await play(tools, replies)
    assert (tmp_path / "a.txt").read_text() == "hello"
    assert [answer.content for answer in answers(state)] == ["wrote 5 characters", "hello"]
    assert state["stop_reason"] == StopReason.DONE


async def test_all_calls_of_a_reply_run_in_their_order(tools):
    calls = [("write", {"path": "a", "content": str(i)}) for i in range(5)]
    state = await play(tools, [call(*calls, ("read", {"path": "a"})), say("ok")])
    assert [answer.tool_call_id for answer in answers(state)] == [f"c{i}" for i in range(6)]
    assert answers(state)[-1].content == "4"


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("read", '{"path": "a', "not valid JSON"),
        ("read", "", "path: Field required"),
        ("read", "[1, 2]", "valid dictionary"),
        ("read", '"a.txt"', "valid dictionary"),
        ("read", {"file": "a.txt"}, "file: Extra inputs"),
        ("read", {"path": 7}, "path: Input should be a valid string"),
        ("read", {"path": "missing.txt"}, "No such file"),
        ("write", {"path": "/etc/x", "content": ""}, "not allowed"),
        ("explode", {"path": "a"}, "bug at a"),
        ("reed", {"path": "a"}, "there is no tool 'reed'; there are: read, write, explode"),
        ("", "{}", "there is no tool ''"),
        ("read", "[" * 100_000, "Error"),
    ],
)
async def test_a_call_that_cannot_work_is_answered_with_the_reason(tools, name, arguments, words):
    state = await play(tools, [call((name, arguments)), say("I see")])
    [answer] = answers(state)
    assert answer.status == "error"
    assert words in answer.content
    assert state["stop_reason"] == StopReason.DONE


async def test_a_bad_call_between_good_ones_does_not_stop_them(tools, tmp_path):
    good = [("write", {"path": name, "content": name}) for name in "ab"]
    state = await play(tools, [call(good[0], ("write", "{{{"), good[1]), say("ok")])
    assert [answer.status for answer in answers(state)] == ["success", "error", "success"]
    assert (tmp_path / "b").exists()


async def test_a_malformed_call_goes_back_to_the_model_as_it_wrote_it(tools):
    seen = []

    def script(messages):
        seen.append(messages)
        return (
            say("ok") if len(seen) > 1 else call(("read", '{"path":  "x'), ("read", '{"path":"y"}'))
        )

    agent = make_agent(ScriptedModel(script), tools, system_prompt="work")
    await agent.ainvoke({"messages": [("user", "go")]})
    assert [request.arguments for request in seen[1][2].tool_calls] == [
        '{"path":  "x',
        '{"path":"y"}',
    ]


async def test_an_empty_reply_is_asked_about_once(tools):
    state = await play(tools, [say(""), say("here I am")])
    assert state["stop_reason"] == StopReason.DONE
    assert "empty" in state["messages"][2].content


async def test_a_second_empty_reply_ends_the_run(tools):
    state = await play(tools, [say(""), say("")])
    assert state["stop_reason"] == StopReason.EMPTY_REPLY


async def test_an_empty_reply_after_work_is_asked_about_again(tools):
    work = call(("write", {"path": "a", "content": "x"}))
    state = await play(tools, [say(""), work, say(""), say("ok")])
    assert state["stop_reason"] == StopReason.DONE


async def test_the_turn_limit_ends_the_run_after_the_calls_of_the_last_turn(tools, tmp_path):
    def script(messages):
        return call(("write", {"path": f"{len(messages)}", "content": ""}))

    state = await play(tools, script, limits=AgentLimits(max_turns=3))
    assert state["stop_reason"] == StopReason.MAX_TURNS
    assert len(list(tmp_path.iterdir())) == 3
    assert len(answers(state)) == 3


async def test_calls_beyond_the_limit_are_answered_but_not_run(tools, tmp_path):
    calls = [("write", {"path": name, "content": ""}) for name in "abcd"]
    state = await play(tools, [call(*calls)], limits=AgentLimits(max_tool_calls=3))
    assert state["stop_reason"] == StopReason.MAX_TOOL_CALLS
    assert {path.name for path in tmp_path.iterdir()} == set("abc")
    assert "not run" in answers(state)[3].content


async def test_a_run_may_use_exactly_its_tool_calls(tools):
    work = call(("write", {"path": "a", "content": ""}))
    state = await play(tools, [work, work, say("ok")], limits=AgentLimits(max_tool_calls=2))
    assert state["stop_reason"] == StopReason.DONE


async def test_limits_hold_for_each_instruction_of_a_conversation(tools):
    agent = make_agent(
        ScriptedModel(lambda _: say("ok")),
        tools,
        system_prompt="work",
        limits=AgentLimits(max_turns=1),
    )
    first = await agent.ainvoke({"messages": [("user", "one")]})
    second = await agent.ainvoke({"messages": [*first["messages"], ("user", "two")]})
    assert second["stop_reason"] == StopReason.DONE
    assert len(second["messages"]) == 4


async def test_long_runs_do_not_meet_a_limit_of_the_framework(tools):
    def script(messages):
        work = call(("write", {"path": "a", "content": ""}))
        return say("ok") if len(messages) > 600 else work

    state = await play(tools, script, limits=AgentLimits(max_turns=400, max_tool_calls=400))
    assert state["stop_reason"] == StopReason.DONE


async def test_a_reply_that_was_cut_off_is_not_done(tools):
    class Cut:
        name = "cut"

        async def complete(self, messages, tools=(), *, on_delta=None):
            return ChatReply(say("and then"), finish_reason="length")

    agent = make_agent(Cut(), tools, system_prompt="work")
    state = await agent.ainvoke({"messages": [("user", "go")]})
    assert state["stop_reason"] == StopReason.LENGTH


async def test_a_model_that_fails_raises_a_provider_error(tools):
    with pytest.raises(ProviderError):
        await play(tools, [])


async def test_events_tell_the_story_in_order(tools):
    events = []
    work = call(("write", {"path": "a", "content": ""}), text="let me")
    await play(tools, [work, say(""), say("ok")], stream=True, on_event=events.append)
    assert [type(event) for event in events] == [
        TextDelta,
        ModelReplied,
        ToolStarted,
        ToolEnded,
        ModelReplied,
        Nudged,
        TextDelta,
        ModelReplied,
    ]


async def test_without_a_listener_events_go_to_the_custom_stream(tools):
    agent = make_agent(ScriptedModel([say("ok")]), tools, system_prompt="work", stream=True)
    events = [e async for e in agent.astream({"messages": [("user", "x")]}, stream_mode="custom")]
    assert events[0] == TextDelta("ok")


async def test_the_system_prompt_and_the_tool_schemas_reach_the_model(tools):
    class Curious:
        name = "curious"

        async def complete(self, messages, tools=(), *, on_delta=None):
            assert messages[0] == Message(Role.SYSTEM, "work")
            assert [tool["function"]["name"] for tool in tools] == ["read", "write", "explode"]
            return ChatReply(say("ok"))

    agent = make_agent(Curious(), tools, system_prompt="work")
    state = await agent.ainvoke({"messages": [("user", "go")]})
    assert not any(isinstance(message, SystemMessage) for message in state["messages"])


@pytest.mark.parametrize("stream", [False, True])
async def test_any_langchain_model_can_drive_the_agent(tools, tmp_path, stream):
    class Bindable(GenericFakeChatModel):
        def bind_tools(self, tools, **_):
            return self

    work = {"name": "write", "args": {"path": "a", "content": "x"}, "id": "1"}
    model = Bindable(
        messages=iter(
            [AIMessage("ok")] if stream else [AIMessage("", tool_calls=[work]), AIMessage("ok")]
        )
    )
    agent = make_agent(model, tools, system_prompt="work", stream=stream)
    state = await agent.ainvoke({"messages": [("user", "go")]})
    assert state["stop_reason"] == StopReason.DONE
    assert state["messages"][-1].text == "ok"
    assert (tmp_path / "a").exists() is not stream


async def test_a_langchain_model_that_fails_raises_a_provider_error(tools):
    class Broken(GenericFakeChatModel):
        def bind_tools(self, tools, **_):
            return self

    agent = make_agent(Broken(messages=iter([])), tools, system_prompt="work")
    with pytest.raises(ProviderError, match="Broken"):
        await agent.ainvoke({"messages": [("user", "go")]})


async def test_it_is_a_node_of_a_users_own_graph(tools):
    agent = make_agent(ScriptedModel([say("ok")]), tools, system_prompt="work")
    graph = StateGraph(MessagesState)
    graph.add_node("agent", agent)
    graph.set_entry_point("agent")
    state = await graph.compile().ainvoke({"messages": [("user", "go")]})
    assert [message.text for message in state["messages"]] == ["go", "ok"]


async def test_many_agents_share_one_process(tools):
    async def one(i: int) -> str:
        model = ScriptedModel([call(("write", {"path": f"f{i}", "content": ""})), say(str(i))])
        state = await make_agent(model, tools, system_prompt="w").ainvoke(
            {"messages": [("user", "")]}
        )
        return to_message(state["messages"][-1]).content

    assert await asyncio.gather(*map(one, range(50))) == [str(i) for i in range(50)]
