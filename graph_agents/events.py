"""What happens during a run, as it happens: for a terminal, a journal, a progress bar."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from clawgym.model import ToolRequest


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


@dataclass(frozen=True)
class TextDelta:
    """A piece of the reply that is being written."""

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
class ToolEnded:
    """A tool has answered; `message.status` says whether with an error."""

    call: ToolRequest
    message: ToolMessage


AgentEvent = TextDelta | ModelReplied | Nudged | ToolStarted | ToolEnded
OnEvent = Callable[[AgentEvent], None]
