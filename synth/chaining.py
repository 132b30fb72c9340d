"""Chaining: what somebody still wants of a file, and what a step has to do with the others.

An operation may fit a file by its kind and yet be of no use to anybody: the profile of a profile,
the sum of a list of tests, a conversion of what was converted a minute ago.
"""

from collections.abc import Sequence

from synth.operations import Slot
from synth.scene import Scene
from synth.values import RowSet, Use, Value

MAX_THREADS = 2
"""How many parts that have nothing to do with each other one request may have."""

_ON_LISTINGS = frozenset({"filter", "aggregate"})
_OF_GIVEN_FILES = frozenset({"convert", "inspect"})
"""Operations that nobody asks for of a result: it could have been made in that form at once."""

_HANDED_ON = frozenset({"convert", "fill", "split"})
"""Operations whose results are there to be handed on as they are."""

_GOING_ON = frozenset({"aggregate", "convert", "filter", "join", "rank", "report", "split"})
"""Operations that fit what other steps make as well as files that are given."""

_LEAST_COLUMNS = 6
"""How many columns a file has that somebody wants an overview of."""


def may_follow(one: str, other: str) -> bool:
    """Whether the result of an operation is something that another may sensibly take."""
    if one == "rank":
        return other == "report"  # the order would be lost, or could as well be made later
    return one not in _HANDED_ON and other not in _OF_GIVEN_FILES


def may_come_late(operation: str) -> bool:
    """Whether an operation finds something to take once others have made something."""
    return operation in _GOING_ON


def is_of_use(scene: Scene, operation: str, inputs: Sequence[str]) -> bool:
    """Whether somebody would want this done with what is at hand."""
    return all(_is_wanted(scene, operation, scene.slots[slot_id]) for slot_id in inputs)


def are_of_use(operation: str, values: Sequence[Value]) -> bool:
    """Whether somebody would want this done with files as they come."""
    return all(
        operation != "inspect" or len(value.fields) >= _LEAST_COLUMNS
        for value in values
        if isinstance(value, RowSet)
    )


def threads(scene: Scene) -> int:
    """In how many parts the steps of a scene fall that share no file."""
    parts: list[set[str]] = []
    for node in scene.nodes:
        ends = {*node.inputs, node.output}
        touched = [part for part in parts if part & ends]
        parts = [part for part in parts if not part & ends] + [ends.union(*touched)]
    return len(parts)


def is_on_subject(scene: Scene, values: Sequence[Value]) -> bool:
    """Whether a scene is about the events, or those whom they refer to, and these files are too."""
    about = {scene.world.domain.feed, scene.world.dimension.topic}
    taken = [scene.values(node.inputs) for node in scene.nodes]
    return all(
        any(isinstance(value, RowSet) and value.topic in about for value in inputs)
        for inputs in (*taken[:1], values)
    )


def _is_wanted(scene: Scene, operation: str, slot: Slot) -> bool:
    if operation in _lineage(scene, slot.id):
        return False  # who wants it twice says both at once
    before = scene.past.scene.nodes if scene.past else []
    if any(node.operation in _HANDED_ON for node in before if node.output == slot.id):
        return False
    makers = [node.operation for node in scene.nodes if node.output == slot.id]
    if not all(may_follow(maker, operation) for maker in makers):
        return False
    rows = slot.value
    if not isinstance(rows, RowSet):
        return True
    if rows.use is Use.ANSWER or (rows.use is Use.LISTING and operation not in _ON_LISTINGS):
        return False
    return are_of_use(operation, [rows])


def _lineage(scene: Scene, slot_id: str) -> set[str]:
    """The operations that an artifact has come about by."""
    found: set[str] = set()
    for node in scene.nodes:
        if node.output == slot_id:
            found |= {node.operation}.union(*(_lineage(scene, end) for end in node.inputs))
    return found
