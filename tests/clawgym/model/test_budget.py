import pytest

from clawgym.errors import BudgetExceededError
from clawgym.model import ChatReply, Message, Role, ScriptedModel, Usage
from clawgym.model.budget import Budget, BudgetedModel


async def test_calls_beyond_the_budget_are_refused():
    model = BudgetedModel(ScriptedModel(lambda _: Message(Role.ASSISTANT, "ok")), Budget(calls=2))
    await model.complete([])
    await model.complete([])
    with pytest.raises(BudgetExceededError, match="2 calls"):
        await model.complete([])


async def test_the_call_that_uses_up_the_tokens_is_answered_and_the_next_refused():
    class Costly:
        name = "costly"

        async def complete(self, messages, tools=(), *, on_delta=None):
            return ChatReply(Message(Role.ASSISTANT, "ok"), Usage(90, 20))

    model = BudgetedModel(Costly(), Budget(tokens=100))
    assert (await model.complete([])).message.content == "ok"
    with pytest.raises(BudgetExceededError, match="100 tokens"):
        await model.complete([])
