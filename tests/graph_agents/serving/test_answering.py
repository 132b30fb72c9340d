"""The pieces of an answer, also where the model breaks off and begins anew."""

import pytest
from langchain_core.messages import AIMessage

from graph_agents.events import FellBack, ModelReplied, Retried, StopReason, TextDelta, TurnEnded
from graph_agents.serving.answering import Said, answer

AGAIN = Retried("model m", "the stream broke off", 0.1)


async def sent(*events) -> str:
    async def turn():
        for event in (*events, TurnEnded(StopReason.DONE)):
            yield TextDelta(event) if isinstance(event, str) else event

    return "".join([piece.text async for piece in answer(turn()) if isinstance(piece, Said)])


@pytest.mark.parametrize("broken", [AGAIN, FellBack("m", "n")])
async def test_a_reply_that_begins_anew_with_the_same_words_goes_on_where_it_was(broken):
    assert await sent("Hello ", "wor", broken, "Hel", "lo world", ".") == "Hello world."


async def test_a_reply_that_begins_anew_with_other_words_is_a_paragraph_of_its_own():
    assert await sent("Hello", AGAIN, "He", "y you", "!") == "Hello\n\nHey you!"


async def test_a_reply_may_break_off_several_times():
    assert await sent("Hello", AGAIN, "Hel", AGAIN, AGAIN, "Hello world") == "Hello world"


async def test_replies_of_one_turn_are_parted():
    replied = ModelReplied(AIMessage("x"))
    events = ["I look.", replied, "Fo", AGAIN, "Found.", replied]
    assert await sent(*events) == "I look.\n\nFound."
