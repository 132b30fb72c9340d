"""What a model answers, stage by stage."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

JsonObject = dict[str, JsonValue]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Grade = Annotated[int, Field(ge=1, le=5)]


class Answer(BaseModel):
    """The form of an answer; a key that nobody asked for makes it unusable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PlannedInput(Answer):
    """A file that the workspace starts with."""

    path: Words
    purpose: Words


class PlannedOutput(Answer):
    """A file that the work has to leave; the contract of its content."""

    path: Words
    contract: Words


class TaskPlan(Answer):
    """Stage 1: what is asked, and what is to come out of it."""

    title: Words
    instruction: Words
    inputs: Annotated[tuple[PlannedInput, ...], Field(min_length=1)]
    outputs: Annotated[tuple[PlannedOutput, ...], Field(min_length=1)]
    operations: Annotated[tuple[Words, ...], Field(min_length=1)]
    difficulty: Grade
    difficulty_reason: Words


class AuthoredFile(Answer):
    """A text file."""

    path: Words
    content: str


class Resources(Answer):
    """Stage 2: the files of the workspace."""

    files: Annotated[tuple[AuthoredFile, ...], Field(min_length=1)]


class AuthoredCriterion(Answer):
    """A criterion of the rubric; `bands` say what work looks like that earns 0, 0.25, … 1."""

    id: Words
    name: Words
    weight: Annotated[float, Field(gt=0, le=100)]
    target: Words | None
    bands: Annotated[tuple[Words, ...], Field(min_length=5, max_length=5)]


class Verification(Answer):
    """Stage 3: how work is graded, and work that is right.

    Either `checks` of the library or a `check_script`, a Python program with a function `check`.
    `solution` is a Python program that does the work in the current directory.
    """

    checks: tuple[JsonObject, ...]
    check_script: str
    rubric: tuple[AuthoredCriterion, ...]
    solution: Words


class SecondSolution(Answer):
    """A solution by somebody who saw the instruction and the files alone."""

    solution: Words


class Hack(Answer):
    """Wrong work that the verifier may take for right: files as they are, or by a program."""

    name: Words
    why: Words
    program: str
    files: tuple[AuthoredFile, ...]


class Review(Answer):
    """Attacks on a verifier."""

    hacks: tuple[Hack, ...]


class Mark(Answer):
    """A grade with its reason."""

    reason: Words
    grade: Grade


class Opinion(Answer):
    """Stage 4: what a judge thinks of the whole task."""

    clear: Mark
    realistic: Mark
    feasible: Mark
    consistent: Mark
    fair: Mark
    gives_away_answer: bool

    @property
    def marks(self) -> dict[str, Mark]:
        """The five marks by name."""
        return {
            "clear": self.clear,
            "realistic": self.realistic,
            "feasible": self.feasible,
            "consistent": self.consistent,
            "fair": self.fair,
        }


class Rewriting(Answer):
    """The instruction in another voice."""

    instruction: Words
