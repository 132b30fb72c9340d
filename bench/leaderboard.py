"""The leaderboard: one row a harness, each number with what it takes to read it honestly."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from statistics import fmean
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bench import statistics
from bench.breakdown import Breakdown, break_down
from bench.statistics import Comparison, Interval, PassRate
from clawgym.dataset import Dataset
from clawgym.errors import UsageError
from clawgym.reward import Graded
from clawgym.run import RunPlan, Trial

TaskScores = dict[str, list[float]]
"""Task id to the scores of its graded attempts; a task without any has an empty list."""


class Cost(BaseModel):
    """Means over the graded trials of a harness: counts, tokens and wall-clock seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turns: float
    tool_calls: float
    prompt_tokens: float
    completion_tokens: float
    seconds: float


class Row(BaseModel):
    """One harness. `score` is the mean of its task means, None when nothing was graded.

    `graded` of `total` planned trials have a score. `against_top` compares the row with the first
    one on the tasks that both have a score for; None for the first row itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    harness: str
    score: float | None
    interval: Interval | None
    graded: int
    total: int
    pass_rate: PassRate | None
    cost: Cost | None
    against_top: Comparison | None = None


class Leaderboard(BaseModel):
    """The rows, best mean first, and everything that decides how they were computed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    rows: tuple[Row, ...]
    breakdowns: tuple[Breakdown, ...]
    tasks: int
    attempts: int
    pass_threshold: float
    confidence: float
    resamples: int
    seed: int


def rank(
    trials: Iterable[Trial],
    dataset: Dataset,
    plan: RunPlan | None = None,
    *,
    pass_threshold: float = statistics.PASS_THRESHOLD,
    seed: int = 0,
) -> Leaderboard:
    """Rank the harnesses of a run by their mean score, and break the scores down.

    Coverage counts every trial of the plan, run or not; without a plan the trials themselves show
    which harnesses, tasks and attempts were meant.
    Ungraded trials lower the coverage and nothing else.

    Raises:
        TaskFormatError: a task of the trials cannot be read.
        UsageError: the dataset lacks a task of the trials.
    """
    everything = list(trials)
    scope = _Scope.of(everything, plan, pass_threshold, seed)
    scores = {name: scores_by_task(everything, name, scope.task_ids) for name in scope.harnesses}
    rows = [_row(name, everything, scores[name], scope) for name in scope.harnesses]
    rows.sort(key=lambda row: (row.score is None, -(row.score or 0.0)))
    return Leaderboard(
        rows=tuple(_against_top(rows, scores, seed)),
        breakdowns=break_down(everything, dataset, [row.harness for row in rows]),
        tasks=len(scope.task_ids),
        attempts=scope.attempts,
        pass_threshold=pass_threshold,
        confidence=statistics.CONFIDENCE,
        resamples=statistics.RESAMPLES,
        seed=seed,
    )


def compare_harnesses(
    trials: Sequence[Trial], left: str, right: str, *, seed: int = 0
) -> Comparison:
    """Compare two harnesses of one run on the tasks that both have a score for.

    Raises:
        UsageError: the run has no trial of one of them.
    """
    names = sorted({trial.harness for trial in trials})
    for name in (left, right):
        if name not in names:
            raise UsageError(f"the run has no trial of harness {name!r}; {_suggest(name, names)}")
    return statistics.compare(
        scores_by_task(trials, left), scores_by_task(trials, right), seed=seed
    )


def scores_by_task(
    trials: Iterable[Trial], harness: str, task_ids: Sequence[str] = ()
) -> TaskScores:
    """The scores of the graded attempts of one harness, by task, in the order of `task_ids`."""
    scores: defaultdict[str, list[float]] = defaultdict(list, {task_id: [] for task_id in task_ids})
    for trial in trials:
        if trial.harness == harness and isinstance(trial.reward, Graded):
            scores[trial.task_id].append(trial.reward.score)
    return dict(scores)


@dataclass(frozen=True)
class _Scope:
    """What was planned, or what the trials show where there is no plan, and how to judge it."""

    harnesses: tuple[str, ...]
    task_ids: tuple[str, ...]
    attempts: int
    pass_threshold: float
    seed: int

    @classmethod
    def of(
        cls, trials: Sequence[Trial], plan: RunPlan | None, pass_threshold: float, seed: int
    ) -> "_Scope":
        if plan:
            harnesses, task_ids, attempts = plan.harnesses, plan.task_ids, plan.attempts
        else:
            harnesses = tuple(sorted({trial.harness for trial in trials}))
            task_ids = tuple(sorted({trial.task_id for trial in trials}))
            attempts = max((trial.attempt for trial in trials), default=1)
        return cls(harnesses, task_ids, attempts, pass_threshold, seed)


def _row(harness: str, trials: Sequence[Trial], scores: TaskScores, scope: _Scope) -> Row:
    graded = [t for t in trials if t.harness == harness and isinstance(t.reward, Graded)]
    by_task = list(scores.values())
    return Row(
        harness=harness,
        score=statistics.mean_over_tasks(by_task) if graded else None,
        interval=statistics.bootstrap_interval(by_task, seed=scope.seed),
        graded=len(graded),
        total=len(scope.task_ids) * scope.attempts,
        pass_rate=statistics.pass_rate(by_task, scope.attempts, threshold=scope.pass_threshold),
        cost=_cost(graded),
    )


def _cost(trials: Sequence[Trial]) -> Cost | None:
    if not trials:
        return None
    return Cost(
        turns=fmean(trial.turns for trial in trials),
        tool_calls=fmean(trial.tool_calls for trial in trials),
        prompt_tokens=fmean(trial.prompt_tokens for trial in trials),
        completion_tokens=fmean(trial.completion_tokens for trial in trials),
        seconds=fmean(trial.seconds for trial in trials),
    )


def _against_top(rows: Sequence[Row], scores: Mapping[str, TaskScores], seed: int) -> Iterable[Row]:
    for place, row in enumerate(rows):
        if place == 0:
            yield row
            continue
        against = statistics.compare(scores[row.harness], scores[rows[0].harness], seed=seed)
        yield row.model_copy(update={"against_top": against})


def _suggest(name: str, names: Sequence[str]) -> str:
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"it has {', '.join(names)}"
