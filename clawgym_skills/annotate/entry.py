"""A skill on its way through an annotator."""

from dataclasses import dataclass

from clawgym_skills.skill import Skill


@dataclass(frozen=True)
class Entry:
    """A skill with what its record says about where it comes from."""

    skill: Skill
    skill_id: str
    source: str
