"""Graphs that grow from offers: valid, typed, and of the size that was planned."""

from collections import Counter
from dataclasses import replace

import pytest

from clawgym.artifact import ArtifactKind
from clawgym.graph import TaskGraph
from clawgym.operation import Capability
from clawgym.seeds import derive_random
from clawgym_skills.operations import atomic_operations
from synth.building import shape_label
from synth.composing import MAX_SUPPORTING, Offer, Plan, compose
from synth.follow_ups import may_be_said_again
from synth.knobs import Knobs
from synth.operations import OPERATIONS
from synth.routes.design import design
from synth.routes.endings import endings_taken
from synth.routes.skill import plan_for_skill
from synth.scene import Scene
from synth.taxonomy import domains, make_setting
from synth.values import RowSet
from synth.world import World
from tests.synth.examples import bundled, grown


def world(seed: int, form: ArtifactKind = ArtifactKind.TABLE, level: int = 3) -> World:
    fits = [domain for domain in domains() if form in domain.entry]
    setting = make_setting(derive_random(seed, "setting"), domain=fits[seed % len(fits)])
    return World.of(setting, form, Knobs(level), seed)


def offers(*texts: str, skill: str | None = None) -> tuple[Offer, ...]:
    return tuple(Offer(Capability.parse(text), skill) for text in texts)


def test_graphs_are_valid_and_survive_their_json(scenes: list[Scene]) -> None:
    for scene in scenes:
        graph = scene.graph
        assert TaskGraph.model_validate_json(graph.model_dump_json()) == graph
        assert len(graph.topological()) == len(graph.nodes)


def test_every_edge_has_the_kind_that_its_operation_works_on(scenes: list[Scene]) -> None:
    for scene in scenes:
        for node in scene.nodes:
            known = atomic_operations()[node.operation]
            assert scene.slots[node.inputs[0]].kind in known.accepts
            assert scene.slots[node.inputs[0]].kind in OPERATIONS[node.operation].kinds
            assert scene.slots[node.output].kind in known.produces


def test_what_an_operation_takes_is_called_as_routes_expect(scenes: list[Scene]) -> None:
    for scene in scenes:
        for node in scene.nodes:
            first = scene.slots[node.inputs[0]]
            capability = Capability(node.operation, first.kind)
            folder = "." not in first.path.rpartition("/")[2]
            assert folder or first.path.endswith(endings_taken(capability))


def test_a_node_of_a_skill_for_some_formats_takes_or_makes_one_of_these() -> None:
    offered = (
        *(replace(offer, formats=(".xlsx",)) for offer in offers("convert:table", skill="sheets")),
        *offers("filter:table", "aggregate:table", skill="rows"),
    )
    plan = Plan(offered, (frozenset(offered[:1]),), size=2)
    made = [compose(derive_random(number, "sheets"), world(number), plan) for number in range(60)]
    ends = [
        {scene.slots[end].path for end in (*node.inputs, node.output)}
        for scene in filter(None, made)
        for node in scene.nodes
        if node.skill == "sheets"
    ]
    assert len(ends) > 5
    assert all(any(path.endswith(".xlsx") for path in paths) for paths in ends)


def test_artifacts_state_their_columns(scenes: list[Scene]) -> None:
    for scene in scenes:
        for artifact in scene.graph.artifacts:
            value = scene.slots[artifact.id].value
            assert artifact.columns == (value.columns if isinstance(value, RowSet) else ())


def test_no_two_results_share_a_place(scenes: list[Scene]) -> None:
    for scene in scenes:
        places = Counter(scene.slots[node.output].path for node in scene.nodes)
        assert max(places.values()) == 1


def test_only_what_is_edited_in_place_lies_where_a_source_does(scenes: list[Scene]) -> None:
    for scene in scenes:
        sources = {artifact.path for artifact in scene.graph.sources}
        for node in scene.nodes:
            path = scene.slots[node.output].path
            assert (path in sources) is OPERATIONS[node.operation].in_place


def test_who_edits_a_file_is_the_only_one_who_takes_it(scenes: list[Scene]) -> None:
    for scene in scenes:
        readers = Counter(end for node in scene.nodes for end in node.inputs)
        for node in scene.nodes:
            if OPERATIONS[node.operation].in_place:
                assert readers[node.inputs[0]] == 1


def test_no_step_is_made_twice(scenes: list[Scene]) -> None:
    for scene in scenes:
        steps = Counter((node.operation, node.inputs, str(node.params)) for node in scene.nodes)
        assert max(steps.values()) == 1


def test_only_what_has_several_ways_is_asked_of_one_file_twice(scenes: list[Scene]) -> None:
    for scene in scenes:
        steps = Counter((node.operation, node.inputs) for node in scene.nodes)
        twice = {operation for (operation, _), times in steps.items() if times > 1}
        assert all(may_be_said_again(operation) for operation in twice)


def test_the_truth_of_every_node_is_that_of_its_operation(scenes: list[Scene]) -> None:
    for scene in scenes:
        for node in scene.nodes:
            made = OPERATIONS[node.operation].apply(node.params, scene.values(node.inputs))
            assert made == scene.slots[node.output].value


def test_the_same_seed_grows_the_same_scene() -> None:
    for seed in range(20):
        one, two = grown(seed), grown(seed)
        if one and two:
            assert (one.graph, one.slots) == (two.graph, two.slots)


def test_large_plans_make_large_graphs_of_many_shapes() -> None:
    plan = Plan(offers("filter:table", "filter:records", "aggregate:table", "aggregate:records",
                       "report:table", "report:records", "convert:table", "convert:records",
                       "join:table", "join:records", "rank:table", "rank:records",
                       "split:table", "split:records", "inspect:table"),
                (), 8, entries=3)  # fmt: skip
    grown = [compose(derive_random(seed), world(seed, level=5), plan) for seed in range(60)]
    sizes = [len(scene.nodes) for scene in grown if scene]
    assert max(sizes) > 5
    assert sum(size >= 5 for size in sizes) > len(sizes) / 5
    shapes = {shape_label(scene.graph) for scene in grown if scene}
    assert shapes & {"fan-in", "both"}
    assert shapes & {"fan-out", "both"}


def test_what_has_to_occur_occurs_or_there_is_no_scene() -> None:
    every = offers("filter:table", "aggregate:table", "report:table", "join:table")
    for seed in range(20):
        must = (frozenset(offers("join:table")), frozenset(offers("report:table")))
        scene = compose(derive_random(seed), world(seed), Plan(every, must, 3))
        if scene:
            assert {"join", "report"} <= {node.operation for node in scene.nodes}


def test_without_parts_each_step_has_to_do_with_another() -> None:
    every = offers("filter:table", "update:config", "aggregate:table", "report:table")
    for seed in range(20):
        scene = compose(derive_random(seed), world(seed), Plan(every, (), 4, parts=False))
        if scene and len(scene.nodes) > 1:
            assert shape_label(scene.graph) != "parts" or "fan-out" in shape_label(scene.graph)


def test_offers_that_cannot_start_from_any_file_grow_nothing() -> None:
    lonely = Plan(offers("aggregate:document"), (), 2)
    assert all(compose(derive_random(seed), world(seed), lonely) is None for seed in range(3))


@pytest.mark.parametrize("seed", range(12))
def test_the_primary_skill_grounds_a_node_and_few_others_support_it(seed: int) -> None:
    wanted = design(seed, seed, mixture=1.0)
    plan = plan_for_skill(seed, wanted, bundled(), patience=0)
    primary = {offer.skill for group in plan.must for offer in group}
    scene = compose(derive_random(seed), world(seed), plan)
    if scene:
        assert primary <= set(scene.skills)
        assert len(set(scene.skills) - primary) <= MAX_SUPPORTING
        declared = {(skill.name, c) for skill in bundled() for c in skill.capabilities}
        for node in scene.nodes:
            kind = scene.slots[node.inputs[0]].kind
            assert (node.skill, Capability(node.operation, kind)) in declared
