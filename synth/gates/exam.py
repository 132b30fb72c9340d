"""One candidate under examination: what gates have found out so far, for those that follow."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from clawgym.files import Files
from clawgym.task import Task
from synth.gates.candidate import Candidate
from synth.gates.proving import Grade, Prover
from verify.attempts import Attempt
from verify.checklist import Checklist


@dataclass
class Exam:
    """A candidate's task, who proves it, and the evidence.

    Attributes:
        candidate: where the task comes from.
        task: the task.
        prover: runs solutions and verifiers.
        solved: the reference solution's work; set by the oracle gate.
        caught: core checks that some wrong attempt failed by themselves.
        attempts: how many finished workspaces were graded, by gate.
    """

    candidate: Candidate
    task: Task
    prover: Prover
    solved: Files | None = None
    caught: set[str] = field(default_factory=set[str])
    attempts: Counter[str] = field(default_factory=Counter[str])

    @cached_property
    def checklist(self) -> Checklist:
        """The checks of the task's verifier."""
        return Checklist.read(self.task)

    def solution(self) -> Files:
        """The reference solution's work, made now where no gate has made it.

        Raises:
            TaskFormatError: it fails.
        """
        if self.solved is None:
            self.solved = self.prover.solve(self.task)
        return self.solved

    def grade(self, gate: str, attempts: Sequence[Attempt]) -> list[tuple[Attempt, Grade]]:
        """Grade attempts, and keep count of what they came to."""
        grades = self.prover.grade(self.task, [attempt.files for attempt in attempts])
        self.attempts[gate] += len(grades)
        for grade in grades:
            self.caught.update(grade.failed)
        return list(zip(attempts, grades, strict=True))
