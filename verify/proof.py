"""Proving a dataset: every task solvable, none solved by doing nothing or next to nothing."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clawgym.errors import TaskFormatError
from clawgym.files import Files
from clawgym.reward import MeanScore
from clawgym.sandbox import Backend
from clawgym.task import Task
from verify.attempts import Family, Outcome
from verify.cards import Card, Depth
from verify.examination import Examiner, examine
from verify.judgement import LAZY_LIMIT
from verify.probes import LAZY, Probe
from verify.rules import EVERY_RULE, Finding, Selection
from verify.shelf import Shelf

__all__ = [
    "LAZY_LIMIT",
    "QUICK",
    "Card",
    "Finding",
    "Proof",
    "TaskSource",
    "prove_dataset",
    "prove_task",
]

QUICK = Depth(quick=True)
_KEPT = 32


class TaskSource(Protocol):
    """Whatever tasks are read from, one at a time: a dataset or a foreign suite."""

    @property
    def task_ids(self) -> list[str]:
        """The ids in order."""
        ...

    def load(self, task_id: str) -> Task:
        """Read one task.

        Raises:
            TaskFormatError: this one is broken; the others may be sound.
        """
        ...


@dataclass(frozen=True)
class Proof:
    """The cards of a dataset and what they add up to; only selected rules make findings."""

    cards: tuple[Card, ...]
    selection: Selection = EVERY_RULE

    def mean(self, probe: str) -> MeanScore:
        """The mean score of one probe (`oracle`, `noop`, `lazy:echo`, …) over all tasks."""
        return _mean(
            outcome
            for card in self.cards
            for outcome in card.outcomes
            if outcome.name == probe or outcome.name.startswith(f"{probe}:")
        )

    @property
    def lazy_mean(self) -> MeanScore:
        """The mean over the whole lazy panel."""
        return _mean(outcome for card in self.cards for outcome in card.of(Family.LAZY))

    @property
    def findings(self) -> list[Finding]:
        """Every finding; the proof holds when there is none."""
        found = [finding for card in self.cards for finding in card.findings]
        if self.lazy_mean.value > LAZY_LIMIT:
            message = f"the lazy panel earns {self.lazy_mean}, more than {LAZY_LIMIT}"
            found.append(Finding(task_id="", rule="lazy-mean", message=message))
        return self.selection.of(found)


async def prove_dataset(
    dataset: TaskSource,
    backend: Backend,
    *,
    jobs: int = 2,
    depth: Depth = QUICK,
    output: Path | None = None,
    selection: Selection | None = None,
    on_card: Callable[[Card], None] | None = None,
) -> Proof:
    """Examine the verifier of every task, `jobs` boxes at a time; cards come in dataset order.

    Args:
        dataset: the tasks.
        backend: where solutions and verifiers run.
        jobs: boxes at a time.
        depth: how thorough to be; by default the quick proof.
        output: a directory to keep each card in as soon as it is made; cards that it holds of the
            same tasks to the same depth are not made again.
        selection: the rules that count; all by default.
        on_card: called after each card.

    Raises:
        SandboxError: boxes cannot be made on this machine.
        UsageError: `output` cannot be written to, or holds something else.
    """
    examiner = Examiner(backend, asyncio.Semaphore(jobs), depth)
    proving = _Proving(dataset, examiner, Shelf(output / "cards", Card) if output else None)
    gate = asyncio.Semaphore(jobs)

    async def one(task_id: str) -> Card:
        async with gate:
            card = await proving.card(task_id)
        if on_card:
            on_card(card)
        return card

    try:
        async with asyncio.TaskGroup() as group:
            cards = [group.create_task(one(task_id)) for task_id in dataset.task_ids]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # a machine without boxes fails every task alike
    return Proof(tuple(card.result() for card in cards), selection or EVERY_RULE)


async def prove_task(
    task: Task,
    backend: Backend,
    *,
    oracle_runs: int = 1,
    lazy: Sequence[Probe] = LAZY,
    depth: Depth | None = None,
) -> Card:
    """Examine one task's verifier, by default with the oracle, the no-op and the lazy panel."""
    depth = depth or Depth(quick=True, oracle_runs=oracle_runs)
    examiner = Examiner(backend, asyncio.Semaphore(2), depth, lazy)
    return await examine(task, examiner)


class _Proving:
    """One run over a dataset: hands each task the work of the one before it of its kind."""

    def __init__(self, dataset: TaskSource, examiner: Examiner, shelf: Shelf[Card] | None) -> None:
        self._dataset = dataset
        self._examiner = examiner
        self._shelf = shelf
        self._latest: dict[str, Task] = {}
        self._solved: OrderedDict[str, asyncio.Task[Files | None]] = OrderedDict()

    async def card(self, task_id: str) -> Card:
        """The card of one task, made or read. Tasks are asked for in the dataset's order."""
        try:
            task = self._dataset.load(task_id)
        except TaskFormatError as error:
            finding = Finding(task_id=task_id, rule="task-format", message=str(error))
            return Card(task_id=task_id, depth=self._examiner.depth, findings=(finding,))
        kind = task.clawgym.primary_skill or task.clawgym.suite or task.clawgym.kind
        before, self._latest[kind] = self._latest.get(kind), task
        kept = self._shelf.read(task_id) if self._shelf else None
        if kept and (kept.digest, kept.depth) == (task.digest, self._examiner.depth):
            return kept
        card = await examine(task, self._examiner, other=await self._work_of(before))
        if self._shelf:
            self._shelf.write(task_id, card)
        return card

    async def _work_of(self, task: Task | None) -> tuple[Task, Files] | None:
        """A task with its reference solution's work, remembered for a while."""
        if task is None or "solve.sh" not in task.solution:
            return None
        if task.id not in self._solved:
            self._solved[task.id] = asyncio.create_task(self._solve(task))
            if len(self._solved) > _KEPT:
                self._solved.popitem(last=False)
        solved = await self._solved[task.id]
        return (task, solved) if solved is not None else None

    async def _solve(self, task: Task) -> Files | None:
        try:
            return await self._examiner.solve(task)
        except TaskFormatError:
            return None  # that task's own card says so


def _mean(outcomes: Iterable[Outcome]) -> MeanScore:
    everything = list(outcomes)
    scores = [outcome.score for outcome in everything if outcome.score is not None]
    value = math.fsum(scores) / len(scores) if scores else math.nan
    return MeanScore(value, len(scores), len(everything))
