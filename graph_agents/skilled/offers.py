"""A skill as it is offered, without its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clawgym_skills.records import ActivationRecord
from clawgym_skills.skill import Skill


@dataclass(frozen=True)
class Offer:
    """One skill that may be used here.

    Attributes:
        id: how its source addresses it.
        public: its name in lower case and without a slash, which no other skill has: its folder's
            name inside a sandbox, and what a user may call it.
        digest: of its files, as they are now.
        description: one line, by its author.
        model_invocable: whether a model may choose it.
        user_invocable: whether a user may call it by name.
        trusted: whether somebody vouches for it, so that it may be used without asking.
        refused: why it must not be used at all; empty if it may.
        findings: what a scanner noticed, in a line; empty if nothing or not scanned.
    """

    id: str
    public: str
    digest: str
    description: str
    model_invocable: bool = True
    user_invocable: bool = True
    trusted: bool = False
    refused: str = ""
    findings: str = ""


class SkillSource(Protocol):
    """Where skills come from; what it offers is eligible on this machine."""

    def offers(self) -> Sequence[Offer]:
        """Every skill, sorted by id, as it is now."""
        ...

    def load(self, offer: Offer) -> Skill:
        """A skill with its files.

        Raises:
            UsageError: it is gone or has changed since it was offered; ask for the offers again.
        """
        ...

    def search(self, query: str, limit: int) -> Sequence[str]:
        """The ids of the skills that fit these words, best first."""
        ...

    def used(self) -> Sequence[str]:
        """The ids of the skills that were used lately, latest first."""
        ...

    def log(self, activation: ActivationRecord) -> None:
        """Keep that a skill was handed to an agent."""
        ...
