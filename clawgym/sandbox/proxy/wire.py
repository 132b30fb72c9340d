"""Moving bytes between two sockets: at most one piece in hand, so that memory stays flat."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress

PIECE = 128 * 1024
"""Bytes that are taken from a socket at once."""

_LINGER_SECONDS = 2.0
_LINGER_BYTES = 16 * 1024 * 1024


class BudgetSpentError(Exception):
    """The box has moved as many bytes as it may."""


class Wire:
    """A connected stream socket on the running event loop."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        if sock.family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._held = b""

    async def receive(self) -> bytes:
        """What comes next; empty when the other side has finished."""
        if self._held:
            held, self._held = self._held, b""
            return held
        return await self._loop.sock_recv(self._socket, PIECE)

    def put_back(self, data: bytes) -> None:
        """Have `data` received again, before anything else."""
        self._held = data + self._held

    async def send(self, data: bytes) -> None:
        """Send all of it, waiting for the other side to take it."""
        if data:
            await self._loop.sock_sendall(self._socket, data)

    def finish(self) -> None:
        """Say that nothing more will be sent; receiving goes on."""
        with suppress(OSError):  # the other side may be gone, which is as good
            self._socket.shutdown(socket.SHUT_WR)

    async def part(self) -> None:
        """Close so that what was sent arrives, even if the other side is still talking.

        Closing a socket with unread bytes makes the kernel throw away what is on its way.
        """
        self.finish()
        left = _LINGER_BYTES
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while left > 0 and (data := await self.receive()):
                    left -= len(data)
        self.close()

    def abort(self) -> None:
        """Close with a reset: what was cut short must not look complete."""
        with suppress(OSError):
            self._socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", True, False)
            )
        self.close()

    def close(self) -> None:
        """Close it. Closing twice is fine."""
        self._socket.close()


class Budget:
    """The bytes that all connections of a box together may still move."""

    def __init__(self, bytes_left: int) -> None:
        self.bytes_left = bytes_left

    def take(self, count: int) -> None:
        """Spend some.

        Raises:
            BudgetSpentError: there are not that many left.
        """
        if count > self.bytes_left:
            self.bytes_left = 0
            raise BudgetSpentError
        self.bytes_left -= count


class Flow:
    """Counts one exchange's bytes in each direction, and ends it when none move for too long."""

    def __init__(self, budget: Budget, idle_seconds: float) -> None:
        self.up = 0
        self.down = 0
        self._budget = budget
        self._idle = idle_seconds
        self._clock = asyncio.timeout(None)
        self._moved_at = 0.0

    async def watch(self, work: Coroutine[object, object, None]) -> None:
        """Await the work.

        Raises:
            TimeoutError: nothing was counted for the idle time.
        """
        async with asyncio.timeout(None) as self._clock:
            self._push()
            await work

    def went_up(self, count: int) -> None:
        """Count bytes from the box. Raises BudgetSpentError."""
        self.up += count
        self._moved(count)

    def came_down(self, count: int) -> None:
        """Count bytes to the box. Raises BudgetSpentError."""
        self.down += count
        self._moved(count)

    def _moved(self, count: int) -> None:
        self._budget.take(count)
        # Setting the clock costs more than counting: an eighth of the time is close enough.
        if asyncio.get_running_loop().time() - self._moved_at > self._idle / 8:
            self._push()

    def _push(self) -> None:
        self._moved_at = asyncio.get_running_loop().time()
        self._clock.reschedule(self._moved_at + self._idle)


async def join(client: Wire, upstream: Wire, flow: Flow) -> None:
    """Carry bytes both ways until both sides have finished; each may finish before the other.

    Raises:
        OSError: a side broke off, or nothing moved for too long.
        BudgetSpentError: the box has moved as many bytes as it may.
    """
    await flow.watch(_carry_both_ways(client, upstream, flow))


async def _carry_both_ways(client: Wire, upstream: Wire, flow: Flow) -> None:
    tasks = (
        asyncio.ensure_future(_pump(client, upstream, flow.went_up)),
        asyncio.ensure_future(_pump(upstream, client, flow.came_down)),
    )
    try:
        await asyncio.gather(*tasks)
    finally:
        await _stop(*tasks)


async def beside(
    main: Coroutine[object, object, None], helper: Coroutine[object, object, None]
) -> None:
    """Run both until `main` is done or one of them fails; then neither goes on."""
    tasks = leading, helping = asyncio.ensure_future(main), asyncio.ensure_future(helper)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not leading.done():
            await helping
        await leading
    finally:
        await _stop(*tasks)


async def _stop(*tasks: asyncio.Future[None]) -> None:
    """Cancel what still runs, and wait until it is gone."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: Wire, sink: Wire, moved: Callable[[int], None]) -> None:
    while data := await source.receive():
        moved(len(data))
        await sink.send(data)
        # Two fast sockets never make us wait, and everybody else on the loop would.
        await asyncio.sleep(0)
    sink.finish()
