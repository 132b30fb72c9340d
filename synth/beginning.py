"""Beginnings: whose files these are and why the work is wanted, by what the work starts from.

What is done to a domain's feed begins as the setting has it; files that an operation brought
itself, such as a crontab or a test suite, have beginnings of their own.
"""

import random
from functools import cache

from pydantic import RootModel

from clawgym.artifact import ArtifactKind
from clawgym.graph import Node
from synth.operations import OPERATIONS
from synth.reasons import with_reasons
from synth.scene import Scene
from synth.taxonomy import category_of, opening
from synth.taxonomy._toml import read_toml
from synth.taxonomy.opening import Style, is_private, words_of
from synth.taxonomy.organisation import OF_VOLUNTEERS
from synth.telling import Words

_TECHNICAL = (ArtifactKind.CODE, ArtifactKind.CONFIG, ArtifactKind.LOG)
_TRADES = ("automation", "development", "systems")
_SAYS_WHY = frozenset({"update"})
"""Operations whose own words say what they are wanted for."""


class _BeginningFile(RootModel[dict[str, Words]]):
    pass


@cache
def _beginnings() -> dict[str, Words]:
    return read_toml(_BeginningFile, "beginnings.toml").root


def beginning(rng: random.Random, scene: Scene, style: Style) -> str:
    """The first sentences of a request."""
    words, setting = matter_of(scene), scene.world.setting
    if words is None:
        work = _lead_work(scene)
        reason = not with_reasons(scene) and _SAYS_WHY.isdisjoint(work)
        return opening(rng, setting, style, work, reason=reason)
    lines = words.of(style)
    if setting.persona.private or not _is_at_home(scene):
        lines = [line for line in lines if is_private(line)]
    said = {**words_of(setting), "service": scene.world.service.said}
    text = rng.choice(lines).format(**said)
    return text[:1].upper() + text[1:]


def matter_of(scene: Scene) -> Words | None:
    """How one speaks of what the work starts from, or None if that is the domain's feed."""
    node, before = lead_node(scene), scene.past.scene if scene.past else scene
    first, inputs = before.slots[node.inputs[0]], before.values(node.inputs)
    own = _beginnings()
    words = OPERATIONS[node.operation].words(node.params, inputs)
    keys = (f"{node.operation}-{words.get('variant')}", f"{node.operation}-{first.kind}")
    return next((own[key] for key in (*keys, node.operation) if key in own), None)


def _is_at_home(scene: Scene) -> bool:
    """Whether people of that line of work look after code, logs and settings as part of it."""
    before = scene.past.scene if scene.past else scene
    kind = before.slots[lead_node(scene).inputs[0]].kind
    if kind in _TECHNICAL and scene.world.setting.persona.industry in OF_VOLUNTEERS:
        return False
    return kind not in _TECHNICAL or category_of(scene.world.setting.subcategory).name in _TRADES


def lead_node(scene: Scene) -> Node:
    """The node that the work begins with, be it earlier work; a change that is made is over."""
    if scene.past is None:
        return scene.graph.topological()[0]
    nodes = scene.past.scene.graph.topological()
    return next((node for node in nodes if node.operation != "patch"), nodes[0])


def _lead_work(scene: Scene) -> set[str]:
    """What is done to the files that the work begins with, and to what comes of that at once."""
    lead = lead_node(scene)
    nodes = (scene.past.scene if scene.past else scene).graph.nodes
    return {lead.operation} | {node.operation for node in nodes if lead.output in node.inputs}


def takes_feed(scene: Scene) -> bool:
    """Whether the work starts from the domain's feed."""
    return matter_of(scene) is None
