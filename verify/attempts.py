"""Attempts: finished workspaces whose deserts are known beforehand, and what they came to."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from clawgym.files import File, Files
from clawgym.reward import CheckRole, Graded, Ungraded, UnitInterval
from clawgym.task import Task

EPSILON = 1e-6
ALTERNATIVE_LIMIT = 0.95
"""What a second, independent solution must earn at least."""


class Family(StrEnum):
    """The kinds of attempts, in the order in which tables show them."""

    ORACLE = "oracle"
    STEADY = "steady"
    ALTERNATIVE = "alternative"
    NOOP = "noop"
    LAZY = "lazy"
    FUZZ = "fuzz"
    MUTANT = "mutant"
    PLANTED = "planted"


class Due(StrEnum):
    """What a sound verifier gives."""

    EVERYTHING = "everything"
    MOST = "most"
    """At least `ALTERNATIVE_LIMIT`."""
    LESS = "less"
    """Less than the reference solution."""
    NOTHING = "nothing"
    GRADE = "grade"
    """Any score, as long as there is one."""

    def is_met(self, score: float, reference: float) -> bool:
        """Whether `score` is due, where the reference solution earned `reference`."""
        if self is Due.EVERYTHING:
            return score >= 1 - EPSILON
        if self is Due.MOST:
            return score >= ALTERNATIVE_LIMIT - EPSILON
        if self is Due.LESS:
            return score < reference - EPSILON
        return self is Due.GRADE or score <= 0


@dataclass(frozen=True)
class Attempt:
    """A finished workspace; `name` is unique within a task and tells how it was made."""

    family: Family
    name: str
    files: Files
    due: Due
    path: str = ""
    """The file that was spoilt, where it was one."""


class Outcome(BaseModel):
    """What an attempt came to: a score, or why there is none.

    `failed` are the core checks that did not hold by themselves, not those voided by a gate.
    `wrong` says that the score is not what was due. `seconds` is the time of the whole grading.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: Family
    name: str
    due: Due
    path: str = ""
    score: UnitInterval | None = None
    wrong: bool = False
    ungraded: str = ""
    failed: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def accepts(self) -> bool:
        """Whether the verifier should have refused: the base of the false-accept rate."""
        return self.due in (Due.NOTHING, Due.LESS)

    @classmethod
    def of(
        cls, attempt: Attempt, verdict: Graded | Ungraded, seconds: float, reference: float
    ) -> "Outcome":
        """Judge a verdict by what was due; `reference` is the reference solution's score."""
        outcome = cls(
            family=attempt.family,
            name=attempt.name,
            due=attempt.due,
            path=attempt.path,
            seconds=round(seconds, 4),
        )
        if isinstance(verdict, Ungraded):
            return outcome.model_copy(update={"ungraded": f"{verdict.cause}: {verdict.reason}"})
        found = {
            "score": verdict.score,
            "wrong": not attempt.due.is_met(verdict.score, reference),
            "failed": failed_cores(verdict),
        }
        return outcome.model_copy(update=found)


def failed_cores(verdict: Graded) -> tuple[str, ...]:
    """The ids of the core checks that found something wrong themselves."""
    return tuple(
        check.id
        for check in verdict.checks
        if check.role is CheckRole.CORE and not check.passed and not check.found.startswith("void:")
    )


def produced(task: Task, finished: Files) -> Files:
    """The files that were made or changed in the course of the work."""
    return Files({path: f for path, f in finished.items() if task.workspace.get(path) != f})


def with_files(files: Files, contents: Mapping[str, bytes]) -> Files:
    """`files` with some written over, as far as the names are places for a file.

    Too long names are left out, and so are those below another file or above one.
    """
    result: dict[str, File | bytes | str] = dict(files)
    folders = {parent for path in result for parent in _parents(path)}
    for path, data in contents.items():
        if path in folders or any(parent in result for parent in _parents(path)):
            continue
        with suppress(ValueError):
            Files({path: data})
            result[path] = data
            folders.update(_parents(path))
    return Files(result)


def without(files: Files, path: str) -> Files:
    """`files` less one."""
    return Files({name: file for name, file in files.items() if name != path})


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
