"""The persona-driven route: a person, a scenario, k atomic operations, and no skills offered."""

from functools import cache

from clawgym.operation import Capability
from synth.composing import Offer, Plan
from synth.operations import OPERATIONS
from synth.routes.deck import dealt
from synth.routes.design import Design
from synth.routes.wishes import partner_of, wishes
from synth.values import ROW_KINDS

_ON_EVENTS = (
    *("aggregate", "compare", "deduplicate", "extract", "fetch", "fill", "filter", "inspect"),
    *("join", "rank", "report", "split"),
)
"""Operations on the events of a domain: people ask for several of them in one request."""

_IN_MANY_FORMS = ("convert",) * 3
"""What rows are wanted in so many forms of that each would be rare otherwise."""

LEADS = (*OPERATIONS, *_ON_EVENTS, *_IN_MANY_FORMS)
"""What tasks are about, as a deck: work on events comes twice as often as any other."""


def lead_operation(seed: int, design: Design) -> Capability:
    """What a task is about: the operations in turn, and each on its kinds in turn."""
    operation = dealt(seed, "lead", design.ordinal, LEADS)
    kinds = OPERATIONS[operation].kinds
    if operation in _IN_MANY_FORMS:
        kinds = (*kinds, *ROW_KINDS * len(_IN_MANY_FORMS))
    return Capability(
        operation, dealt(seed, f"kind-{operation}", design.ordinal // len(LEADS), kinds)
    )


def plan_for_persona(seed: int, design: Design, *, patience: int) -> Plan:
    """A plan with k operations that have to occur: the lead and, in longer tasks, its partner.

    Args:
        seed: of the dataset.
        design: what the task is to be like.
        patience: 2 asks for the lead on its kind and for its partner, 1 for the lead on whatever
            kind, 0 for nothing in particular.
    """
    lead = lead_operation(seed, design)
    names = tuple(OPERATIONS)
    partner = partner_of(seed, design, names, lead.operation)
    must: list[frozenset[Offer]] = []
    if patience >= 1:
        must.append(_group(lead.operation, lead if patience >= 2 else None))
    if patience >= 2 and design.size > 2 and partner:
        must.append(_group(partner, None))
    return Plan(
        _offers(),
        tuple(must),
        design.size,
        entries=design.entries,
        parts=design.parts,
        weights=wishes(seed, design, names, lead.operation),
    )


@cache
def _offers() -> tuple[Offer, ...]:
    return tuple(
        Offer(Capability(name, kind))
        for name, operation in OPERATIONS.items()
        for kind in operation.kinds
    )


def _group(operation: str, exactly: Capability | None) -> frozenset[Offer]:
    return frozenset(
        offer
        for offer in _offers()
        if offer.capability.operation == operation and exactly in (None, offer.capability)
    )
