"""What a chat model is to us: messages and tool schemas in, one reply out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from pydantic import JsonValue

ToolSchema = dict[str, JsonValue]
"""One tool in OpenAI function shape: `{"type": "function", "function": {…}}`."""

OnDelta = Callable[[str], None]
"""Called with each piece of reply text as it arrives; it may be a `HearsReasoning` as well."""


@runtime_checkable
class HearsReasoning(Protocol):
    """An `OnDelta` that is also told what the model thinks aloud."""

    def __call__(self, text: str, /) -> None:
        """Take a piece of the reply."""
        ...

    def reasoning(self, text: str) -> None:
        """Take a piece of reasoning."""
        ...


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A call as the model wrote it: `arguments` is its raw JSON text, valid or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    `tool_call_id` answers a `ToolRequest` and stands on tool messages only.
    """

    role: Role
    content: str = ""
    tool_calls: tuple[ToolRequest, ...] = ()
    tool_call_id: str | None = None
    reasoning: str | None = None


@runtime_checkable
class EncodedOnce(Protocol):
    """A conversation that is sent again with each step, though only its end is new."""

    def encoded(self, encode: Callable[[Message], bytes], /) -> bytes:
        """The messages with commas between them; `encode` is called for those that are new."""
        ...


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one exchange; `prompt_tokens` includes the cached ones."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class ChatReply:
    """One answer. `finish_reason` is the word of the provider: `stop`, `tool_calls`, `length`."""

    message: Message
    usage: Usage = Usage()
    finish_reason: str = "stop"
    model: str = ""


class ChatModel(Protocol):
    """Anything that answers a conversation."""

    @property
    def name(self) -> str:
        """The model id that is recorded with each step."""
        ...

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        """Answer the conversation.

        Raises:
            ProviderError: the endpoint failed or answered outside its protocol.
            BudgetExceededError: a limit that the user set would be passed.
        """
        ...


@runtime_checkable
class KnowsWindow(Protocol):
    """A model that can find out how much it takes in."""

    async def context_window(self) -> int | None:
        """Its context in tokens; None where nobody says."""
        ...
