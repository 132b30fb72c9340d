"""The system prompt: how to work in a workspace, and which skills there are.

Skills are disclosed step by step: the prompt names and describes them, the body is read on demand.
"""

import posixpath
from collections.abc import Sequence
from importlib.resources import files
from string import Template

from clawgym.sandbox.protocol import WORKSPACE, Sandbox
from clawgym_skills.prompt import skills_prompt
from clawgym_skills.skill import Skill

SKILLS = "skills"
"""The name of the sandbox mount that holds one directory for each skill, called by its id."""


def system_prompt(sandbox: Sandbox, skills: Sequence[Skill] = ()) -> str:
    """The prompt for a sandbox, with paths as a command inside it sees them."""
    template = files("graph_agents").joinpath("prompt", "system.md").read_text(encoding="utf-8")
    rules = Template(template).substitute(workspace=sandbox.place(WORKSPACE))
    if not skills:
        return rules
    root = sandbox.place(SKILLS)

    def location(skill: Skill) -> str:
        return posixpath.join(root, skill.id, skill.file_name)

    return f"{rules}\n{skills_prompt(skills, location)}"
