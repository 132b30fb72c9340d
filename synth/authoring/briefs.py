"""What a task is to be about: the commission that the first stage gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from clawgym.files import Files

Route = Literal["persona", "skill"]


class SkillOffer(Protocol):
    """A skill that the task is to be grounded in, with the files that the agent gets."""

    @property
    def name(self) -> str:
        """The skill's name, good for a directory."""
        ...

    @property
    def summary(self) -> str:
        """What it does, in words."""
        ...

    @property
    def files(self) -> Files:
        """The skill itself."""
        ...


class Brief(Protocol):
    """The commission of one task. The first of `skills` is the primary one."""

    @property
    def persona(self) -> str:
        """Who asks, in words."""
        ...

    @property
    def scenario(self) -> str:
        """What kind of situation it is, in words."""
        ...

    @property
    def operations(self) -> Sequence[str]:
        """The atomic operations to use, by name."""
        ...

    @property
    def skills(self) -> Sequence[SkillOffer]:
        """The skills to ground it in; none on the persona route."""
        ...


@dataclass(frozen=True)
class PlainSkill:
    """A skill as its parts."""

    name: str
    summary: str
    files: Files


@dataclass(frozen=True)
class PlainBrief:
    """A brief as its parts."""

    persona: str
    scenario: str
    operations: tuple[str, ...]
    skills: tuple[PlainSkill, ...] = ()
