"""Messages as the JSON of an entry: what is read is what was written."""

import json

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from clawgym.model import ChatReply, Message, Role, ToolRequest, Usage
from graph_agents.chat_model import from_reply, tool_requests
from graph_agents.journal.entries import Entry, Kind, entry_id, message_body, message_from

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
IDS = st.none() | TEXT
ARGUMENTS = TEXT | st.just("{}") | st.dictionaries(TEXT, st.integers() | TEXT).map(json.dumps)
REQUESTS = st.builds(ToolRequest, TEXT, TEXT, ARGUMENTS)
REPLIES = st.builds(
    ChatReply,
    st.builds(
        Message,
        st.just(Role.ASSISTANT),
        TEXT,
        st.lists(REQUESTS, max_size=3).map(tuple),
        reasoning=st.none() | TEXT,
    ),
    st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    TEXT,
    TEXT,
).map(from_reply)
MESSAGES = st.one_of(
    REPLIES,
    st.builds(HumanMessage, TEXT, id=IDS, name=IDS),
    st.builds(HumanMessage, TEXT, additional_kwargs=st.dictionaries(TEXT, TEXT, max_size=2)),
    st.builds(SystemMessage, TEXT),
    st.builds(
        ToolMessage,
        TEXT,
        tool_call_id=TEXT,
        status=st.sampled_from(["success", "error"]),
        artifact=st.none() | st.dictionaries(TEXT, st.integers(), max_size=2),
    ),
)


def again(message):
    return message_from(json.loads(message_body(message)))


@given(MESSAGES)
def test_a_message_comes_back_as_it_was(message):
    assert again(message) == message


def test_messages_of_other_makers_come_back_too():
    call = {"name": "look", "args": {"a": 1}, "id": "1", "type": "tool_call"}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    for message in (
        AIMessage("hm", tool_calls=[call]),
        AIMessage([{"type": "text", "text": "a"}]),
        HumanMessage([{"type": "text", "text": "see"}, picture]),
        FunctionMessage("x", name="f"),
        ToolMessage("x", tool_call_id="1", artifact={"raw": b"\xff\x00", "where": {1, 2}}),
    ):
        assert again(message) == message


def test_a_call_is_not_stored_twice():
    arguments = json.dumps({"path": "unmistakable"})
    message = Message(Role.ASSISTANT, "", (ToolRequest("1", "read", arguments),))
    reply = from_reply(ChatReply(message))
    assert message_body(reply).count("unmistakable") == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
WRITTEN = st.builds(
    json.dumps,
    st.dictionaries(TEXT, VALUES | TEXT, max_size=3),
    ensure_ascii=st.booleans(),
    indent=st.none() | st.just(1),
)


@given(st.lists(st.builds(ToolRequest, TEXT, TEXT, ARGUMENTS | WRITTEN), max_size=3).map(tuple))
def test_calls_are_told_as_the_model_wrote_them_before_and_after_the_journal(calls):
    reply = from_reply(ChatReply(Message(Role.ASSISTANT, "", calls)))
    assert tool_requests(reply) == calls
    assert tool_requests(again(reply)) == calls


def test_a_call_is_kept_verbatim_only_where_its_arguments_do_not_tell():
    for arguments, kept in (('{"a": 1}', False), ('{"a":1}', True), ('{"a": 1', False)):
        reply = from_reply(
            ChatReply(Message(Role.ASSISTANT, "", (ToolRequest("1", "x", arguments),)))
        )
        assert ("tool_calls" in reply.additional_kwargs) is kept


def test_an_entry_is_named_by_its_number():
    entry = Entry(255, "s", None, Kind.STOP, 0.0, None, {})
    assert entry.id == entry_id(255) == "000000ff"
    assert entry.message is None
