"""What every value can do: be written as files, and state the checks that it implies."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TypedDict

from clawgym.artifact import ArtifactKind
from clawgym.graph import Node
from clawgym.reward import CheckRole
from verify.checks import Check


class Head(TypedDict):
    """What all checks have in common; see `verify.checks.BaseCheck`."""

    id: str
    node: str
    role: CheckRole
    weight: float
    requirement: str
    expected: str


class Value(ABC):
    """What an artifact holds, in memory: the truth that files are written from and checked by."""

    @abstractmethod
    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The value as one file at `path`, or as a tree below it. Every value can be written.

        Raises:
            TypeError: it has no form of this kind.
        """

    @abstractmethod
    def checks(self, step: "Step") -> list[Check]:
        """What must be true of the file that a step leaves, if this value is the truth.

        Core checks of one step have weights that add up to 1; gates weigh nothing.
        """

    def covers(self, other: "Value") -> bool:
        """Whether a file of this value would do as one of another."""
        return self == other

    @property
    def taken(self) -> "Value":
        """What somebody finds there who goes on with it."""
        return self

    @property
    def figures(self) -> set[str]:
        """Computed figures, as they may be written: none of them may stand in an instruction."""
        return set()


@dataclass(frozen=True)
class Step:
    """One node with where its output lies and what its inputs held.

    `rows_stated` and `columns_stated` are whether the request states an order of its rows, and of
    its columns.
    """

    node: Node
    kind: ArtifactKind
    path: str
    inputs: tuple[Value, ...]
    rows_stated: bool = False
    columns_stated: bool = False

    def gate(self, what: str, requirement: str, expected: str) -> Head:
        """The head of a check that must hold and earns nothing."""
        return self._head(what, CheckRole.GATE, 0.0, requirement, expected)

    def core(self, what: str, weight: float, requirement: str, expected: str) -> Head:
        """The head of a check that earns `weight` of the step's one point."""
        return self._head(what, CheckRole.CORE, weight, requirement, expected)

    def _head(
        self, what: str, role: CheckRole, weight: float, requirement: str, expected: str
    ) -> Head:
        return Head(
            id=f"{self.node.id}.{what}",
            node=self.node.id,
            role=role,
            weight=weight,
            requirement=requirement,
            expected=expected[:300],
        )
