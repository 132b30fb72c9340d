"""Candidates: what composition hands to the gates, and how one is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from clawgym.files import Files
from clawgym.task import Task


@dataclass(frozen=True)
class Lost:
    """A candidate that did not get through: at which gate, and a reason that can be counted.

    `detail` says more to a person; it is never counted by.
    """

    gate: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Candidate:
    """The outcome of one index: a task, or none, with the draws that were lost on the way.

    Attributes:
        index: the number that everything about it was derived from.
        task: the task; None where all draws of this index were lost.
        lost: the draws that came to nothing, one entry each.
        figures: results that only the truth knows, so that the instruction may not state them.
        mistakes: finished workspaces with a mistake that people make at these operations, by name.
        labels: what the dataset is balanced by, such as `{"subcategory": "invoices"}`.
    """

    index: int
    task: Task | None
    lost: tuple[Lost, ...] = ()
    figures: frozenset[str] = frozenset()
    mistakes: Mapping[str, Files] = field(default_factory=dict[str, Files])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


class Source(Protocol):
    """Where candidates come from. Sent to workers by pickling."""

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides which candidates there are."""
        ...

    @property
    def seed(self) -> int:
        """The seed that it draws by."""
        ...

    @property
    def generator(self) -> str:
        """What makes the tasks, as `dataset.json` names it."""
        ...

    @property
    def settings(self) -> Mapping[str, JsonValue]:
        """What it was told, as `dataset.json` keeps it."""
        ...

    def draw(self, index: int) -> Candidate:
        """The candidate of one index: a pure function of the source and the index."""
        ...
