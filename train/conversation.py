"""ATIF trajectories as the conversations that chat templates and trainers speak."""

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Literal, NotRequired, TypedDict

from clawgym.model import Message, Role, ToolRequest
from clawgym.trajectory import ObservationResult, Step, ToolCall, Trajectory

_ROLES = {"system": Role.SYSTEM, "user": Role.USER, "agent": Role.ASSISTANT}


class FunctionRow(TypedDict):
    """The function part of a call; `arguments` is JSON text."""

    name: str
    arguments: str


class ToolCallRow(TypedDict):
    """One call in OpenAI shape."""

    id: str
    type: Literal["function"]
    function: FunctionRow


class MessageRow(TypedDict):
    """One message in OpenAI shape, with the `reasoning_content` of open reasoning models."""

    role: str
    content: str
    reasoning_content: NotRequired[str]
    tool_calls: NotRequired[list[ToolCallRow]]
    tool_call_id: NotRequired[str]


def messages_of(trajectory: Trajectory) -> list[Message]:
    """The whole conversation of a trajectory, in order, with nothing left out.

    Each step is one message, followed by one message for each thing that was observed: a tool
    message where it answers a call, a user message where it answers none.
    """
    return [message for step in trajectory.steps for message in _messages_of_step(step)]


def message_row(message: Message) -> MessageRow:
    """The message in OpenAI shape; fields that say nothing are absent, never null.

    Call arguments stay JSON text: as objects, Arrow would give every call the union of all
    tools' arguments, padded with nulls that a template then shows to the model.
    """
    row = MessageRow(role=message.role.value, content=message.content)
    if message.reasoning:
        row["reasoning_content"] = message.reasoning
    if message.tool_calls:
        row["tool_calls"] = [
            ToolCallRow(
                id=call.id,
                type="function",
                function=FunctionRow(name=call.name, arguments=call.arguments),
            )
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        row["tool_call_id"] = message.tool_call_id
    return row


def chat_template() -> str:
    """The Jinja text of our one chat template; it needs the `generation` tag of transformers."""
    return files("train").joinpath("templates/chat.jinja").read_text()


def turn_roles(messages: Sequence[Message]) -> list[Role]:
    """Who speaks in each turn that the template renders for a conversation with tools.

    The tool schemas make a system turn even where no system message does, and a run of tool
    messages is one user turn.
    """
    roles = [] if messages and messages[0].role is Role.SYSTEM else [Role.SYSTEM]
    for position, message in enumerate(messages):
        if message.role is not Role.TOOL:
            roles.append(message.role)
        elif position == 0 or messages[position - 1].role is not Role.TOOL:
            roles.append(Role.USER)
    return roles


def malformed_calls(messages: Sequence[Message]) -> list[str]:
    """The argument texts that are no JSON object."""
    texts = [call.arguments for message in messages for call in message.tool_calls]
    return [text for text in texts if not _is_json_object(text)]


def unanswered_calls(messages: Sequence[Message]) -> list[str]:
    """The ids of calls that no tool message answers before the agent speaks again."""
    unanswered: list[str] = []
    pending: list[str] = []
    for message in messages:
        if message.role is Role.ASSISTANT:
            unanswered += pending
            pending = [call.id for call in message.tool_calls]
        elif message.tool_call_id in pending:
            pending.remove(message.tool_call_id)
    return unanswered + pending


def _messages_of_step(step: Step) -> Iterator[Message]:
    calls = tuple(
        ToolRequest(call.tool_call_id, call.function_name, _arguments(call))
        for call in step.tool_calls or []
    )
    yield Message(
        _ROLES[step.source], step.message, tool_calls=calls, reasoning=step.reasoning_content
    )
    for result in step.observation.results if step.observation else []:
        yield _observed(result)


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except json.JSONDecodeError:
        return False


def _arguments(call: ToolCall) -> str:
    """JSON text; where our recorder could not parse it, the very text that the model wrote."""
    raw = (call.extra or {}).get("raw_arguments")
    return raw if isinstance(raw, str) else json.dumps(call.arguments, ensure_ascii=False)


def _observed(result: ObservationResult) -> Message:
    content = result.content or ""
    if result.source_call_id is None:
        return Message(Role.USER, content)
    return Message(Role.TOOL, content, tool_call_id=result.source_call_id)
