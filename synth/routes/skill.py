"""The skill-grounded route: a primary skill and those that support it.

The primary skill is dealt in turn, and so is what it is asked to do. Supporting skills are not
chosen beforehand: the graph grows by moves whose inputs and outputs fit, and each skill that gets
a node there does work that is checked. The gate `necessity` sees to that for a finished task. A
skill that is for some formats gets only nodes that take or make a file of these.
"""

from collections.abc import Sequence

from clawgym.operation import Capability
from synth.composing import Offer, Plan
from synth.routes.deck import dealt
from synth.routes.design import Design
from synth.routes.skills import SkillSource
from synth.routes.wishes import wishes

_FAVOURED = 3


def primary_skill(seed: int, design: Design, skills: Sequence[SkillSource]) -> SkillSource:
    """The skill at the heart of a task."""
    return dealt(seed, "primary", design.ordinal, skills)


def lead_of(seed: int, design: Design, primary: SkillSource, skills: int) -> Capability:
    """What the primary skill is asked to do, one thing after the other."""
    return dealt(seed, f"lead-{primary.name}", design.ordinal // skills, primary.groundable)


def plan_for_skill(
    seed: int, design: Design, skills: Sequence[SkillSource], *, patience: int
) -> Plan:
    """A plan that one skill is at the heart of; the others may support it.

    Args:
        seed: of the dataset.
        design: what the task is to be like.
        skills: those that may be used, in catalogue order.
        patience: 2 asks for the very thing that the skill was dealt, 1 for its operation on
            whatever kind, 0 for anything that the skill does.
    """
    primary = primary_skill(seed, design, skills)
    lead = lead_of(seed, design, primary, len(skills))
    offers = tuple(
        Offer(capability, skill.name, skill.formats)
        for skill in skills
        for capability in skill.groundable
    )
    mine = frozenset(
        offer
        for offer in offers
        if offer.skill == primary.name
        and (patience < 1 or offer.capability.operation == lead.operation)
        and (patience < 2 or offer.capability == lead)
    )
    operations = tuple(dict.fromkeys(offer.capability.operation for offer in offers))
    deck = tuple(skill.name for skill in skills)
    favoured = {
        dealt(seed, f"support-{number}", design.ordinal, deck) for number in range(_FAVOURED)
    }
    return Plan(
        offers,
        (mine,),
        design.size,
        entries=design.entries,
        parts=design.parts,
        weights=wishes(seed, design, operations, lead.operation),
        favoured=frozenset(favoured - {primary.name}),
    )
