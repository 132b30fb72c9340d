"""Proving a dataset: every task solvable, none solved by doing nothing or next to nothing."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clawgym.dataset import Dataset
from clawgym.errors import SandboxError, TaskFormatError
from clawgym.reward import Cause, CheckResult, Graded, MeanScore, Ungraded, mean_score
from clawgym.sandbox import Backend
from clawgym.task import Task
from verify.probes import LAZY, NOOP, ORACLE, Probe, run_probe

LAZY_LIMIT = 0.02
"""The highest mean score that the lazy panel may earn over a dataset."""


@dataclass(frozen=True)
class Finding:
    """Something wrong with a task, or with the dataset when `task_id` is empty."""

    task_id: str
    rule: str
    message: str


@dataclass(frozen=True)
class Card:
    """What the probes earned at one task; empty when the task could not be read."""

    task_id: str
    rewards: dict[str, tuple[Graded | Ungraded, ...]]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Proof:
    """The cards of a dataset and what they add up to."""

    cards: tuple[Card, ...]

    def mean(self, probe: str) -> MeanScore:
        """The mean score of one probe over all tasks and repetitions."""
        return mean_score(reward for card in self.cards for reward in card.rewards.get(probe, ()))

    @property
    def lazy_mean(self) -> MeanScore:
        """The mean over the whole lazy panel."""
        return mean_score(
            reward
            for card in self.cards
            for name, rewards in card.rewards.items()
            if name.startswith("lazy:")
            for reward in rewards
        )

    @property
    def findings(self) -> list[Finding]:
        """Every finding; the proof holds when there is none."""
        found = [finding for card in self.cards for finding in card.findings]
        if self.lazy_mean.value > LAZY_LIMIT:
            found.append(
                Finding(
                    "",
                    "lazy-mean",
                    f"the lazy panel earns {self.lazy_mean}, more than {LAZY_LIMIT}",
                )
            )
        return found


async def prove_dataset(
    dataset: Dataset,
    backend: Backend,
    *,
    jobs: int = 2,
    oracle_runs: int = 1,
    on_card: Callable[[Card], None] | None = None,
) -> Proof:
    """Run every probe on every task, `jobs` tasks at a time; cards come in dataset order.

    Raises:
        SandboxError: boxes cannot be made on this machine.
    """
    gate = asyncio.Semaphore(jobs)

    async def one(task_id: str) -> Card:
        async with gate:
            card = await _card(dataset, task_id, backend, oracle_runs)
        if on_card:
            on_card(card)
        return card

    try:
        async with asyncio.TaskGroup() as group:
            cards = [group.create_task(one(task_id)) for task_id in dataset.task_ids]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # a machine without boxes fails every task alike
    return Proof(tuple(card.result() for card in cards))


async def _card(dataset: Dataset, task_id: str, backend: Backend, oracle_runs: int) -> Card:
    try:
        task = dataset.load(task_id)
    except TaskFormatError as error:
        return Card(task_id, {}, (Finding(task_id, "task-format", str(error)),))
    return await prove_task(task, backend, oracle_runs=oracle_runs)


async def prove_task(
    task: Task, backend: Backend, *, oracle_runs: int = 1, lazy: Sequence[Probe] = LAZY
) -> Card:
    """Run the oracle, the no-op and the lazy panel on one task."""
    rewards: dict[str, tuple[Graded | Ungraded, ...]] = {}
    findings: list[Finding] = []
    for probe in (ORACLE, NOOP, *lazy):
        repetitions = oracle_runs if probe is ORACLE else 1
        try:
            runs = [await run_probe(probe, task, backend) for _ in range(repetitions)]
        except TaskFormatError as error:
            findings.append(Finding(task.id, "oracle-fails", str(error)))
            continue
        rewards[probe.name] = tuple(runs)
        findings += _judge(task.id, probe, runs)
    return Card(task.id, rewards, tuple(dict.fromkeys(findings)))  # one cause may stop every probe


def _judge(task_id: str, probe: Probe, runs: Sequence[Graded | Ungraded]) -> list[Finding]:
    for run in runs:
        if isinstance(run, Ungraded):
            if run.cause is Cause.SANDBOX:
                raise SandboxError(run.reason)
            return [Finding(task_id, "ungraded", run.reason)]
    graded = [run for run in runs if isinstance(run, Graded)]
    if probe is ORACLE and any(not math.isclose(run.score, 1.0) for run in graded):
        missed = next((_describe(run.checks) for run in graded if run.score < 1), "")
        return [Finding(task_id, "oracle-below-one", f"the reference solution misses {missed}")]
    if probe is ORACLE and any(run != graded[0] for run in graded):
        return [Finding(task_id, "oracle-unsteady", "repeated runs differ in their checks")]
    if probe is NOOP and any(run.score > 0 for run in graded):
        return [Finding(task_id, "noop-earns", f"doing nothing earns {graded[0].score:.3f}")]
    return []


def _describe(checks: Sequence[CheckResult]) -> str:
    failed = [check for check in checks if not check.passed]
    return "; ".join(
        f"{c.id} (expected {c.expected}, found {c.found} at {c.where})" for c in failed[:3]
    )
