"""What happens during a run, as it happens: for a terminal, a journal, a progress bar.

Whatever runs inside a turn may report with `emit`, wherever it stands: who listens is a matter of
the context, so a model that retries and a tool that streams need nothing handed to them.
"""

import contextlib
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from pydantic import JsonValue

from clawgym.model import ToolRequest, Usage
from graph_agents.approval import ApprovalDecision, ApprovalRequest


class StopReason(StrEnum):
    """Why a run ended. Only `done` means that the agent itself says it has finished."""

    DONE = "done"
    LENGTH = "length"
    """The last reply was cut off by the model's output limit."""
    EMPTY_REPLY = "empty_reply"
    """The model said nothing and called nothing, twice in a row."""
    MAX_TURNS = "max_turns"
    MAX_TOOL_CALLS = "max_tool_calls"
    TIME = "time"
    BUDGET = "budget"
    MODEL_FAILED = "model_failed"
    SANDBOX_FAILED = "sandbox_failed"
    INTERRUPTED = "interrupted"
    """The user stopped it; what the model wanted to call next was not called."""
    LOOP = "loop"
    """The same calls came again and again, after warnings."""
    CONTEXT = "context"
    """The conversation no longer fits into the model's window, and could not be made to."""
    APPROVAL = "approval"
    """It waits for a person's answer; resume with it."""


@dataclass(frozen=True)
class TurnStarted:
    """A user message was taken up; turns of a session count from 1."""

    turn: int
    prompt: str


@dataclass(frozen=True)
class TextDelta:
    """A piece of the reply that is being written."""

    text: str


@dataclass(frozen=True)
class ReasoningDelta:
    """A piece of what the model thinks aloud."""

    text: str


@dataclass(frozen=True)
class ModelReplied:
    """A whole reply of the model."""

    message: AIMessage


@dataclass(frozen=True)
class Nudged:
    """The agent asked the model to go on, after an empty reply."""

    message: HumanMessage


@dataclass(frozen=True)
class ToolStarted:
    """A tool is about to run."""

    call: ToolRequest


@dataclass(frozen=True)
class ToolOutput:
    """A piece of what a running tool puts out."""

    call: ToolRequest
    text: str


@dataclass(frozen=True)
class ToolEnded:
    """A tool has answered; `message.status` says whether with an error.

    `again`: the answer is kept from before an interruption, and nothing has run now.
    """

    call: ToolRequest
    message: ToolMessage
    again: bool = False


@dataclass(frozen=True)
class ApprovalAsked:
    """A call waits for a person."""

    request: ApprovalRequest


@dataclass(frozen=True)
class ApprovalDecided:
    """A person has answered."""

    request: ApprovalRequest
    decision: ApprovalDecision


@dataclass(frozen=True)
class SkillActivated:
    """A skill is in use; `digest` says which bytes of it."""

    name: str
    digest: str


@dataclass(frozen=True)
class FilesChanged:
    """A call changed files; `diff` is unified, for people."""

    call: ToolRequest
    diff: str


@dataclass(frozen=True)
class Compacted:
    """The conversation was summarised; its tokens before and after."""

    before: int
    after: int


@dataclass(frozen=True)
class Charged:
    """A model was paid for something beside replies: a summary, or the notes before one."""

    usage: Usage
    model: str


@dataclass(frozen=True)
class Offloaded:
    """A large result went to a file of the workspace."""

    call: ToolRequest
    path: str


@dataclass(frozen=True)
class Retried:
    """Something failed in a way that may pass and is tried again after `delay` seconds."""

    what: str
    why: str
    delay: float


@dataclass(frozen=True)
class FellBack:
    """Another model goes on."""

    failed: str
    to: str


@dataclass(frozen=True)
class LoopSeen:
    """The agent repeats itself; `stop` says that it has been warned enough."""

    pattern: str
    stop: bool = False


@dataclass(frozen=True)
class BudgetSeen:
    """A limit is reached: `kind` is `tokens`, `money`, `seconds` or `calls`."""

    kind: str
    used: float
    limit: float


@dataclass(frozen=True)
class Steered:
    """A message of the user was taken into the running turn."""

    text: str


@dataclass(frozen=True)
class Subagent:
    """Something happened inside an agent that this one started."""

    name: str
    event: "AgentEvent"


@dataclass(frozen=True)
class TurnEnded:
    """The turn is over. `cost` is in US dollars, None where the price is unknown.

    `error` says in words what failed, for the reasons that are failures.
    """

    reason: StopReason
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    error: str | None = None


AgentEvent = (
    TurnStarted
    | TextDelta
    | ReasoningDelta
    | ModelReplied
    | Nudged
    | ToolStarted
    | ToolOutput
    | ToolEnded
    | ApprovalAsked
    | ApprovalDecided
    | SkillActivated
    | FilesChanged
    | Compacted
    | Charged
    | Offloaded
    | Retried
    | FellBack
    | LoopSeen
    | BudgetSeen
    | Steered
    | Subagent
    | TurnEnded
)
OnEvent = Callable[[AgentEvent], None]

_listener: ContextVar[OnEvent | None] = ContextVar("graph_agents_listener", default=None)


def emit(event: AgentEvent) -> None:
    """Tell whoever listens in this context; nobody may."""
    listener = _listener.get()
    if listener is not None:
        listener(event)


def listener() -> OnEvent | None:
    """Who listens in this context."""
    return _listener.get()


@contextlib.contextmanager
def listening(on_event: OnEvent) -> Generator[None]:
    """Events of this block, and of the tasks that it starts, go to `on_event`."""
    token = _listener.set(on_event)
    try:
        yield
    finally:
        _listener.reset(token)


def event_json(event: AgentEvent) -> dict[str, JsonValue]:
    """The event for a program: `type` is the class's name in snake case, then its fields."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    return {"type": kind, **_fields(event)}


def _fields(value: object) -> dict[str, JsonValue]:
    assert is_dataclass(value)
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


def _plain(value: object) -> JsonValue:
    match value:
        case BaseMessage():
            plain = _message(value)
        case StrEnum():
            plain = value.value
        case None | str() | int() | float():
            plain = value
        case Mapping():
            items = cast("Mapping[object, object]", value)
            plain = {str(key): _plain(item) for key, item in items.items()}
        case list() | tuple():
            plain = [_plain(part) for part in cast("Sequence[object]", value)]
        case _ if isinstance(value, AgentEvent):
            plain = event_json(value)
        case _:
            plain = _fields(value)
    return plain


def _message(message: BaseMessage) -> JsonValue:
    plain: dict[str, JsonValue] = {"role": message.type, "content": str(message.text)}
    if isinstance(message, ToolMessage):
        plain |= {"tool_call_id": message.tool_call_id, "status": message.status}
    if isinstance(message, AIMessage) and message.tool_calls:
        plain["tool_calls"] = [
            {"id": call["id"], "name": call["name"], "arguments": call["args"]}
            for call in message.tool_calls
        ]
    return plain
