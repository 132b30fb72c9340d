"""Verifier cards: what is known about the verifier of one task, on disk as JSON."""

from statistics import median
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from verify.attempts import Family, Outcome
from verify.rules import Finding


class Depth(BaseModel):
    """How thoroughly a verifier was examined; part of what a card says, and of what resumes.

    `quick` runs the reference solution, a no-op and the lazy panel alone. `strict` scores by our
    rule what an imported verifier found (`verify.suites.strict`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    quick: bool = False
    strict: bool = False
    oracle_runs: Annotated[int, Field(ge=1)] = 1
    mutants: Annotated[int, Field(ge=0)] = 60
    seed: int = 0
    require_solution: bool | None = None
    """None: of tasks that ClawGym made itself, not of imported ones."""


class Requirement(BaseModel):
    """One sentence that the verifier enforces, and by what.

    `caught` counts the wrong attempts that its core checks found out themselves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    requirement: str
    node: str | None = None
    gates: tuple[str, ...] = ()
    cores: tuple[str, ...] = ()
    caught: int = 0


class Mutants(BaseModel):
    """How many mutants were made; `possible` places, `equivalent` ones dropped, `opaque` files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    made: int = 0
    possible: int = 0
    equivalent: int = 0
    opaque: tuple[str, ...] = ()


class Card(BaseModel):
    """The examination of one task's verifier.

    `outcomes` are all attempts with their scores, `findings` what is wrong, before any selection
    of rules. A task that could not be read has an empty `digest` and a finding. `reference` says
    whether there is a reference solution that runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    task_id: str
    digest: str = ""
    depth: Depth = Depth()
    reference: bool = False
    outcomes: tuple[Outcome, ...] = ()
    mutants: Mutants = Mutants()
    matrix: tuple[Requirement, ...] = ()
    findings: tuple[Finding, ...] = ()

    def of(self, *families: Family) -> list[Outcome]:
        """The outcomes of some families, in order."""
        return [outcome for outcome in self.outcomes if outcome.family in families]

    @property
    def seconds(self) -> tuple[float, float]:
        """Median and longest time of one grading, in seconds; zeros when there was none."""
        times = [outcome.seconds for outcome in self.outcomes]
        return (median(times), max(times)) if times else (0.0, 0.0)
