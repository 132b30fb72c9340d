"""Gates that run solutions: the task can be done, and in more than one way."""

from dataclasses import dataclass

from clawgym.errors import TaskFormatError
from synth.gates.candidate import Lost
from synth.gates.exam import Exam
from synth.gates.proving import Grade
from synth.gates.reading import Cost
from synth.gates.surroundings import SURROUNDINGS
from verify.attempts import ALTERNATIVE_LIMIT, EPSILON
from verify.examination import ALTERNATIVE
from verify.judgement import describe


@dataclass(frozen=True)
class Oracle:
    """The reference solution earns everything, and does so in strange surroundings as well.

    Each run works in another directory, time zone, locale and hash seed, and is graded there; all
    check results must be equal.
    """

    runs: int = len(SURROUNDINGS)
    name: str = "oracle"
    cost: Cost = "solves"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost where a run fails, earns less than 1, or differs from the first."""
        first: Grade | None = None
        for number in range(self.runs):
            try:
                files = exam.prover.solve(exam.task, surroundings=number)
            except TaskFormatError as error:
                return Lost(self.name, "fails" if number == 0 else "unsteady", str(error))
            grade = exam.prover.grade(exam.task, [files], number, explain=True)[0]
            exam.attempts[self.name] += 1
            if number == 0:
                exam.solved = files
            if lost := self._about(grade, first, number):
                return lost
            first = first or grade
        return None

    def _about(self, grade: Grade, first: Grade | None, number: int) -> Lost | None:
        if first is not None and grade.details != first.details:
            return Lost(self.name, "unsteady", f"with {SURROUNDINGS[number].said}")
        if grade.score is None:
            return Lost(self.name, "ungraded", grade.problem)
        if grade.score < 1 - EPSILON:
            return Lost(self.name, "below-one", describe(grade.checks))
        return None


@dataclass(frozen=True)
class Second:
    """A second, independent solution earns nearly everything, where there is one."""

    required: bool = False
    limit: float = ALTERNATIVE_LIMIT
    name: str = "second"
    cost: Cost = "solves"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost where it fails, or earns less than the limit."""
        if ALTERNATIVE not in exam.task.solution:
            return Lost(self.name, "missing") if self.required else None
        try:
            files = exam.prover.solve(exam.task, ALTERNATIVE)
        except TaskFormatError as error:
            return Lost(self.name, "fails", str(error))
        grade = exam.prover.grade(exam.task, [files], explain=True)[0]
        exam.attempts[self.name] += 1
        if grade.score is None:
            return Lost(self.name, "ungraded", grade.problem)
        if grade.score < self.limit - EPSILON:
            return Lost(self.name, "rejected", describe(grade.checks))
        return None
