"""One task from its commission to its acceptance, stage by stage; each outcome is kept at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from clawgym.files import Files
from clawgym.task import Task
from synth.authoring.answers import (
    Answer,
    JsonObject,
    Opinion,
    Resources,
    Review,
    SecondSolution,
    TaskPlan,
    Verification,
)
from synth.authoring.assembling import Commission, assemble, program_files
from synth.authoring.conversing import (
    Outcome,
    RejectedError,
    StageFailedError,
    converse,
    shorten,
)
from synth.authoring.desk import Desk, Stage
from synth.authoring.gates import WHOLE, WORDING, read_through
from synth.authoring.journal import Journal
from synth.authoring.plans import (
    plan_problems,
    program_problems,
    resources_problems,
    verification_problems,
    workspace_of,
)
from synth.authoring.prompting import (
    plan_question,
    quality_question,
    resources_question,
    review_question,
    solution_question,
    verification_question,
)
from synth.authoring.proving import HACK_LIMIT, Prover, leak_problems, told_hacks
from verify.attempts import produced

LEAST_GRADE = 3
LEAST_MEAN = 4.0
"""What a judge must give each aspect of a task, and all of them on average."""

_AnswerT = TypeVar("_AnswerT", bound=Answer)


class _Kept(BaseModel):
    """What a stage came to, as the journal holds it: an answer, or the gate that it was lost at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: JsonObject | None = None
    lost_at: str = ""
    problems: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """What became of a commission: a task, or the `stage/gate` that it was lost at and why.

    `repaired` are the failures on the way, as `stage/gate`, that were mended.
    """

    task: Task | None
    lost_at: str = ""
    problems: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


@dataclass(frozen=True)
class Writer:
    """Writes tasks. With `second` a second solution is asked for, with `review` for attacks."""

    desk: Desk
    journal: Journal
    prover: Prover
    second: bool = True
    review: bool = True

    async def write(self, commission: Commission) -> Written:
        """Write one task, or go on with it where the journal says that it was left.

        Raises:
            ProviderError: the endpoint failed.
            BudgetExceededError: nothing may be spent any more.
            SandboxError: boxes cannot be made on this machine.
        """
        work = _Work(self, commission)
        try:
            task = await work.task()
        except StageFailedError as error:
            return Written(None, error.gate, error.problems, tuple(work.repaired))
        return Written(task, repaired=tuple(work.repaired))

    def kept(self, commission: Commission) -> Task:
        """A task that was accepted, put together again from the journal."""
        work = _Work(self, commission)
        plan = work.kept(Stage.TASK, TaskPlan)
        workspace = workspace_of(work.kept(Stage.RESOURCES, Resources))
        second = work.kept(Stage.SOLUTION, SecondSolution).solution if self.second else None
        verification = work.kept(Stage.VERIFICATION, Verification)
        return assemble(commission, plan, workspace, verification, second)


class _Work:
    """One commission under way."""

    def __init__(self, writer: Writer, commission: Commission) -> None:
        self._writer = writer
        self._commission = commission
        self._item = f"{commission.index:06d}"
        self.repaired: list[str] = []

    async def task(self) -> Task:
        plan = await self._stage(Stage.TASK, TaskPlan, self._write_plan)
        resources = await self._stage(Stage.RESOURCES, Resources, lambda: self._write_files(plan))
        workspace = workspace_of(resources)
        second = None
        if self._writer.second:
            answer = await self._stage(
                Stage.SOLUTION, SecondSolution, lambda: self._solve_again(plan, workspace)
            )
            second = answer.solution
        verification = await self._stage(
            Stage.VERIFICATION, Verification, lambda: self._verify(plan, workspace, second)
        )
        await self._stage(
            Stage.QUALITY, Opinion, lambda: self._judge(plan, workspace, verification)
        )
        return assemble(self._commission, plan, workspace, verification, second)

    def kept(self, stage: Stage, shape: type[_AnswerT]) -> _AnswerT:
        """The answer of a stage that is done."""
        said = self._writer.journal.outcome(self._item, stage)
        assert said, f"{self._item} has no outcome at {stage}"
        return shape.model_validate(_Kept.model_validate_json(said).answer)

    async def _stage(
        self,
        stage: Stage,
        shape: type[_AnswerT],
        work: Callable[[], Awaitable[Outcome[_AnswerT]]],
    ) -> _AnswerT:
        """What the journal holds of a stage, or else its work, which is kept."""
        said = self._writer.journal.outcome(self._item, stage)
        kept = _Kept.model_validate_json(said) if said else await self._work(stage, work)
        self.repaired += [f"{stage}/{gate}" for gate in kept.repaired]
        if kept.answer is None:
            raise StageFailedError(f"{stage}/{kept.lost_at}", kept.problems)
        return shape.model_validate(kept.answer)

    async def _work(self, stage: Stage, work: Callable[[], Awaitable[Outcome[_AnswerT]]]) -> _Kept:
        try:
            outcome = await work()
        except StageFailedError as error:
            kept = _Kept(lost_at=error.gate, problems=tuple(shorten(error.problems)))
        else:
            answer = outcome.result.model_dump(mode="json")
            kept = _Kept(answer=answer, repaired=outcome.repaired)
        self._writer.journal.keep(self._item, stage, kept.model_dump_json())
        return kept

    async def _write_plan(self) -> Outcome[TaskPlan]:
        brief = self._commission.brief

        async def accept(plan: TaskPlan) -> TaskPlan:
            _refuse("plan", plan_problems(plan, brief.operations))
            unwritten = Files({file.path: "-" for file in plan.inputs})
            read_through(_bare_task(self._commission, plan, unwritten, "pass"), WORDING)
            return plan

        model = self._writer.desk.at(Stage.TASK)
        return await converse(model, plan_question(brief), TaskPlan, accept)

    async def _write_files(self, plan: TaskPlan) -> Outcome[Resources]:
        async def accept(resources: Resources) -> Resources:
            _refuse("files", resources_problems(plan, resources))
            workspace = workspace_of(resources)
            read_through(_bare_task(self._commission, plan, workspace, "pass"), WORDING)
            return resources

        question = resources_question(self._commission.brief, plan)
        return await converse(self._writer.desk.at(Stage.RESOURCES), question, Resources, accept)

    async def _solve_again(self, plan: TaskPlan, workspace: Files) -> Outcome[SecondSolution]:
        """Somebody else's program; it is told when it breaks, never what it should have found."""

        async def accept(answer: SecondSolution) -> SecondSolution:
            _refuse("program", list(program_problems(answer.solution, "solution")))
            task = _bare_task(self._commission, plan, workspace, answer.solution)
            made = produced(task, await self._writer.prover.solve(task))
            missing = [file.path for file in plan.outputs if file.path not in made]
            _refuse("program-fails", [f"it leaves no new {path}" for path in missing])
            return answer

        question = solution_question(plan, workspace)
        model = self._writer.desk.at(Stage.SOLUTION)
        return await converse(model, question, SecondSolution, accept)

    async def _verify(
        self, plan: TaskPlan, workspace: Files, second: str | None
    ) -> Outcome[Verification]:
        async def accept(answer: Verification) -> Verification:
            _refuse("checks", verification_problems(plan, workspace, answer))
            task = assemble(self._commission, plan, workspace, answer)
            prover = self._writer.prover
            await prover.prove(task, deeply=False)
            solved = await prover.solve(task)
            _refuse("leak", leak_problems(task, solved))
            whole = assemble(self._commission, plan, workspace, answer, second)
            read_through(whole, WHOLE)
            await prover.prove(whole, deeply=True)
            if self._writer.review:
                await self._attack(plan, answer, whole, solved)
            return answer

        question = verification_question(plan, workspace)
        model = self._writer.desk.at(Stage.VERIFICATION)
        return await converse(model, question, Verification, accept)

    async def _attack(
        self, plan: TaskPlan, answer: Verification, task: Task, solved: Files
    ) -> None:
        """Have the verifier attacked; what works sends it back."""

        async def accept(review: Review) -> Review:
            return review

        question = review_question(plan, task.workspace, answer)
        model = self._writer.desk.at(Stage.REVIEW)
        try:
            review = await converse(model, question, Review, accept)
        except StageFailedError as error:
            raise StageFailedError("no-review", error.problems) from error
        working: list[str] = []
        for hack in review.result.hacks[:_HACKS]:
            score = await self._writer.prover.score(task, hack, solved)
            if score is not None and score >= HACK_LIMIT:
                working += told_hacks([(hack, score)])
        _refuse("hack", working)

    async def _judge(
        self, plan: TaskPlan, workspace: Files, verification: Verification
    ) -> Outcome[Opinion]:
        async def accept(opinion: Opinion) -> Opinion:
            return opinion

        question = quality_question(plan, workspace, verification)
        model = self._writer.desk.at(Stage.QUALITY)
        outcome = await converse(model, question, Opinion, accept)
        _demand_quality(outcome.result)
        return outcome


_HACKS = 5


def _refuse(gate: str, problems: list[str]) -> None:
    if problems:
        raise RejectedError(gate, problems)


def _demand_quality(opinion: Opinion) -> None:
    """A judge's opinion is no form error: nobody is asked to think again until it suits us."""
    if opinion.gives_away_answer:
        raise StageFailedError("gives-away-answer", ["the judge sees the answer given away"])
    marks = opinion.marks
    low = [name for name, mark in marks.items() if mark.grade < LEAST_GRADE]
    mean = sum(mark.grade for mark in marks.values()) / len(marks)
    if low or mean < LEAST_MEAN:
        worst = low or [min(marks, key=lambda name: marks[name].grade)]
        told = [f"{name} {marks[name].grade}: {marks[name].reason}" for name in worst]
        raise StageFailedError(worst[0], told)


def _bare_task(commission: Commission, plan: TaskPlan, workspace: Files, solution: str) -> Task:
    """A task that has no verifier yet, to run a program in."""
    empty = Verification(checks=(), check_script="pass", rubric=(), solution=solution)
    task = assemble(commission, plan, workspace, empty)
    return replace(task, tests=Files(), solution=program_files(solution))
