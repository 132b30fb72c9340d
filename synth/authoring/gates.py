"""The gates of procedural tasks that read, for tasks that a model writes.

What they find out is told to the model at the stage that can mend it: words with the plan, files
with the resources, and the whole with the verification.
"""

from collections.abc import Sequence
from typing import NoReturn

from clawgym.files import Files
from clawgym.task import Task
from synth.authoring.conversing import RejectedError
from synth.gates.candidate import Candidate
from synth.gates.exam import Exam
from synth.gates.plausibility import Plausibility
from synth.gates.profile import Gate
from synth.gates.proving import Grade
from synth.gates.reading import Leak, Lint, Matrix, Schema
from verify.probes import SOLUTION

WORDING: tuple[Gate, ...] = (Leak(), Plausibility())
"""Gates for the instruction, and for the files of the workspace."""

WHOLE: tuple[Gate, ...] = (Schema(), Lint(), Leak(), Matrix(), Plausibility())
"""Gates for a task that is complete; those that run it are `proving`'s."""


def read_through(task: Task, gates: Sequence[Gate]) -> None:
    """Put a task through gates that read.

    Raises:
        RejectedError: it is lost at one.
    """
    exam = Exam(Candidate(0, task), task, _Nobody())
    for gate in gates:
        if lost := gate.judge(exam):
            told = f"{lost.gate}: {lost.reason}"
            raise RejectedError(lost.gate, [f"{told}: {lost.detail}" if lost.detail else told])


class _Nobody:
    """Proves nothing, for gates that only read."""

    def solve(self, task: Task, script: str = SOLUTION, surroundings: int = 0) -> Files:
        self._refuse()

    def grade(
        self,
        task: Task,
        attempts: Sequence[Files],
        surroundings: int = 0,
        *,
        explain: bool = False,
    ) -> list[Grade]:
        self._refuse()

    def close(self) -> None:
        """Nothing was opened."""

    def _refuse(self) -> NoReturn:
        raise AssertionError("a gate that only reads asked for a run")
