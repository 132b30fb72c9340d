"""One started container, as the daemon sees it."""

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

from clawgym.sandbox.docker.api import Daemon

_T = TypeVar("_T")
_THREADS = 32


@dataclass(frozen=True)
class Container:
    """How to reach it: `descriptor` is attached to its process 1, and the caller's to close."""

    daemon: Daemon
    id: str
    created: float
    descriptor: int
    environment: Mapping[str, str]

    async def removal(self) -> None:
        """Wait until a container whose descriptor is closed is gone.

        Raises:
            SandboxError: it does not end, or the daemon does not answer.
        """
        await in_thread(partial(self.daemon.await_removal, self.id))

    async def fate(self) -> str:
        """Why the container has ended.

        Raises:
            SandboxError: the daemon does not answer.
        """
        await self.removal()
        history = await in_thread(partial(self.daemon.history, self.id, self.created))
        events = {event["Action"]: event for event in history}
        if "die" not in events:
            return "the daemon does not say why"
        code = events["die"]["Actor"]["Attributes"].get("exitCode", "unknown")
        if "kill" in events:
            return f"it was killed from outside (exit code {code})"
        if "oom" in events:
            return "it ran out of memory; raise Limits.memory_bytes"
        return f"process 1 stopped (exit code {code})"


async def in_thread(function: Callable[[], _T]) -> _T:
    """Call something that waits for the daemon."""
    return await asyncio.get_running_loop().run_in_executor(_threads(os.getpid()), function)


@cache
def _threads(_process: int) -> ThreadPoolExecutor:
    """Threads are not inherited by a forked child, which has to have its own."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="docker")
