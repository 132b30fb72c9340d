"""The judge: k votes on every criterion of a rubric over the whole deliverable."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeVar

from clawgym.errors import BudgetExceededError, ProviderError, TaskFormatError, VerifierError
from clawgym.files import Files
from clawgym.model import ChatModel
from clawgym.model.answer_cache import AnswerCache
from clawgym.model.asking import Asker, Question, Tally
from clawgym.model.budget import Budget, BudgetedModel
from clawgym.quoting import quote_name, visible
from clawgym.reward import Cause, CriterionResult, CriterionVote, Ungraded
from clawgym.seeds import derive_random
from clawgym.task import Task
from clawgym.trajectory import Trajectory
from verify.rubric.answers import (
    Notes,
    Opinion,
    Verdict,
    notes_reader,
    notes_schema,
    verdict_reader,
    verdict_schema,
)
from verify.rubric.deliverable import Deliverable, deliverable
from verify.rubric.paging import Page, Pages, Paging, Passage, paginate, passages
from verify.rubric.prompting import Case, Prompts, Section
from verify.rubric.rubric import Criterion, Rubric, rubric_of
from verify.rubric.suspicion import from_judge, limited, suspicions

_ResultT = TypeVar("_ResultT")


@dataclass(frozen=True)
class Work:
    """A piece of work: what was asked, what was there, what is there now.

    `trajectory` matters only to rubrics that count the agent's messages.
    """

    instruction: str
    initial: Files
    finished: Files
    trajectory: Trajectory | None = None


@dataclass(frozen=True)
class RubricScore:
    """The score in [0, 1] with the evidence: per criterion every vote and its reason."""

    score: float
    criteria: tuple[CriterionResult, ...]
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sitting:
    """One deliverable before the judge: what is open to judgement, laid out on pages."""

    case: Case
    rubric: Rubric
    open: tuple[Criterion, ...]
    pages: Pages


class Judge:
    """Scores deliverables by a rubric, with a model behind an OpenAI-compatible endpoint.

    Each vote sees the criteria in another order; a criterion's score is the median of its votes.
    Answers come from the cache where the same question was answered before, so that a run that was
    stopped by its budget goes on where it was.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        votes: int = 3,
        cache: AnswerCache | None = None,
        budget: Budget | None = None,
        sampling: str = "",
        paging: Paging | None = None,
        concurrency: int = 4,
        prompts: Prompts | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            model: who judges.
            votes: how often each criterion is judged; an odd number has a middle one.
            cache: where answers are kept; None keeps them as long as the judge.
            budget: what may be spent; counted over all calls of this judge.
            sampling: the sampling settings of the model in words, as a part of the cache's key.
            paging: how much the model reads at a time.
            concurrency: how many calls run at a time.
            prompts: the wording; None is ours.
        """
        self.name = model.name
        self.votes = votes
        self.spent = BudgetedModel(model, budget or Budget())
        self._paging = paging or Paging()
        self._prompts = prompts or Prompts()
        self._asker = Asker(
            self.spent,
            cache or AnswerCache(None),
            self._prompts.repair,
            who="judge",
            sampling=sampling,
            concurrency=concurrency,
        )

    @property
    def tally(self) -> Tally:
        """How many questions were asked, and how many of them the cache answered."""
        return self._asker.tally

    async def judge(
        self, task: Task, workspace: Files, trajectory: Trajectory | None = None
    ) -> RubricScore | Ungraded:
        """Judge a finished workspace by the task's rubric. Failures of ours are data."""
        try:
            rubric = rubric_of(task)
        except TaskFormatError as error:
            return Ungraded(cause=Cause.TASK, reason=str(error))
        if rubric is None:
            return Ungraded(cause=Cause.TASK, reason=f"task {task.id} has no tests/rubric.toml")
        work = Work(task.instruction, task.workspace, workspace, trajectory)
        return await self.score(work, rubric)

    async def score(
        self, work: Work, rubric: Rubric, *, swapped: bool = False
    ) -> RubricScore | Ungraded:
        """Judge a piece of work by a rubric.

        Args:
            work: the deliverable and what was asked.
            rubric: the criteria.
            swapped: show the criteria of each vote in the reverse order.
        """
        try:
            delivered = await asyncio.to_thread(
                deliverable, work.initial, work.finished, rubric, work.trajectory
            )
            sitting = self._sitting(Case(work.instruction, delivered), rubric)
            verdicts = await _all(
                self._vote(sitting, vote, swapped=swapped) for vote in range(self.votes)
            )
        except (ProviderError, BudgetExceededError) as error:
            return Ungraded(cause=Cause.PROVIDER, reason=str(error))
        except VerifierError as error:
            return Ungraded(cause=Cause.VERIFIER, reason=str(error))
        return _total(sitting, verdicts)

    def _sitting(self, case: Case, rubric: Rubric) -> _Sitting:
        delivered = case.delivered
        if delivered.is_empty:
            return _Sitting(case, rubric, (), Pages(()))
        reached = tuple(criterion for criterion in rubric.criteria if delivered.reaches(criterion))
        return _Sitting(
            case, rubric, reached, paginate(passages(delivered.documents), self._paging)
        )

    async def _vote(self, sitting: _Sitting, vote: int, *, swapped: bool) -> Verdict:
        criteria = _in_order(sitting.open, sitting.rubric, vote)
        if swapped:
            criteria = criteria[::-1]
        if not criteria:
            return Verdict(criteria={})
        pages = sitting.pages.pages
        suspected: list[str] = []
        from_evidence = False
        while len(pages) > 1:
            notes = await self._read(sitting, pages, criteria, vote, from_evidence=from_evidence)
            suspected += [text for note in notes for text in note.suspicions]
            pages = self._notes_pages(notes, criteria)
            from_evidence = True
        section = Section(pages[0], total=len(sitting.pages.pages), from_evidence=from_evidence)
        question = Question(
            self._prompts.verdict(sitting.case, section, criteria, sitting.pages.not_shown),
            verdict_schema(criteria),
            verdict_reader(criteria),
            vote,
        )
        verdict = await self._asker.ask(question)
        return verdict.model_copy(update={"suspicions": (*suspected, *verdict.suspicions)})

    async def _read(
        self,
        sitting: _Sitting,
        pages: Sequence[Page],
        criteria: Sequence[Criterion],
        vote: int,
        *,
        from_evidence: bool,
    ) -> list[Notes]:
        """Notes on every page, so that all of them together fit on fewer pages."""

        def question(number: int, page: Page) -> Question[Notes]:
            section = Section(page, number, len(pages), from_evidence)
            return Question(
                self._prompts.evidence(sitting.case, section, criteria),
                notes_schema(criteria),
                notes_reader(criteria),
                vote,
            )

        return await _all(
            self._asker.ask(question(number, page)) for number, page in enumerate(pages, start=1)
        )

    def _notes_pages(self, notes: Sequence[Notes], criteria: Sequence[Criterion]) -> Sequence[Page]:
        texts = [
            Passage(f"notes on page {number}, criterion {criterion.id}", visible(text))
            for criterion in criteria
            for number, note in enumerate(notes, start=1)
            if (text := note.notes[criterion.id].strip())
        ] or [Passage("notes", "(nothing was noted on any page)")]
        return self._shrunk(texts, len(notes))

    def _shrunk(self, texts: Sequence[Passage], before: int) -> Sequence[Page]:
        """Notes on notes must become fewer; a rubric too large for that gets larger pages."""
        paging = replace(self._paging, max_pages=before)
        while len(pages := paginate(texts, paging).pages) >= before:
            paging = replace(paging, page_chars=2 * max(paging.page_chars, 4_000))
        return pages


def _in_order(criteria: Sequence[Criterion], rubric: Rubric, vote: int) -> tuple[Criterion, ...]:
    """As written, then backwards, then shuffled: the same order for the same vote, always."""
    if vote == 0:
        return tuple(criteria)
    if vote == 1:
        return tuple(reversed(criteria))
    shuffled = list(criteria)
    derive_random(0, "criteria order", rubric.digest, vote).shuffle(shuffled)
    return tuple(shuffled)


async def _all(work: Iterable[Awaitable[_ResultT]]) -> list[_ResultT]:
    """Every result; when something fails the rest is finished first, since it is paid for."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


def _total(sitting: _Sitting, verdicts: Sequence[Verdict]) -> RubricScore:
    shares = sitting.rubric.shares
    criteria = tuple(
        _result(criterion, shares[criterion.id], [v.criteria for v in verdicts], sitting)
        for criterion in sitting.rubric.criteria
    )
    score = sitting.rubric.score({criterion.id: criterion.score for criterion in criteria})
    delivered = sitting.case.delivered
    findings = [
        *(f"not shown to the judge to its end: {line}" for line in sitting.pages.not_shown),
        *suspicions(delivered),
        *from_judge(text for verdict in verdicts for text in verdict.suspicions),
    ]
    return RubricScore(score, criteria, limited(findings))


def _result(
    criterion: Criterion,
    share: float,
    opinions: Sequence[Mapping[str, Opinion]],
    sitting: _Sitting,
) -> CriterionResult:
    votes = tuple(
        CriterionVote(band=said[criterion.id].band, reason=said[criterion.id].reason)
        for said in opinions
        if criterion.id in said
    )
    if not votes:
        votes = (
            CriterionVote(band=0.0, reason=_nothing_to_judge(criterion, sitting.case.delivered)),
        )
    return CriterionResult(
        id=criterion.id,
        name=criterion.name,
        weight=share,
        score=median(vote.band for vote in votes),
        votes=votes,
    )


def _nothing_to_judge(criterion: Criterion, delivered: Deliverable) -> str:
    if delivered.is_empty:
        return "nothing was delivered; the judge was not asked"
    return f"no file matches {quote_name(criterion.target or '*')}; the judge was not asked"
