"""Where workers run: in this process, in processes of this machine, or on a Ray cluster.

Whatever the executor and the number of workers, results come in the order of the indices.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from itertools import count
from multiprocessing.util import Finalize
from typing import Any, Literal, Protocol

from clawgym.errors import SandboxError, UsageError
from synth.running.station import Drawn, Station, Work

CHUNK = 8
"""Indices that a worker takes at a time."""

_AHEAD = 3
"""Chunks that wait for each worker, so that none is idle while results are written."""

ExecutorName = Literal["local", "ray"]
Batches = Iterator[list[Drawn]]


class Executor(Protocol):
    """A way to have many workers."""

    def proving(self, work: Work, start: int) -> AbstractContextManager[Batches, bool | None]:
        """Endless batches from index `start` on, in order; workers end with the block.

        Raises:
            SandboxError: a worker died, or its sandbox does not work.
        """
        ...


def open_executor(name: ExecutorName, workers: int) -> Executor:
    """The executor of that name.

    Raises:
        UsageError: it needs a package that is not installed.
    """
    if name == "local":
        return LocalExecutor(workers)
    if find_spec("ray") is None:
        raise UsageError(
            "--executor ray needs the package ray, which the base install leaves out; "
            "run, in the folder of ClawGym: pip install -c constraints.txt -e '.[ray]'"
        )
    return RayExecutor(workers)


def workers_with_work(wanted: int, most: int) -> int:
    """How many workers have something to do; to start one more takes longer than a few tasks."""
    return min(most, -(-wanted // CHUNK))


def _chunks(start: int) -> Iterator[range]:
    return (range(first, first + CHUNK) for first in count(start, CHUNK))


class LocalExecutor:
    """Processes of this machine; one worker works in this very process."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    @contextmanager
    def proving(self, work: Work, start: int) -> Generator[Batches]:
        """See `Executor.proving`."""
        if self._workers == 1:
            station = Station(work)
            try:
                yield (station.prove(chunk) for chunk in _chunks(start))
            finally:
                station.close()
            return
        pool = ProcessPoolExecutor(
            self._workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(work,),
        )
        try:
            yield self._batches(pool, start)
        finally:
            pool.shutdown(cancel_futures=True)

    def _batches(self, pool: ProcessPoolExecutor, start: int) -> Batches:
        waiting: deque[Future[list[Drawn]]] = deque()
        try:
            for chunk in _chunks(start):
                waiting.append(pool.submit(_prove, chunk))  # a broken pool may say so here already
                if len(waiting) == _AHEAD * self._workers:
                    yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise SandboxError(
                "a worker was killed, perhaps for want of memory; the same command goes on"
            ) from error


_OBJECTS_OF_A_TASK = 50_000
"""New objects between looks for garbage in a worker: 700, as usual, cost 5 % of its time."""

_stations: list[Station | Exception] = []
"""The station of a worker process, or why it has none."""


def _begin(work: Work) -> None:
    """Set a worker process up. What goes wrong is told by its first chunk: a pool hides it here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    _end_with_parent()
    try:
        station = Station(work)
    except Exception as error:  # noqa: BLE001 - raised again by `_prove`
        _stations.append(error)
        return
    _stations.append(station)
    gc.freeze()  # what is loaded by now stays; a draw makes much and leaves no cycles to speak of
    gc.set_threshold(_OBJECTS_OF_A_TASK, 20, 50)
    Finalize(None, station.close, exitpriority=10)


def _prove(indices: range) -> list[Drawn]:
    station = _stations[0]
    if isinstance(station, Exception):
        raise station
    return station.prove(indices)


def _end_with_parent() -> None:
    """End this worker when the process that it works for is killed, not wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


_LIVES = 3
"""So often a Ray worker that died is begun anew: a cluster loses nodes, a sound task kills none."""


class RayExecutor:
    """Actors of a Ray cluster, each with a station of its own; they share nothing."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    @contextmanager
    def proving(self, work: Work, start: int) -> Generator[Batches]:
        """See `Executor.proving`."""
        ray = _import_ray()
        began = not ray.is_initialized()
        if began:
            ray.init(log_to_driver=False)
        actor = ray.remote(num_cpus=1, max_restarts=_LIVES, max_task_retries=_LIVES)(Station)
        kept = ray.put(work)  # who is begun anew asks for it again
        stations = [actor.remote(kept) for _ in range(self._workers)]
        try:
            yield self._batches(ray, stations, start)
        finally:
            for station in stations:
                ray.kill(station)
            if began:
                ray.shutdown()

    def _batches(self, ray: Any, stations: list[Any], start: int) -> Batches:  # noqa: ANN401 - ray has no types
        waiting: deque[Any] = deque()
        for number, chunk in enumerate(_chunks(start)):
            waiting.append(stations[number % len(stations)].prove.remote(chunk))
            if len(waiting) == _AHEAD * len(stations):
                try:
                    yield ray.get(waiting.popleft())
                except ray.exceptions.RayActorError as error:
                    raise SandboxError(
                        f"a Ray worker died: {error}; the same command goes on"
                    ) from error


def _import_ray() -> Any:  # noqa: ANN401 - the extra may be missing where types are checked
    import ray  # noqa: PLC0415 # pyright: ignore[reportMissingImports] - an extra

    return ray
