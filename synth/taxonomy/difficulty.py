"""Difficulty: 1 to 5, from the shape of the task graph and the state of its material.

The level says how much has to be right at once, not how long a text is. Points are counted for
what a solver must get through, and the sum falls into one of five bands:

1  one plain step on tidy files
2  a short chain, or one step on untidy ones
3  several steps with a join or an awkward source
4  a longer graph: branches, several kinds of files, mess
5  many dependent steps over many files, where an early slip spoils the rest
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal, cast

from clawgym.graph import Node, TaskGraph

Level = Literal[1, 2, 3, 4, 5]

DEMANDING = frozenset(
    (
        "compare",
        "crawl",
        "deduplicate",
        "diagnose",
        "extract",
        "patch",
        "redact",
        "schedule",
        "search",
        "summarize",
        "test",
    )
)
"""Operations that ask for reading or care beyond a rule on tidy rows."""

_BANDS = (1.5, 3.5, 6.0, 9.0)


@dataclass(frozen=True)
class Material:
    """The state of the files: rows (or entries) of the largest, kinds of mess, files not needed."""

    rows: int = 0
    mess: int = 0
    distractors: int = 0


@dataclass(frozen=True)
class Difficulty:
    """Points by where they come from; each is 0 or more."""

    steps: float
    depth: float
    branching: float
    kinds: float
    operations: float
    parameters: float
    material: float

    @property
    def points(self) -> float:
        """Their sum."""
        return (
            self.steps
            + self.depth
            + self.branching
            + self.kinds
            + self.operations
            + self.parameters
            + self.material
        )

    @property
    def level(self) -> Level:
        """1 to 5; see the module for what the levels mean."""
        return cast("Level", 1 + sum(self.points >= band for band in _BANDS))


def difficulty(graph: TaskGraph, material: Material | None = None) -> Difficulty:
    """How hard a task is.

    Args:
        graph: its steps. More steps, a longer chain, a step with several inputs, a file that
            several steps take, a further kind of file: each adds points and none takes any away.
        material: the state of its files, where it is known.
    """
    nodes = graph.nodes
    uses = Counter(end for node in nodes for end in node.inputs)
    kinds = {artifact.kind for artifact in graph.artifacts}
    return Difficulty(
        steps=0.75 * (len(nodes) - 1),
        depth=0.5 * (_depth(graph) - 1),
        branching=0.75 * sum(len(node.inputs) > 1 for node in nodes)
        + 0.5 * sum(count > 1 for count in uses.values()),
        kinds=0.25 * max(0, len(kinds) - 2),
        operations=0.75 * sum(node.operation in DEMANDING for node in nodes),
        parameters=sum(map(_parameter_points, nodes)),
        material=_material_points(material or Material()),
    )


def _depth(graph: TaskGraph) -> int:
    """The nodes on the longest chain."""
    depth: dict[str, int] = {}
    for node in graph.topological():
        depth[node.output] = 1 + max((depth.get(end, 0) for end in node.inputs), default=0)
    return max(depth.values(), default=0)


def _parameter_points(node: Node) -> float:
    """A list of conditions or columns weighs as much as its length."""
    stated = sum(len(value) if isinstance(value, list) else 1 for value in node.params.values())
    return min(0.5, 0.1 * max(0, stated - 1))


def _material_points(material: Material) -> float:
    size = 0.0 if material.rows <= 30 else 0.5 if material.rows <= 80 else 1.0
    return size + min(2.0, 0.5 * material.mess) + min(1.0, 0.25 * material.distractors)
