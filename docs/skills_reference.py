"""Prints `docs/skills_bundled.md`, read from the bundled skills themselves.

python docs/skills_reference.py > docs/skills_bundled.md
"""

import sys

from clawgym_skills.bundle import bundled_skills
from clawgym_skills.operations import atomic_operations
from clawgym_skills.skill import Skill

HEAD = """# Bundled skills

The {count} skills that come with ClawGym. Each is a folder that works when it is copied alone:
instructions, and one script of standard-library Python (3.9 or newer) that works offline and writes
atomically. Exit statuses: 0 done, 1 something was found, 2 the input or the command is at fault.

`clawgym skills show NAME` prints one; `clawgym skills lint` holds skills against the specification.
This page is generated: `python docs/skills_reference.py > docs/skills_bundled.md`.

| skill | what, and when | operations | script |
|---|---|---|---|
"""
OPERATIONS = """
## The atomic operations

{count} operations in {categories} categories, each typed over the kinds of artifacts that it takes
(`clawgym_skills/operations.toml`), and the bundled skills that perform it.

| category | operation | what | skills |
|---|---|---|---|
"""


def reference() -> str:
    """The whole page."""
    skills = bundled_skills()
    operations = atomic_operations().values()
    rows = [_skill_row(skill) for skill in skills]
    kinds = [
        f"| {each.category} | `{each.name}` | {each.summary} | {_performers(each.name, skills)} |"
        for each in operations
    ]
    categories = len({each.category for each in operations})
    table = OPERATIONS.format(count=len(operations), categories=categories)
    return HEAD.format(count=len(skills)) + "\n".join(rows) + "\n" + table + "\n".join(kinds) + "\n"


def _skill_row(skill: Skill) -> str:
    declared = " ".join(f"`{capability}`" for capability in skill.capabilities)
    if skill.formats:
        declared += f" of {' '.join(f'`{ending}`' for ending in skill.formats)}"
    scripts = " ".join(f"`{path}`" for path in skill.files if path.startswith("scripts/"))
    text = skill.description.replace("|", "\\|")
    return f"| {skill.emoji} **{skill.name}** | {text} | {declared} | {scripts} |"


def _performers(operation: str, skills: list[Skill]) -> str:
    names = (s.name for s in skills if any(c.operation == operation for c in s.capabilities))
    return ", ".join(names)


if __name__ == "__main__":
    sys.stdout.write(reference())
