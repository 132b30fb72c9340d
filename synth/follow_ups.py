"""Follow-ups: what people want next of results that are no events of a domain, and beside what.

Who has a folder tidied, a package tested or a log read wants that for a purpose, and what comes
next serves it too. For rows, the questions of their domain or matter say what that is; for all else
it stands here.
"""

from collections.abc import Mapping, Sequence

from clawgym.graph import Node
from synth.operations import Params, Slot
from synth.scene import Scene
from synth.taxonomy.matter import asked_of_matter, is_matter
from synth.values import Config, RowSet

_FOLLOW_UPS: Mapping[str, frozenset[str]] = {
    "deduplicate": frozenset({"organize"}),
    "organize": frozenset({"inspect"}),
    "patch": frozenset({"test"}),
    "update": frozenset({"convert", "inspect"}),
}
"""What may be done with a result that is no rows."""

_OF_MATTERS: Mapping[str, frozenset[str]] = {
    "accounts": frozenset({"draft"}),
    "tickets": frozenset({"redact"}),
}
"""What is done with the rows of a matter besides answering questions about them."""

_PAIRS = (
    *(frozenset({name}) for name in ("checksum", "crawl", "inspect", "summarize", "test")),
    frozenset({"draft", "summarize"}),
    frozenset({"deduplicate", "inspect"}),
)
"""What people want of the same file at once; one operation alone is asked for in two ways."""

_AGAIN: Mapping[str, str] = {
    "checksum": "way",
    "crawl": "mode",
    "inspect": "view",
    "summarize": "form",
    "test": "list",
}
"""Operations that the same file may need twice, and the parameter that differs then."""

_AS_GOOD_AS: Mapping[str, str] = {"all": "actions", "every": "broken"}
"""Ways of which nobody wants both."""


def may_be_said_again(operation: str) -> bool:
    """Whether one file may need it twice, in different ways."""
    return operation in _AGAIN


def is_said_already(operation: str, params: Params, before: Params) -> bool:
    """Whether a step comes to the same as an earlier one of that operation."""
    key = _AGAIN.get(operation)
    if key is None:
        return False
    ways = [str(said[key]) for said in (params, before)]
    return len({_AS_GOOD_AS.get(way, way) for way in ways}) == 1


def may_follow_on(maker: str, operation: str) -> bool:
    """Whether an operation may take what another one has made, where that is no rows."""
    return operation in _FOLLOW_UPS.get(maker, frozenset[str]())


def may_stand_beside(one: str, other: str) -> bool:
    """Whether somebody may want both operations of the same file."""
    return frozenset({one, other}) in _PAIRS


def serves_the_purpose(scene: Scene, operation: str, slot: Slot) -> bool:
    """Whether an operation belongs to what a scene is for, where it takes that artifact.

    Events, and what is looked up beside them, are not judged here.
    """
    rows = slot.value
    if slot.side or not isinstance(rows, RowSet) or rows.subject is None:
        at_hand = slot.side and not isinstance(rows, Config)
        return at_hand or _is_next(scene, operation, slot)
    matter = rows.subject.domain
    if not is_matter(matter):
        return True
    if rows.subject.main and operation != "report":
        return False  # what a question was about has been answered
    return operation in asked_of_matter(matter) | _OF_MATTERS.get(matter, frozenset[str]())


def _is_next(scene: Scene, operation: str, slot: Slot) -> bool:
    """Whether it follows on from what made an artifact, and stands beside whatever took it."""
    nodes: Sequence[Node] = (*(scene.past.scene.nodes if scene.past else ()), *scene.nodes)
    made = [node for node in nodes if node.output == slot.id]
    if made and slot.path.endswith(".zip") and operation == "inspect":
        return False  # who packs files up does not want to know them one by one
    if not all(may_follow_on(node.operation, operation) for node in made):
        return False
    takers = [node.operation for node in nodes if slot.id in node.inputs]
    return all(may_stand_beside(taker, operation) for taker in takers)
