"""The operations of the categories `system` and `data`, over many seeds, kinds and levels."""

from functools import cache

import pytest

from clawgym.artifact import ArtifactKind
from synth.operations import OPERATIONS
from tests.synth.operations.one_node import (
    Made,
    explain,
    grade,
    lazy_scores,
    make,
    mistake_scores,
    solve,
)

NAMES = (
    "inspect",
    "organize",
    "schedule",
    "filter",
    "rank",
    "aggregate",
    "join",
    "deduplicate",
    "compare",
)
GROUNDED = [(name, kind) for name in NAMES for kind in OPERATIONS[name].kinds]
SEEDS = range(12)

grounded = pytest.mark.parametrize(("operation", "kind"), GROUNDED)


@cache
def made(operation: str, kind: ArtifactKind) -> list[Made]:
    """Tasks of all levels in both styles."""
    drawn = [
        make(operation, kind, seed, 1 + seed % 5, "brief" if seed % 2 else "spec") for seed in SEEDS
    ]
    found = [task for task in drawn if task]
    assert len(found) > len(SEEDS) // 2
    return found


@grounded
def test_the_reference_solution_earns_everything(operation: str, kind: ArtifactKind) -> None:
    for task in made(operation, kind):
        results, reward = explain(task.task, solve(task))
        assert reward == 1.0, (task.node.params, results)


@grounded
def test_the_second_solution_earns_everything(operation: str, kind: ArtifactKind) -> None:
    for task in made(operation, kind):
        results, reward = explain(task.task, solve(task, "second"))
        assert reward >= 0.95, (task.node.params, results)


@grounded
def test_the_truth_as_it_stands_in_memory_earns_everything(
    operation: str, kind: ArtifactKind
) -> None:
    for task in made(operation, kind):
        truth = task.scene.slots[task.node.output].value
        assert grade(task.task, task.with_output(truth)) == 1.0


@grounded
def test_lazy_work_earns_nothing(operation: str, kind: ArtifactKind) -> None:
    for task in made(operation, kind)[:4]:
        assert set(lazy_scores(task.task).values()) == {0.0}


@grounded
def test_mistakes_that_people_make_do_not_earn_everything(
    operation: str, kind: ArtifactKind
) -> None:
    scores = [score for task in made(operation, kind) for score in mistake_scores(task)]
    assert len(scores) >= len(SEEDS)
    assert max(scores) < 1.0


@grounded
def test_the_same_seed_makes_the_same_task(operation: str, kind: ArtifactKind) -> None:
    first, again = (make(operation, kind, 3, 4) for _ in range(2))
    if first and again:
        assert first.task.instruction == again.task.instruction
        assert first.task.workspace.digest == again.task.workspace.digest
        assert first.task.tests.digest == again.task.tests.digest


@grounded
def test_instructions_have_no_loose_ends(operation: str, kind: ArtifactKind) -> None:
    for task in made(operation, kind):
        said = task.task.instruction
        assert "{" not in said
        assert "  " not in said.replace("\n", "")
        output = task.scene.slots[task.node.output].path
        assert f"`{output}`" in said
