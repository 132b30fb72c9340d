"""Chaining: what somebody still wants of a file, and what a step has to do with the others.

An operation may fit a file by its kind and yet be of no use to anybody: the profile of a profile,
the sum of a list of tests, a conversion of what was converted a minute ago.
"""

from collections.abc import Mapping, Sequence

from clawgym.graph import Node
from synth.follow_ups import is_said_already, serves_the_purpose
from synth.operations import Params, Slot
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

_REACH: Mapping[str, int] = {
    **dict.fromkeys(("draft", "organize", "patch", "redact", "schedule", "search"), 2),
    **dict.fromkeys(("inspect", "summarize", "test", "update"), 2),
    **dict.fromkeys(("checksum", "crawl", "diagnose", "validate"), 3),
}
"""How many steps there are at most, as a rule, where work begins with one of these."""

_OF_EVENTS = frozenset(
    {
        *("aggregate", "compare", "convert", "deduplicate", "extract", "fetch", "fill", "filter"),
        *("join", "rank", "report", "split", "update"),
    }
)
"""Operations that may bring the events of a domain."""

_MOST: Mapping[str, int] = {
    **dict.fromkeys(("aggregate", "filter"), 2),
    **dict.fromkeys(("checksum", "crawl", "inspect", "summarize", "test"), 2),
    **dict.fromkeys(("convert", "draft", "join", "rank", "redact", "report", "search", "split"), 1),
}
"""How often one request asks for an operation at most."""

_LONG, _ASKED_OFTEN = 4, frozenset({"aggregate", "filter"})
"""From how many steps on, and of which operations, a request may have one more."""

_LEAST_COLUMNS = 6
"""How many columns a file has that somebody wants an overview of."""


def may_follow(one: str, other: str) -> bool:
    """Whether the result of an operation is something that another may sensibly take."""
    if one == "rank":
        return other == "report"  # the order would be lost, or could as well be made later
    return one not in _HANDED_ON and other not in _OF_GIVEN_FILES


def reach(operation: str, size: int) -> int:
    """How many steps, of so many that are wanted, may come of work that an operation begins."""
    return min(size, _REACH.get(operation, size))


def may_come_late(operation: str) -> bool:
    """Whether an operation finds something to take once others have made something."""
    return operation in _GOING_ON


def is_of_use(scene: Scene, operation: str, inputs: Sequence[str]) -> bool:
    """Whether somebody would want this done with what is at hand."""
    return all(_is_wanted(scene, operation, scene.hand(slot_id)) for slot_id in inputs)


def are_of_use(operation: str, values: Sequence[Value]) -> bool:
    """Whether somebody would want this done with files as they come."""
    return all(
        operation != "inspect" or len(value.fields) >= _LEAST_COLUMNS
        for value in values
        if isinstance(value, RowSet)
    )


def is_asked_about(value: Value) -> bool:
    """Whether people ask several things of such rows: those of a domain, not yet summed up."""
    return isinstance(value, RowSet) and bool(value.subject) and not value.grouped


def is_new(scene: Scene, operation: str, params: Params) -> bool:
    """Whether a step says something that no other step of the request says.

    Nobody asks for two rankings or pages, or for two things with the same reason.
    """
    before = scene.past.scene.nodes if scene.past else []
    nodes = [*before, *scene.nodes]
    alike = [node for node in nodes if node.operation == operation]
    more = len(nodes) >= _LONG and operation in _ASKED_OFTEN
    if len(alike) >= _MOST.get(operation, len(alike) + 1) + more:
        return False
    if any(is_said_already(operation, params, node.params) for node in alike):
        return False
    if any(_ask_the_same(operation, params, node) for node in nodes):
        return False
    why = params.get("why")
    return not why or all(node.params.get("why") != why for node in nodes)


def _ask_the_same(operation: str, params: Params, node: Node) -> bool:
    """Whether two steps look at rows by the same column: two overviews, or a part and its rows."""
    if {operation, node.operation} == {"rank", "report"}:
        return bool(_largest_by(params) & _largest_by(node.params))
    if {operation, node.operation} not in ({"aggregate"}, {"filter", "split"}):
        return False
    return bool(_looked_at(params) & _looked_at(node.params))


def _looked_at(params: Params) -> set[str]:
    """The columns that an overview, a selection or a division is by."""
    split = params.get("column")
    terms = [params.get("by"), params.get("conditions")]
    found = {str(split)} if split else set[str]()
    for entries in terms:
        for entry in entries if isinstance(entries, list) else ():
            found |= {str(entry.get("column"))} if isinstance(entry, dict) else set()
    return found


def _largest_by(params: Params) -> set[str]:
    """The column of which a ranking, or the table of a page, shows the largest figures."""
    page = params.get("briefing")
    if isinstance(page, dict):
        return {str(page["measure"])} if page["top"] and page["listed"] == "rows" else set()
    return {str(params["column"])} if params.get("column") else set()


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


def may_begin_beside(scene: Scene, operation: str) -> bool:
    """Whether what an operation brings may be on the subject of a scene: a look before the work."""
    return operation in _OF_EVENTS and is_on_subject(scene, ())


def _is_wanted(scene: Scene, operation: str, slot: Slot) -> bool:
    twice = operation in _lineage(scene, slot.id)  # who wants that says both at once
    if twice or not serves_the_purpose(scene, operation, slot):
        return False
    before = scene.past.scene.nodes if scene.past else []
    if any(node.operation in _HANDED_ON for node in before if node.output == slot.id):
        return False
    return not isinstance(slot.value, RowSet) or _are_wanted(scene, operation, slot.id, slot.value)


def _are_wanted(scene: Scene, operation: str, slot_id: str, rows: RowSet) -> bool:
    """Whether rows are still of use for an operation, by what they are and where they are from."""
    makers = [node.operation for node in scene.nodes if node.output == slot_id]
    worked_with = operation == "inspect" and scene.past is not None
    listed = rows.use is Use.LISTING and not rows.subject and operation not in _ON_LISTINGS
    if rows.use is Use.ANSWER or worked_with or listed:
        return False
    worked_on = bool(rows.subject and rows.subject.joined) or "rank" in makers
    if operation == "report" and worked_on and not rows.grouped:
        return False  # who reads it asks about all rows, in no order and without looking things up
    return all(may_follow(maker, operation) for maker in makers) and are_of_use(operation, [rows])


def _lineage(scene: Scene, slot_id: str) -> set[str]:
    """The operations that an artifact has come about by."""
    found: set[str] = set()
    for node in scene.nodes:
        if node.output == slot_id:
            found |= {node.operation}.union(*(_lineage(scene, end) for end in node.inputs))
    return found
