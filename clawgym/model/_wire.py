"""The OpenAI chat-completions format, as far as we speak it, in both directions.

Replies come from servers of every quality, so unknown fields are ignored and known ones checked.
"""

import json
from collections.abc import Sequence

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue

from clawgym.model.protocol import (
    ChatReply,
    EncodedOnce,
    Message,
    Role,
    ToolRequest,
    ToolSchema,
    Usage,
)

JsonObject = dict[str, JsonValue]

_REASONING = AliasChoices("reasoning_content", "reasoning")
# vLLM and SGLang; OpenRouter; Groq; Mistral
_WINDOW = AliasChoices("max_model_len", "context_length", "context_window", "max_context_length")


class WireFunction(BaseModel):
    """The name and raw arguments of a call; some servers send the arguments already parsed."""

    name: str | None = None
    arguments: str | JsonObject | None = None

    @property
    def text(self) -> str:
        """The arguments as text, exactly as they came where they came as text."""
        if isinstance(self.arguments, dict):
            return json.dumps(self.arguments, ensure_ascii=False)
        return self.arguments or ""


class WireToolCall(BaseModel):
    """A whole call in a reply, or one piece of it in a stream, where `index` says of which call."""

    model_config = ConfigDict(coerce_numbers_to_str=True)  # some servers count their calls

    id: str | None = None
    index: int | None = None
    function: WireFunction | None = None

    def request(self, position: int) -> ToolRequest:
        """Our noun; a call without an id gets one, because the answer has to name it."""
        called = self.function or WireFunction()
        return ToolRequest(self.id or f"call_{position}", called.name or "", called.text)


class _CachedTokens(BaseModel):
    cached_tokens: int | None = None


class WireUsage(BaseModel):
    """Token counts."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _CachedTokens | None = None

    def counted(self) -> Usage:
        """Our noun."""
        details = self.prompt_tokens_details
        cached = details.cached_tokens if details else None
        return Usage(self.prompt_tokens or 0, self.completion_tokens or 0, cached or 0)


class _Said(BaseModel):
    """A part of a content that comes as a list; what is neither text nor thinking has neither."""

    text: str | None = None
    thinking: "str | list[_Said] | None" = None

    @property
    def thought(self) -> str:
        """What was thought in this part, as Mistral's models send it."""
        if isinstance(self.thinking, list):
            return "".join(part.text or "" for part in self.thinking)
        return self.thinking or ""


class WireText(BaseModel):
    """What an assistant said: a whole message, or the delta of one chunk."""

    content: str | list[_Said] | None = None
    refusal: str | None = None
    reasoning: str | None = Field(default=None, validation_alias=_REASONING)
    tool_calls: list[WireToolCall] | None = None

    @property
    def said(self) -> str:
        """The text; a refusal is one too."""
        content = self.content
        if isinstance(content, list):
            content = "".join(part.text or "" for part in content)
        return content or self.refusal or ""

    @property
    def thought(self) -> str:
        """The reasoning, from wherever it was sent."""
        parts = self.content if isinstance(self.content, list) else []
        return (self.reasoning or "") + "".join(part.thought for part in parts)


class _Choice(BaseModel):
    message: WireText
    finish_reason: str | None = None


class WireReply(BaseModel):
    """A reply that is not streamed."""

    choices: list[_Choice] = Field(min_length=1)
    usage: WireUsage | None = None
    model: str | None = None

    def reply(self) -> ChatReply:
        """Our noun."""
        choice = self.choices[0]
        calls = tuple(
            call.request(position) for position, call in enumerate(choice.message.tool_calls or [])
        )
        message = Message(
            Role.ASSISTANT,
            choice.message.said,
            tool_calls=calls,
            reasoning=choice.message.thought or None,
        )
        usage = (self.usage or WireUsage()).counted()
        return ChatReply(message, usage, choice.finish_reason or "stop", self.model or "")


class _Delta(BaseModel):
    delta: WireText | None = None
    finish_reason: str | None = None


class WireChunk(BaseModel):
    """One event of a streamed reply; `error` stands alone when the server gave up."""

    choices: list[_Delta] | None = None
    usage: WireUsage | None = None
    model: str | None = None
    error: JsonValue = None


class WireModelCard(BaseModel):
    """An entry of the list of models; what it says of the context has as many names as servers."""

    id: str
    window: int | None = Field(default=None, ge=1, validation_alias=_WINDOW)


class WireModels(BaseModel):
    """The list of models that an endpoint serves."""

    data: list[JsonObject]

    def window_of(self, name: str) -> int | None:
        """The context of a model in tokens, where it is told.

        Raises:
            ValidationError: the entry is malformed.
        """
        entries = [entry for entry in self.data if entry.get("id") == name]
        return WireModelCard.model_validate(entries[0]).window if entries else None


class _Part(BaseModel):
    type: str
    text: str


class WireMessage(BaseModel):
    """One message of a request; content may be a string or a list of text parts."""

    role: str
    content: str | list[_Part] | None = None
    reasoning: str | None = Field(default=None, validation_alias=_REASONING)
    tool_calls: list[WireToolCall] | None = None
    tool_call_id: str | None = None

    def message(self) -> Message:
        """Our noun.

        Raises:
            ValueError: the role is unknown, or a part of the content is not text.
        """
        role = Role.SYSTEM if self.role == "developer" else Role(self.role)
        calls = enumerate(self.tool_calls or [])
        return Message(
            role,
            _joined(self.content),
            tool_calls=tuple(call.request(position) for position, call in calls),
            tool_call_id=self.tool_call_id,
            reasoning=self.reasoning,
        )


class _StreamOptions(BaseModel):
    include_usage: bool = False


class WireRequest(BaseModel):
    """A request for one reply. Sampling parameters are the served model's own business."""

    model: str = ""
    messages: list[WireMessage] = Field(min_length=1)
    tools: list[ToolSchema] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = Field(None, le=1)


def message_to_wire(message: Message) -> JsonObject:
    """A message in request shape. Reasoning is not sent back: many servers refuse the field."""
    wire: JsonObject = {"role": message.role.value, "content": message.content}
    if message.tool_calls:
        wire["tool_calls"] = list[JsonValue](calls_to_wire(message.tool_calls))
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def message_json(message: Message) -> bytes:
    """`message_to_wire` as JSON."""
    text = json.dumps(message_to_wire(message), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")


def request_json(head: JsonObject, messages: Sequence[Message], tools: bytes | None) -> bytes:
    """A whole request, put together from its pieces."""
    parts = [json.dumps(head, ensure_ascii=False).encode()[:-1]]
    if tools is not None:
        parts += [b', "tools": ', tools]
    if isinstance(messages, EncodedOnce):
        said = messages.encoded(message_json)
    else:
        said = b", ".join(map(message_json, messages))
    return b"".join([*parts, b', "messages": [', said, b"]}"])


def calls_to_wire(calls: Sequence[ToolRequest]) -> list[JsonObject]:
    """Tool calls in the shape that requests and whole replies share, arguments verbatim."""
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in calls
    ]


def usage_to_wire(usage: Usage) -> JsonObject:
    """Token counts in reply shape."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def _joined(content: str | list[_Part] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    for part in content:
        if part.type != "text":
            raise ValueError(f"content of type {part.type!r} is not supported, only text")
    return "".join(part.text for part in content)
