"""The operations of the categories `web` and `content`, over many seeds, kinds and levels."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

from clawgym.artifact import ArtifactKind
from clawgym.sandbox import open_backend
from clawgym.sandbox.site import BASE_URL
from synth.gates.warm_prover import WarmProver
from synth.operations import OPERATIONS
from synth.phrasing import STYLES
from synth.values import RowSet
from tests.synth.operations.one_node import (
    Made,
    explain,
    grade,
    lazy_scores,
    make,
    mistake_scores,
    solve,
)

NAMES = ("fetch", "crawl", "search", "extract", "convert", "update", "split", "fill")
GROUNDED = [(name, kind) for name in NAMES for kind in OPERATIONS[name].kinds]
WEB = [(name, kind) for name, kind in GROUNDED if name in ("fetch", "crawl")]
SEEDS = range(12)

grounded = pytest.mark.parametrize(("operation", "kind"), GROUNDED)


@cache
def draw(operation: str, kind: ArtifactKind, *, served: bool = False) -> list[Made]:
    """Tasks of all levels in both styles; of sites, those that are served or those that are not."""
    most = 5 if operation in ("fetch", "crawl") else len(SEEDS)
    found: list[Made] = []
    for seed in range(60):
        made = make(operation, kind, seed, 1 + seed % 5, "brief" if seed % 2 else "spec")
        if made and bool(made.task.site) == served:
            found.append(made)
        if len(found) == most:
            return found
    raise AssertionError(f"60 draws make no {most} tasks of {operation}:{kind}")


@pytest.fixture(scope="module")
def prover() -> Iterator[WarmProver]:
    prover = WarmProver(open_backend())
    yield prover
    prover.close()


@grounded
def test_the_reference_solution_earns_everything(operation: str, kind: ArtifactKind) -> None:
    for made in draw(operation, kind):
        results, reward = explain(made.task, solve(made))
        assert reward == 1.0, (made.node.params, results)


@grounded
def test_the_second_solution_earns_everything(operation: str, kind: ArtifactKind) -> None:
    for made in draw(operation, kind):
        results, reward = explain(made.task, solve(made, "second"))
        assert reward >= 0.95, (made.node.params, results)


@pytest.mark.parametrize(("operation", "kind"), WEB)
def test_served_sites_are_solved_in_a_box(
    operation: str, kind: ArtifactKind, prover: WarmProver
) -> None:
    for made in draw(operation, kind, served=True)[:3]:
        assert BASE_URL in made.task.instruction
        for script in ("solve.sh", "alternative.sh"):
            finished = prover.solve(made.task, script)
            assert prover.grade(made.task, [finished])[0].score == 1.0


@pytest.mark.parametrize(("operation", "kind"), WEB)
def test_a_served_site_is_no_part_of_the_workspace(operation: str, kind: ArtifactKind) -> None:
    for made in draw(operation, kind, served=True)[:3]:
        assert not any(path.endswith(".html") for path in made.task.workspace)


@grounded
def test_the_truth_as_it_stands_in_memory_earns_everything(
    operation: str, kind: ArtifactKind
) -> None:
    for made in draw(operation, kind):
        truth = made.scene.slots[made.node.output].value
        assert grade(made.task, made.with_output(truth)) == 1.0


@grounded
def test_lazy_work_earns_nothing(operation: str, kind: ArtifactKind) -> None:
    for made in draw(operation, kind)[:3]:
        assert set(lazy_scores(made.task).values()) == {0.0}


@grounded
def test_mistakes_that_people_make_do_not_earn_everything(
    operation: str, kind: ArtifactKind
) -> None:
    tasks = draw(operation, kind)
    scores = [score for made in tasks for score in mistake_scores(made)]
    assert len(scores) >= len(tasks)
    assert all(score < 1.0 for score in scores)


@grounded
def test_the_same_seed_makes_the_same_task(operation: str, kind: ArtifactKind) -> None:
    first, again = make(operation, kind, 3), make(operation, kind, 3)
    assert (first and first.task.digest) == (again and again.task.digest)


@grounded
def test_rows_are_told_apart_by_their_key(operation: str, kind: ArtifactKind) -> None:
    for made in draw(operation, kind):
        rows = made.scene.slots[made.node.output].value
        if isinstance(rows, RowSet):
            places = [rows.index(name) for name in rows.key]
            keys = [tuple(row[place] for place in places) for row in rows.rows]
            assert len(set(keys)) == len(keys)


def test_a_file_that_is_named_inside_an_input_is_there() -> None:
    found: dict[str, int] = {"fetch": 0, "search": 0}
    for operation, seed in product(found, range(30)):
        made = make(operation, ArtifactKind.ARCHIVE, seed, 1 + seed % 5, STYLES[seed % 2])
        assert made is not None
        path = re.escape(made.scene.slots[made.node.inputs[0]].path)
        for named in re.findall(rf"`({path}/[^`\n]*)`", made.task.instruction):
            assert named in made.task.workspace
            found[operation] += 1
    assert found["fetch"]
