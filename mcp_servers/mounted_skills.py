"""The skills that a workspace server mounts beside the directory it serves."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from clawgym.sandbox import scratch_directory
from clawgym_skills.skill import Skill
from mcp_servers.public_names import public_names


@contextmanager
def mounted_skills(skills: Iterable[Skill]) -> Generator[Path]:
    """A directory for as long as it is needed, with each skill in a folder of its public name."""
    files = {skill.id: skill.files for skill in skills}
    with scratch_directory() as directory:
        for skill_id, public in public_names(files):
            files[skill_id].write_to(directory / public)
        yield directory
