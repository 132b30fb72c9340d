"""Each operation over each of its kinds: two solutions, nothing for nothing, no mistake unseen."""

from functools import cache

import pytest

from clawgym.artifact import ArtifactKind
from synth.operations import OPERATIONS
from tests.synth.operations.one_node import (
    Made,
    grade,
    lazy_scores,
    make,
    mistake_scores,
    solve,
)

_OURS = (
    "report",
    "draft",
    "summarize",
    "test",
    "patch",
    "diagnose",
    "validate",
    "redact",
    "checksum",
)
_CASES = [(name, kind) for name in _OURS for kind in OPERATIONS[name].kinds]
_SEEDS = 12


@cache
def tasks(operation: str, kind: ArtifactKind) -> list[Made]:
    drawn = [
        make(operation, kind, seed, level=seed % 5 + 1, style="brief" if seed % 2 else "spec")
        for seed in range(_SEEDS)
    ]
    return [made for made in drawn if made]


@pytest.mark.parametrize(("operation", "kind"), _CASES)
def test_both_solutions_and_the_truth_earn_everything(operation: str, kind: ArtifactKind) -> None:
    found = tasks(operation, kind)
    assert found
    for made in found:
        truth = made.scene.slots[made.node.output].value
        assert grade(made.task, made.with_output(truth)) == 1.0
        assert grade(made.task, solve(made)) == 1.0
        assert grade(made.task, solve(made, "second")) >= 0.95


@pytest.mark.parametrize(("operation", "kind"), _CASES)
def test_lazy_work_earns_nothing(operation: str, kind: ArtifactKind) -> None:
    for made in tasks(operation, kind)[:3]:
        assert not any(lazy_scores(made.task).values())


@pytest.mark.parametrize(("operation", "kind"), _CASES)
def test_mistakes_cost(operation: str, kind: ArtifactKind) -> None:
    scores = [score for made in tasks(operation, kind) for score in mistake_scores(made)]
    assert len(scores) >= _SEEDS / 2
    assert max(scores) < 1.0


@pytest.mark.parametrize(("operation", "kind"), _CASES)
def test_one_seed_makes_one_task(operation: str, kind: ArtifactKind) -> None:
    first, second = make(operation, kind, 3), make(operation, kind, 3)
    assert (first and first.task) == (second and second.task)
