"""The skills that a workspace server mounts beside the directory it serves."""

from collections.abc import Sequence
from pathlib import Path

from clawgym.files import Files
from clawgym_skills.bundle import bundled_skills
from clawgym_skills.catalogue import open_catalogue
from clawgym_skills.skill import Skill
from mcp_servers.skills.library import public_names


def mounted_skills(names: Sequence[str] | None, catalog: Path) -> dict[str, Files]:
    """The files of skills by the name that the skills server publishes them under.

    Args:
        names: which of the catalogue's skills; None for the bundled ones.
        catalog: where the catalogue is; where there is none, the bundled skills are meant.

    Raises:
        ClawGymError: a name is not in the catalogue.
    """
    skills = bundled_skills() if names is None else _named(names, catalog)
    by_id = {skill.id: skill.files for skill in skills}
    return {public: by_id[name] for name, public in public_names(by_id)}


def _named(names: Sequence[str], catalog: Path) -> list[Skill]:
    with open_catalogue(catalog) as catalogue:
        return [catalogue.get(name) for name in names]
