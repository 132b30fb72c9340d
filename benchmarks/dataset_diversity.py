"""Two datasets side by side: how long, how varied, how fair and how feasible their tasks are.

    python benchmarks/dataset_diversity.py OURS OTHER
    python benchmarks/dataset_diversity.py OURS OTHER --graded 100 --json

Distinct-n and nearest neighbours depend on how much text there is, so that equally many tasks are
drawn from both by a seed, and equally many words. With --graded some verifiers are run on lazy
work, which also tells how many checks there are in verifiers that are programs of their own.
Exit code 1 when the first dataset is behind in any figure that has a better end.
"""

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from rich.console import Console
from rich.table import Table

from clawgym.reward import Graded
from clawgym.sandbox import open_backend
from clawgym.seeds import derive_random
from clawgym.task import Task
from synth.dataset.card import read_cards
from synth.dataset.profile import Profile, profile_of
from synth.dataset.reading import open_tasks, stream
from synth.dataset.survey import Spread, Survey, survey
from verify.cards import Card
from verify.proof import TaskSource
from verify.rates import Rate, false_accepts, false_rejects
from verify.scores import score_suite
from verify.suites import Refusal, Suite
from verify.suites.lint.linting import lint_task

INFEASIBLE = ("missing-input", "needs-network", "needs-clock", "absolute-path", "no-verifier")


@dataclass(frozen=True)
class Some:
    """Some tasks of a suite."""

    suite: Suite
    task_ids: list[str]

    def load(self, task_id: str) -> Task:
        return self.suite.load(task_id)


@dataclass(frozen=True)
class Fairness:
    """What running verifiers on lazy work tells."""

    checks: float
    lazy: float
    lazy_best: float
    graded: int


@dataclass(frozen=True)
class Side:
    """One dataset, measured; `feasible` is the share of tasks that lint has nothing to say of."""

    name: str
    survey: Survey
    feasible: float
    fairness: Fairness | None
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Row:
    """One figure of both; `better` is 1 where more is better, -1 where less is, else 0."""

    name: str
    ours: float | None
    other: float | None
    better: int = 0

    @property
    def behind(self) -> bool:
        """Whether the first dataset is worse in a figure that both have."""
        if not self.better or self.ours is None or self.other is None:
            return False
        return self.better * (self.ours - self.other) < -1e-9


def main() -> int:
    """Measure both, print the table."""
    options = read_options()
    paths = (options.ours, options.other)
    drawn = [draw(path, options) for path in paths]
    number = min(len(profiles) for profiles, _ in drawn)
    words = min(sum(p.words for p in profiles[:number]) for profiles, _ in drawn)
    sides = [
        measure(path, profiles[:number], feasible, words, options, cards)
        for (profiles, feasible), path, cards in zip(
            drawn, paths, (options.ours_cards, options.other_cards), strict=True
        )
    ]
    table = list(rows(*sides))
    if options.json:
        print(json.dumps([{**vars(row), "behind": row.behind} for row in table]))
    else:
        Console(width=120).print(shown(table, *sides, number=number))
    return int(any(row.behind for row in table))


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("ours", type=Path, help="a dataset or a suite of any format")
    parser.add_argument("other", type=Path, help="the one to compare with")
    parser.add_argument("--tasks", type=int, default=2_000, help="tasks of each, at most (2000)")
    parser.add_argument("--graded", type=int, default=0, help="tasks whose verifiers are run (0)")
    parser.add_argument("--seed", type=int, default=0, help="which tasks are drawn (0)")
    parser.add_argument("--jobs", type=int, default=2, help="sandboxes at a time (2)")
    parser.add_argument("--ours-cards", type=Path, help="verifier cards of the first")
    parser.add_argument("--other-cards", type=Path, help="verifier cards of the second")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    return parser.parse_args()


def draw(path: Path, options: argparse.Namespace) -> tuple[list[Profile], float]:
    """Some tasks of a dataset in an order of the seed, and the share of them that is feasible."""
    suite, refused = open_tasks(path), list[Refusal]()
    order = sorted(
        suite.task_ids, key=lambda task_id: derive_random(options.seed, "side", task_id).random()
    )
    chosen = set(order[: options.tasks])
    profiles: dict[str, Profile] = {}
    feasible: list[bool] = []
    for task in stream(suite, refused):
        if task.id in chosen:
            profiles[task.id] = profile_of(task)
            feasible.append(not any(found.rule in INFEASIBLE for found in lint_task(task)))
    for refusal in refused:
        print(f"{path.name}: refused: {refusal.task_id}: {refusal.reason}", file=sys.stderr)
    return [profiles[task_id] for task_id in order if task_id in profiles], fmean(feasible)


def measure(
    path: Path,
    profiles: list[Profile],
    feasible: float,
    words: int,
    options: argparse.Namespace,
    cards: Path | None,
) -> Side:
    """Everything that the table needs of one dataset."""
    some = Some(open_tasks(path), [profile.id for profile in profiles[: options.graded]])
    return Side(
        name=path.resolve().name,
        survey=survey(profiles, name=path.name, words=words, seed=options.seed),
        feasible=feasible,
        fairness=asyncio.run(fairness(some, options.jobs)) if options.graded else None,
        cards=read_cards(cards) if cards else (),
    )


async def fairness(tasks: TaskSource, jobs: int) -> Fairness:
    """Run verifiers on what the lazy panel leaves behind."""
    scores = await score_suite(tasks, open_backend("auto"), "lazy", jobs=jobs)
    graded = [
        [verdict for verdict in scores.of(task) if isinstance(verdict, Graded)]
        for task in scores.tasks
    ]
    counts = [max(len(verdict.checks) for verdict in verdicts) for verdicts in graded if verdicts]
    return Fairness(
        checks=median(counts) if counts else math.nan,
        lazy=scores.mean.value,
        lazy_best=scores.best.value,
        graded=len(counts),
    )


def rows(ours: Side, other: Side) -> Iterator[Row]:
    """The table."""

    def row(name: str, figure: Callable[[Side], float | None], better: int = 0) -> Row:
        return Row(name, figure(ours), figure(other), better)

    for name in ("words", "files", "bytes", "outputs"):
        for part in ("p10", "median", "p90"):
            yield row(f"{name}, {part}", lambda side, n=name, p=part: of_spread(side, n, p))
    yield row("prompt length, p90 over p10", length_ratio, 1)
    yield row("types of input files", lambda side: distinct(side, "type-in"), 1)
    yield row("types of output files", lambda side: distinct(side, "type-out"), 1)
    for n in (1, 2, 3, 4, 5):
        yield row(f"distinct-{n}", lambda side, n=n: distinct_share(side, n), 1)
    for name, better in SIMILARITIES.items():
        yield row(name.replace("_", " "), lambda side, n=name: of_similarity(side, n), better)
    yield row("pairs that differ in shape or operations", lambda s: s.survey.differing_pairs, 1)
    yield row("with a reference solution", lambda side: side.survey.shares["solution"], 1)
    yield row("with a rubric", lambda side: side.survey.shares["rubric"])
    yield row("feasible by lint", lambda side: side.feasible, 1)
    yield row("checks a task, median", checks)
    yield row("lazy score, mean", lambda s: s.fairness.lazy if s.fairness else None, -1)
    yield row(
        "lazy score, best of each", lambda s: s.fairness.lazy_best if s.fairness else None, -1
    )
    yield row("bad work accepted, by cards", lambda side: card_rate(side, false_accepts), -1)
    yield row("good work refused, by cards", lambda side: card_rate(side, false_rejects), -1)


SIMILARITIES = {
    "highest": -1,
    "near_duplicates": -1,
    "nearest": -1,
    "cosine_mean": -1,
    "cosine_nearest": -1,
    "cosine_highest": -1,
    "vendi": 1,
}


def of_spread(side: Side, name: str, part: str) -> float | None:
    """One figure of how a number is spread."""
    held: Spread | None = side.survey.spreads.get(name)
    return getattr(held, part) if held else None


def length_ratio(side: Side) -> float:
    """How much longer long prompts are than short ones."""
    words = side.survey.spreads["words"]
    return words.p90 / max(1, words.p10)


def distinct(side: Side, feature: str) -> float:
    """How many values of a feature occur."""
    tally = side.survey.tallies.get(feature)
    return tally.distinct if tally else 0


def distinct_share(side: Side, n: int) -> float | None:
    """Distinct-n."""
    return side.survey.distinct.shares[n] if side.survey.distinct else None


def of_similarity(side: Side, name: str) -> float | None:
    """One figure of how similar instructions are."""
    return getattr(side.survey.similarity, name) if side.survey.similarity else None


def checks(side: Side) -> float | None:
    """Checks a task: those that were run, else those that can be counted."""
    if side.fairness:
        return side.fairness.checks
    return of_spread(side, "checks", "median")


def card_rate(side: Side, rate: Callable[[tuple[Card, ...]], Rate]) -> float | None:
    """A rate of error by the verifier cards."""
    return rate(side.cards).value if side.cards else None


def shown(table: list[Row], ours: Side, other: Side, *, number: int) -> Table:
    """The table for people."""
    held = Table(f"{number:,} tasks of each", ours.name, other.name, "", box=None, pad_edge=False)
    for column in held.columns[1:3]:
        column.justify = "right"
    for row in table:
        figures = ["n/a" if f is None else f"{f:,.4g}" for f in (row.ours, row.other)]
        held.add_row(row.name, *figures, "behind" if row.behind else "")
    if ours.survey.distinct:
        held.caption = f"distinct-n over {ours.survey.distinct.words:,} words"
    return held


if __name__ == "__main__":
    sys.exit(main())
