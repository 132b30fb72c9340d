"""Words, last of all: a graph is told as a request, briefly or as a specification.

How it begins and ends is the setting's, each step is its operation's (`synth.telling`), the steps
are joined in `synth.steps`, and `synth.recalling` speaks of earlier work; here all of it becomes
one text, with the rules that apply and no others.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from synth.beginning import beginning
from synth.frame import frame
from synth.operations import OPERATIONS, Slot
from synth.operations.base import listing
from synth.reasons import chosen_reasons
from synth.recalling import recalled
from synth.scene import Form, Scene
from synth.steps import work
from synth.taxonomy import closing
from synth.taxonomy.opening import Style
from synth.telling import Teller
from synth.values import ROW_KINDS, RowSet

_SENT = re.compile(r"\bnot send\b|n't send\b|\bsent\b")
"""Words that say already that messages are to be written only."""

_FINDINGS = ("diagnose", "test", "validate", "checksum")
"""Operations whose rows come from here and there."""

STYLES: tuple[Style, ...] = ("brief", "spec")


@dataclass(frozen=True)
class Request:
    """The instruction, and of which nodes it states the order of rows, and of columns."""

    text: str
    rows_stated: frozenset[str]
    columns_stated: frozenset[str]


def phrase(rng: random.Random, style: Style, scene: Scene, remarks: Sequence[str] = ()) -> Request:
    """Say what is wanted.

    Args:
        rng: chooses among ways to say the same.
        style: `brief` is what a busy person writes, `spec` leaves nothing open.
        scene: the composed graph with its values.
        remarks: what has to be said about other files that lie about.
    """
    reasoned, setting = chosen_reasons(rng, scene), scene.world.setting
    teller = Teller(rng, style, [node.id for node in reasoned])
    if scene.past:  # whoever was asked before knows whose files these are, and what they are for
        parts = recalled(teller, scene, scene.past)
    else:
        parts = work(teller, scene, beginning(rng, scene, style), reasoned)
    drafts = any(node.operation == "draft" for node in scene.nodes)
    unsaid = drafts and not any(_SENT.search(part) for part in parts)
    end = closing(rng, setting, style, with_drafts=unsaid)
    rules = [*remarks, *_rules(teller, scene)]
    parts += [" ".join(filter(None, [*rules, end]))]
    text = "\n\n".join(filter(None, parts)) + "\n"
    return Request(text, frozenset(teller.rows_stated), frozenset(teller.columns_stated))


def _rules(teller: Teller, scene: Scene) -> list[str]:
    """Rules of format, for formats that occur, and which files are not to be touched.

    What is put right, or edited in place, has its format already.
    """
    if scene.form is Form.REPAIR:
        return [_kept(teller, scene)]
    rows = [slot.path for slot in _written(scene) if slot.kind in ROW_KINDS]
    order = _order_rules(scene) if teller.style == "spec" else []  # nobody else thinks of it
    return [*_json_rules(teller, scene, rows), *order, _kept(teller, scene)]


def _written(scene: Scene) -> list[Slot]:
    """The results that are new files."""
    nodes = [node for node in scene.nodes if not OPERATIONS[node.operation].in_place]
    return [scene.slots[node.output] for node in nodes]


def _kept(teller: Teller, scene: Scene) -> str:
    """Which files stay as they are; those that are put right have been named by then."""
    words = frame().brief if teller.style == "brief" else frame().spec
    if scene.past and scene.past.found:
        return teller.choose(frame().past.keep)
    nodes = [node for node in scene.nodes if OPERATIONS[node.operation].in_place]
    paths = dict.fromkeys(scene.slots[node.output].path for node in nodes)
    edited = listing([f"`{path}`" for path in paths])
    return teller.choose(words.keep_but if edited else words.keep).format(edited=edited)


def _json_rules(teller: Teller, scene: Scene, rows: Sequence[str]) -> list[str]:
    """What a JSON file with rows looks like; by name where other results are JSON as well."""
    words = frame().brief if teller.style == "brief" else frame().spec
    of_rows = [path for path in rows if path.endswith(".json")]
    every = [scene.slots[node.output].path for node in scene.nodes]
    empty = [teller.choose(frame().empty)] if _has_gaps(scene) else []
    if not of_rows:
        return empty
    if set(of_rows) == {path for path in every if path.endswith(".json")}:
        return [teller.choose(words.json_), *empty]
    named = teller.choose(words.json_named).format(files=listing([f"`{p}`" for p in of_rows]))
    return [named, *empty]


def _has_gaps(scene: Scene) -> bool:
    """Whether a JSON file is to be written in which a value is missing."""
    return any(
        any("" in row for row in slot.value.rows)
        for slot in _written(scene)
        if isinstance(slot.value, RowSet) and slot.path.endswith((".json", ".jsonl"))
    )


def _order_rules(scene: Scene) -> list[str]:
    """That the order is free, where what was found has none of its own."""
    made = [scene.slots[node.output] for node in scene.nodes if node.operation in _FINDINGS]
    free = [
        f"`{slot.path}`"
        for slot in made
        if isinstance(slot.value, RowSet)
        and not slot.value.sorted_rows
        and "log_line" not in slot.value.names
    ]
    if free and len(scene.nodes) == len(free):
        return [frame().any_order]
    return [frame().any_order_named.format(files=listing(free))] if free else []
