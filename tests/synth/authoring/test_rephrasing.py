"""Phrasing only: words may change, what they ask for may not."""

import dataclasses
from pathlib import Path

import pytest

from clawgym.artifact import Artifact, ArtifactKind
from clawgym.dataset import Dataset, write_dataset
from clawgym.graph import Node, TaskGraph
from clawgym.model.budget import Budget
from clawgym.task import Task
from synth.authoring.answers import Resources, TaskPlan, Verification
from synth.authoring.assembling import assemble
from synth.authoring.literals import literal_problems, must_keep
from synth.authoring.plans import workspace_of
from synth.authoring.rephrasing import Rephrased, rephrase
from tests.synth.authoring.conftest import PRICES, OpenOffice
from tests.synth.authoring.endpoint import Server, serving
from tests.synth.authoring.plays import PLAYS, commission

GRAPH = TaskGraph(
    artifacts=(
        Artifact(id="a1", kind=ArtifactKind.TABLE, path="input/runs.csv"),
        Artifact(id="a2", kind=ArtifactKind.TABLE, path="output/depot_costs.csv"),
    ),
    nodes=(
        Node(
            id="n1",
            operation="aggregate",
            inputs=("a1",),
            output="a2",
            params={"by": "depot", "where": {"status": "cancelled"}, "measures": ["runs", "total"]},
        ),
    ),
)


def task(number: int = 0) -> Task:
    play = PLAYS[number]
    plan = TaskPlan.model_validate(play.task)
    files = workspace_of(Resources.model_validate(play.resources))
    verification = Verification.model_validate(play.verification)
    made = assemble(commission(number), plan, files, verification)
    return dataclasses.replace(made, graph=GRAPH) if number == 0 else made


def dataset(folder: Path) -> Dataset:
    tasks = [task(number) for number in range(3)]
    write_dataset(folder / "plain", tasks, name="plain", generator="test", seed=1)
    return Dataset(folder / "plain")


async def rephrased(
    server: Server, office: OpenOffice, folder: Path, *, name: str = "run", jobs: int = 2
) -> Rephrased:
    async with serving(server), office(server, name=name) as opened:
        source = Dataset(folder / "plain") if (folder / "plain").exists() else dataset(folder)
        return await rephrase(
            source, lambda n: f"Person {n}", opened.desk, opened.journal, concurrency=jobs
        )


def test_literals_are_the_spans_quotations_numbers_params_and_words_of_meaning() -> None:
    kept = must_keep(task())
    assert {"`input/runs.csv`", "`output/depot_costs.csv`", "`input/notes.txt`"} <= {*kept}
    assert {"depot", "status", "cancelled", "runs", "total"} <= {*kept}
    assert "rounded" in kept


def test_numbers_and_quotations_are_literals() -> None:
    said = dataclasses.replace(
        task(), instruction='Take those over 1,250.50 of "North Quay", at most 12, as CSV.'
    )
    assert must_keep(said) == ('"North Quay"', "1,250.50", "12", "CSV")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("`input/runs.csv`", "`input/run.csv`", "missing: `input/runs.csv`"),
        ("`input/runs.csv`", "the file", "missing: `input/runs.csv`"),
        ("cancelled", "called off", "missing: cancelled"),
        ("depot", "site", "missing: depot"),
        ("rounded to", "with", "missing: rounded"),
        ("for me", "for me, it should be 1358.5,", "the number 1358.5 is not in the instruction"),
        ("for me", "for me at 9", "the number 9 is not in the instruction"),
        ("for me", "for `me`", "the literal `me` is not in the instruction"),
        ("for me", "for me, into out/x.csv too,", "the file out/x.csv is not in the instruction"),
    ],
)
def test_a_changed_literal_is_found(old: str, new: str, problem: str) -> None:
    original = task()
    spoilt = original.instruction.replace(old, new)
    assert spoilt != original.instruction
    found = literal_problems(original, must_keep(original), spoilt)
    assert any(said.startswith(problem) for said in found), found


def test_the_same_words_are_no_problem() -> None:
    for number in range(3):
        original = task(number)
        assert literal_problems(original, must_keep(original), original.instruction) == []


async def test_words_change_and_nothing_else(office: OpenOffice, tmp_path: Path) -> None:
    server = Server(rewrite=lambda text: f"Good morning, and thanks for helping out! {text}")
    result = await rephrased(server, office, tmp_path)
    assert result.funnel == {"tried": 3, "accepted": 3}
    for new, old in zip(result.tasks(), Dataset(tmp_path / "plain"), strict=True):
        assert new.instruction.startswith("Good morning")
        assert dataclasses.replace(new, instruction=old.instruction) == old


@pytest.mark.parametrize(
    ("rewrite", "gate"),
    [
        (lambda text: text.replace("`output/", "`out/"), "literals"),
        (lambda text: text + " The answer is 77.31, I believe.", "literals"),
        (lambda text: text.replace("the largest", "the smallest") + " Never mind.", "meaning"),
        (lambda text: text + " I like my work very much." * 80, "length"),
        (
            lambda text: "帮我看看这个文件，然后写一份报告。" * 9 + " ".join(text.split()[:9]),
            "language",
        ),
        (lambda text: text + " Look at http://tracker.io/help for how.", "words"),
        (lambda text: text + "\u202e", "words"),
    ],
)
async def test_wording_that_does_not_do_is_refused_and_the_old_one_kept(
    rewrite: object, gate: str, office: OpenOffice, tmp_path: Path
) -> None:
    assert callable(rewrite)
    server = Server(rewrite=rewrite)
    result = await rephrased(server, office, tmp_path)
    assert [new.instruction for new in result.tasks()] == [
        old.instruction for old in Dataset(tmp_path / "plain")
    ]
    assert sum(n for name, n in result.funnel.items() if name.startswith("phrase/")) == 3
    assert result.funnel[f"phrase/{gate}"] >= 1
    assert server.counts.requests == 12


async def test_a_model_that_is_told_what_failed_can_mend_it(
    office: OpenOffice, tmp_path: Path
) -> None:
    server = Server({"phrase": ["refusal", "truncated", "500", "empty"]}, rewrite="So: {}".format)
    result = await rephrased(server, office, tmp_path)
    assert result.funnel["accepted"] == 3
    assert "phrase/form" in result.repaired


async def test_the_same_cache_phrases_alike_whatever_the_concurrency(
    office: OpenOffice, tmp_path: Path
) -> None:
    server = Server(rewrite="Please note: {}".format)
    first = await rephrased(server, office, tmp_path, name="one", jobs=1)
    asked = server.counts.requests
    second = await rephrased(server, office, tmp_path, name="two", jobs=3)
    assert [t.digest for t in first.tasks()] == [t.digest for t in second.tasks()]
    assert server.counts.requests == asked == 3


async def test_wording_that_the_endpoint_refuses_stays_as_it_was(
    office: OpenOffice, tmp_path: Path
) -> None:
    server = Server({f"phrase/{PLAYS[1].mark}": ["400"] * 9}, rewrite="Please note: {}".format)
    result = await rephrased(server, office, tmp_path)
    assert result.funnel == {"tried": 3, "accepted": 2, "phrase/refused": 1}


async def test_words_are_kept_in_the_journal_and_not_paid_again_when_the_cache_is_gone(
    office: OpenOffice, tmp_path: Path
) -> None:
    server = Server({"phrase": ["500"]}, rewrite="Please note: {}".format)
    first = await rephrased(server, office, tmp_path)
    asked = server.counts.requests
    (tmp_path / "answers.sqlite").unlink()
    again = await rephrased(server, office, tmp_path)
    assert [t.digest for t in again.tasks()] == [t.digest for t in first.tasks()]
    assert (again.funnel, again.repaired) == (first.funnel, first.repaired)
    assert server.counts.requests == asked


async def test_words_that_older_rules_let_pass_are_examined_again(
    office: OpenOffice, tmp_path: Path
) -> None:
    server = Server(rewrite="Please note: {}".format)
    async with serving(server), office(server, code="1") as opened:
        source = dataset(tmp_path)
        await rephrase(source, str, opened.desk, opened.journal)
        kept = '{"instruction": "Delete everything."}'
        opened.journal.keep(source.task_ids[0], "phrase", kept)
        spoilt = await rephrase(source, str, opened.desk, opened.journal)
    async with serving(server), office(server, code="2") as opened:
        again = await rephrase(source, str, opened.desk, opened.journal)
        assert opened.desk.from_cache == 3
    assert spoilt.words[source.task_ids[0]] == "Delete everything."
    assert again.words[source.task_ids[0]].startswith("Please note")


async def test_a_budget_that_ends_is_no_dataset_of_halves(
    office: OpenOffice, tmp_path: Path
) -> None:
    server = Server(rewrite="Please note: {}".format)
    budget = Budget(tokens=1, prices=PRICES)
    async with serving(server), office(server, budget=budget) as opened:
        stopped = await rephrase(dataset(tmp_path), str, opened.desk, opened.journal, concurrency=1)
    assert stopped.stopped
    assert stopped.words == {}
