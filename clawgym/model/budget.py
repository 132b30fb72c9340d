"""A limit on what may be spent on a model."""

from collections.abc import Sequence
from dataclasses import dataclass

from clawgym.errors import BudgetExceededError
from clawgym.model.protocol import ChatModel, ChatReply, Message, OnDelta, ToolSchema, Usage
from clawgym.model.structured import complete_json


@dataclass(frozen=True)
class Prices:
    """What a model costs, in money for a million tokens."""

    prompt: float = 0.0
    completion: float = 0.0

    def cost(self, usage: Usage) -> float:
        """What one exchange costs; cached tokens are counted at the full price."""
        spent = usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion
        return spent / 1_000_000


@dataclass(frozen=True)
class Budget:
    """The most calls, tokens (prompt and completion together) and money; None is no limit."""

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    prices: Prices = Prices()


class BudgetedModel:
    """A model that refuses to be asked once its budget is used up.

    A reply is never cut: the calls during which the tokens run out are the last ones.
    """

    def __init__(self, model: ChatModel, budget: Budget) -> None:
        self._model = model
        self._budget = budget
        self.calls = 0
        self.tokens = 0
        self.cost = 0.0

    @property
    def name(self) -> str:
        """The model id."""
        return self._model.name

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        """Ask the model.

        Raises:
            BudgetExceededError: nothing is left for another call.
            ProviderError: as the model does.
        """
        self._begin()
        return self._count(await self._model.complete(messages, tools, on_delta=on_delta))

    async def complete_json(self, messages: Sequence[Message], schema: ToolSchema) -> ChatReply:
        """Ask the model for JSON; raises as `complete`."""
        self._begin()
        return self._count(await complete_json(self._model, messages, schema))

    def _begin(self) -> None:
        self._check("calls", self.calls, self._budget.calls)
        self._check("tokens", self.tokens, self._budget.tokens)
        self._check("cost", self.cost, self._budget.cost)
        self.calls += 1

    def _count(self, reply: ChatReply) -> ChatReply:
        self.tokens += reply.usage.prompt_tokens + reply.usage.completion_tokens
        self.cost += self._budget.prices.cost(reply.usage)
        return reply

    def _check(self, unit: str, used: float, limit: float | None) -> None:
        if limit is not None and used >= limit:
            raise BudgetExceededError(
                f"the budget of {limit:g} {unit} for model {self.name!r} is used up ({used:g} used)"
                "; raise it to go on"
            )
