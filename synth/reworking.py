"""Work on what was done before: repairs of a broken result, and follow-ups after a change of mind.

Both start from a scene as it was asked for. Its results already lie in the workspace; what has to
be made anew, and what follows from that, are the nodes of the new scene. All else that was done
counts among its sources.
"""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from clawgym.graph import Node
from synth.earlier_mistakes import earlier_mistakes
from synth.operations import OPERATIONS, Params
from synth.scene import Form, Past, Scene
from synth.values import RowSet, Value
from synth.world import Source

_PROPOSALS = 6
_FAR = 0.5
"""How often a change is sought from which much follows."""


def repaired(
    rng: random.Random, scene: Scene, wanted: Collection[str] = frozenset()
) -> Scene | None:
    """The same work with one wrong result in it, and everything that was made of that.

    Mistakes that are easy to believe come first. One that reaches no node with an id in `wanted`
    is none; those of such nodes are looked at first, or those that reach far.

    Returns:
        The scene whose nodes put it right, or None where no mistake of its operations would show.
    """
    graded: list[tuple[int, Node, Value]] = []
    for node in _candidates(rng, scene, wanted):
        slot = scene.slots[node.output]
        found = earlier_mistakes(rng, node, scene.values(node.inputs), slot)
        graded += [(grade, node, wrong) for grade, wrong in found if _alike(wrong, slot.value)]
    for _, node, wrong in sorted(graded, key=lambda one: one[0]):
        found = _consequences(scene, {node.output: wrong}, node)
        if found is not None and not (wanted and _misses(wanted, _made(scene, found))):
            return _settled(scene, Past(Form.REPAIR, scene, node.id, found), {})
    return None


def followed_up(
    rng: random.Random, scene: Scene, wanted: Collection[str] = frozenset()
) -> Scene | None:
    """The same work after a parameter has changed: one node anew, and all that follows from it.

    Nodes with an id in `wanted` are looked at first.

    Returns:
        The scene whose nodes make the change, or None where nothing can sensibly be changed.
    """
    for node in _candidates(rng, scene, wanted):
        for params in _other_params(rng, scene, node):
            inputs, before = scene.values(node.inputs), scene.slots[node.output].value
            now = OPERATIONS[node.operation].apply(params, inputs)
            if before.covers(now) or not _alike(now, before):
                continue
            changed = _consequences(scene, {node.output: now}, node)
            if changed is not None:
                return _changed(scene, node.model_copy(update={"params": dict(params)}), changed)
    return None


def finished(scene: Scene) -> Scene:
    """The scene after everything in it was done: a follow-up to which nothing was added yet."""
    return _settled(scene, Past(Form.FOLLOW_UP, scene, None, {}), {})


def _candidates(rng: random.Random, scene: Scene, wanted: Collection[str]) -> list[Node]:
    found = [node for node in scene.graph.topological() if _lies_in_one_file(scene, node)]
    rng.shuffle(found)
    if rng.random() >= _FAR:
        return sorted(found, key=lambda node: node.id not in wanted)
    reach = {node.id: _reach(scene, node) for node in found}
    return sorted(found, key=lambda node: (_misses(wanted, reach[node.id]), -len(reach[node.id])))


def _misses(wanted: Collection[str], reach: Collection[str]) -> bool:
    """Whether nothing of what is wanted is among the nodes that a change reaches."""
    return bool(wanted) and set(wanted).isdisjoint(reach)


def _made(scene: Scene, outputs: Collection[str]) -> set[str]:
    return {node.id for node in scene.nodes if node.output in outputs}


def _reach(scene: Scene, node: Node) -> set[str]:
    """A node and all that is made of its result, by id."""
    found, outputs = {node.id}, {node.output}
    for other in scene.graph.topological():
        if outputs & set(other.inputs):
            found.add(other.id)
            outputs.add(other.output)
    return found


def _changed(scene: Scene, node: Node, values: Mapping[str, Value]) -> Scene:
    """A follow-up: results lie elsewhere where their names told of the old parameters."""
    found = {slot_id: scene.slots[slot_id].value for slot_id in values}
    past = Past(Form.FOLLOW_UP, scene, node.id, found)
    after = _settled(scene, past, values)
    after.nodes = [node if other.id == node.id else other for other in after.nodes]
    old = scene.slots[node.output]
    extension = old.path.rpartition(".")[2]
    here = {key: slot for key, slot in scene.slots.items() if key != node.output}
    path = replace(scene, slots=here).output_path(
        node.operation, node.inputs, node.params, extension
    )
    if path != old.path:
        after.slots[node.output] = replace(after.slots[node.output], path=path)
        left = Source(old.kind, old.path, old.value)
        kept = {key: value for key, value in found.items() if key != node.output}
        after.past = replace(past, found=kept, leftovers=(left,))
    return after


def _settled(scene: Scene, past: Past, values: Mapping[str, Value]) -> Scene:
    """A scene in which only what is `found` is still to be made; other results are its sources."""
    todo = [node for node in scene.nodes if node.output in past.found]
    open_ids = {node.output for node in todo}
    made = {node.output for node in scene.nodes}
    slots = {
        slot_id: replace(
            slot,
            value=values.get(slot_id, slot.value),
            fresh=slot_id not in open_ids,
            side=slot.side and slot_id not in made,
        )
        for slot_id, slot in scene.slots.items()
    }
    edited = {
        slot.path: slot_id
        for slot_id, slot in slots.items()
        if slot_id in made and slot_id not in open_ids
    }
    slots = {
        slot_id: slot
        for slot_id, slot in slots.items()
        if edited.get(slot.path, slot_id) == slot_id
    }
    for slot_id in edited.values():
        if any(
            OPERATIONS[node.operation].in_place for node in scene.nodes if node.output == slot_id
        ):
            slots[slot_id] = replace(slots[slot_id], used=True)  # nobody edits it twice
    live = [slot_id for slot_id in scene.live if slot_id in slots]
    loose = set(scene.loose)
    return Scene(scene.world, slots, todo, live, set(scene.served), loose=loose, past=past)


def _consequences(
    scene: Scene, values: dict[str, Value], origin: Node
) -> Mapping[str, Value] | None:
    """What other results become when one does; None where they cannot be made of it."""
    at_hand = {slot_id: slot.value.taken for slot_id, slot in scene.slots.items()} | values
    changed = dict(values)
    for node in scene.graph.topological():
        if node.id == origin.id or not set(node.inputs) & set(changed):
            continue
        if not _lies_in_one_file(scene, node):
            return None
        try:
            value = OPERATIONS[node.operation].apply(
                node.params, [at_hand[slot_id] for slot_id in node.inputs]
            )
        except (ArithmeticError, LookupError, ValueError):
            return None  # these parameters were chosen for other rows
        if not _alike(value, at_hand[node.output]):
            return None
        if value != at_hand[node.output]:
            changed[node.output] = at_hand[node.output] = value
    return changed


def _other_params(rng: random.Random, scene: Scene, node: Node) -> Iterator[Params]:
    for _ in range(_PROPOSALS):
        params = OPERATIONS[node.operation].revise(
            rng, node.params, scene.values(node.inputs), scene.world.knobs
        )
        if params is not None and dict(params) != node.params:
            yield params


def _alike(one: Value, other: Value) -> bool:
    """Whether what is made of one could be made of the other."""
    if isinstance(one, RowSet) and isinstance(other, RowSet):
        return one.names == other.names and one.key == other.key and bool(one.rows)
    return type(one) is type(other)


def _lies_in_one_file(scene: Scene, node: Node) -> bool:
    """Whether a result can be replaced by another without anything of it being left."""
    if OPERATIONS[node.operation].in_place:
        return False
    slot = scene.slots[node.output]
    return set(slot.value.files(slot.kind, slot.path)) == {slot.path}


def told_nodes(past: Past, nodes: Sequence[Node]) -> tuple[list[Node], list[Node], list[Node]]:
    """The nodes of a task that refers to the past, as they are told.

    Returns:
        What was changed or is wrong, what follows from it, and what is new.
    """
    known = {node.id for node in past.scene.nodes}
    first = [node for node in nodes if node.id == past.at_fault]
    new = [node for node in nodes if node.id not in known]
    rest = [node for node in nodes if node.id in known and node.id != past.at_fault]
    return first, rest, new
