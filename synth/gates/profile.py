"""Profiles: which gates there are, in which order, and how many attempts each makes."""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from synth.gates.candidate import Lost
from synth.gates.exam import Exam
from synth.gates.necessity import Necessity
from synth.gates.plausibility import Opinion, Plausibility
from synth.gates.reading import Cost, Leak, Lint, Matrix, Schema
from synth.gates.solutions import Oracle, Second
from synth.gates.surroundings import SURROUNDINGS
from synth.gates.wrong_work import Lazy, Mutants, NoOp, Tamper


class Gate(Protocol):
    """One gate: its name in the funnel, what it costs, and its verdict on a candidate."""

    @property
    def name(self) -> str:
        """The key of the funnel."""
        ...

    @property
    def cost(self) -> Cost:
        """What it needs to run."""
        ...

    def judge(self, exam: Exam) -> Lost | None:
        """Why the candidate is lost; None where it gets through.

        Raises:
            SandboxError: the box is at fault, so that nothing is said about the candidate.
        """
        ...


class Profile(BaseModel):
    """How thoroughly candidates are proven; part of `dataset.json` and of what resumes.

    `none` proves nothing, `quick` is the oracle once and the no-op, `full` is every gate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["none", "quick", "full"] = "full"
    oracle_runs: Annotated[int, Field(ge=1, le=len(SURROUNDINGS))] = 3
    mutants: Annotated[int, Field(ge=1)] = 16
    tricks: Annotated[int, Field(ge=1)] = 2
    all_tricks_every: Annotated[int, Field(ge=1)] = 40
    second_required: bool = True
    """Whether a task without a second solution is lost: composed tasks all have one."""

    novelty: Annotated[float, Field(gt=0, le=1)] | None = 0.7
    """The similarity from which a candidate is a near-duplicate; None lets all through."""

    def gates(self, opinion: Opinion | None = None) -> Sequence[Gate]:
        """The gates of one candidate, in order; those that compare candidates come after them."""
        if self.name == "none":
            return ()
        if self.name == "quick":
            return (Oracle(1), NoOp())
        return (
            Schema(),
            Lint(),
            Leak(),
            NoOp(),
            Lazy(),
            Oracle(self.oracle_runs),
            Second(self.second_required),
            Mutants(self.mutants),
            Tamper(self.tricks, self.all_tricks_every),
            Matrix(),
            Necessity(),
            Plausibility(opinion),
        )


QUICK = Profile(name="quick", oracle_runs=1, novelty=None)
FULL = Profile()
PROFILES = {
    profile.name: profile
    for profile in (QUICK.model_copy(update={"name": "none", "oracle_runs": 1}), QUICK, FULL)
}
