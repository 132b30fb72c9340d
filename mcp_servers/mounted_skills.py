"""The skills that a workspace server mounts beside the directory it serves."""

from collections.abc import Iterable

from clawgym.files import Files
from clawgym_skills.skill import Skill
from mcp_servers.public_names import public_names


def mounted_skills(skills: Iterable[Skill]) -> dict[str, Files]:
    """The files of skills by the name that the skills server publishes them under."""
    by_id = {skill.id: skill.files for skill in skills}
    return {public: by_id[name] for name, public in public_names(by_id)}
