"""A scene: a task graph as it grows, with the truth of every artifact."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from clawgym.artifact import Artifact
from clawgym.graph import Node, TaskGraph
from synth.formats import Format, among, suiting
from synth.operations import OPERATIONS, Params, Slot
from synth.values import RowSet, Step, Value
from synth.world import Source, World

_ENDING_TWICE = re.compile(r"([_-][a-z]+)\1+$")


class Form(StrEnum):
    """What a task asks for: work from scratch, or something about work that was done before."""

    PLAIN = "plain"
    REPAIR = "repair"
    FOLLOW_UP = "follow-up"


@dataclass(frozen=True)
class Past:
    """What was done before the task begins.

    Attributes:
        form: how the task refers to it; never `PLAIN`.
        scene: the work as it was asked for.
        at_fault: the node whose result is wrong, or whose parameters have changed; None where
            something is only added.
        found: what lies at the place of an artifact that is to be made anew, by its id.
        leftovers: results that nobody will touch: they have been replaced by others elsewhere.
    """

    form: Form
    scene: "Scene"
    at_fault: str | None
    found: Mapping[str, Value]
    leftovers: tuple[Source, ...] = ()


@dataclass
class Scene:
    """Slots are the artifacts by id, in the order of their making; `live` may still be taken.

    `served` are those that a site serves, `edited` those that a node edits in place, `loose` rows
    whose order nobody states.
    """

    world: World
    slots: dict[str, Slot] = field(default_factory=dict[str, Slot])
    nodes: list[Node] = field(default_factory=list[Node])
    live: list[str] = field(default_factory=list[str])
    served: set[str] = field(default_factory=set[str])
    edited: set[str] = field(default_factory=set[str])
    loose: set[str] = field(default_factory=set[str])
    past: Past | None = None

    @classmethod
    def of(cls, world: World, *, settings: bool = True) -> "Scene":
        """A scene in which nothing has happened yet; without `settings` nobody wants those."""
        scene = cls(world)
        scene.place(world.dimension_source(), side=True)
        if settings:
            scene.place(world.config_source(), side=True)
        return scene

    @property
    def graph(self) -> TaskGraph:
        """The graph, with only those sources that a node takes."""
        used = {end for node in self.nodes for end in (*node.inputs, node.output)}
        artifacts = tuple(_artifact(slot) for slot in self.slots.values() if slot.id in used)
        return TaskGraph(artifacts=artifacts, nodes=tuple(self.nodes))

    @property
    def form(self) -> Form:
        """What the task asks for."""
        return self.past.form if self.past else Form.PLAIN

    @property
    def skills(self) -> list[str]:
        """The skills used so far, in order of first use."""
        return list(dict.fromkeys(node.skill for node in self.nodes if node.skill))

    @property
    def at_hand(self) -> list[Slot]:
        """What an operation may take."""
        return [self.hand(slot_id) for slot_id in self.live]

    @property
    def entries(self) -> int:
        """How many of the sources that were put there for an operation are in use."""
        return sum(slot.fresh and slot.used and not slot.side for slot in self.slots.values())

    def values(self, slot_ids: Sequence[str]) -> list[Value]:
        """What those artifacts hold."""
        return [self.slots[slot_id].value.taken for slot_id in slot_ids]

    def hand(self, slot_id: str) -> Slot:
        """An artifact as somebody finds it who goes on with it."""
        slot = self.slots[slot_id]
        return replace(slot, value=slot.value.taken)

    def place(self, source: Source, *, side: bool = False) -> str:
        """Put a source there and return its id: the same file is put there once.

        What has nothing to do with the file that stands there gets a path of its own.
        """
        path, number = source.path, 2
        there = {slot.path: slot for slot in self.slots.values() if slot.fresh}
        while slot := there.get(path):
            if _is_same(slot.value, source.value):
                return slot.id
            folder, _, name = source.path.rpartition("/")
            stem, dot, extension = name.partition(".")
            path, number = f"{folder}/{stem}-{number}{dot}{extension}".lstrip("/"), number + 1
        slot_id = self._next_id()
        self.slots[slot_id] = Slot(slot_id, source.kind, path, source.value, fresh=True, side=side)
        self.live.append(slot_id)
        if source.served:
            self.served.add(slot_id)
        return slot_id

    def written_as(
        self, operation: str, inputs: Sequence[str], params: Params, endings: tuple[str, ...] = ()
    ) -> Sequence[Format]:
        """What a result may be written as, by who takes it.

        With `endings`, some file that is taken or made has a name that ends in one of them, and
        what is made is such a file or a plain one. Empty where there is no such result.
        """
        grounded, first = OPERATIONS[operation], self.slots[inputs[0]]
        made = grounded.outputs(params, first.kind)
        taken = [self.slots[end].path.lower() for end in inputs]
        known = any(path.endswith(endings) for path in taken)
        if endings and grounded.same_format:
            made = made if known else ()
        elif endings:
            made = among(made, endings, taken=known)
        return suiting(self.world.setting.persona, first.kind, made)

    def play(
        self,
        rng: random.Random,
        operation: str,
        skill: str | None,
        inputs: Sequence[str],
        params: Params,
        endings: tuple[str, ...] = (),
    ) -> Node:
        """Add a node, compute what its output holds, and choose where that lies.

        `endings` are those of `written_as`.
        """
        grounded = OPERATIONS[operation]
        value = grounded.apply(params, self.values(inputs))
        first = self.slots[inputs[0]]
        if grounded.in_place:
            kind, path = first.kind, first.path
        else:
            made = self.written_as(operation, inputs, params, endings)
            kind, extension = rng.choice(made)
            if grounded.same_format and kind is first.kind:
                extension = first.path.rpartition("/")[2].rpartition(".")[2]
            path = self.output_path(operation, inputs, params, extension)
        output = self._next_id()
        self.slots[output] = Slot(output, kind, path, value)
        node = Node(
            id=self._next_node_id(),
            operation=operation,
            skill=skill,
            inputs=tuple(inputs),
            output=output,
            params=dict(params),
        )
        self.nodes.append(node)
        for slot_id in inputs:
            self.slots[slot_id] = replace(self.slots[slot_id], used=True)
        in_order = isinstance(value, RowSet) and value.sorted_rows
        if not in_order and (not grounded.states_order or self.loose & set(inputs)):
            self.loose.add(output)
        if grounded.in_place:
            self.edited.add(inputs[0])
        self.live.append(output)
        return node

    def retire(self, slot_id: str) -> None:
        """Take an artifact out of what may still be taken."""
        if slot_id in self.live:
            self.live.remove(slot_id)

    def step(self, node: Node) -> Step:
        """A node as values are asked for their checks."""
        output = self.slots[node.output]
        return Step(node, output.kind, output.path, tuple(self.values(node.inputs)))

    def _next_node_id(self) -> str:
        before = self.past.scene.nodes if self.past else []
        return f"n{len({node.id for node in (*before, *self.nodes)}) + 1}"

    def _next_id(self) -> str:
        before = self.past.scene.slots if self.past else {}
        return f"a{max((int(name[1:]) for name in (*before, *self.slots)), default=0) + 1}"

    def output_path(
        self, operation: str, inputs: Sequence[str], params: Params, extension: str
    ) -> str:
        """Where a result may lie: a place named after it that nothing else takes."""
        names = [self.slots[slot_id].path.rsplit("/", 1)[-1] for slot_id in inputs]
        stems = [name.rsplit(".", 1)[0] for name in names]
        stem = OPERATIONS[operation].stem(params, self._base(inputs[0], stems[0]), stems)
        taken = {slot.path for slot in self.slots.values()}
        stem = _ENDING_TWICE.sub(r"\1", stem)
        source = self._begins_with(inputs)
        path, number = self.world.output_path(stem, extension, source), 2
        while path in taken:
            path = self.world.output_path(f"{stem}_{number}", extension, source)
            number += 1
        return path

    def _begins_with(self, inputs: Sequence[str]) -> str:
        """The path of what the work begins with; the first input, traced back."""
        made = {node.output: node.inputs[0] for node in self.nodes}
        if self.past:
            made |= {node.output: node.inputs[0] for node in self.past.scene.nodes}
        slot_id = inputs[0]
        while slot_id in made and made[slot_id] in self.slots:
            slot_id = made[slot_id]
        return self.slots[slot_id].path

    def _base(self, slot_id: str, stem: str) -> str:
        """What results are named after: what the rows of the first input are about."""
        value, feed = self.slots[slot_id].value.taken, self.world.domain.feed
        topic = value.topic if isinstance(value, RowSet) else ""
        if isinstance(value, RowSet) and value.subject and value.subject.label:
            return value.subject.label
        if topic == feed or re.search(rf"(?<![a-z]){re.escape(feed)}(?![a-z])", stem):
            return feed
        return re.sub(r"[^\w-]+", "_", topic.lower()) or stem


def _is_same(there: Value, wanted: Value) -> bool:
    """Whether both are one file: the same, or rows of the same columns in whichever state."""
    if isinstance(there, RowSet) and isinstance(wanted, RowSet):
        return there.names == wanted.names
    return there == wanted


def _artifact(slot: Slot) -> Artifact:
    columns = slot.value.columns if isinstance(slot.value, RowSet) else ()
    return Artifact(id=slot.id, kind=slot.kind, path=slot.path, columns=columns)
