"""One task at an endpoint: what each stage refuses, has mended, waits for and reads."""

import pytest

from synth.authoring.proving import QUICK
from synth.authoring.writing import Writer, Written
from tests.synth.authoring.conftest import Office, OpenOffice
from tests.synth.authoring.endpoint import ANSWERS, TRANSPORT, Server, serving
from tests.synth.authoring.plays import LEDGER, Json, commission
from verify.cards import Depth

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


async def _first(opened: Office) -> Written:
    writer = Writer(opened.desk, opened.journal, opened.prover)
    return await writer.write(commission(0))


def stage_of(fault: str) -> str:
    names = list(ANSWERS)
    if names.index("wrong-language") <= names.index(fault) < names.index("traversal"):
        return "task"
    if names.index("traversal") <= names.index(fault) < names.index("oracle-breaks"):
        return "resources"
    return "task" if names.index(fault) < names.index("oracle-breaks") else "verification"


PASSING = [name for name in TRANSPORT if name and name not in ("400", "401", "413")]


@pytest.mark.parametrize("fault", PASSING)
async def test_a_failure_that_passes_is_waited_for(fault: str, office: OpenOffice) -> None:
    server = Server({"task": [fault, fault]})
    async with serving(server), office(server) as opened:
        written = await _first(opened)
        requests = opened.journal.requests()
    assert written.task
    assert requests == server.counts.requests == 8


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
