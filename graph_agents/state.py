"""What the graph's state holds, and how far one turn may go."""

from dataclasses import dataclass
from typing import Annotated, TypedDict, cast

from langchain_core.messages import AnyMessage, convert_to_messages


@dataclass(frozen=True)
class AgentLimits:
    """How far one answer to one instruction may go.

    A turn is one reply of the model. The calls of the last turn still run; calls beyond
    `max_tool_calls` are answered, but not run. `wall_seconds` is enforced by whoever runs the
    graph: `run_agent` and `AgentSession`.
    """

    max_turns: int = 50
    max_tool_calls: int = 200
    wall_seconds: float | None = None


def _append(left: list[AnyMessage], right: object) -> list[AnyMessage]:
    """Add messages; unlike LangGraph's own reducer it does not search the history for ids."""
    new = cast("list[AnyMessage]", right if isinstance(right, list) else [right])
    return [*left, *cast("list[AnyMessage]", convert_to_messages(new))]


class AgentState(TypedDict, total=False):
    """The conversation without its system prompt, and why the run stopped, once it has.

    `stop_reason` is the value of a `StopReason`: text, which every checkpointer can keep.
    """

    messages: Annotated[list[AnyMessage], _append]
    stop_reason: str | None
