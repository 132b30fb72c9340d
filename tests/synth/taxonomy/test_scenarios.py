"""The taxonomies: how many there are of each, and how tasks are counted."""

import pytest

from clawgym.artifact import Artifact, ArtifactKind
from clawgym.graph import Node, TaskGraph
from synth.taxonomy import (
    Material,
    benchmark_categories,
    benchmark_category,
    categories,
    category_of,
    difficulty,
    operations_by_category,
    subcategories,
)
from synth.taxonomy.opening import lines_of


def test_there_are_9_scenario_categories_with_43_subcategories() -> None:
    assert len(categories()) == 9
    assert len(subcategories()) == 43
    assert len({entry.original for entry in subcategories().values()}) == 43


def test_there_are_26_operations_in_7_categories() -> None:
    groups = operations_by_category()
    assert len(groups) == 7
    assert len({operation.name for group in groups.values() for operation in group}) == 26


def test_there_are_6_benchmark_categories_of_200_tasks() -> None:
    assert len(benchmark_categories()) == 6
    assert sum(category.share for category in benchmark_categories().values()) == 200


def test_every_benchmark_category_has_subcategories() -> None:
    named = {entry.benchmark for entry in subcategories().values()}
    assert named == set(benchmark_categories())


def test_benchmark_operations_are_operations() -> None:
    known = {entry.name for group in operations_by_category().values() for entry in group}
    for category in benchmark_categories().values():
        assert set(category.operations) <= known


def test_every_subcategory_belongs_to_the_category_that_lists_it() -> None:
    for category in categories().values():
        for entry in category.subcategory:
            assert category_of(entry.name) is category


def test_a_task_that_mostly_patches_code_is_development_whatever_its_scenario() -> None:
    assert benchmark_category("records", ["patch", "test", "report"]).name == "development"


def test_a_task_without_telling_operations_is_counted_by_its_scenario() -> None:
    assert benchmark_category("records", ["filter", "aggregate", "draft"]).name == "analysis"


@pytest.mark.parametrize("name", subcategories())
def test_every_subcategory_has_six_openings_and_four_purposes(name: str) -> None:
    lines = lines_of(name)
    assert len(set(lines.all)) >= 6
    assert min(len(lines.terse), len(lines.chatty), len(lines.formal)) >= 2
    assert len(set(lines.purposes)) >= 4
    assert any(purpose.suits([]) for purpose in lines.purposes)


def test_no_opening_is_used_twice() -> None:
    said = [line for name in subcategories() for line in lines_of(name).all]
    assert len(set(said)) >= 0.95 * len(said)


def _chain(*operations: str) -> TaskGraph:
    artifacts = [
        Artifact(id=f"a{n}", kind=ArtifactKind.TABLE, path=f"f{n}.csv")
        for n in range(len(operations) + 1)
    ]
    nodes = [
        Node(id=f"n{n}", operation=operation, inputs=(f"a{n}",), output=f"a{n + 1}")
        for n, operation in enumerate(operations)
    ]
    return TaskGraph(artifacts=tuple(artifacts), nodes=tuple(nodes))


def test_one_plain_step_on_tidy_files_is_level_1() -> None:
    assert difficulty(_chain("filter")).level == 1


def test_a_long_chain_over_messy_files_is_level_5() -> None:
    graph = _chain("extract", *["filter", "aggregate", "convert", "rank"] * 1, "split", "report")
    assert difficulty(graph, Material(rows=100, mess=3, distractors=3)).level == 5


def test_a_longer_chain_is_never_easier() -> None:
    levels = [difficulty(_chain(*["filter"] * steps)).points for steps in range(1, 9)]
    assert levels == sorted(levels)


def test_worse_material_is_never_easier() -> None:
    graph = _chain("filter", "report")
    points = [difficulty(graph, Material(40 * n, n, n)).points for n in range(6)]
    assert points == sorted(points)
