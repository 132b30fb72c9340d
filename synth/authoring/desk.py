"""Where models are asked: patiently, within the budget, each answer paid for, noted and kept."""

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum

from clawgym.model import ChatModel, ChatReply, Message, OnDelta, ToolSchema
from clawgym.model.answer_cache import AnswerCache
from clawgym.model.budget import Budget, BudgetedModel, Prices, Purse
from clawgym.model.patience import Patience, PatientModel
from clawgym.model.remembering import RememberingModel
from synth.authoring.journal import Journal

OpenModel = Callable[[Callable[[], None]], ChatModel]
"""Makes a model that calls back before each request. It need not retry by itself."""


class Stage(StrEnum):
    """What is asked for."""

    TASK = "task"
    RESOURCES = "resources"
    VERIFICATION = "verification"
    SOLUTION = "solution"
    REVIEW = "review"
    QUALITY = "quality"
    PHRASE = "phrase"


REVIEWING = frozenset({Stage.SOLUTION, Stage.REVIEW, Stage.QUALITY})
"""The stages of the second model: whoever wrote a task does not judge it."""


class Desk:
    """Two models, an author and a reviewer, that share one budget and one cache."""

    def __init__(
        self,
        author: OpenModel,
        reviewer: OpenModel,
        *,
        journal: Journal,
        cache: AnswerCache,
        budget: Budget,
        patience: Patience | None = None,
        sampling: tuple[str, str] = ("", ""),
        concurrency: int = 4,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            author: writes.
            reviewer: solves a second time, attacks and judges.
            journal: where all spending is noted; what stands there counts against the budget.
            cache: where replies are kept.
            budget: what may be spent over all runs of this journal.
            patience: how often and how long to ask.
            sampling: the endpoints and settings of author and reviewer, for the cache's key.
            concurrency: how many questions are on their way at a time.
        """
        gate = asyncio.Semaphore(concurrency)
        purse = _purse_of(journal, budget)
        self._stages: dict[Stage, RememberingModel] = {}
        for opened, keyed, mine in ((author, sampling[0], False), (reviewer, sampling[1], True)):
            patient = PatientModel(_counted(opened, journal), patience)
            bounded = BudgetedModel(patient, purse)
            for stage in Stage:
                if (stage in REVIEWING) is mine:
                    noted = _NotedModel(bounded, budget.prices, journal, gate, stage)
                    self._stages[stage] = RememberingModel(noted, cache, sampling=keyed)

    def at(self, stage: Stage) -> RememberingModel:
        """The model that is asked at a stage."""
        return self._stages[stage]

    @property
    def from_cache(self) -> int:
        """How many answers cost nothing, because they were known."""
        return sum(model.from_cache for model in self._stages.values())


def _purse_of(journal: Journal, budget: Budget) -> Purse:
    spent = journal.spent()
    return Purse(
        budget,
        calls=sum(entry.answers for entry in spent),
        tokens=sum(entry.prompt_tokens + entry.completion_tokens for entry in spent),
        cost=sum(entry.cost for entry in spent),
    )


def _counted(opened: OpenModel, journal: Journal) -> ChatModel:
    """The model, each of whose requests the journal notes before it goes out."""
    names: list[str] = []
    model = opened(lambda: journal.sent(names[0]))
    names.append(model.name)
    return model


class _NotedModel:
    """Asks when it is this question's turn, and notes what the answer cost at which stage."""

    def __init__(
        self,
        model: BudgetedModel,
        prices: Prices,
        journal: Journal,
        gate: asyncio.Semaphore,
        stage: Stage,
    ) -> None:
        self._model, self._prices, self._journal = model, prices, journal
        self._gate, self._stage = gate, stage

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        async with self._gate:
            return self._note(await self._model.complete(messages, tools, on_delta=on_delta))

    async def complete_json(self, messages: Sequence[Message], schema: ToolSchema) -> ChatReply:
        async with self._gate:
            return self._note(await self._model.complete_json(messages, schema))

    def _note(self, reply: ChatReply) -> ChatReply:
        cost = self._prices.cost(reply.usage)
        self._journal.paid(self._stage, self.name, reply.usage, cost)
        return reply
