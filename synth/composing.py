"""Composition: a primary skill and up to three supporting ones grow a typed task graph.

Growth starts from the files of a world. Each step lists every legal move — an operation, the skill
that grounds it, the artifacts that it takes — and draws one, skills that have not been used first.
The truth of each artifact is computed as the graph grows, long before anything is phrased.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from clawgym.artifact import Artifact, ArtifactKind
from clawgym.graph import Node, TaskGraph
from clawgym.operation import Capability
from synth.operations import OPERATIONS, Params
from synth.values import RowSet, Value
from synth.world import Domain, World, build_world, domains

MAX_SUPPORTING = 3
FEED, DIMENSION, CONFIG = "a1", "a2", "a3"
"""The ids of a world's files in every graph, in the order in which they are added."""

_SIZES = (2, 3, 3, 4, 4, 5)
_ROW_KINDS = (ArtifactKind.TABLE, ArtifactKind.RECORDS)
_FORMATS = {ArtifactKind.TABLE: ("csv",), ArtifactKind.RECORDS: ("json", "jsonl")}
_EXTENSION = {ArtifactKind.LOG: "log", ArtifactKind.MAILBOX: "mbox", ArtifactKind.CALENDAR: "ics"}
_WEIGHTS = {
    "extract": 4.0,
    "deduplicate": 4.0,
    "join": 2.0,
    "aggregate": 2.0,
    "filter": 1.5,
    "report": 1.5,
    "update": 1.0,
    "convert": 0.6,
}

Skills = Mapping[str, Sequence[Capability]]
"""Skill names with what they declare, in catalogue order."""


@dataclass
class Draft:
    """A growing graph with the truth of every artifact."""

    world: World
    artifacts: dict[str, Artifact] = field(default_factory=dict[str, Artifact])
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    nodes: list[Node] = field(default_factory=list[Node])
    live: list[str] = field(default_factory=list[str])

    @property
    def graph(self) -> TaskGraph:
        """The graph, with only those sources that a node takes."""
        used = {end for node in self.nodes for end in (*node.inputs, node.output)}
        artifacts = tuple(a for a in self.artifacts.values() if a.id in used)
        return TaskGraph(artifacts=artifacts, nodes=tuple(self.nodes))

    @property
    def skills(self) -> list[str]:
        """The skills used so far, in order of first use."""
        return list(dict.fromkeys(node.skill for node in self.nodes if node.skill))

    def add(self, kind: ArtifactKind, path: str, value: Value) -> str:
        """Register an artifact and return its id."""
        artifact_id = f"a{len(self.artifacts) + 1}"
        columns = value.columns if isinstance(value, RowSet) else ()
        self.artifacts[artifact_id] = Artifact(
            id=artifact_id, kind=kind, path=path, columns=columns
        )
        self.values[artifact_id] = value
        return artifact_id


@dataclass(frozen=True)
class _Move:
    operation: str
    skill: str
    inputs: tuple[str, ...]
    produces: ArtifactKind


def compose(rng: random.Random, skills: Skills, primary: str) -> Draft | None:
    """Grow one graph around a primary skill.

    Args:
        rng: the only source of chance.
        skills: the skills to choose from, the primary one included.
        primary: the skill that the task is about; it grounds at least one node.

    Returns:
        The draft, or None if this draw led nowhere; draw again.
    """
    draft = _start(rng, skills, primary)
    if draft is None:
        return None
    size = rng.choice(_SIZES)
    while len(draft.nodes) < size:
        last_chance = len(draft.nodes) == size - 1 and primary not in draft.skills
        moves = [m for m in _moves(draft, skills, primary) if not last_chance or m.skill == primary]
        if not _play_one(rng, draft, moves, primary):
            break
    return draft if primary in draft.skills else None


def _start(rng: random.Random, skills: Skills, primary: str) -> Draft | None:
    offered = {str(c) for c in chain.from_iterable(skills.values())}
    primary_kinds = {c.kind for c in skills[primary] if c.operation == "extract"}
    entries = [
        (domain, kind)
        for domain in domains()
        for kind in domain.entry
        if (kind in _ROW_KINDS or f"extract:{kind}" in offered)
        and (not primary_kinds or kind in primary_kinds)
    ]
    if not entries:
        return None
    domain, kind = rng.choice(entries)
    can_clean = any(f"deduplicate:{row_kind}" in offered for row_kind in _ROW_KINDS)
    messy = (
        can_clean and kind not in (ArtifactKind.LOG, ArtifactKind.CALENDAR) and rng.random() < 0.5
    )
    world = build_world(rng, domain, messy=messy)
    draft = Draft(world)
    draft.add(kind, _source_path(rng, domain.feed, kind), world.feed)
    draft.live.append(FEED)
    side = rng.choice(_ROW_KINDS)
    draft.add(side, _source_path(rng, domain.dimension.stem, side), world.dimension)
    draft.add(ArtifactKind.CONFIG, f"config/{_slug(domain)}.ini", world.config)
    return draft


def _slug(domain: Domain) -> str:
    return domain.name.replace("-", "_")


def _source_path(rng: random.Random, stem: str, kind: ArtifactKind) -> str:
    extension = _EXTENSION.get(kind) or rng.choice(_FORMATS[kind])
    return f"input/{stem}.{extension}"


def _moves(draft: Draft, skills: Skills, primary: str) -> Iterator[_Move]:
    """Every legal move that was not made before."""
    done = {(node.operation, node.inputs) for node in draft.nodes}
    return (m for m in _all_moves(draft, skills, primary) if (m.operation, m.inputs) not in done)


def _all_moves(draft: Draft, skills: Skills, primary: str) -> Iterator[_Move]:
    used = set(draft.skills)
    crowded = len(used - {primary}) >= MAX_SUPPORTING
    for skill, capabilities in skills.items():
        if crowded and skill != primary and skill not in used:
            continue
        for capability in capabilities:
            yield from _moves_of(draft, skill, capability)


def _moves_of(draft: Draft, skill: str, capability: Capability) -> Iterator[_Move]:
    """Every way in which one capability of one skill fits the artifacts at hand."""
    operation = capability.operation
    if operation == "update":
        yield from _updates(draft, skill, capability)
        return
    for source in draft.live:
        if draft.artifacts[source].kind is not capability.kind:
            continue
        if operation == "report":
            yield _Move(operation, skill, (source,), ArtifactKind.DOCUMENT)
        elif operation == "convert":
            other = _ROW_KINDS[1 - _ROW_KINDS.index(capability.kind)]
            yield _Move(operation, skill, (source,), other)
        elif operation == "join":
            yield _Move(operation, skill, (source, DIMENSION), capability.kind)
        else:
            for produced in _ROW_KINDS:
                yield _Move(operation, skill, (source,), produced)


def _updates(draft: Draft, skill: str, capability: Capability) -> Iterator[_Move]:
    if capability.kind is not ArtifactKind.CONFIG or any(
        n.operation == "update" for n in draft.nodes
    ):
        return
    yield _Move("update", skill, (CONFIG,), ArtifactKind.CONFIG)
    for artifact_id, value in draft.values.items():
        if isinstance(value, RowSet) and value.grouped:
            yield _Move("update", skill, (CONFIG, artifact_id), ArtifactKind.CONFIG)


def _play_one(rng: random.Random, draft: Draft, moves: list[_Move], primary: str) -> bool:
    """Draw moves until one has sensible parameters; False when none has."""
    while moves:
        weights = [_weight(draft, move, primary) for move in moves]
        move = rng.choices(moves, weights)[0]
        moves.remove(move)
        inputs = [draft.values[artifact_id] for artifact_id in move.inputs]
        params = OPERATIONS[move.operation].propose(rng, inputs)
        if params is not None:
            _play(rng, draft, move, params)
            return True
    return False


def _weight(draft: Draft, move: _Move, primary: str) -> float:
    weight = _WEIGHTS[move.operation]
    if move.skill not in draft.skills:
        weight *= 4.0 if move.skill == primary else 2.0
    if any(node.operation == move.operation for node in draft.nodes):
        weight *= 0.25
    if move.operation == "update" and len(move.inputs) == 1:
        weight *= 0.4
    return weight


def _play(rng: random.Random, draft: Draft, move: _Move, params: Params) -> None:
    operation = OPERATIONS[move.operation]
    inputs = [draft.values[artifact_id] for artifact_id in move.inputs]
    value = operation.apply(params, inputs)
    output = draft.add(move.produces, _output_path(rng, draft, move, params), value)
    draft.nodes.append(
        Node(
            id=f"n{len(draft.nodes) + 1}",
            operation=move.operation,
            skill=move.skill,
            inputs=move.inputs,
            output=output,
            params=dict(params),
        )
    )
    _retire(rng, draft, move)
    if isinstance(value, RowSet):
        draft.live.append(output)


def _retire(rng: random.Random, draft: Draft, move: _Move) -> None:
    """An artifact that was used is mostly done with; sometimes the graph fans out from it."""
    for artifact_id in move.inputs:
        raw = draft.artifacts[artifact_id].kind not in _ROW_KINDS
        value = draft.values[artifact_id]
        dirty = isinstance(value, RowSet) and value.duplicated
        if artifact_id in draft.live and (raw or dirty or rng.random() < 0.75):
            draft.live.remove(artifact_id)


def _output_path(rng: random.Random, draft: Draft, move: _Move, params: Params) -> str:
    paths = [draft.artifacts[artifact_id].path for artifact_id in move.inputs]
    if move.operation == "update":
        return paths[0]
    stems = [path.rsplit("/", 1)[-1].rsplit(".", 1)[0] for path in paths]
    stem = OPERATIONS[move.operation].stem(params, draft.world.domain.feed, stems)
    extension = (
        "md" if move.produces is ArtifactKind.DOCUMENT else rng.choice(_FORMATS[move.produces])
    )
    taken = {artifact.path for artifact in draft.artifacts.values()}
    path, number = f"output/{stem}.{extension}", 2
    while path in taken:
        path, number = f"output/{stem}_{number}.{extension}", number + 1
    return path
