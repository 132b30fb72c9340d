"""A run: commissions in their order, several at a time, until enough tasks are accepted.

Which commissions are tried and which tasks come out depends on the answers alone, not on how many
are written at a time: a commission is begun only if it must be, even should all that are under way
be accepted, and outcomes are counted in the order of the commissions.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from clawgym.errors import BudgetExceededError, ProviderError
from clawgym.task import Task
from synth.authoring.commissioning import Commissions
from synth.authoring.writing import Writer, Written
from synth.dataset.similarity import Novelty

_SPARE, _FACTOR = 10, 4


@dataclass
class Run:
    """What came of a run. `stopped` says why it ended early; the same run then goes on there.

    `accepted` are the places of the accepted commissions. `read` makes the task of one from the
    journal, as long as that is open.
    """

    read: Callable[[int], Task]
    accepted: list[int] = field(default_factory=list[int])
    funnel: Counter[str] = field(default_factory=Counter[str])
    repaired: list[str] = field(default_factory=list[str])
    losses: list[tuple[int, str, tuple[str, ...]]] = field(
        default_factory=list[tuple[int, str, tuple[str, ...]]]
    )
    stopped: ProviderError | BudgetExceededError | None = None

    def tasks(self) -> Iterator[Task]:
        """The accepted tasks in the order of their commissions, one at a time."""
        return map(self.read, self.accepted)


async def author(
    commissions: Commissions,
    wanted: int,
    writer: Writer,
    *,
    tries: int | None = None,
    concurrency: int = 4,
    on_task: Callable[[], None] = lambda: None,
) -> Run:
    """Write tasks until `wanted` are accepted, or `tries` commissions were tried.

    Without a number of tries it is given up when four times as many were tried, and ten more.

    Raises:
        SandboxError: boxes cannot be made on this machine.
    """
    most = _SPARE + _FACTOR * wanted if tries is None else tries
    shift = _Shift(commissions, wanted, most, writer, on_task)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, wanted)):
                group.create_task(shift.work())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # a machine without boxes fails them all alike
    return shift.run


class _Shift:
    """The workers of one run and what they share."""

    def __init__(
        self,
        commissions: Commissions,
        wanted: int,
        most: int,
        writer: Writer,
        on_task: Callable[[], None],
    ) -> None:
        self.run = Run(lambda index: writer.kept(commissions(index)))
        self._commissions, self._writer = commissions, writer
        self._wanted, self._most = wanted, most
        self._on_task = on_task
        self._begun = 0
        self._counted = 0
        self._done: dict[int, Written] = {}
        self._novelty = Novelty()
        self._moved = asyncio.Condition()

    async def work(self) -> None:
        """Write one commission after the other, as long as one is wanted."""
        while (index := await self._next()) is not None:
            try:
                written = await self._writer.write(self._commissions(index))
            except (ProviderError, BudgetExceededError) as error:
                async with self._moved:
                    self.run.stopped = self.run.stopped or error
                    self._moved.notify_all()
                return
            async with self._moved:
                self._done[index] = written
                self._count()
                self._moved.notify_all()

    async def _next(self) -> int | None:
        """The next place that is wanted; waits as long as that is not decided."""
        async with self._moved:
            while True:
                if self.run.stopped or len(self.run.accepted) >= self._wanted:
                    return None
                under_way = self._begun - self._counted
                if self._begun >= self._most:
                    if not under_way:
                        return None
                elif len(self.run.accepted) + under_way < self._wanted:
                    self._begun += 1
                    return self._begun - 1
                await self._moved.wait()

    def _count(self) -> None:
        """Count what is done, in the order of the commissions."""
        while (written := self._done.pop(self._counted, None)) is not None:
            index, self._counted = self._counted, self._counted + 1
            self.run.funnel["tried"] += 1
            self.run.repaired += written.repaired
            lost_at, problems = written.lost_at, written.problems
            if task := written.task:
                repeats = self._novelty.admit(task.id, task.instruction)
                if repeats is None:
                    self.run.accepted.append(index)
                    self.run.funnel["accepted"] += 1
                    self._on_task()
                    continue
                lost_at = f"novelty/{repeats.reason}"
                problems = (f"it says nearly the same as {repeats.of}",)
            self.run.funnel[lost_at] += 1
            self.run.losses.append((index, lost_at, problems))
