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


class Purse:
    """What was spent of a budget, by one model or by several that share it."""

    def __init__(
        self, budget: Budget, *, calls: int = 0, tokens: int = 0, cost: float = 0.0
    ) -> None:
        """Open it; what an earlier run spent of the same budget counts."""
        self.budget = budget
        self.calls = calls
        self.tokens = tokens
        self.cost = cost

    def begin(self, model: str) -> None:
        """Count a call of a model.

        Raises:
            BudgetExceededError: nothing is left for another call.
        """
        self._check(model, "calls", self.calls, self.budget.calls)
        self._check(model, "tokens", self.tokens, self.budget.tokens)
        self._check(model, "cost", self.cost, self.budget.cost)
        self.calls += 1

    def count(self, usage: Usage) -> None:
        """Count what an answer cost."""
        self.tokens += usage.prompt_tokens + usage.completion_tokens
        self.cost += self.budget.prices.cost(usage)

    def _check(self, model: str, unit: str, used: float, limit: float | None) -> None:
        if limit is not None and used >= limit:
            raise BudgetExceededError(
                f"the budget of {limit:g} {unit} for model {model!r} is used up ({used:g} used)"
                "; raise it to go on"
            )


class BudgetedModel:
    """A model that refuses to be asked once its budget, or the purse that it shares, is used up.

    A reply is never cut: the calls during which the tokens run out are the last ones.
    """

    def __init__(self, model: ChatModel, budget: Budget | Purse) -> None:
        self._model = model
        self._purse = budget if isinstance(budget, Purse) else Purse(budget)

    @property
    def name(self) -> str:
        """The model id."""
        return self._model.name

    @property
    def calls(self) -> int:
        """The calls that were made."""
        return self._purse.calls

    @property
    def tokens(self) -> int:
        """The tokens that were used, prompt and completion together."""
        return self._purse.tokens

    @property
    def cost(self) -> float:
        """The money that was spent."""
        return self._purse.cost

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
        self._purse.begin(self.name)
        return self._count(await self._model.complete(messages, tools, on_delta=on_delta))

    async def complete_json(self, messages: Sequence[Message], schema: ToolSchema) -> ChatReply:
        """Ask the model for JSON; raises as `complete`."""
        self._purse.begin(self.name)
        return self._count(await complete_json(self._model, messages, schema))

    def _count(self, reply: ChatReply) -> ChatReply:
        self._purse.count(reply.usage)
        return reply
