"""What gates need of whoever runs solutions and verifiers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import TypeAdapter

from clawgym.files import Files
from clawgym.reward import CheckResult
from clawgym.task import Task
from verify.probes import SOLUTION

_CHECKS = TypeAdapter(tuple[CheckResult, ...])


@dataclass(frozen=True)
class Grade:
    """What a finished workspace came to.

    Attributes:
        score: in [0, 1]; None where the verifier gave none.
        failed: core checks that found something wrong themselves, not those voided by a gate.
        details: the results of all checks as JSON, where they were asked for; equal texts are
            equal results.
        problem: why there is no score.
    """

    score: float | None
    failed: tuple[str, ...] = ()
    details: str = ""
    problem: str = ""

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """The results of all checks, where they were asked for."""
        return _CHECKS.validate_json(self.details) if self.details else ()

    @staticmethod
    def write_details(checks: object) -> str:
        """The text of `details` for results that are plain JSON values."""
        return json.dumps(checks, ensure_ascii=False)


class Prover(Protocol):
    """Runs what a task consists of, in a box. `surroundings` is an index of `SURROUNDINGS`."""

    def solve(self, task: Task, script: str = SOLUTION, surroundings: int = 0) -> Files:
        """The finished workspace that a script of the solution leaves.

        Raises:
            TaskFormatError: there is none, or it fails.
            SandboxError: the box is at fault.
        """
        ...

    def grade(
        self,
        task: Task,
        attempts: Sequence[Files],
        surroundings: int = 0,
        *,
        explain: bool = False,
    ) -> list[Grade]:
        """Grade finished workspaces by the task's own verifier; `explain` asks for the details.

        Raises:
            SandboxError: the box is at fault.
        """
        ...

    def close(self) -> None:
        """Remove the box."""
        ...
