"""Error rates of verifiers: how often they take bad work, and how often they refuse good work."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clawgym.intervals import Interval, wilson_interval
from verify.attempts import Due, Family, Outcome
from verify.cards import Card


@dataclass(frozen=True)
class Rate:
    """`wrong` of `graded` verdicts are not what was due; `ungraded` ones count for neither."""

    name: str
    wrong: int
    graded: int
    ungraded: int
    mean: float
    """The mean score, NaN without any."""

    @property
    def value(self) -> float:
        """The share of wrong verdicts in [0, 1]; NaN without any verdict."""
        return self.wrong / self.graded if self.graded else math.nan

    @property
    def interval(self) -> Interval:
        """The 95 % Wilson interval of the share; all of [0, 1] without any verdict."""
        return wilson_interval(self.wrong, self.graded)

    @property
    def coverage(self) -> float:
        """The share of attempts that were graded; 0 without any."""
        total = self.graded + self.ungraded
        return self.graded / total if total else 0.0


def rate(name: str, outcomes: Iterable[Outcome]) -> Rate:
    """The rate of wrong verdicts among some outcomes."""
    everything = list(outcomes)
    scores = [outcome.score for outcome in everything if outcome.score is not None]
    wrong = sum(outcome.wrong for outcome in everything if outcome.score is not None)
    mean = math.fsum(scores) / len(scores) if scores else math.nan
    return Rate(name, wrong, len(scores), len(everything) - len(scores), mean)


def family_rates(cards: Sequence[Card]) -> list[Rate]:
    """One rate a family that was tried; what was planted counts by what lay under it."""
    rates: list[Rate] = []
    for family in Family:
        outcomes = [outcome for card in cards for outcome in card.of(family)]
        if family is Family.PLANTED:
            for base in ("noop", "oracle"):
                some = [outcome for outcome in outcomes if outcome.name.endswith(f":{base}")]
                rates += [rate(f"planted on {base}", some)] if some else []
        elif outcomes:
            rates.append(rate(family.value, outcomes))
    return rates


def false_accepts(cards: Sequence[Card]) -> Rate:
    """Work that earned more than it should: no-op, lazy, fuzz, mutants, tampering."""
    outcomes = (outcome for card in cards for outcome in card.outcomes if outcome.accepts)
    return rate("false accept", outcomes)


def false_rejects(cards: Sequence[Card]) -> Rate:
    """Work that earned less than it should: reference and second solutions, tampered or not."""
    good = (Due.EVERYTHING, Due.MOST)
    outcomes = (outcome for card in cards for outcome in card.outcomes if outcome.due in good)
    return rate("false reject", outcomes)


def crashes(cards: Sequence[Card]) -> int:
    """How many damaged outputs left the work ungraded."""
    return sum(bool(outcome.ungraded) for card in cards for outcome in card.of(Family.FUZZ))
