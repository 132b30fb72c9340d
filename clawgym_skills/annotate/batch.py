"""Many skills by rules, on every core; the records are the same whatever their number."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from clawgym_skills.annotate.entry import Entry
from clawgym_skills.annotate.record import Annotation
from clawgym_skills.annotate.rules import annotate

_WORTH_A_PROCESS = 400
"""Skills: below that, starting a process takes longer than the work."""

_CHUNK = 50


def annotate_all(
    entries: Sequence[Entry],
    on_done: Callable[[], None] = lambda: None,
    *,
    processes: int | None = None,
) -> list[Annotation]:
    """The records of many skills, in their order.

    Args:
        entries: the skills.
        on_done: called after each of them.
        processes: how many work; None takes one for each core, and one where there is little to do.
    """
    count = processes or (len(os.sched_getaffinity(0)) if len(entries) >= _WORTH_A_PROCESS else 1)
    records: list[Annotation] = []
    for record in _records(entries, count):
        records.append(record)
        on_done()
    return records


def _records(entries: Sequence[Entry], processes: int) -> Iterator[Annotation]:
    if processes == 1:
        yield from map(_one, entries)
        return
    pool = ProcessPoolExecutor(processes, initializer=_leave_interrupts_to_the_parent)
    try:
        lines = pool.map(_line, entries, chunksize=_CHUNK)
        yield from map(Annotation.model_validate_json, lines)
    finally:
        pool.shutdown(cancel_futures=True)


def _one(entry: Entry) -> Annotation:
    return annotate(entry.skill, entry.skill_id, entry.source)


def _line(entry: Entry) -> str:
    """As JSON, which travels between processes ten times faster than the objects."""
    return _one(entry).dumps()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
