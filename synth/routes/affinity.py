"""Affinity: which kinds of work belong where. Nobody keeps a test suite among wedding plans.

Technical work is done by those who look after programs, accounts by those who deal with money, and
some work by nobody for a household.
"""

from collections.abc import Iterable

from clawgym.artifact import ArtifactKind
from clawgym.operation import Capability
from synth.composing import Offer
from synth.taxonomy import Domain, category_of, subcategories

_TECHNICAL_OPERATIONS = frozenset({"test", "patch", "diagnose"})
_TECHNICAL_KINDS = frozenset({ArtifactKind.CODE, ArtifactKind.CONFIG})
_TECHNICAL_CATEGORIES = frozenset({"automation", "development", "systems"})
_TECHNICAL_TOO = frozenset({"page-optimization", "solution-design", "grounding"})
_ROWS = (ArtifactKind.TABLE, ArtifactKind.RECORDS)
_BUSINESS = frozenset(Capability(name, kind) for name in ("draft", "validate") for kind in _ROWS)
"""Accounts and invoices: what these operations bring as rows."""

_BUSINESS_PLACES = frozenset(
    {
        *("records", "documents", "correspondence", "finance", "calculation", "reminders"),
        *("inbox", "routing", "inspection", "project-planning"),
    }
)
_BUSINESS_FUNCTIONS = frozenset(
    {
        *("administration", "finance", "management", "sales", "operations", "logistics"),
        *("facilities", "support", "household"),
    }
)
_PERSONAL_PLACES = frozenset(
    {
        *("documents", "meeting-notes", "records", "correspondence", "inbox", "reminders"),
        *("team-sync", "routing", "inspection", "event-triggers", "grounding", "status"),
        *("incidents", "debugging", "testing", "knowledge-organization", "collection"),
    }
)
"""Where people keep tickets and case notes, which others may not see."""

_PRIVATE_PLACES = frozenset({"personal-schedule", "household-decisions"})
_WORK_ONLY = frozenset({"redact", "validate", "crawl", "checksum"})
"""What nobody does at home, besides technical work and business."""

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
    if lead in _BUSINESS:
        return tuple(name for name in subcategories() if name in _BUSINESS_PLACES)
    if lead.operation == "redact":
        return tuple(name for name in subcategories() if name in _PERSONAL_PLACES)
    if lead.operation in _WORK_ONLY:
        others = [name for name in others if name not in _PRIVATE_PLACES]
    return (*technical, *(others * _PER_TECHNICAL))


def is_at_home(lead: Capability, domain: Domain) -> bool:
    """Whether people with such data do such work."""
    if lead in _BUSINESS and not _BUSINESS_FUNCTIONS & set(domain.functions):
        return False
    work = is_technical(lead) or lead in _BUSINESS or lead.operation in _WORK_ONLY
    return not work or "household" not in domain.functions


def suitable(offers: Iterable[Offer], subcategory: str, lead: Capability) -> tuple[Offer, ...]:
    """The offers that belong there; those of the lead's own operation in any case."""
    return tuple(
        offer
        for offer in offers
        if offer.capability == lead or _belongs(offer.capability, subcategory, lead)
    )


def _belongs(capability: Capability, subcategory: str, lead: Capability) -> bool:
    if capability in _BUSINESS:
        return subcategory in _BUSINESS_PLACES
    if capability.operation == "redact":
        return subcategory in _PERSONAL_PLACES
    if capability.operation in _WORK_ONLY and subcategory in _PRIVATE_PLACES:
        return False
    return not is_technical(capability) or is_technical_place(subcategory)
