"""Proving a dataset: what is a finding, and what the cards add up to."""

import math
from pathlib import Path

import pytest

from clawgym.dataset import Dataset, write_dataset
from clawgym.errors import SandboxError
from clawgym.sandbox import Backend
from clawgym.task import Task
from tests.verify.tasks import BLIND, COPY, HONEST, WEAK, BrokenMachine, task
from verify.proof import Proof, prove_dataset, prove_task


def write(path: Path, tasks: list[Task]) -> Dataset:
    write_dataset(path, tasks, name="test", generator="hand", seed=0)
    return Dataset(path)


def rules(proof: Proof) -> list[tuple[str, str]]:
    return [(finding.task_id, finding.rule) for finding in proof.findings]


async def test_generated_tasks_are_solvable_and_not_by_doing_nothing(
    tmp_path: Path, backend: Backend, generated: list[Task]
) -> None:
    dataset = write(tmp_path / "set", generated)
    seen: list[str] = []
    proof = await prove_dataset(dataset, backend, on_card=lambda card: seen.append(card.task_id))
    assert proof.findings == []
    assert proof.mean("oracle").value == 1.0
    assert proof.mean("noop").value == 0.0
    assert proof.lazy_mean.value == 0.0
    assert proof.lazy_mean.total == 3 * len(generated)
    assert [card.task_id for card in proof.cards] == dataset.task_ids
    assert sorted(seen) == sorted(dataset.task_ids)


async def test_a_task_that_any_text_solves_breaks_the_lazy_bar(
    tmp_path: Path, backend: Backend
) -> None:
    proof = await prove_dataset(write(tmp_path / "set", [task(WEAK)]), backend)
    assert rules(proof) == [("", "lazy-mean")]
    assert "more than 0.02" in proof.findings[0].message
    assert proof.lazy_mean.value == pytest.approx(2 / 3)


async def test_a_task_that_nothing_solves_is_a_finding(backend: Backend) -> None:
    card = await prove_task(task(BLIND), backend, lazy=())
    assert [finding.rule for finding in card.findings] == ["noop-earns"]


@pytest.mark.parametrize("solution", [None, "exit 1\n"])
async def test_a_solution_that_fails_is_a_finding_and_the_other_probes_still_run(
    backend: Backend, solution: str | None
) -> None:
    card = await prove_task(task(HONEST, solution=solution), backend)
    assert [finding.rule for finding in card.findings] == ["oracle-fails"]
    assert set(card.rewards) == {"noop", "lazy:touch", "lazy:echo", "lazy:copy"}


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
    assert [card.task_id for card in proof.cards if card.rewards] == [good]
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
