"""A task graph as an inline SVG: operations in boxes, artifacts in rounded boxes, arrows."""

from itertools import pairwise
from xml.etree import ElementTree as ET

from bench.excerpt import visible
from bench.graph_layout import Box, Edge, Point, layout
from clawgym.graph import TaskGraph

_ARROW = 4.0
_LINE = 15.0


def graph_svg(graph: TaskGraph) -> str:
    """Draw a task graph.

    Returns:
        An `<svg>` element that is valid XML whatever the graph's texts hold. Colours come from
        `currentColor` and the classes `edge`, `operation`, `artifact`, `skill`; there are no ids,
        so that many drawings fit on one page.
    """
    drawing = layout(graph)
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "graph",
            "viewBox": f"0 0 {_number(drawing.width)} {_number(drawing.height)}",
            "width": _number(drawing.width),
            "height": _number(drawing.height),
            "role": "img",
            "aria-label": _description(graph),
        },
    )
    for edge in drawing.edges:
        _draw_edge(root, edge)
    for box in drawing.boxes:
        _draw_box(root, box)
    return ET.tostring(root, encoding="unicode")


def _description(graph: TaskGraph) -> str:
    steps = [
        f"{node.operation} writes {graph.artifact(node.output).path}"
        for node in graph.topological()
    ]
    return visible(f"Task graph: {'; then '.join(steps)}")


def _draw_edge(root: ET.Element, edge: Edge) -> None:
    *before, (x, y) = edge.points
    path = _curve([*before, (x, y - _ARROW)])
    ET.SubElement(
        root, "path", {"class": "edge", "d": path, "fill": "none", "stroke": "currentColor"}
    )
    corners = ((x, y), (x - _ARROW, y - 2 * _ARROW), (x + _ARROW, y - 2 * _ARROW))
    points = " ".join(f"{_number(a)},{_number(b)}" for a, b in corners)
    ET.SubElement(root, "polygon", {"class": "arrow", "points": points, "fill": "currentColor"})


def _curve(points: list[Point]) -> str:
    start_x, start_y = points[0]
    parts = [f"M{_number(start_x)} {_number(start_y)}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = _number((y0 + y1) / 2)
        parts.append(f"C{_number(x0)} {middle} {_number(x1)} {middle} {_number(x1)} {_number(y1)}")
    return "".join(parts)


def _draw_box(root: ET.Element, box: Box) -> None:
    group = ET.SubElement(root, "g", {"class": box.kind})
    ET.SubElement(group, "title").text = visible(box.title)
    radius = box.height / 2 if box.kind == "artifact" else 5.0
    frame = {
        "x": _number(box.x - box.width / 2),
        "y": _number(box.y - box.height / 2),
        "width": _number(box.width),
        "height": _number(box.height),
        "rx": _number(radius),
        "fill": "none",
        "stroke": "currentColor",
    }
    ET.SubElement(group, "rect", frame)
    first = box.y - (len(box.lines) - 1) * _LINE / 2 + 4
    for row, line in enumerate(box.lines):
        place = {"x": _number(box.x), "y": _number(first + row * _LINE), "text-anchor": "middle"}
        place |= {"font-family": "ui-monospace, monospace", "font-size": "12"}
        place |= {"class": "skill"} if row else {}
        ET.SubElement(group, "text", {"fill": "currentColor"} | place).text = visible(line)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
