"""Rewards: a graded score with its evidence, or the reason why there is none."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

UnitInterval = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class CheckRole(StrEnum):
    """Gates must hold and earn nothing; core checks earn their weight."""

    GATE = "gate"
    CORE = "core"


class CheckResult(BaseModel):
    """What one check found, in words that a person can act on.

    `node` is the graph node that the check hangs off; None means the whole task. `value` is the
    share that a check earned where it is not all or nothing; None means 1 if it passed, else 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    role: CheckRole
    passed: bool
    value: UnitInterval | None = None
    weight: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 1.0
    node: str | None = None
    requirement: str = ""
    expected: str = ""
    found: str = ""
    where: str = ""


class Cause(StrEnum):
    """Who broke, when a trial could not be graded. None of these is the agent's fault."""

    SANDBOX = "sandbox"
    PROVIDER = "provider"
    VERIFIER = "verifier"
    TASK = "task"
    HARNESS = "harness"
    CANCELLED = "cancelled"


class CriterionVote(BaseModel):
    """One reading of the work by a judge: the band it chose, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    band: UnitInterval
    reason: str


class CriterionResult(BaseModel):
    """What a judge made of one criterion of a rubric: the median of its votes.

    `weight` is the criterion's share of the rubric; the shares of all criteria add up to 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    weight: UnitInterval
    score: UnitInterval
    votes: tuple[CriterionVote, ...] = ()


class Graded(BaseModel):
    """A score in [0, 1] and what it is made of.

    `findings` are remarks that a person should read, such as a text that addresses the judge; they
    change no score.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["graded"] = "graded"
    score: UnitInterval
    code: UnitInterval
    rubric: UnitInterval | None = None
    checks: tuple[CheckResult, ...] = ()
    criteria: tuple[CriterionResult, ...] = ()
    findings: tuple[str, ...] = ()


class Ungraded(BaseModel):
    """No score: the failure is ours, and it is never counted as a zero."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["ungraded"] = "ungraded"
    cause: Cause
    reason: str


Reward = Annotated[Graded | Ungraded, Field(discriminator="kind")]


@dataclass(frozen=True)
class MeanScore:
    """A mean that cannot be read without its coverage."""

    value: float
    graded: int
    total: int

    @property
    def coverage(self) -> float:
        """The share of trials that the mean speaks for, in [0, 1]."""
        return self.graded / self.total if self.total else 0.0

    def __str__(self) -> str:
        value = "n/a" if math.isnan(self.value) else f"{self.value:.3f}"
        return f"{value} ({self.graded}/{self.total} graded)"


def mean_score(rewards: Iterable[Graded | Ungraded]) -> MeanScore:
    """The mean score of the graded rewards; NaN when none was graded."""
    everything: Sequence[Graded | Ungraded] = list(rewards)
    scores = [reward.score for reward in everything if isinstance(reward, Graded)]
    value = math.fsum(scores) / len(scores) if scores else math.nan
    return MeanScore(value, len(scores), len(everything))
