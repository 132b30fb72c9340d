"""The skills that come with ClawGym."""

from importlib.resources import files
from pathlib import Path

from clawgym_skills.discovery import discover_skills
from clawgym_skills.reading import read_skill
from clawgym_skills.skill import Skill


def bundled_directory() -> Path:
    """Where the bundled skills lie in this installation."""
    return Path(str(files("clawgym_skills").joinpath("bundled")))


def bundled_skills() -> list[Skill]:
    """Every bundled skill, sorted by name."""
    directories = discover_skills([bundled_directory()]).directories
    return sorted((read_skill(directory) for directory in directories), key=lambda s: s.name)
