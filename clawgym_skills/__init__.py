"""Skills: reading what others wrote, and finding the right one.

diagnostic   what was repaired or refused, by stable code
skill        the noun
reading      one directory to one skill, leniently
discovery    directories of skills
strict       the Agent Skills specification, rule by rule
openclaw     what OpenClaw would load, skip or gate
profiles     one answer by any of the three (import it from its module)
publication  the view for strict readers, derived and never written back
skills_ref   the reference package's interface
catalogue    all of them in one SQLite file, searchable (import it from its module)
bundle       the skills that come with ClawGym
prompt       the list of skills for a system prompt
"""

from clawgym_skills.bundle import bundled_directory, bundled_skills
from clawgym_skills.diagnostic import Code, Diagnostic, Severity, SkillRefusedError
from clawgym_skills.discovery import Discovery, discover_skills
from clawgym_skills.prompt import skills_prompt
from clawgym_skills.reading import read_skill
from clawgym_skills.skill import Skill

__all__ = [
    "Code",
    "Diagnostic",
    "Discovery",
    "Severity",
    "Skill",
    "SkillRefusedError",
    "bundled_directory",
    "bundled_skills",
    "discover_skills",
    "read_skill",
    "skills_prompt",
]
