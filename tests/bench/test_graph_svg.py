from itertools import combinations
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.graph_layout import Box, layout
from bench.graph_svg import graph_svg
from clawgym.artifact import Artifact, ArtifactKind
from clawgym.graph import Node, TaskGraph
from tests.bench.factory import fan_in_graph

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def graphs(draw: st.DrawFn) -> TaskGraph:
    """Random DAGs: each node reads some earlier artifacts and writes a new one."""
    names = ["s0", "s1", "s2"]
    nodes: list[Node] = []
    for number in range(draw(st.integers(0, 7))):
        inputs = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
        names.append(f"o{number}")
        operation = draw(st.sampled_from(["filter", "join", "a-very-long-operation-name"]))
        skill = draw(st.sampled_from([None, "csv-analysis"]))
        nodes.append(
            Node(
                id=f"n{number}",
                operation=operation,
                skill=skill,
                inputs=tuple(inputs),
                output=f"o{number}",
            )
        )
    artifacts = tuple(
        Artifact(
            id=name, kind=ArtifactKind.TABLE, path=f"{'deep/' * draw(st.integers(0, 9))}{name}"
        )
        for name in names
    )
    return TaskGraph(artifacts=artifacts, nodes=tuple(nodes))


def overlap(left: Box, right: Box) -> bool:
    return (
        abs(left.x - right.x) < (left.width + right.width) / 2
        and abs(left.y - right.y) < (left.height + right.height) / 2
    )


@settings(max_examples=60)
@given(graphs())
def test_boxes_never_overlap_and_stay_inside(graph: TaskGraph):
    drawing = layout(graph)
    assert not any(overlap(a, b) for a, b in combinations(drawing.boxes, 2))
    for box in drawing.boxes:
        assert box.x - box.width / 2 >= 0
        assert box.x + box.width / 2 <= drawing.width
        assert box.y - box.height / 2 >= 0
        assert box.y + box.height / 2 <= drawing.height


@settings(max_examples=60)
@given(graphs())
def test_every_arrow_points_down_from_a_box_to_a_box(graph: TaskGraph):
    drawing = layout(graph)
    assert len(drawing.edges) == sum(len(node.inputs) + 1 for node in graph.nodes)
    bottoms = {(box.x, box.y + box.height / 2) for box in drawing.boxes}
    tops = {(box.x, box.y - box.height / 2) for box in drawing.boxes}
    for edge in drawing.edges:
        assert edge.points[0] in bottoms
        assert edge.points[-1] in tops
        heights = [y for _, y in edge.points]
        assert heights == sorted(heights)


@settings(max_examples=60)
@given(graphs())
def test_long_edges_pass_beside_the_boxes(graph: TaskGraph):
    drawing = layout(graph)
    for edge in drawing.edges:
        for x, y in edge.points[1:-1]:
            for box in drawing.boxes:
                inside = abs(x - box.x) < box.width / 2 and abs(y - box.y) < box.height / 2
                assert not inside


def test_the_picture_names_every_node_and_every_file():
    graph = fan_in_graph()
    root = ET.fromstring(graph_svg(graph))
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert len(titles) == len(graph.nodes) + len(graph.artifacts)
    for node in graph.nodes:
        assert node.operation in texts
        assert f"{node.id}: {node.operation}, {node.skill}" in titles
    for artifact in graph.artifacts:
        assert artifact.path in texts


def test_a_long_path_is_shortened_in_the_box_and_whole_in_its_title():
    path = "a/" * 30 + "orders.csv"
    graph = TaskGraph(artifacts=(Artifact(id="x", kind=ArtifactKind.TABLE, path=path),), nodes=())
    root = ET.fromstring(graph_svg(graph))
    assert "…" in root.findtext(f".//{SVG}text", "")
    assert path in root.findtext(f".//{SVG}title", "")


def test_hostile_names_stay_text():
    node = Node(
        id="</title><script>", operation="<b>\x00&", skill='"onload=', inputs=("x",), output="y"
    )
    graph = TaskGraph(
        artifacts=(
            Artifact(id="x", kind=ArtifactKind.TABLE, path="a<script>.csv"),
            Artifact(id="y", kind=ArtifactKind.TABLE, path="b\x1b&amp;.csv"),
        ),
        nodes=(node,),
    )
    root = ET.fromstring(graph_svg(graph))
    assert {element.tag for element in root.iter()} == {
        f"{SVG}{name}" for name in ("svg", "path", "polygon", "g", "title", "rect", "text")
    }


def test_the_same_graph_gives_the_same_picture():
    assert graph_svg(fan_in_graph()) == graph_svg(fan_in_graph())


def test_an_empty_graph_gives_an_empty_picture():
    ET.fromstring(graph_svg(TaskGraph(artifacts=(), nodes=())))
