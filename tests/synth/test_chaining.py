"""What may follow what: nothing that is of no use to anybody."""

from collections.abc import Iterator

import pytest

from clawgym.seeds import derive_random
from synth.chaining import MAX_THREADS, may_follow, threads
from synth.composing import Plan, compose
from synth.knobs import Knobs
from synth.operations import OPERATIONS
from synth.routes.design import design
from synth.routes.persona import plan_for_persona
from synth.scene import Scene
from synth.taxonomy import make_setting
from synth.values import ROW_KINDS, RowSet, Use
from synth.world import World


def grown(seeds: int = 120) -> Iterator[Scene]:
    for seed in range(seeds):
        wanted = design(7, seed, mixture=0.0)
        rng = derive_random(seed, "chaining")
        world = World.of(make_setting(rng), ROW_KINDS[seed % 2], Knobs(wanted.level), seed)
        scene = compose(rng, world, plan_for_persona(7, wanted, patience=0))
        if scene:
            yield scene


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return list(grown())


def test_nothing_is_made_of_an_answer(scenes: list[Scene]) -> None:
    for scene in scenes:
        for node in scene.nodes:
            for value in scene.values(node.inputs):
                assert not isinstance(value, RowSet) or value.use is not Use.ANSWER


def test_listings_are_only_narrowed_down_and_counted(scenes: list[Scene]) -> None:
    for scene in scenes:
        for node in scene.nodes:
            first = scene.values(node.inputs)[0]
            if isinstance(first, RowSet) and first.use is Use.LISTING:
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


@pytest.mark.parametrize("other", sorted(OPERATIONS))
def test_what_is_handed_on_is_left_as_it_is(other: str) -> None:
    assert not may_follow("convert", other)
    assert not may_follow("split", other)
