"""Where to draw a task graph: layers from top to bottom, boxes that never overlap.

The steps of Sugiyama, Tagawa and Toda (1981), kept small: longest-path layers, invisible way-points
on edges that span several layers, barycentre sweeps against crossings, then horizontal relaxation.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Literal
from unicodedata import east_asian_width

from clawgym.graph import TaskGraph

CHARACTER = 7.4
"""The width of one monospaced character in the picture, in user units, rounded up."""

_MAX_CHARACTERS = 34
_PADDING = 14.0
_HEIGHT = {"operation": 46.0, "artifact": 30.0}
_MARGIN = 1.0
_GAP_X = 22.0
_GAP_Y = 34.0
_SWEEPS = 8

BoxKind = Literal["operation", "artifact"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """One vertex: its centre, its size, one or two lines of text, and the text in full."""

    id: str
    kind: BoxKind
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Edge:
    """An arrow through its points: it leaves the first downwards and enters the last downwards."""

    points: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """A finished drawing in user units; the origin is the top left corner."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


@dataclass
class _Vertex:
    """A box in the making, or a way-point where a long edge passes a layer."""

    id: str
    kind: Literal["operation", "artifact", "way"]
    layer: int
    width: float
    height: float
    lines: tuple[str, ...] = ()
    title: str = ""
    x: float = 0.0
    y: float = 0.0

    @property
    def top(self) -> Point:
        return (self.x, self.y - self.height / 2)

    @property
    def bottom(self) -> Point:
        return (self.x, self.y + self.height / 2)


class _Drawing:
    """The vertices by layer and the short edges between neighbouring layers."""

    def __init__(self, vertices: Iterable[_Vertex], edges: Iterable[tuple[str, str]]) -> None:
        self.vertices = {vertex.id: vertex for vertex in vertices}
        self.chains = [self._chain(tail, head) for tail, head in edges]
        self.above: defaultdict[str, list[str]] = defaultdict(list)
        self.below: defaultdict[str, list[str]] = defaultdict(list)
        for chain in self.chains:
            for tail, head in pairwise(chain):
                self.below[tail].append(head)
                self.above[head].append(tail)
        depth = max((vertex.layer for vertex in self.vertices.values()), default=-1) + 1
        self.layers: list[list[_Vertex]] = [[] for _ in range(depth)]
        for vertex in self.vertices.values():
            self.layers[vertex.layer].append(vertex)

    def _chain(self, tail: str, head: str) -> list[str]:
        first, last = self.vertices[tail].layer, self.vertices[head].layer
        way = [f"{tail}\0{head}\0{layer}" for layer in range(first + 1, last)]
        for layer, name in enumerate(way, start=first + 1):
            self.vertices.setdefault(name, _Vertex(name, "way", layer, 0.0, 0.0))
        return [tail, *way, head]

    def place(self) -> None:
        """Order each layer against crossings, then give every vertex its `x`."""
        for layer in self.layers:
            _spread(layer, [0.0] * len(layer))
        for sweep in range(_SWEEPS):
            downwards = sweep % 2 == 0
            neighbours = self.above if downwards else self.below
            for layer in self.layers if downwards else reversed(self.layers):
                layer.sort(key=lambda vertex: self._wanted(vertex, neighbours))
                _spread(layer, [self._wanted(vertex, neighbours) for vertex in layer])
        for _ in range(_SWEEPS):
            for layer in (*self.layers, *reversed(self.layers)):
                _spread(layer, [self._wanted(vertex, self.above, self.below) for vertex in layer])

        for _, *ways, _ in self.chains:
            self._straighten([self.vertices[name] for name in ways])

    def _straighten(self, ways: Sequence[_Vertex]) -> None:
        """Put the way-points of an edge above each other where no box is in between."""
        for x in sorted((way.x for way in ways), key=abs, reverse=True):
            if all(_is_clear(way, x, self.layers[way.layer]) for way in ways):
                for way in ways:
                    way.x = x
                return

    def _wanted(self, vertex: _Vertex, *sides: Mapping[str, list[str]]) -> float:
        near = [self.vertices[name].x for side in sides for name in side.get(vertex.id, ())]
        return fmean(near) if near else vertex.x


def layout(graph: TaskGraph) -> Layout:
    """Lay a task graph out; the same graph gives the same drawing."""
    drawing = _Drawing(_vertices(graph), _edges(graph))
    drawing.place()
    width, height = _anchor(drawing)
    edges = [
        Edge((first.bottom, *(end for way in ways for end in (way.top, way.bottom)), last.top))
        for first, *ways, last in ([drawing.vertices[name] for name in c] for c in drawing.chains)
    ]
    boxes = [
        Box(v.id, v.kind, v.x, v.y, v.width, v.height, v.lines, v.title)
        for v in drawing.vertices.values()
        if v.kind != "way"
    ]
    return Layout(width, height, tuple(boxes), tuple(edges))


def _anchor(drawing: _Drawing) -> tuple[float, float]:
    """Move the drawing to the origin and give each layer its place; returns width and height."""
    everything = drawing.vertices.values()
    left = min((v.x - v.width / 2 for v in everything), default=0.0) - _MARGIN
    top = _MARGIN
    for layer in drawing.layers:
        height = max((vertex.height for vertex in layer), default=0.0)
        for vertex in layer:
            vertex.x -= left
            vertex.y = top + height / 2
            # A way-point spans its layer, so that the edge bends between layers only.
            vertex.height = vertex.height or height
        top += height + _GAP_Y
    right = max((v.x + v.width / 2 for v in everything), default=0.0)
    bottom = max((v.bottom[1] for v in everything), default=0.0)
    return right + _MARGIN, bottom + _MARGIN


def _vertices(graph: TaskGraph) -> list[_Vertex]:
    layers = _layers(graph)
    artifacts = [
        _vertex(f"a:{artifact.id}", "artifact", layers, (artifact.path,), artifact.kind.value)
        for artifact in graph.artifacts
    ]
    operations = [
        _vertex(f"n:{node.id}", "operation", layers, (node.operation, node.skill or ""), node.id)
        for node in graph.topological()
    ]
    return [*artifacts, *operations]


def _edges(graph: TaskGraph) -> list[tuple[str, str]]:
    return [
        edge
        for node in graph.topological()
        for edge in (
            *((f"a:{end}", f"n:{node.id}") for end in dict.fromkeys(node.inputs)),
            (f"n:{node.id}", f"a:{node.output}"),
        )
    ]


def _vertex(
    name: str, kind: BoxKind, layers: Mapping[str, int], lines: Sequence[str], what: str
) -> _Vertex:
    shown = tuple(_shorten(line) for line in lines if line)
    width = max(map(_columns, shown), default=0) * CHARACTER + 2 * _PADDING
    title = f"{what}: {', '.join(line for line in lines if line)}"
    return _Vertex(name, kind, layers[name], width, _HEIGHT[kind], shown, title)


def _layers(graph: TaskGraph) -> dict[str, int]:
    layers: dict[str, int] = {}
    for node in graph.topological():
        layer = 1 + max((layers.get(f"a:{end}", 0) for end in node.inputs), default=0)
        layers[f"n:{node.id}"] = layer
        layers[f"a:{node.output}"] = layer + 1
    for artifact in graph.sources:
        readers = [layers[f"n:{node.id}"] for node in graph.nodes if artifact.id in node.inputs]
        # A file that is read late is drawn late, so that its arrow stays short.
        layers[f"a:{artifact.id}"] = min(readers, default=1) - 1
    return layers


def _is_clear(way: _Vertex, x: float, layer: Iterable[_Vertex]) -> bool:
    others = (vertex for vertex in layer if vertex is not way)
    return all(abs(vertex.x - x) >= (vertex.width + _GAP_X) / 2 for vertex in others)


def _spread(layer: Sequence[_Vertex], wanted: Sequence[float]) -> None:
    """Put each vertex near where it wants to be, in order, without overlap."""
    right = float("-inf")
    for vertex, target in zip(layer, wanted, strict=True):
        vertex.x = max(target, right + vertex.width / 2)
        right = vertex.x + vertex.width / 2 + _GAP_X
    drift = fmean(v.x - t for v, t in zip(layer, wanted, strict=True)) if layer else 0.0
    for vertex in layer:
        vertex.x -= drift


def _shorten(text: str) -> str:
    if len(text) <= _MAX_CHARACTERS:
        return text
    half = (_MAX_CHARACTERS - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
