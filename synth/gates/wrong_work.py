"""Gates that hand in wrong work: nothing, next to nothing, one mistake, planted files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clawgym.errors import TaskFormatError
from clawgym.files import File, Files
from clawgym.seeds import derive_random
from clawgym.task import Task
from synth.gates.candidate import Lost
from synth.gates.exam import Exam
from synth.gates.reading import Cost
from verify.attempts import Attempt, Due, Family, without
from verify.mutants import breed
from verify.probes import LAZY
from verify.tampering import PLANTS, tampering


@dataclass(frozen=True)
class NoOp:
    """Doing nothing earns nothing."""

    name: str = "no-op"
    cost: Cost = "grades"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost where it earns something."""
        attempt = Attempt(Family.NOOP, "noop", exam.task.workspace, Due.NOTHING)
        return judge_attempts(self.name, exam, [attempt])


@dataclass(frozen=True)
class Lazy:
    """Work-shaped nothing at the places that the instruction names earns nothing."""

    name: str = "lazy"
    cost: Cost = "grades"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost where one member of the panel earns something."""
        attempts = [
            Attempt(Family.LAZY, probe.name, probe.finished(exam.task), Due.NOTHING)
            for probe in LAZY
            if probe.finished
        ]
        return judge_attempts(self.name, exam, attempts)


@dataclass(frozen=True)
class Mutants:
    """The reference solution's work with one mistake in it earns less than everything.

    `limit` mutants of the files, whatever is in them, and all the mistakes that come with a
    candidate: those that people make at its operations.
    """

    limit: int = 16
    name: str = "mutants"
    cost: Cost = "grades"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost where a mutant survives."""
        try:
            solved = exam.solution()
        except TaskFormatError as error:
            return Lost(self.name, "no-solution", str(error))
        brood = breed(exam.task, solved, limit=self.limit)
        attempts = [
            Attempt(Family.MUTANT, mutant.name, _spoilt(solved, mutant.path, mutant.data), Due.LESS)
            for mutant in brood.mutants
        ]
        attempts += [
            Attempt(Family.MUTANT, f"mistake:{name}", files, Due.LESS)
            for name, files in exam.candidate.mistakes.items()
            if files != solved
        ]
        return judge_attempts(self.name, exam, attempts)


@dataclass(frozen=True)
class Tamper:
    """Planted files neither earn anything nor cost a good solution anything.

    What they are aimed at, the verifier's programs, is the same to the byte in thousands of tasks.
    One task of `every` (told by its id) meets all tricks; any other `sample` of them, on top of
    doing nothing and on top of the reference solution.
    """

    sample: int = 2
    every: int = 40
    name: str = "tamper"
    cost: Cost = "grades"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost where a trick earns something, or breaks the reference solution."""
        try:
            solved = exam.solution()
        except TaskFormatError as error:
            return Lost(self.name, "no-solution", str(error))
        return judge_attempts(self.name, exam, list(self._attempts(exam.task, solved)))

    def _attempts(self, task: Task, solved: Files) -> Iterable[Attempt]:
        rng = derive_random(task.clawgym.seed or 0, "tamper", task.id)
        names = (
            list(PLANTS) if rng.randrange(self.every) == 0 else rng.sample([*PLANTS], self.sample)
        )
        return tampering(task, solved, names)


def judge_attempts(gate: str, exam: Exam, attempts: Sequence[Attempt]) -> Lost | None:
    """Lost by the first attempt whose score is not what was due."""
    for attempt, grade in exam.grade(gate, attempts):
        if grade.score is None:
            return Lost(gate, "ungraded", f"{attempt.name}: {grade.problem}")
        if not attempt.due.is_met(grade.score, 1.0):
            return Lost(gate, _reason(attempt), f"{attempt.name} earns {grade.score:.3f}")
    return None


def _reason(attempt: Attempt) -> str:
    """What to count by: the kind of attempt, without the place where a mistake was made."""
    return ":".join(attempt.name.split(":")[:2])


def _spoilt(solved: Files, path: str, data: bytes | None) -> Files:
    files = without(solved, path)
    if data is None:
        return files
    return files | Files({path: File(data, solved[path].executable)})
