"""Models that follow a script, so that every path of the system runs offline and repeatably."""

from collections.abc import Callable, Sequence

from clawgym.errors import ProviderError
from clawgym.model.protocol import ChatReply, Message, OnDelta, ToolSchema

Script = Callable[[Sequence[Message]], Message]
"""A pure function from the conversation so far to the next assistant message."""


class ScriptedModel:
    """A chat model whose replies come from a list, or from a function of the conversation.

    Raises:
        ProviderError: from `complete`, when a list of replies is used up.
    """

    def __init__(self, script: Sequence[Message] | Script, name: str = "scripted") -> None:
        self._script = script
        self._name = name
        self._served = 0

    @property
    def name(self) -> str:
        """The model id."""
        return self._name

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        """The next reply of the script; the text goes to `on_delta` in one piece."""
        message = self._next(messages)
        if on_delta and message.content:
            on_delta(message.content)
        reason = "tool_calls" if message.tool_calls else "stop"
        return ChatReply(message, finish_reason=reason, model=self._name)

    def _next(self, messages: Sequence[Message]) -> Message:
        if callable(self._script):
            return self._script(messages)
        if self._served >= len(self._script):
            raise ProviderError(
                f"the script of {self._name!r} has only {len(self._script)} replies; add one more"
            )
        self._served += 1
        return self._script[self._served - 1]
