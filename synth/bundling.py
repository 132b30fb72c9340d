"""Bundling: which steps one request holds together.

Steps of a request build on each other, or answer questions of one kind for one purpose. Nobody has
six unrelated jobs on their mind, and who compares two versions does not ask for a budget as well.
"""

from collections.abc import Sequence

from clawgym.graph import Node
from synth.scene import Scene
from synth.values import ROW_KINDS

_ENDS, _MANY = 2, (4, 6, 8)
"""How many results nothing else is made of, and from how many steps there may be one more."""

_LONG = 5
"""From how many steps on a request has a programme, of which handing files on is one point."""

_HANDING_ON = frozenset({"convert", "draft", "fill", "redact", "split"})
"""Operations that hand files on to others: one request does so once."""

_WHOLE = frozenset({"compare", "redact", "validate"})
"""Work on rows that is a purpose of its own: what else is asked for is asked of its result."""

_BRIEF = frozenset({"inspect", "update"})
"""Work on rows that comes before other work: a look at a file that is not known, a correction."""

_WITH_BRIEF = 2
"""How many steps a request with such work has."""

_NEVER = frozenset({"crawl", "fetch"})
"""What serves different purposes even on the same site."""


def belongs(scene: Scene, operation: str, inputs: Sequence[str], size: int) -> bool:
    """Whether a step belongs to a request for what the scene has so far.

    Args:
        scene: what was asked for up to now.
        operation: of the step.
        inputs: what it takes; nothing where it brings files of its own.
        size: how many steps the request is to have.
    """
    if size > _WITH_BRIEF and operation in _BRIEF and _is_rows(scene, inputs):
        return False
    done = [node.operation for node in scene.nodes]
    return (
        _ends_with(scene, inputs) <= _most_ends([*done, operation], size)
        and _hands_on_so_often([*done, operation], size)
        and not {operation, *done} >= _NEVER
        and _is_not_too_much(scene, operation, inputs)
        and _is_one_purpose(scene, operation, inputs)
    )


def _hands_on_so_often(operations: Sequence[str], size: int) -> bool:
    """Whether files are handed on once, or for one more party in a programme."""
    times = sum(operation in _HANDING_ON for operation in operations)
    return operations[-1] not in _HANDING_ON or times <= (2 if size >= _LONG else 1)


def _most_ends(operations: Sequence[str], size: int) -> int:
    """How many results nothing is made of, at most; who hands files on wants little else."""
    steps = max(len(operations), min(size, _LONG))
    if steps < _LONG and _HANDING_ON.intersection(operations):
        return _ENDS
    return _ENDS + sum(steps >= many for many in _MANY)


def _ends_with(scene: Scene, inputs: Sequence[str]) -> int:
    """How many results nothing is made of, once a step takes these inputs."""
    taken = {end for node in scene.nodes for end in node.inputs} | set(inputs)
    return 1 + sum(node.output not in taken for node in scene.nodes)


def _is_not_too_much(scene: Scene, operation: str, inputs: Sequence[str]) -> bool:
    """Whether a look or a correction is not followed by a whole programme."""
    brief = any(node.operation in _BRIEF and _is_rows(scene, node.inputs) for node in scene.nodes)
    brief = brief or (operation in _BRIEF and _is_rows(scene, inputs))
    return not brief or len(scene.nodes) < _WITH_BRIEF


def _is_rows(scene: Scene, inputs: Sequence[str]) -> bool:
    return not inputs or scene.slots[inputs[0]].kind in ROW_KINDS


def _is_one_purpose(scene: Scene, operation: str, inputs: Sequence[str]) -> bool:
    """Whether what is a purpose of its own is what all steps lead to or come from."""
    whole = [node for node in scene.nodes if node.operation in _WHOLE]
    if operation in _WHOLE:
        return len(_behind(scene, inputs)) == len(scene.nodes)
    behind = {node.id for node in _behind(scene, inputs)}
    return all(node.id in behind for node in whole)


def _behind(scene: Scene, inputs: Sequence[str]) -> list[Node]:
    """The steps that inputs have come about by."""
    found, ends = list[Node](), set(inputs)
    for node in reversed(scene.nodes):
        if node.output in ends:
            found.append(node)
            ends |= set(node.inputs)
    return found
