"""The judgement of one task's attempts: from scores that were not due to findings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from clawgym.files import Files
from clawgym.reward import CheckResult, CheckRole, Graded
from clawgym.task import Task
from verify.attempts import Due, Family, Outcome
from verify.cards import Card, Depth, Mutants, Requirement
from verify.checklist import Checklist
from verify.fuzz import SLOW_SHARE
from verify.mutants import Brood
from verify.rules import Finding

LAZY_LIMIT = 0.02
"""The highest mean score that the lazy panel may earn over a dataset, or one of it at a task."""


@dataclass
class Record:
    """What comes together while one task is examined.

    `solved` is the workspace that the reference solution left, `verdict` what that came to and
    `reference` its score.
    """

    task: Task
    solved: Files | None = None
    reference: float = 1.0
    verdict: Graded | None = None
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    findings: list[Finding] = field(default_factory=list[Finding])

    def find(self, rule: str, message: str) -> None:
        """Note a finding of that rule."""
        self.findings.append(Finding(task_id=self.task.id, rule=rule, message=message))


def find_lazy(record: Record) -> None:
    """Note that work-shaped nothing earns something: once, with the members that do."""
    earned = {
        o.name: o.score for o in record.outcomes if o.family is Family.LAZY and o.score is not None
    }
    paid = sorted((n for n, score in earned.items() if score > LAZY_LIMIT), key=earned.__getitem__)
    if paid:
        said = ", ".join(f"{name} {earned[name]:.3f}" for name in reversed(paid))
        record.find("lazy-earns", f"{len(paid)} of {len(earned)} lazy ways earn: {said}")


def find_ungraded(record: Record) -> None:
    """Tell each reason why an attempt has no score once: one cause may stop them all.

    Under fuzz every reason is told with its damage instead.
    """
    reasons = {o.ungraded for o in record.outcomes if o.ungraded and o.family is not Family.FUZZ}
    for reason in sorted(reasons):
        record.find("ungraded", reason)


def judge(record: Record, outcome: Outcome, problem: str) -> None:
    """Note what is wrong with one outcome; `problem` says what broke, where something did."""
    score = outcome.score if outcome.score is not None else 0.0
    if outcome.family is Family.FUZZ:
        _judge_fuzz(record, outcome, problem)
    elif not outcome.wrong:
        return
    elif outcome.family is Family.NOOP:
        record.find("noop-earns", f"doing nothing earns {score:.3f}")
    elif outcome.family is Family.MUTANT:
        checks = [check.id for check in Checklist.read(record.task).of_path(outcome.path)]
        known = f"; checks of that file: {', '.join(checks)}" if checks else ""
        record.find("mutant-survives", f"{outcome.name} still earns {score:.3f}{known}")
    elif outcome.family is Family.PLANTED and outcome.due is Due.NOTHING:
        record.find("tampering-earns", f"{outcome.name} earns {score:.3f}")
    elif outcome.family is Family.PLANTED and score < record.reference:
        record.find("tampering-breaks", f"{outcome.name} takes the reference to {score:.3f}")


def _judge_fuzz(record: Record, outcome: Outcome, problem: str) -> None:
    limit = slow_after(record.task)
    if problem:
        record.find("fuzz-crash", f"{outcome.name}: {problem}")
    elif outcome.wrong:
        record.find("fuzz-survives", f"{outcome.name} still earns {outcome.score:.3f}")
    if outcome.seconds > limit:
        record.find("fuzz-slow", f"{outcome.name} takes {outcome.seconds:.1f} s of {limit:.0f} s")


def slow_after(task: Task) -> float:
    """The seconds that a verifier may spend on a damaged output."""
    return SLOW_SHARE * task.config.verifier.timeout_sec


def card_of(record: Record, depth: Depth, brood: Brood) -> Card:
    """The card of a record that is complete."""
    matrix = _requirement_matrix(Checklist.read(record.task), record)
    if not depth.quick and record.verdict:
        _find_inert(record)
    return Card(
        task_id=record.task.id,
        digest=record.task.digest,
        depth=depth,
        reference=record.solved is not None,
        outcomes=tuple(record.outcomes),
        mutants=Mutants(
            made=len(brood.mutants),
            possible=brood.possible,
            equivalent=brood.equivalent,
            opaque=brood.opaque,
        ),
        matrix=matrix,
        findings=tuple(dict.fromkeys(record.findings)),
    )


def _requirement_matrix(listed: Checklist, record: Record) -> tuple[Requirement, ...]:
    """Each requirement with its checks and how much wrong work they found out."""
    caught = [check for o in record.outcomes if o.accepts for check in o.failed]
    rows: dict[tuple[str, str | None], Requirement] = {}
    for check in listed.checks:
        key = (check.requirement, check.node)
        row = rows.get(key) or Requirement(requirement=check.requirement, node=check.node)
        kind = "cores" if check.role is CheckRole.CORE else "gates"
        ids: tuple[str, ...] = (*getattr(row, kind), check.id)
        rows[key] = row.model_copy(
            update={kind: ids, "caught": row.caught + caught.count(check.id)}
        )
    return tuple(rows.values())


def _find_inert(record: Record) -> None:
    """Core checks that no wrong attempt ever failed, though its gates let it through."""
    failed = {check for outcome in record.outcomes for check in outcome.failed}
    assert record.verdict
    for check in record.verdict.checks:
        if check.role is CheckRole.CORE and check.weight > 0 and check.id not in failed:
            record.find("inert-check", f"check {check.id} held in every attempt")


def describe(checks: Sequence[CheckResult]) -> str:
    """The first checks that do not hold, with what was expected and found."""
    failed = [check for check in checks if not check.passed]
    return "; ".join(
        f"{c.id} (expected {c.expected}, found {c.found} at {c.where})" for c in failed[:3]
    )
