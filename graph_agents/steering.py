"""What a user says to a turn that is running: go another way, or stop."""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")

_current: ContextVar["Steering | None"] = ContextVar("graph_agents_steering", default=None)


class Steering:
    """One turn's way to be spoken to. The engine looks here between its steps."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._asking: asyncio.Task[Any] | None = None
        self.interrupted = False

    def say(self, text: str) -> None:
        """Leave a message for the next call of the model."""
        self._said.append(text)

    def taken(self) -> list[str]:
        """The messages that were left, which are thereby taken."""
        said, self._said = self._said, []
        return said

    @property
    def waiting(self) -> bool:
        """Whether a message was left and not taken."""
        return bool(self._said)

    def interrupt(self) -> None:
        """Stop: a reply that is being written is cut off, a running call is waited for."""
        self.interrupted = True
        if self._asking:
            self._asking.cancel()

    async def asking(self, reply: Coroutine[Any, Any, ResultT]) -> ResultT | None:
        """Wait for a reply of the model; None if it was cut off."""
        if self.interrupted:
            reply.close()
            return None
        task = self._asking = asyncio.ensure_future(reply)
        try:
            return await task
        except asyncio.CancelledError:
            if self.interrupted and task.cancelled():
                return None
            task.cancel()
            raise
        finally:
            self._asking = None


def steering() -> Steering | None:
    """How the turn of this context is spoken to, if it can be."""
    return _current.get()


@contextmanager
def steered_by(steering: Steering) -> Generator[None]:
    """Turns of this block are spoken to through `steering`."""
    token = _current.set(steering)
    try:
        yield
    finally:
        _current.reset(token)
