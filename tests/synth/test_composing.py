"""Graphs that grow from skills: valid, typed, grounded, and of a sensible size."""

from collections import Counter

from clawgym.artifact import ArtifactKind
from clawgym.graph import TaskGraph
from clawgym.operation import Capability
from clawgym.seeds import derive_random
from synth.building import difficulty
from synth.composing import MAX_SUPPORTING, Draft, compose
from synth.operations import catalogue
from synth.values import RowSet
from tests.synth.examples import declared

Drafts = list[tuple[str, Draft]]

EXTENSIONS = {
    ArtifactKind.TABLE: {"csv"},
    ArtifactKind.RECORDS: {"json", "jsonl"},
    ArtifactKind.DOCUMENT: {"md"},
    ArtifactKind.CONFIG: {"ini"},
    ArtifactKind.LOG: {"log"},
    ArtifactKind.MAILBOX: {"mbox"},
    ArtifactKind.CALENDAR: {"ics"},
}


def test_graphs_are_valid_and_survive_their_json(drafts: Drafts) -> None:
    for _, draft in drafts:
        graph = draft.graph
        assert TaskGraph.model_validate_json(graph.model_dump_json()) == graph
        assert len(graph.topological()) == len(graph.nodes)


def test_every_edge_has_the_kind_that_its_operation_works_on(drafts: Drafts) -> None:
    for _, draft in drafts:
        for node in draft.nodes:
            operation = catalogue()[node.operation]
            assert draft.artifacts[node.inputs[0]].kind in operation.accepts
            assert draft.artifacts[node.output].kind in operation.produces


def test_every_skill_declares_what_it_is_asked_to_do(drafts: Drafts) -> None:
    skills = declared()
    for _, draft in drafts:
        for node in draft.nodes:
            assert node.skill
            kind = draft.artifacts[node.inputs[0]].kind
            assert Capability(node.operation, kind) in skills[node.skill]


def test_the_primary_skill_grounds_a_node_and_few_others_support_it(drafts: Drafts) -> None:
    for primary, draft in drafts:
        assert primary in draft.skills
        assert len(set(draft.skills) - {primary}) <= MAX_SUPPORTING


def test_graphs_have_one_to_five_nodes_and_many_have_several(drafts: Drafts) -> None:
    sizes = Counter(len(draft.nodes) for _, draft in drafts)
    assert set(sizes) <= {1, 2, 3, 4, 5}
    assert sum(count for size, count in sizes.items() if size >= 3) > len(drafts) / 2


def test_difficulty_grows_from_1_to_5(drafts: Drafts) -> None:
    graded = {difficulty(draft.graph) for _, draft in drafts}
    assert graded >= {1, 2, 3, 4}
    assert graded <= {1, 2, 3, 4, 5}


def test_artifacts_state_their_columns_and_are_named_after_their_kind(drafts: Drafts) -> None:
    for _, draft in drafts:
        for artifact in draft.artifacts.values():
            value = draft.values[artifact.id]
            if isinstance(value, RowSet):
                assert artifact.columns == value.columns
            assert artifact.path.rsplit(".", 1)[1] in EXTENSIONS[artifact.kind]


def test_no_two_files_share_a_path_but_an_edit_in_place(drafts: Drafts) -> None:
    for _, draft in drafts:
        edited = {node.output for node in draft.nodes if node.operation == "update"}
        paths = Counter(a.path for a in draft.artifacts.values() if a.id not in edited)
        assert max(paths.values()) == 1
        for node in draft.nodes:
            if node.operation == "update":
                assert draft.artifacts[node.output].path == draft.artifacts[node.inputs[0]].path
            else:
                assert draft.artifacts[node.output].path.startswith("output/")


def test_no_step_is_made_twice(drafts: Drafts) -> None:
    for _, draft in drafts:
        steps = Counter((node.operation, node.inputs) for node in draft.nodes)
        assert max(steps.values()) == 1


def test_the_same_seed_grows_the_same_graph() -> None:
    skills = declared()
    one, two = (compose(derive_random(7, "x"), skills, "csv-analysis") for _ in range(2))
    assert one
    assert two
    assert (one.graph, one.values) == (two.graph, two.values)


def test_one_capability_alone_makes_tasks_of_one_step() -> None:
    alone = {"editor": [Capability("update", ArtifactKind.CONFIG)]}
    for seed in range(5):
        draft = compose(derive_random(seed), alone, "editor")
        assert draft
        assert [(node.operation, node.inputs) for node in draft.nodes] == [("update", ("a3",))]


def test_skills_that_cannot_start_from_any_file_grow_nothing() -> None:
    lonely = {"reader": [Capability("extract", ArtifactKind.DOCUMENT)]}
    for seed in range(5):
        assert compose(derive_random(seed), lonely, "reader") is None
