"""Turns that run in one process compute one after the other, each a whole step at a time.

Agents whose model takes the same time wake in the same instant. Were their steps interleaved, all
of them would be done at the end of the burst, and wake together again: each would wait for all the
others at every step. Finished in order they fall out of step, and hardly wait any more.

A turn is inside while it computes and outside while it waits for something. Nothing that depends
on another turn may be waited for inside: a model, a tool, a person, a sandbox.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from weakref import WeakValueDictionary

_WIDTH = 2
"""How many turns are inside. One would do, but for what LangGraph may wait for by itself."""


class _Visit:
    """One turn at the gate; parts of it may be outside at the same time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._gate = _gates.get(loop) or _gates.setdefault(loop, asyncio.Semaphore(_WIDTH))
        self._away = 0
        self._held = self._ended = False
        self._going: asyncio.Handle | None = None

    @property
    def _settled(self) -> bool:
        return self._held or self._ended or self._away > 0

    async def take(self) -> None:
        """Wait for a place, unless there is one or none is needed."""
        if self._settled:
            return
        await self._gate.acquire()
        if self._settled:  # meanwhile another part came back first, went out, or ended the turn
            self._gate.release()
        else:
            self._held = True

    def leave(self) -> None:
        """Give the place back, if what is waited for is not there within this tick of the loop."""
        self._away += 1
        if self._held and self._going is None:
            self._going = self.loop.call_soon(self._give_back)

    def come_back(self) -> None:
        """A part is no longer outside; it has to `take` the place again."""
        self._away -= 1
        if self._away == 0 and self._going:
            self._going.cancel()
            self._going = None

    def end(self) -> None:
        """The turn is over; what it has left running takes no place."""
        self._ended = True
        if self._going:
            self._going.cancel()
        self._give_back()

    def _give_back(self) -> None:
        self._going = None
        if self._held:
            self._held = False
            self._gate.release()


# A gate lives as long as its visits: it knows its loop, which must not be kept for its sake.
_gates: WeakValueDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakValueDictionary()
_current: ContextVar[_Visit | None] = ContextVar("graph_agents_turnstile", default=None)


@asynccontextmanager
async def inside() -> AsyncGenerator[None]:
    """Run a turn; it waits for its place first."""
    visit = _Visit(asyncio.get_running_loop())
    await visit.take()
    token = _current.set(visit)
    try:
        yield
    finally:
        _current.reset(token)
        visit.end()


@asynccontextmanager
async def outside() -> AsyncGenerator[None]:
    """Wait for something within a turn, while others compute; afterwards it is the last in line.

    Where the wait fails or is cancelled there is no standing in line: the turn is about to end, or
    to wait again. Without a turn this does nothing.
    """
    visit = _current.get()
    if visit is None or visit.loop is not asyncio.get_running_loop():
        yield
        return
    visit.leave()
    try:
        yield
    finally:
        visit.come_back()
    await visit.take()
