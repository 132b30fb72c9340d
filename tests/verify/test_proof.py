"""Proving a dataset: what is a finding, and what the cards add up to."""

import math
from pathlib import Path

import pytest

from clawgym.dataset import Dataset, write_dataset
from clawgym.errors import SandboxError, UsageError
from clawgym.sandbox import Backend
from clawgym.task import Task
from tests.verify.bad_verifiers import SOUND, task_with
from tests.verify.tasks import BLIND, COPY, HONEST, WEAK, BrokenMachine, task
from verify.cards import Depth
from verify.probes import LAZY
from verify.proof import Proof, prove_dataset, prove_task
from verify.rules import Selection

MOVED = "Make `copy.txt`."
"""Where lazy hands write does not matter to the verifier, so that the honest copy stays unmade."""


def write(path: Path, tasks: list[Task]) -> Dataset:
    write_dataset(path, tasks, name="test", generator="hand", seed=0)
    return Dataset(path)


def rules(proof: Proof) -> list[tuple[str, str]]:
    return [(finding.task_id, finding.rule) for finding in proof.findings]


async def test_generated_tasks_are_solvable_and_not_by_doing_nothing(
    tmp_path: Path, backend: Backend, generated: list[Task]
) -> None:
    sample = generated[::3]
    dataset = write(tmp_path / "set", sample)
    seen: list[str] = []
    proof = await prove_dataset(dataset, backend, on_card=lambda card: seen.append(card.task_id))
    assert proof.findings == []
    assert proof.mean("oracle").value == 1.0
    assert proof.mean("noop").value == 0.0
    assert proof.lazy_mean.value == 0.0
    assert proof.lazy_mean.total == len(LAZY) * len(sample)
    assert [card.task_id for card in proof.cards] == dataset.task_ids
    assert sorted(seen) == sorted(dataset.task_ids)


async def test_a_task_that_any_text_solves_breaks_the_lazy_bar(
    tmp_path: Path, backend: Backend
) -> None:
    proof = await prove_dataset(write(tmp_path / "set", [task(WEAK)]), backend)
    assert set(rules(proof)) == {("copy", "lazy-earns"), ("", "lazy-mean")}
    assert "more than 0.02" in proof.findings[-1].message
    assert proof.lazy_mean.value == pytest.approx(6 / 7)  # an empty file is refused


async def test_a_task_that_nothing_solves_is_a_finding(backend: Backend) -> None:
    card = await prove_task(task(BLIND), backend, lazy=())
    assert [finding.rule for finding in card.findings] == ["noop-earns"]


@pytest.mark.parametrize("solution", [None, "exit 1\n"])
async def test_a_solution_that_fails_is_a_finding_and_the_other_probes_still_run(
    backend: Backend, solution: str | None
) -> None:
    one = task(HONEST, solution=solution, instruction=MOVED, ours=True)
    card = await prove_task(one, backend)
    expected = "no-solution" if solution is None else "oracle-fails"
    assert [finding.rule for finding in card.findings] == [expected]
    assert [outcome.name for outcome in card.outcomes] == ["noop", *(p.name for p in LAZY)]


async def test_a_solution_that_misses_is_a_finding_that_names_the_checks(
    backend: Backend, generated: list[Task]
) -> None:
    card = await prove_task(task(HONEST, solution="true\n"), backend, lazy=())
    assert [finding.rule for finding in card.findings] == ["oracle-below-one"]
    one = generated[2]
    broken = Task(
        id=one.id,
        instruction=one.instruction,
        config=one.config,
        workspace=one.workspace,
        tests=one.tests,
        solution=task(HONEST, solution="true\n").solution,
        graph=one.graph,
    )
    [finding] = (await prove_task(broken, backend, lazy=())).findings
    assert "no such file" in finding.message


async def test_a_solution_that_varies_is_a_finding(backend: Backend) -> None:
    details = (
        'printf \'{"checks": [{"id": "a", "role": "core", "passed": true, "found": "%s"}]}\' '
        '"$(cat /proc/sys/kernel/random/uuid)" > "$LOGS/reward-details.json"\n'
    )
    card = await prove_task(task(HONEST + details), backend, oracle_runs=2, lazy=())
    assert [finding.rule for finding in card.findings] == ["oracle-unsteady"]


async def test_a_verifier_that_breaks_is_a_finding(backend: Backend) -> None:
    card = await prove_task(task("exit 9", solution=COPY), backend, lazy=())
    assert [finding.rule for finding in card.findings] == ["ungraded"]
    assert "exited with 9" in card.findings[0].message


async def test_a_broken_task_is_a_finding_and_the_others_are_still_proven(
    tmp_path: Path, backend: Backend, generated: list[Task]
) -> None:
    dataset = write(tmp_path / "set", generated[:3])
    broken, edited, good = dataset.task_ids
    (tmp_path / "set" / broken / "task.toml").write_text("schema_version = [\n")
    (tmp_path / "set" / edited / "instruction.md").write_text("Do something else.\n")
    proof = await prove_dataset(dataset, backend)
    assert rules(proof) == [(broken, "task-format"), (edited, "task-format")]
    assert "task.toml" in proof.findings[0].message
    assert "differs from the digest" in proof.findings[1].message
    assert [card.task_id for card in proof.cards if card.outcomes] == [good]
    assert proof.mean("oracle").total == 1


async def test_a_machine_without_boxes_says_so_instead_of_blaming_tasks(
    tmp_path: Path, generated: list[Task]
) -> None:
    dataset = write(tmp_path / "set", generated[:3])
    with pytest.raises(SandboxError, match="no user namespaces"):
        await prove_dataset(dataset, BrokenMachine())


def test_a_proof_of_nothing_has_no_mean_and_no_finding() -> None:
    proof = Proof(())
    assert math.isnan(proof.lazy_mean.value)
    assert proof.findings == []


async def test_cards_are_kept_and_only_what_changed_is_examined_again(
    tmp_path: Path, backend: Backend, generated: list[Task]
) -> None:
    dataset, out = write(tmp_path / "set", generated[:2]), tmp_path / "out"
    first = await prove_dataset(dataset, backend, output=out)
    # A machine without boxes can still read cards, and nothing but cards.
    again = await prove_dataset(dataset, BrokenMachine(), output=out)
    assert again.cards == first.cards
    with pytest.raises(SandboxError):
        await prove_dataset(dataset, BrokenMachine(), output=out, depth=Depth(mutants=1))
    with pytest.raises(SandboxError):
        await prove_dataset(write(tmp_path / "more", generated[:3]), BrokenMachine(), output=out)


async def test_a_file_that_is_no_card_is_not_written_over(
    tmp_path: Path, backend: Backend, generated: list[Task]
) -> None:
    dataset = write(tmp_path / "set", generated[:1])
    place = tmp_path / "out" / "cards" / f"{dataset.task_ids[0]}.json"
    place.parent.mkdir(parents=True)
    place.write_text("{}")
    with pytest.raises(UsageError, match="not a result of this version"):
        await prove_dataset(dataset, backend, output=tmp_path / "out")


async def test_each_task_is_handed_the_work_of_the_one_before_it_of_its_kind(
    tmp_path: Path, backend: Backend
) -> None:
    tasks = [task_with(SOUND, id=f"totals-{number}") for number in range(3)]
    proof = await prove_dataset(write(tmp_path / "set", tasks), backend)
    scores = [[o.score for o in card.outcomes if o.name == "lazy:other"] for card in proof.cards]
    assert scores == [[], [1.0], [1.0]]  # the three are the same task, so that copying pays
    assert {finding.rule for finding in proof.findings} == {"lazy-earns", "lazy-mean"}


async def test_only_the_chosen_rules_make_findings(tmp_path: Path, backend: Backend) -> None:
    dataset = write(tmp_path / "set", [task(BLIND)])
    chosen = Selection(select=["noop-earns"])
    proof = await prove_dataset(dataset, backend, selection=chosen)
    assert rules(proof) == [("copy", "noop-earns")]
