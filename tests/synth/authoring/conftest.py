"""A desk at a misbehaving endpoint, and a writer that proves in a real box."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clawgym.model.answer_cache import AnswerCache
from clawgym.model.budget import Budget, Prices
from clawgym.model.openai_client import OpenAIModel
from clawgym.model.patience import Patience
from clawgym.sandbox import Backend
from clawgym.task import Task
from synth.authoring.commissioning import Commissions
from synth.authoring.desk import Desk
from synth.authoring.journal import Journal
from synth.authoring.proving import Prover
from synth.authoring.report import AuthoringReport, make_report
from synth.authoring.running import Run, author
from synth.authoring.writing import Writer
from tests.synth.authoring.endpoint import Server
from tests.synth.authoring.plays import commission
from verify.cards import Card, Depth

HASTE = Patience(attempts=4, deadline=2.0, first_wait=0.01, longest_wait=0.1)
PRICES = Prices(2.0, 8.0)


@dataclass(frozen=True)
class Witness(Prover):
    """A prover that keeps the cards of what it let pass."""

    cards: list[Card] = field(default_factory=list[Card])

    async def prove(self, task: Task, *, deeply: bool) -> Card:
        card = await super().prove(task, deeply=deeply)
        self.cards.append(card)
        return card


@dataclass
class Office:
    """Everything that a run needs, below one folder."""

    folder: Path
    desk: Desk
    journal: Journal
    prover: Witness

    async def author(
        self,
        wanted: int,
        *,
        tries: int | None = None,
        concurrency: int = 2,
        review: bool = True,
        commissions: Commissions = commission,
    ) -> Run:
        writer = Writer(self.desk, self.journal, self.prover, review=review)
        return await author(commissions, wanted, writer, tries=tries, concurrency=concurrency)

    def report(self, run: Run) -> AuthoringReport:
        return make_report(self.journal, run.funnel, run.repaired, self.desk.from_cache)


OpenOffice = Callable[..., AbstractAsyncContextManager[Office]]


@pytest.fixture
def office(tmp_path: Path, backend: Backend) -> OpenOffice:
    return offices(tmp_path, backend)


def offices(folder: Path, backend: Backend) -> OpenOffice:
    """Opens an office; with the same `name` it finds journal and cache as they were left."""

    @contextlib.asynccontextmanager
    async def opened(
        server: Server,
        *,
        name: str = "run",
        cache: str = "answers",
        budget: Budget | None = None,
        depth: Depth | None = None,
        concurrency: int = 4,
        code: str = "1",
    ) -> AsyncGenerator[Office]:
        journal = Journal(folder / f"{name}.journal.sqlite", {"seed": "5"}, code=code)
        answers = AnswerCache(folder / f"{cache}.sqlite")
        models: list[OpenAIModel] = []

        def open_model(who: str) -> Callable[[Callable[[], None]], OpenAIModel]:
            def make(on_request: Callable[[], None]) -> OpenAIModel:
                model = OpenAIModel(who, server.url, "", max_retries=0, on_request=on_request)
                models.append(model)
                return model

            return make

        desk = Desk(
            open_model("author"),
            open_model("reviewer"),
            journal=journal,
            cache=answers,
            budget=budget or Budget(prices=PRICES),
            patience=HASTE,
            concurrency=concurrency,
        )
        shallow = depth or Depth(quick=True)
        try:
            yield Office(folder, desk, journal, Witness(backend, asyncio.Semaphore(2), shallow))
        finally:
            for model in models:
                await model.close()
            journal.close()
            answers.close()

    return opened
