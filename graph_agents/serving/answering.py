"""One turn of the agent as an answer, in pieces.

Everything that the agent says in the turn is the answer, with a blank line between what it said
before and after using tools. What its tools do is not sent: the client could not tell it from text.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus

from clawgym.model import Usage
from graph_agents.events import (
    AgentEvent,
    ModelReplied,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TurnEnded,
)
from graph_agents.serving.shapes import ApiError

_FAILURES = {StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED, StopReason.CONTEXT}


@dataclass(frozen=True)
class Said:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class Thought:
    """A piece of what the model thinks aloud."""

    text: str


@dataclass(frozen=True)
class Finished:
    """The end: OpenAI's word for it, and the tokens of the whole turn."""

    reason: str
    usage: Usage


Piece = Said | Thought | Finished


async def answer(events: AsyncGenerator[AgentEvent]) -> AsyncGenerator[Piece]:
    """The pieces of a turn's answer; closing it cancels the turn.

    Raises:
        ApiError: the model or the sandbox failed.
    """
    said, parted = False, False
    async with aclosing(events) as turn:
        async for event in turn:
            match event:
                case TextDelta(text) if text:
                    yield Said(f"\n\n{text}" if parted else text)
                    said, parted = True, False
                case ReasoningDelta(text) if text:
                    yield Thought(text)
                case ModelReplied():
                    parted = said
                case TurnEnded():
                    for piece in _ending(event, said):
                        yield piece
                case _:
                    pass


def _ending(ended: TurnEnded, said: bool) -> list[Piece]:
    if ended.reason in _FAILURES:
        raise ApiError(
            ended.error or f"the turn ended: {ended.reason.value}",
            status=HTTPStatus.BAD_GATEWAY,
            kind="upstream_error",
            code=ended.reason.value,
        )
    if ended.reason is StopReason.DONE:
        return [Finished("stop", ended.usage)]
    why = f": {ended.error}" if ended.error else ""
    note = f"(The agent stopped before it was done: {ended.reason.value}{why}.)"
    return [Said(f"\n\n{note}" if said else note), Finished("length", ended.usage)]
