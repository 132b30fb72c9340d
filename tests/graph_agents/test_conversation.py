"""What a model is sent: the state, repaired, as a sequence that stays as it is."""

import copy
import json
import pickle

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from clawgym.model import ChatReply, Message, Role, ToolRequest
from clawgym.model._wire import message_to_wire, request_json
from graph_agents.chat_model import answer_to, from_reply
from graph_agents.common_part import CommonPart
from graph_agents.conversation import UNKNOWN_END, Conversation

CALL = ToolRequest("c1", "look", '{"name": "ä"}')


def called(*calls: ToolRequest) -> AIMessage:
    return from_reply(ChatReply(Message(Role.ASSISTANT, "I look.", calls), model="m"))


def answered(call: ToolRequest) -> ToolMessage:
    return answer_to(call, "seen", is_error=False, id="a1")


def sent(conversation: Conversation) -> list[object]:
    request = request_json({"model": "m"}, conversation.wire("You work."), b"[]")
    return json.loads(request)["messages"]


def said(conversation: Conversation) -> list[object]:
    return [message_to_wire(message) for message in conversation.wire("You work.")]


def test_a_request_is_a_sequence_of_our_messages():
    conversation = Conversation()
    conversation.follow([HumanMessage("go"), called(CALL), answered(CALL)])
    wire = conversation.wire("You work.")
    assert [message.role.value for message in wire] == ["system", "user", "assistant", "tool"]
    assert wire[0] == Message(Role.SYSTEM, "You work.")
    assert wire[2] == wire[-2] == Message(Role.ASSISTANT, "I look.", (CALL,))
    assert wire[1:3] == list(wire)[1:3]
    assert list(reversed(wire)) == list(wire)[::-1]
    assert len(wire) == 4
    with pytest.raises(IndexError):
        wire[4]


def test_a_request_stays_as_it_is_while_the_conversation_goes_on():
    conversation, state = Conversation(), [HumanMessage("go"), called(CALL)]
    conversation.follow(state)
    before = conversation.wire("You work.")
    conversation.follow([*state, answered(CALL), HumanMessage("and then?")])
    assert [message.content for message in before] == ["You work.", "go", "I look.", UNKNOWN_END]


def test_what_is_kept_encoded_is_what_would_be_encoded_now():
    conversation = Conversation()
    state = [HumanMessage("go")]
    for more in ([called(CALL)], [answered(CALL)], [HumanMessage("on")], [called(CALL)]):
        state = [*state, *more]
        conversation.follow(state)
        assert sent(conversation) == said(conversation)
    conversation.rest()
    assert sent(conversation) == said(conversation)
    conversation.follow([HumanMessage("something else")])
    assert sent(conversation) == said(conversation)


def test_an_answer_that_is_missing_is_not_kept():
    conversation, state = Conversation(), [HumanMessage("go"), called(CALL)]
    conversation.follow(state)
    assert UNKNOWN_END in str(sent(conversation))
    conversation.follow([*state, answered(CALL)])
    assert UNKNOWN_END not in str(sent(conversation))


def test_a_list_that_grows_in_place_is_followed():
    conversation, state = Conversation(), [HumanMessage("go")]
    conversation.follow(state)
    state += [called(CALL), answered(CALL)]
    conversation.follow(state)
    assert (conversation.turns, conversation.calls) == (1, 1)
    assert len(conversation.wire("")) == 4


def test_how_replies_ended_is_kept_once_and_cannot_be_changed_for_all_of_them():
    first, second = called(CALL), called()
    assert first.response_metadata is second.response_metadata
    with pytest.raises(TypeError, match="give the message a new one"):
        first.response_metadata["mine"] = 1
    with pytest.raises(TypeError):
        first.response_metadata |= {"mine": 1}
    first.response_metadata = {**first.response_metadata, "mine": 1}
    assert "mine" not in second.response_metadata


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, CommonPart.copy, lambda part: pickle.loads(pickle.dumps(part))],
)
def test_a_copy_of_a_common_part_is_an_ordinary_dictionary(copied):
    mine = copied(CommonPart(a=1))
    mine["b"] = 2
    assert type(mine) is dict
    assert mine == {"a": 1, "b": 2}


def test_a_message_with_common_parts_can_be_copied_and_dumped():
    message = called(CALL)
    mine = message.model_copy(deep=True)
    mine.response_metadata["b"] = 2
    mine.note = "unknown to LangChain"
    assert (mine.note, hasattr(message, "note")) == ("unknown to LangChain", False)
    assert message.model_dump()["response_metadata"] == message.response_metadata
    assert AIMessage.model_validate(message.model_dump()) == message
