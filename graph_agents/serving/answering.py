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
    FellBack,
    ModelReplied,
    ReasoningDelta,
    Retried,
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
    reply = _Reply()
    async with aclosing(events) as turn:
        async for event in turn:
            match event:
                case TextDelta(text):
                    if more := reply.add(text):
                        yield Said(more)
                case ReasoningDelta(text) if text:
                    yield Thought(text)
                case Retried() | FellBack():
                    reply.begin_anew()
                case ModelReplied():
                    reply.end()
                case TurnEnded():
                    for piece in _ending(event, reply.said):
                        yield piece
                case _:
                    pass


class _Reply:
    """What the client has of the reply that is being written; it cannot be taken back.

    A reply that broke off is asked for again. As long as it says the same as before, nothing is
    sent; where it does not, all of it is, as a paragraph of its own.
    """

    def __init__(self) -> None:
        self.said = False
        self._parted = False
        self._text = self._before = ""

    def add(self, text: str) -> str:
        """What to send for a piece of the reply."""
        self._text += text
        before = self._before
        if before.startswith(self._text):
            return ""
        self._before = ""
        if before and self._text.startswith(before):
            return self._text[len(before) :]
        parted = self._parted or bool(before)
        self._parted, self.said = False, True
        more = self._text if before else text
        return f"\n\n{more}" if parted else more

    def begin_anew(self) -> None:
        """The reply broke off."""
        self._before, self._text = self._before or self._text, ""

    def end(self) -> None:
        """The reply is whole."""
        self._parted, self._text, self._before = self.said, "", ""


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
