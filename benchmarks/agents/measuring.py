"""What every contender measures, in the same way.

python CONTENDER.py URL STEPS AGENTS DELAY DIRECTORY

Memory is how much more of the process is resident after the agents than before them. Python gives
little back, so that is what they held while they ran, whether they still hold it (ours does) or
not. A short run comes before, which pays for what is loaded once. The model of a crowd is in the
process: what an HTTP client holds of a request is not in the figure.
"""

import asyncio
import contextlib
import gc
import json
import os
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

One = Callable[[str, int, int], Awaitable[int]]
"""Runs one agent with a key, for so many steps; returns how many messages it ended with."""

SAID = "I look further. " * 12
"""What the model says beside each call."""

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def stored(database: Path) -> int:
    """The bytes of a database once its log is folded into it."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size


def arguments() -> tuple[str, int, int, str, Path]:
    url, steps, agents, delay, folder = sys.argv[1:]
    return url, int(steps), int(agents), delay, Path(folder)


async def measured(one: One, database: Path) -> None:
    """Run, and print CPU, wall, memory and file size."""
    _, steps, agents, delay, _ = arguments()
    name = Path(sys.argv[0]).stem
    await one(f"{name}-warm-{os.getpid()}:2:0", 2, -1)
    before, size = resident(), stored(database)
    cpu, wall = time.process_time(), time.perf_counter()
    # A crowd shares one model and one graph, as in real use.
    key = f"{'shared' if agents > 1 else f'{name}-{os.getpid()}'}:{steps}:{delay}"
    messages = await asyncio.gather(*(one(key, steps, i) for i in range(agents)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    result = {
        "cpu_ms": cpu * 1000 / steps / agents,
        "wall_s": wall,
        "kib_each": (resident() - before) / 1024 / agents,
        "bytes": (stored(database) - size) / steps / agents,
        "messages": min(messages),
    }
    print(json.dumps(result))
