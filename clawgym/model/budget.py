"""A limit on what may be spent on a model."""

from collections.abc import Sequence
from dataclasses import dataclass

from clawgym.errors import BudgetExceededError
from clawgym.model.protocol import ChatModel, ChatReply, Message, OnDelta, ToolSchema


@dataclass(frozen=True)
class Budget:
    """The most calls and the most tokens (prompt and completion together); None is no limit."""

    calls: int | None = None
    tokens: int | None = None


class BudgetedModel:
    """A model that refuses to be asked once its budget is used up.

    A reply is never cut: the call during which the tokens run out is the last one.
    """

    def __init__(self, model: ChatModel, budget: Budget) -> None:
        self._model = model
        self._budget = budget
        self.calls = 0
        self.tokens = 0

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
        self._check("calls", self.calls, self._budget.calls)
        self._check("tokens", self.tokens, self._budget.tokens)
        self.calls += 1
        reply = await self._model.complete(messages, tools, on_delta=on_delta)
        self.tokens += reply.usage.prompt_tokens + reply.usage.completion_tokens
        return reply

    def _check(self, unit: str, used: int, limit: int | None) -> None:
        if limit is not None and used >= limit:
            raise BudgetExceededError(
                f"the budget of {limit} {unit} for model {self.name!r} is used up ({used} used); "
                "raise it to go on"
            )
