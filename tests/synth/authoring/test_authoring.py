"""Four stages, a misbehaving endpoint, and real boxes: what comes out and what is kept."""

from typing import Any

import pytest

from clawgym.errors import BudgetExceededError, ProviderError
from clawgym.model.budget import Budget
from clawgym.task import Task
from synth.authoring.proving import FULL, QUICK
from synth.authoring.running import Run
from tests.synth.authoring.conftest import PRICES, Office, OpenOffice
from tests.synth.authoring.endpoint import ANSWERS, TRANSPORT, Server, serving
from tests.synth.authoring.plays import HANDOVER, LEDGER, PLAYS, Json
from verify.cards import Depth
from verify.proof import prove_task

FAULTY = {
    "task": ["429", "refusal", "wrong-language", "thinking-fenced"],
    "resources": ["500", "traversal", "empty", "nul"],
    "solution": ["dropped", "429-after", "oracle-breaks", "fenced"],
    "verification": ["slow", "truncated", "oracle-breaks", "always-one"],
    "review": ["hang-up", "wrong-keys", "thinking"],
    "quality": ["html", "503", "invalid-json", "nested-fences"],
}


def digests(run: Run) -> dict[str, str]:
    return {task.id: task.digest for task in run.tasks}


async def test_three_different_tasks_pass_every_gate_to_the_full_depth(
    office: OpenOffice,
) -> None:
    async with serving(Server()) as server, office(server, depth=FULL) as opened:
        run = await opened.author(3)
        again = [await prove_task(task, opened.prover.backend, depth=FULL) for task in run.tasks]
    assert run.funnel == {"tried": 3, "accepted": 3}
    assert [card.findings for card in again] == [(), (), ()]
    assert all(card.of("alternative") for card in again)  # type: ignore[arg-type]


async def test_an_endpoint_that_misbehaves_at_every_stage_yields_the_same_tasks(
    office: OpenOffice,
) -> None:
    async with serving(Server()) as good, office(good, name="good", cache="good") as opened:
        smooth = await opened.author(3)
    async with serving(Server(FAULTY)) as server, office(server) as opened:
        rough = await opened.author(3)
        report = opened.report(rough)
    assert digests(rough) == digests(smooth)
    assert report.repaired["verification/form"] == 3
    assert report.repaired["verification/oracle-fails"] == 3
    assert report.repaired["task/plan"] == 3


async def test_the_report_adds_up_to_the_count_of_the_endpoint(office: OpenOffice) -> None:
    async with serving(Server(FAULTY)) as server, office(server) as opened:
        report = opened.report(await opened.author(3))
        counts = server.counts
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


async def test_the_same_cache_gives_the_same_bytes_without_a_request(office: OpenOffice) -> None:
    async with serving(Server(FAULTY)) as server:
        async with office(server, name="first") as opened:
            first = await opened.author(3, concurrency=1)
        before = server.counts.requests
        async with office(server, name="second") as opened:
            second = await opened.author(3, concurrency=3)
            report = opened.report(second)
    assert digests(second) == digests(first)
    assert server.counts.requests == before
    assert (report.requests, report.cost) == (0, 0)
    assert report.from_cache > 18


RIGHT = ("fenced", "thinking", "thinking-fenced")


@pytest.mark.parametrize("fault", [name for name in ANSWERS if name not in RIGHT])
async def test_no_bad_answer_of_a_stage_is_ever_accepted(fault: str, office: OpenOffice) -> None:
    """The fault is made for ever: the task is lost, at that stage, and nothing comes out."""
    stage = stage_of(fault)
    server = Server({stage: [fault] * 9})
    async with serving(server), office(server) as opened:
        written = await _first(opened)
    assert written.task is None
    assert written.lost_at.startswith(f"{stage}/")
    assert server.counts.served[f"{stage}/{LEDGER.mark}"] == 4  # the first time, three repairs


@pytest.mark.parametrize("form", RIGHT)
async def test_an_answer_in_an_unusual_form_is_read(form: str, office: OpenOffice) -> None:
    server = Server({"task": [form], "quality": [form]})
    async with serving(server), office(server) as opened:
        assert (await _first(opened)).repaired == ()


async def _first(opened: Office) -> Any:
    from synth.authoring.writing import Writer
    from tests.synth.authoring.plays import commission

    writer = Writer(opened.desk, opened.journal, opened.prover)
    return await writer.write(commission(0))


def stage_of(fault: str) -> str:
    names = list(ANSWERS)
    if names.index("wrong-language") <= names.index(fault) < names.index("traversal"):
        return "task"
    if names.index("traversal") <= names.index(fault) < names.index("oracle-breaks"):
        return "resources"
    return "task" if names.index(fault) < names.index("oracle-breaks") else "verification"


@pytest.mark.parametrize("fault", [name for name in TRANSPORT if name and name != "401"])
async def test_a_failure_that_passes_is_waited_for(fault: str, office: OpenOffice) -> None:
    server = Server({"task": [fault, fault]})
    async with serving(server), office(server) as opened:
        written = await _first(opened)
        requests = opened.journal.requests()
    assert written.task
    assert requests == server.counts.requests == 8


async def test_a_failure_that_does_not_pass_stops_the_run(office: OpenOffice) -> None:
    async with (
        serving(Server({f"resources/{LEDGER.mark}": ["401"]})) as server,
        office(server) as opened,
    ):
        run = await opened.author(3, concurrency=1)
        assert isinstance(run.stopped, ProviderError)
        again = await opened.author(3, concurrency=1)
    assert run.tasks == []
    assert len(again.tasks) == 3
    assert server.counts.served[f"task/{LEDGER.mark}"] == 1


async def test_what_failed_is_told(office: OpenOffice) -> None:
    server = Server({"verification": ["oracle-idle"]})
    async with serving(server), office(server) as opened:
        await _first(opened)
    told = [body["messages"][-1]["content"] for body in server.bodies if len(body["messages"]) > 2]
    assert len(told) == 1
    assert "oracle-below-one" in told[0]
    assert "output/depot_costs.csv" in told[0]


def _names_only(good: Json) -> Json:
    """A verifier that looks at names and not at numbers: hacks pass it, mutants of numbers too."""
    check = dict(good["checks"][0])
    check["columns"] = [{"name": "depot"}]
    check["rows"] = [row[:1] for row in check["rows"]]
    check |= {"extra_columns": True, "ordered": False}
    return {**good, "checks": [check]}


async def test_a_hack_that_works_sends_the_verifier_back(
    office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, "names-only", _names_only)
    server = Server({"verification": ["names-only"]})
    # As quick as it gets: mutants alone would have found it out as well.
    async with serving(server), office(server, depth=QUICK) as opened:
        written = await _first(opened)
    assert written.task
    assert written.repaired == ("verification/hack",)
    told = next(b for b in server.bodies if "earns 1.00 for wrong work" in str(b["messages"][-1]))
    assert "every depot with zeros" in told["messages"][-1]["content"]


async def test_mutants_find_a_verifier_out_that_looks_at_names_alone(
    office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, "names-only", _names_only)
    server = Server({"verification": ["names-only"]})
    depth = Depth(mutants=12)
    async with serving(server), office(server, depth=depth) as opened:
        written = await _first(opened)
    assert written.repaired == ("verification/mutant-survives",)


async def test_right_work_in_another_form_is_no_hack(
    office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def honest(good: Json) -> Json:
        program = LEDGER.verification["solution"].replace("'%.2f' % s", "' %.2f' % s")
        return {"hacks": [{"name": "h", "why": "w", "program": program, "files": []}]}

    monkeypatch.setitem(ANSWERS, "honest", honest)
    async with serving(Server({"review": ["honest"]})) as server, office(server) as opened:
        written = await _first(opened)
    assert written.task
    assert written.repaired == ()


async def test_a_second_solution_that_disagrees_sends_the_verifier_back(
    office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(good: Json) -> Json:
        return {"solution": good["solution"].replace("== 'done'", "!= 'lost'")}

    monkeypatch.setitem(ANSWERS, "other", other)
    server, depth = Server({"solution": ["other"]}), Depth(mutants=0)
    async with serving(server), office(server, depth=depth) as opened:
        written = await _first(opened)
    assert written.lost_at == "verification/alternative-rejected"


async def test_a_leak_sends_the_verifier_back(
    office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = max(row[2] for row in LEDGER.verification["checks"][0]["rows"])

    def leaky(good: Json) -> Json:
        return {**good, "instruction": f"{good['instruction']} I think Harrow had {total}."}

    monkeypatch.setitem(ANSWERS, "leaky", leaky)
    async with serving(Server({"task": ["leaky"]})) as server, office(server) as opened:
        written = await _first(opened)
    assert written.lost_at == "verification/leak"


@pytest.mark.parametrize(
    ("aspect", "grade"), [("fair", 2), ("clear", 1), ("realistic", 0), ("gives_away_answer", -1)]
)
async def test_a_judge_who_is_not_content_loses_the_task(
    aspect: str, grade: int, office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unhappy(good: Json) -> Json:
        if grade < 0:
            return {**good, "gives_away_answer": True}
        return {**good, aspect: {"reason": "it is not", "grade": grade}}

    monkeypatch.setitem(ANSWERS, "unhappy", unhappy)
    async with serving(Server({"quality": ["unhappy"] * 9})) as server, office(server) as opened:
        written = await _first(opened)
    assert written.task is None
    assert written.lost_at.startswith("quality/")
    asked = server.counts.served[f"quality/{LEDGER.mark}"]
    assert asked == (4 if grade == 0 else 1)  # out of the form is repaired, an opinion is not


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
    assert len(whole.tasks) == 3
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
    assert len(run.tasks) == 1
    assert report.requests == server.counts.requests == 8  # each of both models was refused once


async def test_a_run_of_repetitions_ends(office: OpenOffice) -> None:
    """There are three plays: a fourth task cannot be new, and the run says so."""
    async with serving(Server()) as server, office(server) as opened:
        run = await opened.author(4, tries=5, concurrency=3, review=False)
    assert len(run.tasks) == 3
    assert run.funnel == {"tried": 5, "accepted": 3, "novelty/similar": 2}


@pytest.mark.parametrize("concurrency", [1, 2, 5])
async def test_which_tasks_come_out_does_not_depend_on_how_many_are_written_at_a_time(
    concurrency: int, office: OpenOffice
) -> None:
    faults = {f"task/{HANDOVER.mark}": ["refusal"] * 4}
    async with serving(Server(faults)) as server, office(server) as opened:
        run = await opened.author(3, concurrency=concurrency, review=False)
    assert [index for index, _, _ in run.losses] == [1, 3]
    assert [task.id[-4:] for task in run.tasks] == ["0001", "0003", "0005"]
    assert run.funnel["tried"] == 5


async def test_hybrid_tasks_carry_their_rubric(office: OpenOffice) -> None:
    from verify.rubric import rubric_of

    async with serving(Server()) as server, office(server) as opened:
        run = await opened.author(3, review=False)
    rubrics = [rubric_of(task) for task in run.tasks]
    assert [rubric is not None for rubric in rubrics] == [False, True, False]
    assert rubrics[1]
    assert rubrics[1].criteria[0].bands["0"] == "names no team"


async def test_a_task_is_whole(office: OpenOffice) -> None:
    async with serving(Server()) as server, office(server) as opened:
        run = await opened.author(1, review=False)
    task: Task = run.tasks[0]
    task.dump(opened.folder / "task")
    assert Task.load(opened.folder / "task").digest == task.digest
    assert task.clawgym.kind == "persona"
    assert task.config.task.keywords == ("filter", "aggregate")
    assert set(task.solution) == {"solve.sh", "solve.py", "alternative.sh", "alternative.py"}
    assert len(PLAYS) == 3
