"""The silent turn in which a model takes notes before the conversation is summarised."""

from langchain_core.messages import AIMessage, HumanMessage

from clawgym.errors import ContextOverflowError, ProviderError
from graph_agents.flushing import flush_with
from graph_agents.parts import Parts
from tests.graph_agents.engine_parts import Talker, Workshop, call, say

HISTORY = [each for n in range(8) for each in (HumanMessage(f"ask {n}"), AIMessage(f"said {n}"))]


async def flushed(*replies) -> tuple[Talker, Workshop]:
    model, shop = Talker(*replies), Workshop()
    flush = flush_with(Parts(), shop.tools(), model, "You work.", HISTORY)
    await flush("take notes", ["make"])
    return model, shop


async def test_the_model_may_use_the_tools_for_notes_and_no_others():
    model, shop = await flushed(call(("make", {"name": "n"}), ("look", {"name": "n"})), say("ok"))
    assert shop.log == ["make n"]
    assert model.offered == [["make"], ["make"]]
    assert "no tool 'look' now" in model.asked[1][-1].content


async def test_a_conversation_that_does_not_fit_is_shown_without_its_end():
    too_long = ContextOverflowError("too long")
    model, shop = await flushed(too_long, too_long, call(("make", {"name": "n"})), say("ok"))
    assert shop.log == ["make n"]
    assert [len(asked) for asked in model.asked] == [18, 10, 6, 8]
    assert [message.content for message in model.asked[2]] == [
        *("You work.", "ask 0", "said 0", "ask 1", "said 1", "take notes")
    ]


async def test_a_model_that_fails_costs_the_notes_only():
    model, shop = await flushed(ProviderError("down"))
    assert (len(model.asked), shop.log) == (1, [])
