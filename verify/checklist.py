"""What can be known of a verifier from its `checks.json`, whatever kinds of checks it holds."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from clawgym.invalid import explain
from clawgym.reward import CheckRole
from clawgym.task import Task

CHECKS = "checks.json"


class Listed(BaseModel):
    """One check, as far as all kinds of checks are alike."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    type: str = ""
    role: CheckRole
    weight: float = 1.0
    node: str | None = None
    requirement: str = ""
    path: str = ""
    ordered: bool = False

    @property
    def earns(self) -> bool:
        """Whether something can be earned by it."""
        return self.role is CheckRole.CORE and self.weight > 0


class _ChecksFile(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    checks: tuple[Listed, ...]


@dataclass(frozen=True)
class Checklist:
    """The checks of a task; none for a verifier that is a program of its own.

    `problem` says why `checks.json` could not be read.
    """

    checks: tuple[Listed, ...] = ()
    problem: str = ""

    @property
    def ordered_paths(self) -> frozenset[str]:
        """The files whose rows must stand in the order that a check gives."""
        return frozenset(check.path for check in self.checks if check.ordered)

    def of_path(self, path: str) -> list[Listed]:
        """The core checks that look at a file, and those that name no file."""
        return [c for c in self.checks if c.earns and c.path in (path, "")]

    @classmethod
    def read(cls, task: Task) -> "Checklist":
        """The checks of a task, with the problem instead of an exception."""
        if CHECKS not in task.tests:
            return cls()
        try:
            return cls(_ChecksFile.model_validate_json(task.tests[CHECKS].data).checks)
        except ValidationError as error:
            return cls(problem=explain(error))
