"""What the prompt offers: all eligible skills while they fit, else those most likely wanted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clawgym.errors import UsageError
from clawgym_skills.prompt import MAX_SKILLS, skills_prompt
from clawgym_skills.skill import Skill
from graph_agents.skilled.offers import Offer, SkillSource

TOO_MANY_TO_SAMPLE = 1_000
"""Above so many skills, a list of those that come first by name would tell nothing."""


@dataclass(frozen=True)
class Listing:
    """The skills that a prompt names, and how many more there are."""

    offers: tuple[Offer, ...]
    more: int


def choose(there: Sequence[Offer], pinned: Sequence[str], used: Sequence[str]) -> Listing:
    """At most 150 skills: all there are, or the pinned, those used lately, and then by name."""
    offers = [offer for offer in there if offer.model_invocable and not offer.refused]
    if len(offers) <= MAX_SKILLS:
        return Listing(tuple(offers), 0)
    by_id = {offer.id: offer for offer in offers}
    rest = list(by_id) if len(offers) <= TOO_MANY_TO_SAMPLE else []
    wanted = dict.fromkeys([*pinned, *used, *rest])
    chosen = [by_id[name] for name in wanted if name in by_id][:MAX_SKILLS]
    return Listing(tuple(chosen), len(offers) - len(chosen))


def section(
    listing: Listing, skills: Sequence[Skill], location: Callable[[Skill], str]
) -> tuple[str, int]:
    """The section for the prompt, and how many skills it does not name."""
    text = skills_prompt(skills, location)
    return text, listing.more + len(listing.offers) - text.count("<skill>")


def loaded(source: SkillSource, offers: Sequence[Offer]) -> list[tuple[Offer, Skill]]:
    """The skills of these offers; what has just changed or gone is left out."""
    found: list[tuple[Offer, Skill]] = []
    for offer in offers:
        try:
            found.append((offer, source.load(offer)))
        except UsageError:
            continue
    return found
