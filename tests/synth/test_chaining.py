"""What may follow what: nothing that is of no use to anybody."""

from collections import Counter

import pytest

from clawgym.seeds import derive_random
from synth.chaining import MAX_THREADS, may_follow, threads
from synth.composing import Plan, compose
from synth.knobs import Knobs
from synth.operations import OPERATIONS
from synth.operations.aggregate import AggregateParams
from synth.routes.design import design
from synth.routes.persona import plan_for_persona
from synth.scene import Scene
from synth.taxonomy import make_setting
from synth.values import ROW_KINDS, RowSet, Use
from synth.world import World
from tests.synth.examples import planned_without_skills


@pytest.fixture(scope="module")
def many() -> list[Scene]:
    return list(planned_without_skills(800, 7, "chaining"))


@pytest.fixture(scope="module")
def scenes(many: list[Scene]) -> list[Scene]:
    return many[:120]


def test_nothing_is_made_of_an_answer(scenes: list[Scene]) -> None:
    for scene in scenes:
        for node in scene.nodes:
            for value in scene.values(node.inputs):
                assert not isinstance(value, RowSet) or value.use is not Use.ANSWER


def test_listings_are_only_narrowed_down_and_counted(scenes: list[Scene]) -> None:
    for scene in scenes:
        for node in scene.nodes:
            first = scene.values(node.inputs)[0]
            if isinstance(first, RowSet) and first.use is Use.LISTING and not first.subject:
                assert node.operation in ("filter", "aggregate")


def test_small_graphs_are_of_one_piece_and_large_ones_of_two_at_most(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert threads(scene) <= (1 if len(scene.nodes) == 1 else MAX_THREADS)


def test_a_plan_without_parts_makes_graphs_of_one_piece() -> None:
    every = plan_for_persona(7, design(7, 0, mixture=0.0), patience=0)
    plan = Plan(every.offers, (), 4, parts=False)
    for seed in range(25):
        setting = make_setting(derive_random(seed))
        scene = compose(derive_random(seed), World.of(setting, ROW_KINDS[0], Knobs(3), seed), plan)
        assert scene is None or threads(scene) == 1


def test_only_amounts_are_added_up(scenes: list[Scene]) -> None:
    for scene in scenes:
        for node in scene.nodes:
            first = scene.values(node.inputs)[0]
            if node.operation == "report" and isinstance(first, RowSet):
                totals = node.params["totals"]
                assert isinstance(totals, (list, tuple))
                assert {str(name) for name in totals} <= {field.name for field in first.amounts}


def test_one_request_has_one_ranking_one_split_and_one_page_at_most(scenes: list[Scene]) -> None:
    for scene in scenes:
        times = Counter(node.operation for node in scene.nodes)
        assert times["rank"] <= 1
        assert times["split"] <= 1
        assert times["report"] <= 1


def test_no_reason_is_given_twice(scenes: list[Scene]) -> None:
    for scene in scenes:
        said = [str(node.params["why"]) for node in scene.nodes if node.params.get("why")]
        assert len(set(said)) == len(said)


def test_no_two_overviews_of_a_request_are_by_the_same_column(many: list[Scene]) -> None:
    for scene in many:
        overviews = [node for node in scene.nodes if node.operation == "aggregate"]
        groups = [AggregateParams.model_validate(node.params).by for node in overviews]
        seen = [{group.column for group in by} for by in groups]
        assert sum(map(len, seen)) == len({name for names in seen for name in names})


def test_who_compares_two_versions_goes_on_with_the_newer_one(scenes: list[Scene]) -> None:
    for scene in scenes:
        older = {node.inputs[0] for node in scene.nodes if node.operation == "compare"}
        others = [node for node in scene.nodes if node.operation != "compare"]
        assert not any(older & set(node.inputs) for node in others)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("filter", "rank"),
        ("filter", "split"),
        ("aggregate", "rank"),
        ("aggregate", "report"),
        ("filter", "report"),
        ("join", "aggregate"),
        ("deduplicate", "filter"),
        ("deduplicate", "aggregate"),
        ("extract", "aggregate"),
    ],
)
def test_what_people_do_one_after_the_other_occurs(many: list[Scene], one: str, other: str) -> None:
    assert any(
        first.operation == one and second.operation == other and first.output in second.inputs
        for scene in many
        for first in scene.nodes
        for second in scene.nodes
    )


def test_a_selection_and_an_overview_of_one_file_stand_side_by_side(many: list[Scene]) -> None:
    found = [
        {n.operation for n in s.nodes if n.inputs[0] == slot} for s in many for slot in s.slots
    ]
    assert any({"filter", "aggregate"} <= operations for operations in found)


@pytest.mark.parametrize("other", sorted(OPERATIONS))
def test_what_is_handed_on_is_left_as_it_is(other: str) -> None:
    assert not may_follow("convert", other)
    assert not may_follow("split", other)
