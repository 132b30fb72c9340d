"""Runs at a misbehaving endpoint, and real boxes: what comes out and what is kept."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from clawgym.errors import BudgetExceededError, ProviderError
from clawgym.model.budget import Budget
from clawgym.sandbox import Backend
from clawgym.task import Task
from synth.authoring.assembling import Commission
from synth.authoring.proving import FULL
from synth.authoring.report import AuthoringReport
from synth.authoring.running import Run
from tests.synth.authoring.conftest import PRICES, OpenOffice, offices
from tests.synth.authoring.endpoint import Counts, Server, serving
from tests.synth.authoring.plays import HANDOVER, LEDGER, PLAYS, commission
from verify.attempts import Family
from verify.cards import Card, Depth

FAULTY = {
    "task": ["429", "refusal", "wrong-language", "thinking-fenced"],
    "resources": ["500", "traversal", "empty", "nul"],
    "solution": ["dropped", "429-after", "oracle-breaks", "fenced"],
    "verification": ["slow", "truncated", "oracle-breaks", "always-one"],
    "review": ["hang-up", "wrong-keys", "thinking"],
    "quality": ["html", "503", "invalid-json", "nested-fences"],
}


def digests(tasks: Iterable[Task]) -> dict[str, str]:
    return {task.id: task.digest for task in tasks}


@dataclass(frozen=True)
class Authored:
    """A run of three tasks, told by both sides, with the cards of the deep proofs."""

    run: Run
    tasks: Sequence[Task]
    report: AuthoringReport
    counts: Counts
    cards: Sequence[Card]


async def three(
    office: OpenOffice, server: Server, *, name: str, depth: Depth | None = None, jobs: int = 2
) -> Authored:
    async with office(server, name=name, depth=depth) as opened:
        run = await opened.author(3, concurrency=jobs)
        counts = copy.deepcopy(server.counts)
        return Authored(run, [*run.tasks()], opened.report(run), counts, opened.prover.cards)


@pytest.fixture(scope="module")
async def smooth(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Authored:
    """At an endpoint that does as it should, proven to the full depth."""
    office = offices(tmp_path_factory.mktemp("smooth"), backend)
    async with serving(Server()) as server:
        return await three(office, server, name="run", depth=FULL)


@pytest.fixture(scope="module")
async def rough(
    tmp_path_factory: pytest.TempPathFactory, backend: Backend
) -> tuple[Authored, Authored]:
    """At an endpoint that misbehaves at every stage; and another run with the answers kept."""
    office = offices(tmp_path_factory.mktemp("rough"), backend)
    async with serving(Server(FAULTY)) as server:
        first = await three(office, server, name="first", jobs=2)
        return first, await three(office, server, name="second", jobs=3)


async def test_three_different_tasks_pass_every_gate_to_the_full_depth(smooth: Authored) -> None:
    assert smooth.run.funnel == {"tried": 3, "accepted": 3}
    deep = [card for card in smooth.cards if card.depth == FULL]
    assert {card.task_id for card in deep} == {task.id for task in smooth.tasks}
    assert [card.findings for card in deep] == [(), (), ()]
    assert all(card.of(Family.ALTERNATIVE) for card in deep)


async def test_an_endpoint_that_misbehaves_at_every_stage_yields_the_same_tasks(
    smooth: Authored, rough: tuple[Authored, Authored]
) -> None:
    run, report = rough[0].run, rough[0].report
    assert len(run.accepted) == 3
    assert digests(rough[0].tasks) == digests(smooth.tasks)
    assert report.repaired["verification/form"] == 3
    assert report.repaired["verification/oracle-fails"] == 3
    assert report.repaired["task/plan"] == 3


async def test_the_report_adds_up_to_the_count_of_the_endpoint(
    rough: tuple[Authored, Authored],
) -> None:
    report, counts = rough[0].report, rough[0].counts
    assert report.requests == counts.requests
    assert report.answers == counts.answers
    assert report.prompt_tokens == counts.prompt_tokens
    assert report.completion_tokens == counts.completion_tokens
    by_stage: dict[str, int] = {}
    for entry in report.stages:
        tokens = entry.prompt_tokens + entry.completion_tokens
        by_stage[entry.stage] = by_stage.get(entry.stage, 0) + tokens
    assert by_stage == dict(counts.by_stage)
    cost = (
        counts.prompt_tokens * PRICES.prompt + counts.completion_tokens * PRICES.completion
    ) / 1e6
    assert report.cost == pytest.approx(cost)
    assert report.cost_each == pytest.approx(cost / 3)


async def test_the_same_cache_gives_the_same_bytes_without_a_request(
    rough: tuple[Authored, Authored],
) -> None:
    first, second = rough
    assert digests(second.tasks) == digests(first.tasks)
    assert second.counts.requests == first.counts.requests
    assert (second.report.requests, second.report.cost) == (0, 0)
    assert second.report.from_cache > 18


async def test_a_failure_that_does_not_pass_stops_the_run(office: OpenOffice) -> None:
    async with (
        serving(Server({f"resources/{LEDGER.mark}": ["401"]})) as server,
        office(server) as opened,
    ):
        run = await opened.author(1)
        assert isinstance(run.stopped, ProviderError)
        again = await opened.author(1)
    assert run.accepted == []
    assert len(again.accepted) == 1
    assert server.counts.served[f"task/{LEDGER.mark}"] == 1


async def test_what_other_programs_accepted_is_proven_again_without_paying_again(
    office: OpenOffice,
) -> None:
    async with serving(Server()) as server:
        async with office(server, code="1") as opened:
            first = await opened.author(1)
            proven, paid = len(opened.prover.cards), opened.report(first).cost
            before = digests(first.tasks())
        asked = server.counts.requests
        async with office(server, code="1") as opened:
            await opened.author(1)
            assert opened.prover.cards == []
        async with office(server, code="2") as opened:
            again = await opened.author(1)
            assert len(opened.prover.cards) == proven
            assert opened.report(again).cost == paid
            assert digests(again.tasks()) == before
    assert server.counts.requests == asked


@pytest.mark.parametrize(
    ("stage", "status", "gate"),
    [
        ("task", "400", "task/refused"),
        ("resources", "413", "resources/refused"),
        ("review", "400", "verification/no-review"),
    ],
)
async def test_a_question_that_is_refused_costs_its_commission_and_no_other(
    stage: str, status: str, gate: str, office: OpenOffice
) -> None:
    # An endpoint that refuses a schema is asked without one, hence twice.
    server = Server({f"{stage}/{LEDGER.mark}": [status] * 9})
    async with serving(server), office(server) as opened:
        run = await opened.author(1, tries=2, concurrency=1)
        asked = server.counts.requests
        again = await opened.author(1, tries=2, concurrency=1)
    assert run.stopped is None
    assert run.funnel == {"tried": 2, "accepted": 1, gate: 1}
    assert f"answered {status}" in run.losses[0][2][0]
    assert again.funnel == run.funnel
    assert server.counts.requests == asked


async def test_the_budget_ends_a_run_and_more_of_it_goes_on(office: OpenOffice) -> None:
    async with serving(Server()) as server:
        async with office(server, budget=Budget(tokens=12_000, prices=PRICES)) as opened:
            run = await opened.author(3, concurrency=1)
        assert isinstance(run.stopped, BudgetExceededError)
        used = server.counts.prompt_tokens + server.counts.completion_tokens
        assert 12_000 <= used < 30_000
        async with office(server, budget=Budget(tokens=12_000, prices=PRICES)) as opened:
            again = await opened.author(3, concurrency=1)
        assert isinstance(again.stopped, BudgetExceededError)
        assert server.counts.prompt_tokens + server.counts.completion_tokens == used
        async with office(server) as opened:
            whole = await opened.author(3, concurrency=1)
            report = opened.report(whole)
    assert len(whole.accepted) == 3
    assert report.answers == server.counts.answers == 18


async def test_money_is_a_budget_too(office: OpenOffice) -> None:
    budget = Budget(cost=0.01, prices=PRICES)
    async with serving(Server()) as server, office(server, budget=budget) as opened:
        run = await opened.author(3)
        report = opened.report(run)
    assert isinstance(run.stopped, BudgetExceededError)
    assert report.cost >= 0.01


async def test_an_endpoint_that_takes_no_schemas_is_asked_without(office: OpenOffice) -> None:
    async with serving(Server(schemas=False)) as server, office(server) as opened:
        run = await opened.author(1)
        report = opened.report(run)
    assert len(run.accepted) == 1
    assert report.requests == server.counts.requests == 8  # each of both models was refused once


async def test_a_run_of_repetitions_ends(office: OpenOffice) -> None:
    """All play the same: a second task cannot be new, and the run says so."""

    def alike(index: int) -> Commission:
        return commission(index * len(PLAYS))

    async with serving(Server()) as server, office(server) as opened:
        run = await opened.author(2, tries=3, review=False, commissions=alike)
    assert len(run.accepted) == 1
    assert run.funnel == {"tried": 3, "accepted": 1, "novelty/exact": 2}


@pytest.mark.parametrize("concurrency", [1, 5])
async def test_which_tasks_come_out_does_not_depend_on_how_many_are_written_at_a_time(
    concurrency: int, office: OpenOffice
) -> None:
    faults = {f"task/{HANDOVER.mark}": ["refusal"] * 4}
    async with serving(Server(faults)) as server, office(server) as opened:
        run = await opened.author(3, concurrency=concurrency, review=False)
        ids = [task.id for task in run.tasks()]
    assert [index for index, _, _ in run.losses] == [1, 3]
    assert [name[-4:] for name in ids] == ["0001", "0003", "0005"]
    assert run.funnel["tried"] == 5


async def test_hybrid_tasks_carry_their_rubric(smooth: Authored) -> None:
    from verify.rubric import rubric_of

    rubrics = [rubric_of(task) for task in smooth.tasks]
    assert [rubric is not None for rubric in rubrics] == [False, True, False]
    assert rubrics[1]
    assert rubrics[1].criteria[0].bands["0"] == "names no team"


async def test_a_task_is_whole(smooth: Authored, tmp_path: Path) -> None:
    task: Task = smooth.tasks[0]
    task.dump(tmp_path / "task")
    assert Task.load(tmp_path / "task").digest == task.digest
    assert task.clawgym.kind == "persona"
    assert task.config.task.keywords == ("filter", "aggregate")
    assert set(task.solution) == {"solve.sh", "solve.py", "alternative.sh", "alternative.py"}
    assert len(PLAYS) == 3
