"""The skills that tasks may be grounded in: what a route needs of them, and which are usable."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.operation import Capability
from synth.operations import OPERATIONS, is_groundable


@dataclass(frozen=True)
class SkillSource:
    """What the synthesiser needs of a skill: its name, what it declares, its files.

    `kept_out` says why no tasks may be made of it, such as that it needs credentials; it is empty
    where they may.
    """

    name: str
    capabilities: tuple[Capability, ...]
    files: Files
    kept_out: str = ""

    @property
    def groundable(self) -> tuple[Capability, ...]:
        """What it declares that tasks can be made of; nothing where it is kept out."""
        return () if self.kept_out else tuple(filter(is_groundable, self.capabilities))


def usable_skills(skills: Sequence[SkillSource]) -> tuple[SkillSource, ...]:
    """The skills that declare at least one operation that can be grounded.

    Raises:
        UsageError: none does.
    """
    usable = tuple(skill for skill in skills if skill.groundable)
    if not usable:
        names = ", ".join(skill.name for skill in skills) or "no skill at all"
        raise UsageError(
            f"none of these skills declares an operation that tasks are made of: {names}; "
            f"known operations: {', '.join(OPERATIONS)}"
        )
    return usable


def choose_skills(skills: Sequence[SkillSource], names: Sequence[str]) -> tuple[SkillSource, ...]:
    """The named skills, in the order of `names`; all of them where no name is given.

    Raises:
        UsageError: a name is unknown, with the nearest known one, or declares nothing usable.
    """
    by_name = {skill.name: skill for skill in skills}
    for name in names:
        if name not in by_name:
            near = get_close_matches(name, by_name, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"unknown skill {name!r}{hint} (known: {', '.join(sorted(by_name))})")
    chosen = [by_name[name] for name in dict.fromkeys(names)] or list(skills)
    if names and (reasons := [f"{s.name} ({s.kept_out})" for s in chosen if s.kept_out]):
        raise UsageError(f"no tasks may be made of {', '.join(reasons)}; leave it out")
    usable = usable_skills(chosen)
    unusable = [skill.name for skill in chosen if skill not in usable]
    if names and unusable:
        raise UsageError(
            f"{', '.join(unusable)} declares no operation that tasks are made of "
            f"(known operations: {', '.join(OPERATIONS)}); leave it out"
        )
    return usable
