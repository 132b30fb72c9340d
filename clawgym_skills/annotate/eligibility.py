"""Which skills synthesis may ground tasks in, and why the others may not."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clawgym_skills.annotate.record import Annotation, Language
from clawgym_skills.annotate.rules import annotate
from clawgym_skills.annotate.signals import gating_signals
from clawgym_skills.skill import Skill


class Reason(StrEnum):
    """Why a skill is kept out of synthesis."""

    CREDENTIALS = "credentials"
    MEDIA = "media"
    RISK = "risk"
    LANGUAGE = "language"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Policy:
    """What synthesis accepts besides ClawGym's own rule (no credentials, nothing but text).

    `risks` are the names of risk signals that keep a skill out; a task that deletes a file in its
    sandbox is fine, one that moves money is not. ClawGym itself has no such gate. `languages` are
    those that tasks are written in.
    """

    languages: frozenset[Language] = frozenset(
        {Language.ENGLISH, Language.MULTILINGUAL, Language.UNKNOWN}
    )
    risks: frozenset[str] = field(default_factory=gating_signals)


@dataclass(frozen=True)
class Eligibility:
    """`ok`, or the reasons against with a sentence each."""

    reasons: Mapping[Reason, str] = field(default_factory=dict[Reason, str])

    @property
    def ok(self) -> bool:
        """Whether synthesis may use the skill."""
        return not self.reasons


def eligible_for_synthesis(
    skill: Skill, annotation: Annotation | None = None, policy: Policy | None = None
) -> Eligibility:
    """Whether tasks may be made from a skill.

    Args:
        skill: the skill.
        annotation: what an annotator said about it; None asks the rules.
        policy: what is accepted; None is the default.
    """
    return judge(annotation or annotate(skill, "skill"), policy or Policy())


def judge(annotation: Annotation, policy: Policy) -> Eligibility:
    """The same for a record."""
    facts = annotation.annotation
    if facts is None:
        return Eligibility({Reason.FAILED: annotation.error or "the annotator failed"})
    reasons: dict[Reason, str] = {}
    if facts.auth_required:
        reasons[Reason.CREDENTIALS] = "; ".join(facts.auth_details)
    if not facts.text_only_compatible:
        reasons[Reason.MEDIA] = "; ".join(facts.non_text_reasons)
    if gated := [name for name in _risks(annotation) if name in policy.risks]:
        reasons[Reason.RISK] = "; ".join(gated)
    if facts.language not in policy.languages:
        reasons[Reason.LANGUAGE] = f"written in {facts.language}"
    return Eligibility(reasons)


def _risks(annotation: Annotation) -> tuple[str, ...]:
    return annotation.clawgym.risks if annotation.clawgym else ()


@dataclass(frozen=True)
class Funnel:
    """From what was found to what synthesis may use.

    `kept_out` counts every reason of every skill, `first` each skill once, by its first reason in
    the order of `Reason`; so `found = eligible + sum(first)`.
    """

    found: int
    eligible: int
    kept_out: Mapping[Reason, int]
    first: Mapping[Reason, int]


def funnel(
    annotations: Iterable[Annotation], refused: int = 0, policy: Policy | None = None
) -> Funnel:
    """Count who is kept out and why; `refused` are those that could not even be read."""
    accepted = policy or Policy()
    every: Counter[Reason] = Counter({Reason.REFUSED: refused} if refused else {})
    first: Counter[Reason] = Counter(every)
    eligible = 0
    for annotation in annotations:
        reasons = judge(annotation, accepted).reasons
        every.update(reasons.keys())
        if reasons:
            first[min(reasons, key=list(Reason).index)] += 1
        else:
            eligible += 1
    found = eligible + sum(first.values())
    ordered = [reason for reason in Reason if every[reason]]
    return Funnel(found, eligible, {r: every[r] for r in ordered}, {r: first[r] for r in ordered})
