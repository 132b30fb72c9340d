"""How far two annotators agree, field by field."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from clawgym.agreement import cohen_kappa
from clawgym_skills.annotate.record import Additions, Annotation, Facts

Read = Callable[[Facts, Additions], Hashable]

FIELDS: Mapping[str, Read] = {
    "language": lambda facts, _: facts.language,
    "auth_required": lambda facts, _: facts.auth_required,
    "text_only_compatible": lambda facts, _: facts.text_only_compatible,
    "has_risk": lambda facts, _: facts.has_risk,
    "synthesizable": lambda facts, _: facts.synthesizable,
    "needs_network": lambda _, additions: additions.needs_network,
    "category": lambda _, additions: additions.category,
}
"""Fields with one value each; operations are sets and are compared by overlap."""

_SHOWN = 10


@dataclass(frozen=True)
class FieldAgreement:
    """On one field: the share of equal values, and Cohen's kappa.

    `kappa` is 1 for perfect agreement, 0 for what chance brings, and None where chance alone must
    agree. `disagree` names some of the skills on which they differ.
    """

    field: str
    pairs: int
    agree: float
    kappa: float | None
    disagree: tuple[str, ...]


@dataclass(frozen=True)
class Agreement:
    """Two annotators on the same skills; `operations` is the mean overlap (Jaccard) of the sets."""

    pairs: int
    fields: tuple[FieldAgreement, ...]
    operations: float | None


_Pair = tuple[str, tuple[Facts, Additions], tuple[Facts, Additions]]


def agreement(one: Sequence[Annotation], other: Sequence[Annotation]) -> Agreement:
    """Compare the records of the same skill ids; failed ones are left out."""
    by_id = {record.skill_id: record for record in other}
    pairs: list[_Pair] = []
    for record in one:
        left, right = _content(record), _content(by_id.get(record.skill_id))
        if left and right:
            pairs.append((record.skill_id, left, right))
    fields = tuple(_on_field(name, read, pairs) for name, read in FIELDS.items())
    overlaps = [_overlap(left[1].operations, right[1].operations) for _, left, right in pairs]
    return Agreement(len(pairs), fields, sum(overlaps) / len(overlaps) if overlaps else None)


def _content(record: Annotation | None) -> tuple[Facts, Additions] | None:
    if record is None or record.annotation is None or record.clawgym is None:
        return None
    return record.annotation, record.clawgym


def _on_field(name: str, read: Read, pairs: Sequence[_Pair]) -> FieldAgreement:
    values = [(skill_id, read(*left), read(*right)) for skill_id, left, right in pairs]
    differing = [skill_id for skill_id, left, right in values if left != right]
    agree = 1 - len(differing) / len(values) if values else 0.0
    rated = [(left, right) for _, left, right in values]
    kappa = cohen_kappa(rated, list(dict.fromkeys(chain.from_iterable(rated))))
    return FieldAgreement(name, len(values), agree, kappa, tuple(differing[:_SHOWN]))


def _overlap(one: Sequence[str], other: Sequence[str]) -> float:
    either = set(one) | set(other)
    return len(set(one) & set(other)) / len(either) if either else 1.0
