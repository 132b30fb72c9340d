"""Calibration: how far a judge agrees with people, with itself, and with the order turned round."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clawgym.agreement import (
    Unit,
    bootstrap_interval,
    cohen_kappa,
    krippendorff_alpha,
    self_consistency,
)
from clawgym.intervals import Interval
from clawgym.reward import Ungraded
from verify.rubric.gold import GoldItem
from verify.rubric.judge import Judge, RubricScore
from verify.rubric.rubric import LEVELS

OVERALL = "all"


@dataclass(frozen=True)
class Reading:
    """One criterion of one piece of work: what people said, and the judge."""

    item: str
    criterion: str
    ratings: tuple[float | None, ...]
    gold: float | None
    score: float
    votes: tuple[float, ...]
    swapped: float | None = None


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha (ordinal) of judge and gold, and among the people; None: undefined.

    `kappa` is Cohen's with quadratic weights, of each vote with the gold.
    """

    name: str
    readings: int
    alpha: float | None
    interval: Interval | None
    kappa: float | None
    among_people: float | None


@dataclass(frozen=True)
class Calibration:
    """What a calibration found. `ungraded` says which pieces of work were not judged, and why."""

    readings: tuple[Reading, ...]
    ungraded: dict[str, str]
    total: int

    @property
    def coverage(self) -> float:
        """The share of the gold set that was judged, in [0, 1]."""
        return 1 - len(self.ungraded) / self.total

    @property
    def overall(self) -> Agreement:
        """Over all criteria together."""
        return _agreement(OVERALL, self.readings)

    @property
    def criteria(self) -> list[Agreement]:
        """For each criterion by its id."""
        names = dict.fromkeys(reading.criterion for reading in self.readings)
        return [
            _agreement(name, [r for r in self.readings if r.criterion == name]) for name in names
        ]

    @property
    def self_consistency(self) -> float | None:
        """The chance that two votes of the judge agree; None with one vote."""
        return self_consistency([reading.votes for reading in self.readings])

    @property
    def swap_flips(self) -> float | None:
        """The share of readings that change when the criteria are shown in the reverse order."""
        pairs = [(r.score, r.swapped) for r in self.readings if r.swapped is not None]
        return sum(a != b for a, b in pairs) / len(pairs) if pairs else None

    @property
    def confusion(self) -> list[list[int]]:
        """Votes, counted: a row for each band of the gold, a column for each band of the judge."""
        votes = Counter((r.gold, vote) for r in self.readings for vote in r.votes)
        return [[votes[gold, said] for said in LEVELS] for gold in LEVELS]


async def calibrate(
    judge: Judge,
    gold: Sequence[GoldItem],
    *,
    swap: bool = False,
    on_item: Callable[[], None] = lambda: None,
) -> Calibration:
    """Judge every piece of work of a gold set; with `swap` once more in the reverse order."""
    ungraded: dict[str, str] = {}

    async def one(item: GoldItem) -> list[Reading]:
        judged = await judge.score(item.work, item.rubric)
        turned = await judge.score(item.work, item.rubric, swapped=True) if swap else None
        on_item()
        for result in (judged, turned):
            if isinstance(result, Ungraded):
                ungraded[item.id] = result.reason
                return []
        assert isinstance(judged, RubricScore)
        return _readings(item, judged, turned if isinstance(turned, RubricScore) else None)

    found = await asyncio.gather(*(one(item) for item in gold))
    readings = tuple(reading for readings in found for reading in readings)
    return Calibration(readings, ungraded, len(gold))


def _readings(item: GoldItem, judged: RubricScore, turned: RubricScore | None) -> list[Reading]:
    swapped = {result.id: result.score for result in turned.criteria} if turned else {}
    return [
        Reading(
            item=item.id,
            criterion=result.id,
            ratings=item.ratings[result.id],
            gold=item.consensus(result.id),
            score=result.score,
            votes=tuple(vote.band for vote in result.votes),
            swapped=swapped.get(result.id),
        )
        for result in judged.criteria
    ]


def _agreement(name: str, readings: Sequence[Reading]) -> Agreement:
    rated = [reading for reading in readings if reading.gold is not None]
    pairs = [(r.gold, vote) for r in rated for vote in r.votes if r.gold is not None]
    by_item: dict[str, list[Reading]] = {}
    for reading in rated:
        by_item.setdefault(reading.item, []).append(reading)
    return Agreement(
        name=name,
        readings=len(rated),
        alpha=krippendorff_alpha(_units(rated)),
        interval=bootstrap_interval(
            list(by_item.values()),
            lambda drawn: krippendorff_alpha(_units([r for group in drawn for r in group])),
        ),
        kappa=cohen_kappa(pairs, LEVELS, "quadratic"),
        among_people=krippendorff_alpha([reading.ratings for reading in rated]),
    )


def _units(readings: Sequence[Reading]) -> list[Unit]:
    return [(reading.gold, reading.score) for reading in readings]
