"""Asking a model for JSON of a given schema, where the model can promise that."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from clawgym.model.protocol import ChatModel, ChatReply, Message, ToolSchema


@runtime_checkable
class StructuredModel(Protocol):
    """A chat model that may be held to a JSON schema."""

    async def complete_json(self, messages: Sequence[Message], schema: ToolSchema) -> ChatReply:
        """Answer with JSON of the schema, as far as the endpoint can enforce it.

        Raises:
            ProviderError: as `ChatModel.complete`.
            BudgetExceededError: as `ChatModel.complete`.
        """
        ...


async def complete_json(
    model: ChatModel, messages: Sequence[Message], schema: ToolSchema
) -> ChatReply:
    """Ask for JSON; a model that knows no schemas is asked in the plain way.

    The messages must describe the answer themselves, and the caller must check what comes.
    """
    if isinstance(model, StructuredModel):
        return await model.complete_json(messages, schema)
    return await model.complete(messages)
