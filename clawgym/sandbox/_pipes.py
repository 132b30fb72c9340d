"""The two output pipes of a command that somebody else starts for us."""

import asyncio
import os
import time
from typing import Self

from clawgym.sandbox._process import Kept

_LEFTOVER_SECONDS = 0.05
"""How long to wait for output when the command is over but something holds its pipe open."""

_PIECE = 1 << 16


class OutputPipes:
    """Collects stdout and stderr, bounded, until both are closed."""

    def __init__(self, limit: int) -> None:
        self.stdout, self.stderr = Kept(limit), Kept(limit)
        self._loop = asyncio.get_running_loop()
        self._started = time.monotonic()
        self._open: dict[int, Kept] = {}
        self._theirs: list[int] = []
        self._all_closed: asyncio.Future[None] = self._loop.create_future()
        for kept in (self.stdout, self.stderr):
            ours, theirs = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(ours, False)
            self._open[ours] = kept
            self._theirs.append(theirs)
            self._loop.add_reader(ours, self._read, ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in list(self._open):
            self._close(descriptor)
        self._close_theirs()

    @property
    def seconds(self) -> float:
        """How long ago the pipes were made."""
        return time.monotonic() - self._started

    def give_away(self) -> list[int]:
        """The writing ends; they are closed here on the next turn, once they have been sent."""
        self._loop.call_soon(self._close_theirs)
        return self._theirs

    async def drain(self) -> None:
        """Take what is left. A background process may hold the pipe: that is not waited for."""
        self._close_theirs()
        for descriptor in list(self._open):
            self._read(descriptor)
        if self._open:
            await asyncio.wait({self._all_closed}, timeout=_LEFTOVER_SECONDS)

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return
        if data:
            self._open[descriptor].feed(data)
        else:
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        self._loop.remove_reader(descriptor)
        del self._open[descriptor]
        os.close(descriptor)
        if not self._open and not self._all_closed.done():
            self._all_closed.set_result(None)

    def _close_theirs(self) -> None:
        for descriptor in self._theirs:
            os.close(descriptor)
        self._theirs = []
