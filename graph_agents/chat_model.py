"""Between LangChain's messages, which the graph's state holds, and whatever model answers them.

A model is either our `ChatModel` or any LangChain `BaseChatModel`. Ours is called directly: going
through LangChain's runnable machinery would cost as much CPU as the rest of the step.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TypedDict, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    message_chunk_to_message,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.content import InvalidToolCall
from langchain_core.messages.tool import ToolCall
from pydantic import JsonValue

from clawgym.errors import ClawGymError, ProviderError
from clawgym.model import (
    ChatModel,
    ChatReply,
    Message,
    OnDelta,
    Role,
    ToolRequest,
    ToolSchema,
    Usage,
)

AnyChatModel = ChatModel | BaseChatModel

Respond = Callable[[Sequence[BaseMessage], OnDelta | None], Awaitable[AIMessage]]
"""Answers a conversation; streams when there is someone to stream to."""


class _RawFunction(TypedDict):
    name: str
    arguments: str


class _RawCall(TypedDict):
    id: str
    type: str
    function: _RawFunction


def model_name(model: AnyChatModel) -> str:
    """The id to record for a model."""
    if not isinstance(model, BaseChatModel):
        return model.name
    named = getattr(model, "model_name", None) or getattr(model, "model", None)
    return str(named or type(model).__name__)


def responder(model: AnyChatModel, tools: Sequence[ToolSchema]) -> Respond:
    """Bind a model to its tools.

    The function that comes back raises `ProviderError` when the model fails, and
    `BudgetExceededError` when a limit of the user's is reached.
    """
    if isinstance(model, BaseChatModel):
        return _langchain_responder(model, tools)

    async def respond(messages: Sequence[BaseMessage], on_delta: OnDelta | None) -> AIMessage:
        conversation = [to_message(message) for message in messages]
        return from_reply(await model.complete(conversation, tools, on_delta=on_delta))

    return respond


def _langchain_responder(model: BaseChatModel, tools: Sequence[ToolSchema]) -> Respond:
    bound = model.bind_tools(tools) if tools else model

    async def respond(messages: Sequence[BaseMessage], on_delta: OnDelta | None) -> AIMessage:
        try:
            if on_delta is None:
                return await bound.ainvoke(list(messages))
            whole: AIMessageChunk | None = None
            async for chunk in bound.astream(list(messages)):
                assert isinstance(chunk, AIMessageChunk)
                whole = chunk if whole is None else whole + chunk
                if text := str(chunk.text):
                    on_delta(text)
        except ClawGymError:
            raise
        except Exception as error:
            # Every provider package has exceptions of its own, with no base in common.
            raise ProviderError(f"model {model_name(model)!r} failed: {error}") from error
        if whole is None:
            raise ProviderError(f"model {model_name(model)!r} sent an empty stream; try again")
        return cast("AIMessage", message_chunk_to_message(whole))

    return respond


def from_reply(reply: ChatReply) -> AIMessage:
    """A reply as LangChain's message; the calls stand in it parsed, and verbatim beside that."""
    extra: dict[str, object] = {}
    if reply.message.tool_calls:
        extra["tool_calls"] = [_raw(call) for call in reply.message.tool_calls]
    if reply.message.reasoning is not None:
        extra["reasoning_content"] = reply.message.reasoning
    valid, invalid = _parsed(reply.message.tool_calls)
    return AIMessage(
        content=reply.message.content,
        additional_kwargs=extra,
        tool_calls=valid,
        invalid_tool_calls=invalid,
        usage_metadata=_usage_metadata(reply.usage),
        response_metadata={"finish_reason": reply.finish_reason, "model_name": reply.model},
    )


def to_message(message: BaseMessage) -> Message:
    """LangChain's message as ours.

    Raises:
        ProviderError: a kind of message that no chat endpoint knows.
    """
    text = message.content if isinstance(message.content, str) else str(message.text)
    match message:
        case AIMessage():
            return Message(
                Role.ASSISTANT, text, tool_requests(message), None, reasoning_of(message)
            )
        case ToolMessage():
            return Message(Role.TOOL, text, tool_call_id=message.tool_call_id)
        case HumanMessage():
            return Message(Role.USER, text)
        case SystemMessage():
            return Message(Role.SYSTEM, text)
        case _:
            raise ProviderError(f"a message of type {message.type!r} cannot be sent to a model")


def tool_requests(message: AIMessage) -> tuple[ToolRequest, ...]:
    """The calls of a reply in their order, with the arguments as the model wrote them."""
    if raw := message.additional_kwargs.get("tool_calls"):
        calls = cast("list[_RawCall]", raw)
        return tuple(
            ToolRequest(call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in calls
        )
    valid = [
        ToolRequest(call["id"] or f"call_{position}", call["name"], json.dumps(call["args"]))
        for position, call in enumerate(message.tool_calls)
    ]
    invalid = [
        ToolRequest(call["id"] or f"bad_{position}", call["name"] or "", call["args"] or "")
        for position, call in enumerate(message.invalid_tool_calls)
    ]
    return (*valid, *invalid)


def reasoning_of(message: AIMessage) -> str | None:
    """What the model thought aloud, where it was sent."""
    reasoning = message.additional_kwargs.get("reasoning_content")
    return reasoning if isinstance(reasoning, str) else None


def usage_of(message: AIMessage) -> Usage:
    """The tokens of the exchange that made a reply; zeros where they were not counted."""
    usage = message.usage_metadata
    if usage is None:
        return Usage()
    cached = usage.get("input_token_details", {}).get("cache_read", 0)
    return Usage(usage["input_tokens"], usage["output_tokens"], cached)


def parse_arguments(raw: str) -> dict[str, JsonValue] | None:
    """The arguments as an object; None where the text is not the JSON of one.

    `NaN`, infinities and half a surrogate pair, which Python's parser lets through, cannot be
    written to a file as JSON again and count as malformed.
    """
    try:
        value = cast("JsonValue", json.loads(raw or "{}"))
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _raw(call: ToolRequest) -> _RawCall:
    function = _RawFunction(name=call.name, arguments=call.arguments)
    return _RawCall(id=call.id, type="function", function=function)


def _parsed(calls: Sequence[ToolRequest]) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    valid: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for call in calls:
        arguments = parse_arguments(call.arguments)
        if arguments is None:
            reason = "the arguments are no JSON object"
            invalid.append(
                InvalidToolCall(
                    type="invalid_tool_call",
                    id=call.id,
                    name=call.name,
                    args=call.arguments,
                    error=reason,
                )
            )
        else:
            valid.append(ToolCall(type="tool_call", id=call.id, name=call.name, args=arguments))
    return valid, invalid


def _usage_metadata(usage: Usage) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        input_token_details={"cache_read": usage.cached_tokens},
    )
