"""The skills that tasks may be grounded in: what a route needs of them, and which are usable."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.operation import Capability
from synth.operations import OPERATIONS, is_groundable
from synth.routes.endings import comes_in


@dataclass(frozen=True)
class SkillSource:
    """What the synthesiser needs of a skill: its name, what it declares, its files.

    `kept_out` says why no tasks may be made of it, such as that it needs credentials; it is empty
    where they may. `formats` are what the names of files end in that it is for; () for all.
    """

    name: str
    capabilities: tuple[Capability, ...]
    files: Files
    kept_out: str = ""
    formats: tuple[str, ...] = ()

    @property
    def groundable(self) -> tuple[Capability, ...]:
        """What it declares that tasks can be made of; nothing where it is kept out.

        A skill for Word files does nothing for a printout: what it does to documents counts only
        if tasks have some in its formats.
        """
        if self.kept_out:
            return ()
        known = filter(is_groundable, self.capabilities)
        return tuple(one for one in known if comes_in(one, self.formats))


def usable_skills(skills: Sequence[SkillSource]) -> tuple[SkillSource, ...]:
    """The skills that declare at least one operation that can be grounded.

    Raises:
        UsageError: none does.
    """
    usable = tuple(skill for skill in skills if skill.groundable)
    if not usable:
        names = ", ".join(skill.name for skill in skills) or "no skill at all"
        raise UsageError(
            "none of these skills declares an operation that tasks are made of, in the formats "
            f"that it is for: {names}; "
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
            f"{', '.join(unusable)} declares no operation that tasks are made of, or none in the "
            f"formats that it is for (known operations: {', '.join(OPERATIONS)}); leave it out"
        )
    return usable
