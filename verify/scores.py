"""The scores of one calibration harness over a suite, by the suite's rule or by ours."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from clawgym.errors import SandboxError, TaskFormatError, UsageError
from clawgym.reward import Cause, Graded, MeanScore, Reward, Ungraded, mean_score
from clawgym.sandbox import Backend
from clawgym.task import Task
from verify.grading import grade
from verify.probes import LAZY, NOOP, Probe, solved_workspace
from verify.proof import TaskSource
from verify.shelf import Shelf
from verify.suites.strict import floors, strict

HarnessName = Literal["noop", "lazy", "oracle"]

_PANEL = tuple(probe.name for probe in LAZY)
_MEMBERS: dict[HarnessName, tuple[str, ...]] = {
    "noop": (NOOP.name,),
    "lazy": _PANEL,
    "oracle": ("oracle",),
}


class Verdicts(BaseModel):
    """The raw verdicts on one task, by probe: what both ways of scoring start from.

    `refused` says why the task could not be read; then there is nothing else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    task_id: str
    digest: str = ""
    refused: str = ""
    verdicts: dict[str, Reward] = {}


@dataclass(frozen=True)
class Scores:
    """What one harness came to over a suite; `strictly` scores by our rule."""

    harness: HarnessName
    strictly: bool
    tasks: tuple[Verdicts, ...]

    def of(self, task: Verdicts) -> list[Graded | Ungraded]:
        """The scored verdicts of a task, one a member of the harness."""
        raw = [task.verdicts[name] for name in _MEMBERS[self.harness] if name in task.verdicts]
        if not self.strictly:
            return raw
        floor = floors(task.verdicts[name] for name in _nothing(task))
        return [strict(verdict, floor) for verdict in raw]

    @property
    def mean(self) -> MeanScore:
        """The mean over tasks of the mean of a task's members."""
        return self._over_tasks(lambda scores: math.fsum(scores) / len(scores))

    @property
    def best(self) -> MeanScore:
        """The mean over tasks of the best member of each."""
        return self._over_tasks(max)

    @property
    def member_means(self) -> dict[str, MeanScore]:
        """The mean of each probe of the harness over the tasks that it was tried on."""
        return {
            name: mean_score(self._scored(t, name) for t in self.tasks if name in t.verdicts)
            for name in _MEMBERS[self.harness]
        }

    def summary(self) -> dict[str, object]:
        """Counts and means, ready for JSON; a mean of nothing is None."""
        loaded = [task for task in self.tasks if not task.refused]
        earning = [max(_graded(self.of(task)), default=0.0) for task in loaded]
        summary: dict[str, object] = {
            "harness": self.harness,
            "mode": "strict" if self.strictly else "compat",
            "tasks": len(self.tasks),
            "loaded": len(loaded),
            "refused": len(self.tasks) - len(loaded),
            "graded": self.mean.graded,
            "ungraded": len(loaded) - self.mean.graded,
            "mean": number_or_none(self.mean.value),
            "best": number_or_none(self.best.value),
            "earning": sum(score > 0 for score in earning),
            "full": sum(score >= 1 for score in earning),
            "means": {name: number_or_none(mean.value) for name, mean in self.member_means.items()},
        }
        if self.harness == "oracle":
            summary["without_solution"] = sum("oracle" not in t.verdicts for t in loaded)
        if self.strictly:
            summary |= self._leaks(loaded)
        return summary

    @property
    def is_complete(self) -> bool:
        """Whether every task could be read and has a score, but for those without a solution."""
        return all(
            not task.refused and (_graded(self.of(task)) or not self.of(task))
            for task in self.tasks
        )

    def reasons(self) -> Counter[str]:
        """Why there is no score, by reason, with the task's own name taken out."""
        counted: Counter[str] = Counter()
        for task in self.tasks:
            for verdict in self.of(task):
                if isinstance(verdict, Ungraded):
                    counted[f"{verdict.cause}: {verdict.reason.replace(task.task_id, '…')}"] += 1
        return counted

    def _scored(self, task: Verdicts, name: str) -> Graded | Ungraded:
        verdict = task.verdicts[name]
        if not self.strictly:
            return verdict
        return strict(verdict, floors(task.verdicts[other] for other in _nothing(task)))

    def _over_tasks(self, reduce: Callable[[list[float]], float]) -> MeanScore:
        loaded = [task for task in self.tasks if not task.refused]
        graded = [scores for task in loaded if (scores := _graded(self.of(task)))]
        value = math.fsum(map(reduce, graded)) / len(graded) if graded else math.nan
        return MeanScore(value, len(graded), len(loaded))

    def _leaks(self, loaded: list[Verdicts]) -> dict[str, object]:
        found = [floors(task.verdicts[name] for name in _nothing(task)) for task in loaded]
        why = Counter(leak.why for floor in found for leak in floor.leaks)
        return {
            "leaking": sum(bool(floor.leaks) for floor in found),
            "unearnable": sum(bool(floor.by_check) and not floor.earnable for floor in found),
            "leaks": dict(why.most_common()),
        }


def harness_named(name: str) -> HarnessName:
    """The harness of that name.

    Raises:
        UsageError: there is none.
    """
    if name in ("noop", "lazy", "oracle"):
        return name
    raise UsageError(f"unknown harness {name!r}; --harness is noop, lazy or oracle")


async def score_suite(
    suite: TaskSource,
    backend: Backend,
    harness: HarnessName,
    *,
    strictly: bool = False,
    jobs: int = 2,
    output: Path | None = None,
    on_task: Callable[[], None] = lambda: None,
) -> Scores:
    """Grade one harness on every task, `jobs` boxes at a time; tasks come in order.

    Verdicts are kept below `output`, so that the same command goes on where it stopped, and both
    ways of scoring share them.

    Raises:
        SandboxError: boxes cannot be made on this machine.
    """
    shelf = Shelf(output / "verdicts", Verdicts) if output else None
    needed = [*_MEMBERS[harness]]
    if strictly:
        needed = list(dict.fromkeys([NOOP.name, *_PANEL, *needed]))
    gate = asyncio.Semaphore(jobs)

    async def one(task_id: str) -> Verdicts:
        async with gate:
            verdicts = await _verdicts(suite, task_id, backend, needed, shelf)
        on_task()
        return verdicts

    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one(task_id)) for task_id in suite.task_ids]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return Scores(harness, strictly, tuple(task.result() for task in running))


def number_or_none(value: float) -> float | None:
    """JSON has no NaN: the mean of nothing is null."""
    return None if math.isnan(value) else value


async def _verdicts(
    suite: TaskSource,
    task_id: str,
    backend: Backend,
    needed: list[str],
    shelf: Shelf[Verdicts] | None,
) -> Verdicts:
    try:
        task = suite.load(task_id)
    except TaskFormatError as error:
        return Verdicts(task_id=task_id, refused=str(error))
    kept = shelf.read(task_id) if shelf else None
    known = dict(kept.verdicts) if kept and kept.digest == task.digest else {}
    missing = [name for name in needed if name not in known and _applies(name, task)]
    for name in missing:
        known[name] = await _verdict(name, task, backend)
    verdicts = Verdicts(task_id=task_id, digest=task.digest, verdicts=known)
    if shelf and missing:
        shelf.write(task_id, verdicts)
    return verdicts


async def _verdict(name: str, task: Task, backend: Backend) -> Graded | Ungraded:
    try:
        probe = _FREE.get(name)
        if probe and probe.finished:
            files = probe.finished(task)
        else:
            files = await solved_workspace(task, backend)
    except TaskFormatError as error:
        return Ungraded(cause=Cause.TASK, reason=str(error))
    verdict = await grade(task, files, backend, code_only=True)
    if isinstance(verdict, Ungraded) and verdict.cause is Cause.SANDBOX:
        raise SandboxError(verdict.reason)
    return verdict


_FREE: dict[str, Probe] = {probe.name: probe for probe in (NOOP, *LAZY)}


def _applies(name: str, task: Task) -> bool:
    return name != "oracle" or "solve.sh" in task.solution


def _nothing(task: Verdicts) -> Iterator[str]:
    """The names of the verdicts on work-shaped nothing."""
    return (name for name in (NOOP.name, *_PANEL) if name in task.verdicts)


def _graded(verdicts: list[Graded | Ungraded]) -> list[float]:
    return [verdict.score for verdict in verdicts if isinstance(verdict, Graded)]
