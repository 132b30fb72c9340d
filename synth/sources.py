"""Where the synthesiser's skills come from: a catalogue file, or the bundled skills."""

import re
from collections.abc import Container
from pathlib import Path

from clawgym.errors import UsageError
from clawgym_skills.annotate import eligible_for_synthesis
from clawgym_skills.bundle import bundled_skills
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.skill import Skill
from synth.operations import is_groundable
from synth.routes.skills import SkillSource

_UNSAFE = re.compile(r"[^\w-]+")
_LONGEST = 64


def skill_sources(catalogue: Path | None) -> list[SkillSource]:
    """Every skill of the catalogue, or every bundled one where no catalogue is named.

    Those that need credentials or media, or that are risky, say so and are kept out of tasks.
    Each gets a name that can be a directory's: public skills call themselves all sorts of things.

    Raises:
        UsageError: the catalogue file does not exist.
    """
    sources: dict[str, SkillSource] = {}
    for skill in _read(catalogue) if catalogue else bundled_skills():
        name = _directory_name(skill.id, sources)
        reason = _kept_out(skill) if any(map(is_groundable, skill.capabilities)) else ""
        sources[name] = SkillSource(name, skill.capabilities, skill.files, reason, skill.formats)
    return list(sources.values())


def _kept_out(skill: Skill) -> str:
    """Why the annotator's rules keep a skill out: credentials, media, risk or language."""
    reasons = eligible_for_synthesis(skill).reasons
    return "; ".join(f"{reason}: {said}" for reason, said in reasons.items())


def _read(catalogue: Path) -> list[Skill]:
    if not catalogue.is_file():
        raise UsageError(
            f"there is no catalogue {catalogue}; make it with "
            f"`clawgym skills index DIR --catalog {catalogue}`"
        )
    with Catalogue(catalogue) as opened:
        return opened.skills()


def _directory_name(skill_id: str, taken: Container[str]) -> str:
    stem = _UNSAFE.sub("-", skill_id).strip("-")[:_LONGEST] or "skill"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name
