"""Where the points are won and lost: scores by operation, by difficulty and by skill."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from pydantic import BaseModel, ConfigDict

from clawgym.dataset import Dataset
from clawgym.reward import CheckRole, Graded
from clawgym.run import Trial
from clawgym.task import Task

Facet = Literal["operation", "difficulty", "skill"]


class BreakdownRow(BaseModel):
    """One value of a facet: how many tasks have it, and each harness's share in [0, 1].

    A share is None where no graded trial of the harness speaks about it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    tasks: int
    shares: dict[str, float | None]


class Breakdown(BaseModel):
    """One table. Rows are sorted by label; a facet that no task has gives no table at all.

    For `operation` a share is the fraction of core-check weight earned on graph nodes of that
    operation; for `difficulty` and `skill` it is the mean score of the tasks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    facet: Facet
    rows: tuple[BreakdownRow, ...]


@dataclass
class _Tally:
    """Points earned of points possible, by harness, and the tasks that they come from."""

    tasks: set[str] = field(default_factory=set[str])
    earned: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    possible: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, trial: Trial, earned: float, possible: float) -> None:
        self.tasks.add(trial.task_id)
        self.earned[trial.harness] += earned
        self.possible[trial.harness] += possible

    def share(self, harness: str) -> float | None:
        possible = self.possible.get(harness, 0.0)
        return self.earned[harness] / possible if possible else None


_Tallies = defaultdict[str, _Tally]


def skills_of(task: Task) -> tuple[str, ...]:
    """The skills that a task needs, each once, the primary one first."""
    primary = (task.clawgym.primary_skill,) if task.clawgym.primary_skill else ()
    grounding = task.graph.skills if task.graph else ()
    return tuple(dict.fromkeys((*primary, *task.clawgym.supporting_skills, *grounding)))


def break_down(
    trials: Sequence[Trial], dataset: Dataset, harnesses: Sequence[str]
) -> tuple[Breakdown, ...]:
    """The tables of all facets that the tasks have.

    Raises:
        TaskFormatError: a task of the trials cannot be read.
        UsageError: the dataset lacks a task of the trials.
    """
    facets: dict[Facet, _Tallies] = {
        "operation": _Tallies(_Tally),
        "difficulty": _Tallies(_Tally),
        "skill": _Tallies(_Tally),
    }
    graded = [(trial, trial.reward) for trial in trials if isinstance(trial.reward, Graded)]
    attempts = Counter((trial.harness, trial.task_id) for trial, _ in graded)
    graded.sort(key=lambda pair: pair[0].task_id)
    for task_id, group in groupby(graded, key=lambda pair: pair[0].task_id):
        task = dataset.load(task_id)
        for trial, reward in group:
            _add_operations(facets["operation"], task, trial, reward)
            # Each task weighs the same, however many of its attempts were graded.
            weight = 1 / attempts[trial.harness, task_id]
            if task.clawgym.difficulty is not None:
                label = str(task.clawgym.difficulty)
                facets["difficulty"][label].add(trial, reward.score * weight, weight)
            for skill in skills_of(task):
                facets["skill"][skill].add(trial, reward.score * weight, weight)
    return tuple(_table(facet, tallies, harnesses) for facet, tallies in facets.items() if tallies)


def _add_operations(tallies: _Tallies, task: Task, trial: Trial, reward: Graded) -> None:
    operations = {node.id: node.operation for node in task.graph.nodes} if task.graph else {}
    for check in reward.checks:
        operation = operations.get(check.node or "")
        if check.role is CheckRole.CORE and operation:
            tallies[operation].add(trial, check.weight * check.passed, check.weight)


def _table(facet: Facet, tallies: Mapping[str, _Tally], harnesses: Sequence[str]) -> Breakdown:
    rows = [
        BreakdownRow(
            label=label,
            tasks=len(tally.tasks),
            shares={harness: tally.share(harness) for harness in harnesses},
        )
        for label, tally in sorted(tallies.items())
    ]
    return Breakdown(facet=facet, rows=tuple(rows))
