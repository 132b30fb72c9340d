"""Between LangChain's messages, which the graph's state holds, and whatever model answers them.

A model is either our `ChatModel` or any LangChain `BaseChatModel`. Ours is called directly: going
through LangChain's runnable machinery would cost as much CPU as the rest of the step.
"""

import json
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypedDict, TypeVar, cast

from langchain_core.callbacks import BaseCallbackHandler, Callbacks
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
from langchain_core.outputs import LLMResult
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
from graph_agents.common_part import CommonPart

AnyChatModel = ChatModel | BaseChatModel


class Shown(Protocol):
    """A conversation in both shapes, of which each model wants one."""

    def shown(self) -> list[BaseMessage]:
        """LangChain's messages."""
        ...

    def wire(self, system: str) -> Sequence[Message]:
        """Our own, after a system prompt."""
        ...


MessageT = TypeVar("MessageT", bound=BaseMessage)

Respond = Callable[[str, Shown, OnDelta | None], Coroutine[Any, Any, AIMessage]]
"""Answers a system prompt and a conversation; streams when there is someone to stream to."""


_REPLY_FIELDS = {
    "content",
    "id",
    "type",
    "additional_kwargs",
    "tool_calls",
    "invalid_tool_calls",
    "usage_metadata",
    "response_metadata",
}
_ANSWER_FIELDS = {"content", "id", "type", "tool_call_id", "name", "status"}


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

    offered = tuple(tools)

    async def respond(system: str, shown: Shown, on_delta: OnDelta | None) -> AIMessage:
        conversation = shown.wire(system)
        return from_reply(await model.complete(conversation, offered, on_delta=on_delta))

    return respond


def metered(model: AnyChatModel, spent: Callable[[Usage], None]) -> AnyChatModel:
    """The same model, which says after each answer what it has cost."""
    if not isinstance(model, BaseChatModel):
        return _Metered(model, spent)
    return model.model_copy(update={"callbacks": _with(_Meter(spent), model.callbacks)})


def _with(meter: BaseCallbackHandler, callbacks: Callbacks) -> Callbacks:
    """The callbacks and the meter, in the shape in which they were given."""
    if callbacks is None or isinstance(callbacks, list):
        return [*(callbacks or ()), meter]
    metering = callbacks.copy()
    metering.add_handler(meter)
    return metering


class _Metered:
    def __init__(self, model: ChatModel, spent: Callable[[Usage], None]) -> None:
        self.name = model.name
        self._model, self._spent = model, spent

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        reply = await self._model.complete(messages, tools, on_delta=on_delta)
        self._spent(reply.usage)
        return reply


class _Meter(BaseCallbackHandler):
    def __init__(self, spent: Callable[[Usage], None]) -> None:
        self._spent = spent

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:  # noqa: ANN401
        for generation in (each for several in response.generations for each in several):
            message = getattr(generation, "message", None)
            if isinstance(message, AIMessage):
                self._spent(usage_of(message))


def _langchain_responder(model: BaseChatModel, tools: Sequence[ToolSchema]) -> Respond:
    bound = model.bind_tools(tools) if tools else model

    async def respond(system: str, shown: Shown, on_delta: OnDelta | None) -> AIMessage:
        messages = [SystemMessage(system), *shown.shown()]
        try:
            if on_delta is None:
                return await bound.ainvoke(messages)
            whole: AIMessageChunk | None = None
            async for chunk in bound.astream(messages):
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


def storable(text: str) -> str:
    """The text, in which halves of surrogate pairs are replaced: no file could hold them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def from_reply(reply: ChatReply) -> AIMessage:
    """A reply as LangChain's message.

    The calls stand in it parsed, and verbatim beside that where the parsed ones do not tell how
    the model wrote them: an agent keeps thousands of these.
    """
    extra: dict[str, object] = {}
    calls = [
        ToolRequest(storable(call.id), storable(call.name), storable(call.arguments))
        for call in reply.message.tool_calls
    ]
    valid, invalid = parsed_calls(calls)
    if _requests(valid, invalid) != tuple(calls):
        extra["tool_calls"] = [_raw(call) for call in calls]
    if reply.message.reasoning is not None:
        extra["reasoning_content"] = storable(reply.message.reasoning)
    return _made(
        AIMessage,
        _REPLY_FIELDS,
        content=storable(reply.message.content),
        additional_kwargs=extra,
        tool_calls=valid.copy(),  # without the room that it has for more
        invalid_tool_calls=invalid,
        usage_metadata=_usage_metadata(reply.usage),
        response_metadata=_ending(reply.finish_reason, reply.model),
    )


@lru_cache
def _ending(reason: str, model: str) -> CommonPart:
    return CommonPart(finish_reason=reason, model_name=model)


_NOTHING = CommonPart()


def answer_to(call: ToolRequest, text: str, *, is_error: bool, id: str) -> ToolMessage:
    """The answer to a call as LangChain's message."""
    return _made(
        ToolMessage,
        _ANSWER_FIELDS,
        content=storable(text),
        tool_call_id=call.id,
        name=call.name,
        status="error" if is_error else "success",
        id=id,
        response_metadata=_NOTHING,
    )


def _made(kind: type[MessageT], fields: set[str], **values: object) -> MessageT:
    """A message that is not validated: what stands in it was made here.

    An agent keeps thousands of them. Of its own each would have the set of its fields, 0.7 KiB, and
    the dictionary that these values come in, 0.3 KiB.
    """
    message = kind.model_construct(_fields_set=fields, **values)
    message.__pydantic_extra__ = _NOTHING
    return message


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
    return _requests(message.tool_calls, message.invalid_tool_calls)


def _requests(
    valid: Sequence[ToolCall], invalid: Sequence[InvalidToolCall]
) -> tuple[ToolRequest, ...]:
    told = [
        ToolRequest(call["id"] or f"call_{position}", call["name"], json.dumps(call["args"]))
        for position, call in enumerate(valid)
    ]
    junk = [
        ToolRequest(call["id"] or f"bad_{position}", call["name"] or "", call["args"] or "")
        for position, call in enumerate(invalid)
    ]
    return (*told, *junk)


def reasoning_of(message: AIMessage) -> str | None:
    """What the model thought aloud, where it was sent."""
    reasoning = message.additional_kwargs.get("reasoning_content")
    return reasoning if isinstance(reasoning, str) else None


def redacted(message: AIMessage, redact: Callable[[str], str]) -> AIMessage:
    """A reply without the values of secrets, in its text, its reasoning and its calls."""
    reasoning = reasoning_of(message)
    calls = tool_requests(message)
    clean = Message(
        Role.ASSISTANT,
        redact(str(message.text)),
        tuple(ToolRequest(call.id, call.name, redact(call.arguments)) for call in calls),
        reasoning=None if reasoning is None else redact(reasoning),
    )
    if clean == Message(Role.ASSISTANT, str(message.text), calls, reasoning=reasoning):
        return message
    made = from_reply(ChatReply(clean, usage_of(message)))
    made.response_metadata = message.response_metadata
    return made


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
    if not isinstance(value, dict):
        return None
    return {sys.intern(name): each for name, each in value.items()}  # thousands of calls share them


def _raw(call: ToolRequest) -> _RawCall:
    function = _RawFunction(name=call.name, arguments=call.arguments)
    return _RawCall(id=call.id, type="function", function=function)


def parsed_calls(
    calls: Sequence[ToolRequest],
) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """Calls in LangChain's shape: those whose arguments are a JSON object, and the others."""
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


def _usage_metadata(usage: Usage) -> UsageMetadata | None:
    if usage == Usage():  # nobody has counted
        return None
    counted = UsageMetadata(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
    )
    if usage.cached_tokens:
        counted["input_token_details"] = {"cache_read": usage.cached_tokens}
    return counted
