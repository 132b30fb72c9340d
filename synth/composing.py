"""Composition: offers grow a typed task graph.

An offer is an operation on a kind of artifact, with the skill that grounds it if there is one. Each
step lists every legal move, on what is at hand or on a source of its own, and draws one: what has
to occur and has not yet comes first. The truth of each artifact is computed as the graph grows,
long before anything is phrased.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from clawgym.artifact import ArtifactKind
from clawgym.graph import Node
from clawgym.operation import Capability
from synth.bundling import belongs
from synth.chaining import (
    MAX_THREADS,
    are_of_use,
    is_asked_about,
    is_new,
    is_of_use,
    is_on_subject,
    may_begin_beside,
    may_come_late,
    threads,
)
from synth.follow_ups import may_be_said_again
from synth.operations import OPERATIONS, GroundedOperation, Params
from synth.scene import Scene
from synth.values import RowSet, Value
from synth.world import World

MAX_SUPPORTING = 3

_BRANCHING = 0.9
"""How likely rows may be taken once more of which people ask several things."""

_ASKED = 2.0
"""How much more a selection or an overview of such rows is wanted."""

_TRIES = 3
"""How often parameters are drawn for what may be said twice, until they are other ones."""

_BEGIN = 0.08
"""How much all moves that begin something else are wanted, against those that go on."""


_FIRST_ASKED = ("filter", "aggregate")
_BESIDES, _RARELY = ("inspect", "convert"), 0.2
"""What serves no purpose that other steps have, and how much less it is wanted beside them."""


@dataclass(frozen=True)
class Offer:
    """What a node may be: an operation on a first input of some kind, and who grounds it.

    `formats` are what the names of files end in that the skill is for: one that the node takes or
    makes is such a file, and what it makes is no other format. () is for whatever it works on.
    """

    capability: Capability
    skill: str | None = None
    formats: tuple[str, ...] = ()

    def made(self, node: Node) -> bool:
        """Whether a node is of this offer's operation and skill."""
        return (node.operation, node.skill) == (self.capability.operation, self.skill)


@dataclass(frozen=True)
class Plan:
    """What a graph is to be like.

    Attributes:
        offers: what its nodes may be.
        must: groups of offers; of each group, at least one has to be made.
        size: how many nodes it has, where it can be grown so far.
        entries: how many sources may be put there.
        weights: how much an operation is wanted, 1.0 by default.
        favoured: skills that are wanted more than others.
        branching: how likely an artifact may be taken once more after it was taken.
        least: with fewer nodes there is no scene.
        parts: whether it may have a second part, on files of the same subject.
    """

    offers: tuple[Offer, ...]
    must: tuple[frozenset[Offer], ...]
    size: int
    entries: int = 2
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    favoured: frozenset[str] = frozenset()
    branching: float = 0.5
    least: int = 1
    parts: bool = True

    def unmet(self, nodes: Sequence[Node]) -> list[frozenset[Offer]]:
        """The groups of which nothing was made yet."""
        return [
            group
            for group in self.must
            if not any(offer.made(node) for offer in group for node in nodes)
        ]


@dataclass(frozen=True)
class _Move:
    offer: Offer
    inputs: tuple[str, ...]  # empty: it brings its own source


def compose(rng: random.Random, world: World, plan: Plan) -> Scene | None:
    """Grow one graph to a plan.

    Args:
        rng: the only source of chance besides the world's own.
        world: where sources are taken from.
        plan: what may and what must be in it.

    Returns:
        The scene, or None if this draw led nowhere; draw again.
    """
    settings = any(offer.capability.kind is ArtifactKind.CONFIG for offer in plan.offers)
    scene = Scene.of(world, settings=settings)
    extend(rng, scene, plan, plan.size)
    grown = len(scene.nodes) >= plan.least
    return scene if grown and not plan.unmet(scene.nodes) else None


def extend(rng: random.Random, scene: Scene, plan: Plan, count: int) -> int:
    """Let a scene grow by so many nodes, or by as many as can be made; returns how many."""
    for made in range(count):
        unmet, size = plan.unmet(scene.nodes), len(scene.nodes) + count - made
        moves = [
            move
            for move in _moves(scene, plan)
            if belongs(scene, move.offer.capability.operation, move.inputs, size)
        ]
        if count - made <= len(unmet):
            moves = [move for move in moves if any(move.offer in group for group in unmet)]
        if (scene.nodes or scene.past) and not (plan.parts and threads(scene) < MAX_THREADS):
            moves = [move for move in moves if _follows(scene, move)]
        elif scene.nodes or scene.past:
            moves = [move for move in moves if _may_come(scene, move)]
        if not _play_one(rng, scene, plan, moves):
            return made
    return count


def _moves(scene: Scene, plan: Plan) -> Iterator[_Move]:
    """Every legal move that was not made before."""
    done = _done(scene)
    primary = {offer.skill for group in plan.must for offer in group}
    used = set(scene.skills)
    crowded = len(used - primary) >= MAX_SUPPORTING
    slots, room = scene.at_hand, scene.entries < plan.entries
    for offer in plan.offers:
        if crowded and offer.skill not in primary and offer.skill not in used:
            continue
        operation = OPERATIONS[offer.capability.operation]
        for inputs in operation.takes(slots, offer.capability.kind):
            first = scene.slots[inputs[0]]
            if operation.in_place and (first.used or not first.fresh):
                continue  # who reads a file, and who edits it, must not depend on the order
            known = (operation.name, inputs) in done and not may_be_said_again(operation.name)
            if not known and is_of_use(scene, operation.name, inputs):
                yield _Move(offer, inputs)
        if room:
            yield _Move(offer, ())


def _done(scene: Scene) -> set[tuple[str, tuple[str, ...]]]:
    """What was done to which files, now or in the work before."""
    before = scene.past.scene.nodes if scene.past else []
    return {(node.operation, node.inputs) for node in (*before, *scene.nodes)}


def _play_one(rng: random.Random, scene: Scene, plan: Plan, moves: list[_Move]) -> bool:
    """Draw moves until one has sensible parameters; False when none has."""
    weights = _weights(scene, plan, moves)
    while moves:
        number = rng.choices(range(len(moves)), weights)[0]
        move = moves.pop(number)
        weights.pop(number)
        again = _TRIES if may_be_said_again(move.offer.capability.operation) else 1
        if any(_play(rng, scene, plan, move) for _ in range(again)):
            return True
    return False


def _weights(scene: Scene, plan: Plan, moves: Sequence[_Move]) -> list[float]:
    """How much each move is wanted: an operation is not wanted more for fitting in many ways.

    What follows from something is more of a task than what stands alone: all moves that begin
    something else have a small share together, where there are others.
    """
    wanted = {offer for group in plan.unmet(scene.nodes) for offer in group}
    skills, done = set(scene.skills), {node.operation for node in scene.nodes}
    ways = Counter(move.offer.capability.operation for move in moves)

    def weight(move: _Move) -> float:
        operation, skill = move.offer.capability.operation, move.offer.skill
        weight = plan.weights.get(operation, 1.0) / ways[operation]
        if move.offer in wanted:
            weight *= 4.0 if done or may_come_late(operation) else 64.0
        elif skill in plan.favoured:
            weight *= 3.0
        elif skill and skill not in skills:
            weight *= 2.0
        if operation in _FIRST_ASKED and any(is_asked_about(v) for v in scene.values(move.inputs)):
            weight *= _ASKED
        if operation in _BESIDES and (done or move.offer not in wanted):
            weight *= _RARELY
        return weight * 0.25 if operation in done else weight

    weights = [weight(move) for move in moves]
    follows = [_follows(scene, move) for move in moves]
    begin = sum(w for w, follow in zip(weights, follows, strict=True) if not follow)
    go_on = sum(w for w, follow in zip(weights, follows, strict=True) if follow)
    share = _BEGIN * go_on / begin if begin and go_on else 1.0
    return [w if follow else w * share for w, follow in zip(weights, follows, strict=True)]


def _follows(scene: Scene, move: _Move) -> bool:
    """Whether a move takes something that the graph has to do with already."""
    return _shares(scene, move.inputs)


def _may_come(scene: Scene, move: _Move) -> bool:
    return bool(move.inputs) or may_begin_beside(scene, move.offer.capability.operation)


def _shares(scene: Scene, inputs: Sequence[str]) -> bool:
    slots = [scene.slots[end] for end in inputs]
    return any(slot.used or not slot.fresh for slot in slots)


def _play(rng: random.Random, scene: Scene, plan: Plan, move: _Move) -> bool:
    operation = OPERATIONS[move.offer.capability.operation]
    inputs, known = move.inputs, set(scene.slots)
    if not inputs:
        sources = operation.sources(rng, scene.world, move.offer.capability.kind)
        if not sources:
            return False
        inputs = tuple(scene.place(source) for source in sources)
    params = operation.propose(rng, scene.values(inputs), scene.world.knobs)
    blocked = (operation.in_place and scene.slots[inputs[0]].used) or scene.edited & set(inputs)
    again = (operation.name, inputs) in _done(scene) and not may_be_said_again(operation.name)
    if (
        params is None
        or not scene.written_as(operation.name, inputs, params, move.offer.formats)
        or blocked
        or again
        or not is_new(scene, operation.name, params)
        or not _has_a_place(scene, operation, move, inputs)
        or _is_ambiguous(operation, scene, inputs, params)
        or _is_there_already(operation, scene, inputs, params)
    ):
        for slot_id in set(inputs) - known:
            scene.retire(slot_id)
            del scene.slots[slot_id]
            scene.served.discard(slot_id)  # the next one to come gets its number
        return False
    scene.play(rng, operation.name, move.offer.skill, inputs, params, move.offer.formats)
    for slot_id in inputs:
        slot = scene.slots[slot_id]
        raw = isinstance(slot.value, RowSet) and slot.value.duplicated
        branching = _BRANCHING if is_asked_about(slot.value) else plan.branching
        spent = not slot.side and (raw or rng.random() >= branching)
        outdated = operation.name == "compare" and slot_id == inputs[0]
        if operation.in_place or spent or outdated:
            scene.retire(slot_id)
    return True


def _has_a_place(
    scene: Scene, operation: GroundedOperation, move: _Move, inputs: Sequence[str]
) -> bool:
    """Whether sources of its own are worth the work, and belong to what the scene is about."""
    values = scene.values(inputs)
    if not move.inputs and not are_of_use(operation.name, values):
        return False
    begins = bool(scene.nodes or scene.past) and not _shares(scene, inputs)
    return not begins or is_on_subject(scene, values)


def _is_there_already(
    operation: GroundedOperation, scene: Scene, inputs: Sequence[str], params: Params
) -> bool:
    """Whether a copy of some other file would do, now or once these inputs are there."""
    if operation.in_place:
        return False
    result = operation.apply(params, scene.values(inputs))
    others = [slot for slot in scene.slots.values() if slot.id not in inputs and slot.fresh]
    if any(_is_same(result, slot.value) for slot in others):
        return True
    made = [scene.slots[node.output].value for node in scene.nodes]
    taken = [scene.slots[end] for end in inputs]
    new = [slot.value for slot in taken if slot.fresh and not slot.used]
    return any(_is_same(one, other) for one in made for other in new)


def _is_same(one: Value, other: Value) -> bool:
    """Whether two files hold the same, rows in whichever order."""
    if isinstance(one, RowSet) and isinstance(other, RowSet):
        return one.names == other.names and set(one.rows) == set(other.rows)
    return type(one) is type(other) and one == other


def _is_ambiguous(
    operation: GroundedOperation, scene: Scene, inputs: Sequence[str], params: Params
) -> bool:
    """Whether the result would depend on an order of rows that no instruction states."""
    return bool(scene.loose & set(inputs)) and (
        operation.needs_order or bool(params.get("order_by"))
    )
