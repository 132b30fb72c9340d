"""Affinity: which kinds of work belong where. Nobody keeps a test suite among wedding plans."""

from collections.abc import Iterable

from clawgym.artifact import ArtifactKind
from clawgym.operation import Capability
from synth.composing import Offer
from synth.taxonomy import category_of, subcategories

_TECHNICAL_OPERATIONS = frozenset({"test", "patch", "diagnose"})
_TECHNICAL_KINDS = frozenset({ArtifactKind.CODE, ArtifactKind.CONFIG})
_TECHNICAL_CATEGORIES = frozenset({"automation", "development", "systems"})
_TECHNICAL_TOO = frozenset({"page-optimization", "solution-design", "grounding"})
_PER_TECHNICAL = 3
"""How many tasks of any work go to other subcategories for one that goes to a technical one."""


def is_technical(capability: Capability) -> bool:
    """Whether only people who look after programs and machines do this."""
    return capability.operation in _TECHNICAL_OPERATIONS or capability.kind in _TECHNICAL_KINDS


def is_technical_place(subcategory: str) -> bool:
    """Whether such people work there."""
    return subcategory in _TECHNICAL_TOO or category_of(subcategory).name in _TECHNICAL_CATEGORIES


def places_for(lead: Capability) -> tuple[str, ...]:
    """The subcategories that work may be asked for in, as a deck.

    Technical work has the technical ones for itself; these get the fewer others, so that all
    subcategories come about as often.
    """
    technical = [name for name in subcategories() if is_technical_place(name)]
    if is_technical(lead):
        return tuple(technical)
    others = [name for name in subcategories() if name not in technical]
    return (*technical, *(others * _PER_TECHNICAL))


def suitable(offers: Iterable[Offer], subcategory: str, lead: Capability) -> tuple[Offer, ...]:
    """The offers that belong there; those of the lead's own operation in any case."""
    return tuple(
        offer
        for offer in offers
        if is_technical_place(subcategory)
        or offer.capability.operation == lead.operation
        or not is_technical(offer.capability)
    )
