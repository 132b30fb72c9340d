"""Task graphs, the artifacts on their edges, and the capabilities that ground their nodes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from clawgym.artifact import Artifact, ArtifactKind
from clawgym.graph import Node, TaskGraph
from clawgym.operation import Capability
from tests.clawgym.strategies import graphs


def node(name: str, inputs: str, output: str) -> Node:
    return Node(id=name, operation="filter", inputs=tuple(inputs), output=output)


def graph(*nodes: Node, artifacts: str = "abcd") -> TaskGraph:
    return TaskGraph(
        artifacts=tuple(
            Artifact(id=name, kind=ArtifactKind.TABLE, path=f"{name}.csv") for name in artifacts
        ),
        nodes=nodes,
    )


@given(graphs())
@settings(max_examples=40)
def test_each_node_comes_after_what_it_depends_on(graph: TaskGraph) -> None:
    order = graph.topological()
    assert sorted(node.id for node in order) == sorted(node.id for node in graph.nodes)
    done = {artifact.id for artifact in graph.sources}
    for node in order:
        assert done.issuperset(node.inputs)
        done.add(node.output)


@given(graphs())
@settings(max_examples=40)
def test_an_artifact_is_either_a_source_or_produced(graph: TaskGraph) -> None:
    for artifact in graph.artifacts:
        assert (artifact in graph.sources) == (graph.producer(artifact.id) is None)
        assert graph.artifact(artifact.id) == artifact


@given(graphs())
@settings(max_examples=40)
def test_a_graph_survives_json(graph: TaskGraph) -> None:
    assert TaskGraph.model_validate_json(graph.model_dump_json()) == graph


@given(graphs(), st.data())
@settings(max_examples=40)
def test_an_edge_back_to_an_ancestor_is_refused(graph: TaskGraph, data: st.DataObject) -> None:
    last = data.draw(st.sampled_from(graph.nodes))
    ancestors, needed = [last.id], set(last.inputs)
    for node in reversed(graph.topological()):
        if node.output in needed:
            ancestors.append(node.id)
            needed.update(node.inputs)
    first = data.draw(st.sampled_from(ancestors))
    nodes = tuple(
        node.model_copy(update={"inputs": (*node.inputs, last.output)})
        if node.id == first
        else node
        for node in graph.nodes
    )
    with pytest.raises(ValidationError, match="the nodes form a cycle"):
        TaskGraph(artifacts=graph.artifacts, nodes=nodes)


def test_independent_nodes_keep_their_order() -> None:
    found = graph(node("second", "a", "c"), node("first", "a", "b")).topological()
    assert [node.id for node in found] == ["second", "first"]


def test_skills_stand_once_each_in_order_of_first_use() -> None:
    nodes = [
        Node(id="3", operation="x", skill="late", inputs=("c",), output="d"),
        Node(id="1", operation="x", skill="early", inputs=("a",), output="b"),
        Node(id="2", operation="x", skill="early", inputs=("b",), output="c"),
    ]
    assert graph(*nodes).skills == ("early", "late")


def test_a_cycle_names_its_nodes() -> None:
    with pytest.raises(ValidationError, match=r"cycle: \['n1', 'n2', 'n1'\]|\['n2', 'n1', 'n2'\]"):
        graph(node("n1", "b", "a"), node("n2", "a", "b"))


def test_a_node_cannot_read_what_it_writes() -> None:
    with pytest.raises(ValidationError, match="cycle"):
        graph(node("n1", "a", "a"))


def test_an_unknown_artifact_is_refused_with_the_node() -> None:
    with pytest.raises(ValidationError, match=r"'n1' refers to unknown artifacts \['y', 'z'\]"):
        graph(node("n1", "ay", "z"))


def test_two_nodes_cannot_write_the_same_artifact() -> None:
    with pytest.raises(ValidationError, match=r"output artifact repeated: \['b'\]"):
        graph(node("n1", "a", "b"), node("n2", "a", "b"))


def test_ids_are_unique() -> None:
    with pytest.raises(ValidationError, match=r"node id repeated: \['n1'\]"):
        graph(node("n1", "a", "b"), node("n1", "a", "c"))
    with pytest.raises(ValidationError, match=r"artifact id repeated: \['a'\]"):
        graph(artifacts="aab")


def test_an_edit_in_place_gives_two_artifacts_of_one_path() -> None:
    before, after = (
        Artifact(id=name, kind=ArtifactKind.CONFIG, path="app.toml") for name in ("v1", "v2")
    )
    update = Node(id="n1", operation="update", inputs=("v1",), output="v2")
    assert TaskGraph(artifacts=(before, after), nodes=(update,)).sources == (before,)


def test_an_artifact_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="nope"):
        graph().artifact("nope")


@pytest.mark.parametrize("path", ["/etc/passwd", "../up.csv", "a//b.csv", ""])
def test_an_artifact_stays_in_the_workspace(path: str) -> None:
    with pytest.raises(ValidationError, match="path"):
        Artifact(id="a", kind=ArtifactKind.TABLE, path=path)


def test_an_unknown_kind_or_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="kind"):
        Artifact.model_validate({"id": "a", "kind": "hologram", "path": "a"})
    with pytest.raises(ValidationError, match="colour"):
        Artifact.model_validate({"id": "a", "kind": "table", "path": "a", "colour": "red"})


CAPABILITIES = st.builds(
    Capability,
    operation=st.from_regex(r"[a-z][a-z0-9-]*", fullmatch=True),
    kind=st.sampled_from(ArtifactKind),
)


@given(CAPABILITIES)
def test_a_capability_reads_what_it_writes(capability: Capability) -> None:
    assert Capability.parse(str(capability)) == capability


@pytest.mark.parametrize(
    "text", ["", "filter", "filter:", ":table", "Filter:table", "filter:table ", "filter:table\n"]
)
def test_a_capability_of_another_shape_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="not of the form operation:kind, such as filter:table"):
        Capability.parse(text)


def test_a_capability_on_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'hologram' is not a valid ArtifactKind"):
        Capability.parse("filter:hologram")
