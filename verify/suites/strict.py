"""Strict scoring of a foreign grader's raw checks: what nothing earns, work need not either.

A check's floor is the most that work-shaped nothing earned at it (the no-op and the lazy panel).
Only what lies above the floor counts; a check whose floor is its maximum pays nobody and counts
for nothing. The suite's own score says nothing of this kind: in ClawGym's public tasks a program
that does no work earns 0.24 on average.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from clawgym.reward import Cause, CheckResult, CheckRole, Graded, Ungraded
from clawgym.task import ClawGymMetadata
from verify.scoring import combine

GRADER = "grader"
"""The gate that our adapters put first: whether the suite's own grader ran to its end."""

OWN_REWARD = ("reward", "overall_score")
"""Keys under which a grader writes its own sum of the others: it gates, and is not one of them."""

_FULL = 1.0 - 1e-9

Why = Literal["existence", "intact inputs", "structure", "words", "a count or a bound", "other"]

_REASONS: tuple[tuple[Why, tuple[str, ...]], ...] = (
    ("existence", ("exist", "present", "created", "found", "has_file", "file_saved")),
    ("intact inputs", ("unchanged", "unmodified", "untouched", "intact", "preserved", "no_extra")),
    ("structure", ("header", "heading", "section", "title", "format", "valid", "pars", "struct")),
    ("words", ("keyword", "mention", "contain", "phrase", "include", "refer", "term", "word")),
    ("a count or a bound", ("count", "length", "min_", "max_", "at_least", "limit", "size", "no_")),
)


@dataclass(frozen=True)
class Leak:
    """A check that pays for no work: its floor in (0, 1], and what its name says it looks at."""

    check: str
    floor: float
    why: Why


@dataclass(frozen=True)
class Floors:
    """What no work earns in one task, by check; `own_reward` is that of the grader's own sum."""

    by_check: Mapping[str, float]
    own_reward: float = 0.0

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """The checks that pay for nothing, the most generous first."""
        found = [Leak(key, floor, why(key)) for key, floor in self.by_check.items() if floor > 0]
        return tuple(sorted(found, key=lambda leak: (-leak.floor, leak.check)))

    @property
    def earnable(self) -> bool:
        """Whether any check can tell work from nothing."""
        return any(floor < _FULL for floor in self.by_check.values())


def value_of(check: CheckResult) -> float:
    """What a check earned, in [0, 1]."""
    return check.value if check.value is not None else float(check.passed)


def floors(lazy: Iterable[Graded | Ungraded]) -> Floors:
    """The floors of one task from the verdicts on its no-op and lazy panel.

    A check that did not show up in a verdict earned nothing there. Ungraded verdicts and crashes
    say nothing.
    """
    by_check: dict[str, float] = {}
    own = 0.0
    for reward in lazy:
        if not isinstance(reward, Graded) or grader_problem(reward.checks):
            continue
        for check in counted(reward.checks):
            by_check[check.id] = max(by_check.get(check.id, 0.0), value_of(check))
        own = max(own, _own_reward(reward.checks) or 0.0)
    return Floors(by_check, own)


def strict(
    reward: Graded | Ungraded, floors: Floors, settings: ClawGymMetadata | None = None
) -> Graded | Ungraded:
    """The strict score of a verdict that a foreign grader came to.

    `Ungraded` where the grader crashed or ran out of time, and where nothing can be earned: then
    the task is at fault, and no work is to blame. A rubric's part stays as it is; `settings` are
    the task's own weights. The verdict's checks keep their raw values.
    """
    if isinstance(reward, Ungraded):
        return reward
    if problem := grader_problem(reward.checks):
        return Ungraded(cause=Cause.VERIFIER, reason=f"the suite's own grader {problem}")
    checks = counted(reward.checks)
    if not checks and reward.rubric is not None:
        return reward
    known = {check.id: floors.by_check.get(check.id, 0.0) for check in checks}
    if not any(floor < _FULL for floor in known.values()):
        reason = "no check of this task can tell work from nothing, so there is nothing to score"
        return Ungraded(cause=Cause.TASK, reason=reason)
    code = 0.0 if gate_closed(reward.checks) else strict_score(checks, known)
    return reward.model_copy(update={"code": code, "score": _with_rubric(code, reward, settings)})


def _with_rubric(code: float, reward: Graded, settings: ClawGymMetadata | None) -> float:
    weights = settings or ClawGymMetadata(kind="import")
    return combine(
        code,
        reward.rubric,
        code_weight=weights.code_weight,
        rubric_weight=weights.rubric_weight,
        code_floor=weights.code_floor,
    )


def strict_score(checks: Sequence[CheckResult], floors: Mapping[str, float]) -> float:
    """The weighted mean of what each check earned above its floor, in [0, 1].

    Checks whose floor is their maximum take no part; with none left the score is 0.
    """
    shares = [
        (check.weight, above(value_of(check), floors.get(check.id, 0.0)))
        for check in checks
        if floors.get(check.id, 0.0) < _FULL
    ]
    total = math.fsum(weight for weight, _ in shares)
    return math.fsum(weight * share for weight, share in shares) / total if total else 0.0


def above(value: float, floor: float) -> float:
    """`value` measured from `floor` to 1, clamped into [0, 1]."""
    return 0.0 if floor >= _FULL else min(1.0, max(0.0, (value - floor) / (1.0 - floor)))


def counted(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """The checks that may earn: core ones with a weight, without the grader's own sum of them."""
    core = [check for check in checks if check.role is CheckRole.CORE and check.weight > 0]
    others = [check for check in core if check.id not in OWN_REWARD]
    return others or core


def gate_closed(checks: Iterable[CheckResult]) -> bool:
    """Whether the grader's own sum is 0 beside others: its own gates found nothing to reward."""
    core = [check for check in checks if check.role is CheckRole.CORE]
    own = _own_reward(core)
    return own is not None and own <= 0.0 and len(core) > 1


def grader_problem(checks: Iterable[CheckResult]) -> str:
    """What the suite's own grader died of; empty where it ran to its end."""
    gates = (check for check in checks if check.role is CheckRole.GATE and check.id == GRADER)
    return next((check.found for check in gates if not check.passed), "")


def why(check: str) -> Why:
    """What a leaking check looks at, as far as its name tells."""
    name = check.lower()
    for reason, words in _REASONS:
        if any(word in name for word in words):
            return reason
    return "other"


def _own_reward(checks: Iterable[CheckResult]) -> float | None:
    return next((value_of(check) for check in checks if check.id in OWN_REWARD), None)
