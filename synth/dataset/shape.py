"""The shape of a task graph: how big it is, and a name that equal graphs share."""

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

from clawgym.graph import TaskGraph


@dataclass(frozen=True, slots=True)
class Shape:
    """Figures of a task graph.

    `depth` is the number of nodes on the longest path, `fan_in` the most inputs of a node,
    `fan_out` the most nodes that read one artifact. `form` is the same for graphs that differ in
    nothing but names and operations, `plan` for those that have the same operations as well; both
    come from Weisfeiler-Lehman colours, which tell graphs as small as these apart.
    """

    nodes: int
    depth: int
    sources: int
    fan_in: int
    fan_out: int
    form: str
    plan: str

    @property
    def name(self) -> str:
        """`4 nodes, 3 deep, 2 sources #1f3a9c`."""
        return f"{self.nodes} nodes, {self.depth} deep, {self.sources} sources #{self.form[:6]}"


def shape_of(graph: TaskGraph) -> Shape:
    """The shape of a graph."""
    readers = Counter(end for node in graph.nodes for end in node.inputs)
    operations = {f"n:{node.id}": node.operation for node in graph.nodes}
    return Shape(
        nodes=len(graph.nodes),
        depth=_depth(graph),
        sources=len(graph.sources),
        fan_in=max((len(node.inputs) for node in graph.nodes), default=0),
        fan_out=max(readers.values(), default=0),
        form=_colour(graph, dict.fromkeys(operations, "node")),
        plan=_colour(graph, operations),
    )


def operation_pairs(graph: TaskGraph) -> tuple[str, ...]:
    """`join > filter` for each artifact that one node writes and another reads."""
    by_output = {node.output: node.operation for node in graph.nodes}
    return tuple(
        f"{by_output[end]} > {node.operation}"
        for node in graph.topological()
        for end in node.inputs
        if end in by_output
    )


def _depth(graph: TaskGraph) -> int:
    depths: dict[str, int] = {}
    for node in graph.topological():
        depths[node.output] = 1 + max((depths.get(end, 0) for end in node.inputs), default=0)
    return max(depths.values(), default=0)


def _colour(graph: TaskGraph, colours: dict[str, str]) -> str:
    """One name for a graph whose nodes `n:…` have these colours; artifacts `a:…` have none."""
    edges = [(f"a:{end}", f"n:{node.id}") for node in graph.nodes for end in node.inputs]
    edges += [(f"n:{node.id}", f"a:{node.output}") for node in graph.nodes]
    colours = {**colours, **{f"a:{artifact.id}": "" for artifact in graph.artifacts}}
    before = {name: [a for a, b in edges if b == name] for name in colours}
    after = {name: [b for a, b in edges if a == name] for name in colours}
    for _ in range(2 * max(1, _depth(graph))):
        colours = {
            name: _digest(
                colour,
                *sorted(colours[one] for one in before[name]),
                "|",
                *sorted(colours[one] for one in after[name]),
            )
            for name, colour in colours.items()
        }
    return _digest(*sorted(colours.values()))


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
