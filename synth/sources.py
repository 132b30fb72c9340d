"""Where the synthesiser's skills come from: a catalogue file, or the bundled skills."""

from pathlib import Path

from clawgym_skills.bundle import bundled_skills
from clawgym_skills.catalogue import Catalogue
from synth.pipeline import SkillSource


def skill_sources(catalogue: Path | None) -> list[SkillSource]:
    """Every skill of the catalogue, or every bundled one where no catalogue is named.

    Raises:
        UsageError: the catalogue file does not exist.
    """
    skills = Catalogue(catalogue).skills() if catalogue else bundled_skills()
    return [SkillSource(skill.name, skill.capabilities, skill.files) for skill in skills]
