"""Reasons: which steps of a request are told with the reason for them.

A reason after every step reads as tacked on, and a request without any as unmotivated. What another
step goes on with is explained by that; of the rest, those steps need one that say least themselves.
"""

import random
from collections.abc import Sequence

from clawgym.graph import Node
from synth.operations import OPERATIONS
from synth.reworking import told_nodes
from synth.scene import Form, Scene

_MOST = 2
"""How many reasons one request gives."""

_BOTH = 0.6
"""How often a request of two steps that do not build on each other gives both reasons."""

_NEED = ("convert", "split", "join", "aggregate", "rank", "report", "filter")
"""Operations that say little of why they are wanted, those first that say least.

A page names its reader, and most selections their purpose.
"""


def with_reasons(scene: Scene) -> list[Node]:
    """The steps that may be told with a reason, first those that need one most."""
    nodes = _told_now(scene)
    reasoned = [node for node in nodes if OPERATIONS[node.operation].why(node.params)]
    taken = {end for node in nodes for end in node.inputs}
    ends = [node for node in reasoned if node.output not in taken]
    return sorted(ends or reasoned[-1:], key=_need)


def chosen_reasons(rng: random.Random, scene: Scene) -> list[Node]:
    """The steps that are told with a reason: one or two, where any step has one."""
    worthy, steps = with_reasons(scene), len(_told_now(scene))
    most = _MOST if steps > _MOST or rng.random() < _BOTH else 1
    return worthy[:most]


def _told_now(scene: Scene) -> Sequence[Node]:
    """What is asked for now, as far as it is for another reason than before.

    Who has a mistake put right, or a detail changed, says only what that is.
    """
    if scene.past is None:
        return scene.nodes
    if scene.form is Form.REPAIR:
        return ()
    first, _, new = told_nodes(scene.past, scene.graph.topological())
    before = {OPERATIONS[node.operation].why(node.params) for node in scene.past.scene.nodes}
    other = [node for node in first if OPERATIONS[node.operation].why(node.params) not in before]
    return (*other, *new)


def _need(node: Node) -> int:
    return _NEED.index(node.operation) if node.operation in _NEED else len(_NEED)
