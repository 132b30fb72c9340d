"""Pictures of task graphs, as SVG that any browser shows: left to right, no dependency.

Artifacts are rounded boxes coloured by kind, operations are dark ones; an edge leads from what a
step takes to the step and on to what it makes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from clawgym.artifact import Artifact, ArtifactKind
from clawgym.errors import UsageError
from clawgym.graph import Node, TaskGraph
from clawgym.task import Task

_WIDTH, _HEIGHT = 196, 46
_GAP_X, _GAP_Y = 54, 22
_MARGIN, _TITLE = 24, 34
_SHOWN = 27
"""Characters that fit into a box."""

_FONT = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
_COLOURS: dict[ArtifactKind, str] = {
    ArtifactKind.TABLE: "#dbeafe",
    ArtifactKind.RECORDS: "#e0e7ff",
    ArtifactKind.DOCUMENT: "#fef3c7",
    ArtifactKind.LOG: "#e5e7eb",
    ArtifactKind.MAILBOX: "#fce7f3",
    ArtifactKind.CALENDAR: "#dcfce7",
    ArtifactKind.CONFIG: "#ffedd5",
    ArtifactKind.CODE: "#ede9fe",
    ArtifactKind.ARCHIVE: "#fae8ff",
}
_STEP = "#1f2937"


@dataclass(frozen=True)
class _Box:
    id: str
    layer: int
    row: int
    head: str
    text: str
    colour: str
    step: bool

    @property
    def left(self) -> int:
        return _MARGIN + self.layer * (_WIDTH + _GAP_X)

    @property
    def top(self) -> int:
        return _TITLE + _MARGIN + self.row * (_HEIGHT + _GAP_Y)

    @property
    def middle(self) -> int:
        return self.top + _HEIGHT // 2


def graph_svg(graph: TaskGraph, title: str = "Task graph") -> str:
    """A picture of a task graph, with a title and a description for those who cannot see it."""
    boxes = {box.id: box for box in _place(graph)}
    width = max(box.left for box in boxes.values()) + _WIDTH + _MARGIN
    height = max(box.top for box in boxes.values()) + _HEIGHT + _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title described" '
        f'font-family="{escape(_FONT)}">'
    )
    arrow = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#6b7280"/></marker></defs>'
    )
    heading = (
        f'<text x="{_MARGIN}" y="{_TITLE}" font-size="15" font-weight="600" '
        f'fill="{_STEP}">{escape(title)}</text>'
    )
    lines = [
        head,
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="described">{escape(described(graph))}</desc>',
        arrow,
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        heading,
        *(_edge(boxes[start], boxes[end]) for start, end in _edges(graph)),
        *(_drawn(box) for box in boxes.values()),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def picture_of(directory: Path) -> str:
    """The picture of the task in a directory.

    Raises:
        TaskFormatError: the directory holds no task.
        UsageError: the task has no graph: it was not synthesised.
    """
    task = Task.load(directory)
    if task.graph is None:
        raise UsageError(f"task {task.id} has no graph.json, so there is nothing to draw")
    return graph_svg(task.graph, task.id)


def described(graph: TaskGraph) -> str:
    """The graph in words, such as `n1: filter takes orders.csv and makes paid.csv`."""
    said: list[str] = []
    for node in graph.topological():
        taken = ", ".join(graph.artifact(end).path for end in node.inputs)
        by = f" with {node.skill}" if node.skill else ""
        made = graph.artifact(node.output).path
        said.append(f"{node.id}: {node.operation}{by} takes {taken} and makes {made}.")
    return " ".join(said)


def _place(graph: TaskGraph) -> Iterator[_Box]:
    """Boxes in layers: a step one behind the last of its inputs, its result one behind it."""
    layers: dict[str, int] = {artifact.id: 0 for artifact in graph.sources}
    order: list[tuple[str, Node | Artifact]] = [(a.id, a) for a in graph.sources]
    for node in graph.topological():
        layers[node.id] = 1 + max(layers[end] for end in node.inputs)
        layers[node.output] = layers[node.id] + 1
        order += [(node.id, node), (node.output, graph.artifact(node.output))]
    inputs = {name: _inputs_of(graph, name) for name, _ in order}
    for layer in range(max(layers.values()) + 1):
        held = [(name, thing) for name, thing in order if layers[name] == layer]
        rows = _rows(held, inputs, layers)
        for (name, thing), row in zip(held, rows, strict=True):
            layers[f"row {name}"] = row
            yield _box(name, thing, layer, row)


def _inputs_of(graph: TaskGraph, name: str) -> tuple[str, ...]:
    for node in graph.nodes:
        if node.id == name:
            return node.inputs
        if node.output == name:
            return (node.id,)
    return ()


def _rows(
    held: list[tuple[str, Node | Artifact]],
    inputs: dict[str, tuple[str, ...]],
    known: dict[str, int],
) -> list[int]:
    """A free row for each of a layer, as near as possible to where its edges come from."""
    taken: set[int] = set()
    rows: list[int] = []
    for number, (name, _) in enumerate(held):
        above = [known.get(f"row {end}", 0) for end in inputs[name]]
        row = round(sum(above) / len(above)) if above else number
        while row in taken:
            row += 1
        taken.add(row)
        rows.append(row)
    return rows


def _box(name: str, thing: Node | Artifact, layer: int, row: int) -> _Box:
    if isinstance(thing, Node):
        return _Box(name, layer, row, thing.operation, thing.skill or "", _STEP, step=True)
    folder, _, file = thing.path.rstrip("/").rpartition("/")
    colour = _COLOURS.get(thing.kind, "#f3f4f6")
    return _Box(name, layer, row, file, f"{thing.kind} · {folder or '.'}", colour, step=False)


def _edges(graph: TaskGraph) -> Iterator[tuple[str, str]]:
    for node in graph.nodes:
        yield from ((end, node.id) for end in node.inputs)
        yield node.id, node.output


def _edge(start: _Box, end: _Box) -> str:
    x1, y1, x2, y2 = start.left + _WIDTH, start.middle, end.left - 2, end.middle
    bend = max(_GAP_X // 2, (x2 - x1) // 2)
    return (
        f'<path d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" fill="none" '
        'stroke="#6b7280" stroke-width="1.5" marker-end="url(#tip)"/>'
    )


def _drawn(box: _Box) -> str:
    ink = "#ffffff" if box.step else _STEP
    texts: Sequence[tuple[str, int, int]] = (
        ((box.head, 19, 13), (box.text, 35, 11)) if box.text else ((box.head, 28, 13),)
    )
    lines = "".join(
        f'<text x="{box.left + 12}" y="{box.top + down}" font-size="{size}" '
        f'fill="{ink}">{escape(_short(text))}</text>'
        for text, down, size in texts
    )
    return (
        f'<g><title>{escape(f"{box.head} {box.text}".strip())}</title><rect x="{box.left}" '
        f'y="{box.top}" width="{_WIDTH}" height="{_HEIGHT}" rx="{4 if box.step else 12}" '
        f'fill="{box.colour}" stroke="#9ca3af"/>{lines}</g>'
    )


def _short(text: str) -> str:
    """The end of a path says more than its beginning."""
    return text if len(text) <= _SHOWN else f"…{text[1 - _SHOWN :]}"
