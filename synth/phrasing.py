"""Words, last of all: a graph is told as a request, briefly or as a specification.

How it begins and ends is the setting's, each step is its operation's (`synth.telling`); here they
become one text, with the rules that apply and no others. Tasks about earlier work quote it.
"""

import random
import tomllib
from collections.abc import Callable, Sequence
from functools import cache

from pydantic import BaseModel, ConfigDict

from clawgym.graph import Node
from synth.operations import OPERATIONS
from synth.operations.base import listing
from synth.reworking import told_nodes
from synth.scene import Form, Past, Scene
from synth.taxonomy import closing, opening
from synth.taxonomy.opening import Style, words_of
from synth.telling import Teller, after, read_phrases
from synth.values import ROW_KINDS

STYLES: tuple[Style, ...] = ("brief", "spec")
Lines = tuple[str, ...]

_HIDDEN_FROM = 4
"""The level from which nobody says which of the earlier results is wrong."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Brief(_Data):
    next: Lines
    aside: Lines
    last: Lines
    that: Lines
    lists: Lines
    keep: Lines
    keep_but: Lines
    json_: Lines
    json_named: Lines
    jsonl: Lines


class _Spec(_Data):
    numbered: Lines
    deliverables: Lines
    checklist: Lines
    rules: Lines
    keep: Lines
    keep_but: Lines
    csv: Lines
    json_: Lines
    json_named: Lines
    jsonl: Lines
    figures: Lines


class _PastWords(_Data):
    asked: Lines
    asked_other: Lines
    done: Lines
    change: Lines
    follows: Lines
    follows_many: Lines
    leftover: Lines
    more: Lines
    more_only: Lines
    wrong: Lines
    mend: Lines
    hidden: Lines
    mend_hidden: Lines
    mend_files: Lines
    mend_files_many: Lines


class _Beside(_Data):
    work: Lines
    private: Lines


class _Frame(_Data):
    """`data/phrases/_frame.toml`."""

    beside: _Beside
    brief: _Brief
    spec: _Spec
    past: _PastWords


@cache
def _frame() -> _Frame:
    return _Frame.model_validate(tomllib.loads(read_phrases("_frame.toml")))


def phrase(rng: random.Random, style: Style, scene: Scene, remarks: Sequence[str] = ()) -> str:
    """The instruction.

    Args:
        rng: chooses among ways to say the same.
        style: `brief` is what a busy person writes, `spec` leaves nothing open.
        scene: the composed graph with its values.
        remarks: what has to be said about other files that lie about.
    """
    teller, setting = Teller(rng, style), scene.world.setting
    begin, end = _opening(teller, scene), closing(rng, setting, style)
    if scene.past:
        parts = [begin, *_about_past(teller, scene, scene.past)]
        rules = [*remarks, *_rules(teller, scene)]
    else:
        parts = _work(teller, scene, begin)
        rules = [*remarks, *_rules(teller, scene)]
    if style == "spec" and len(rules) > 1:
        head = teller.choose(_frame().spec.rules)
        parts += ["\n".join([head, *(f"- {rule}" for rule in rules)]), end]
    elif len(parts) == 1 and style == "brief":
        return " ".join(filter(None, [parts[0], *rules, end])) + "\n"
    else:
        parts += [" ".join(filter(None, [*rules, end]))]
    return "\n\n".join(filter(None, parts)) + "\n"


def _opening(teller: Teller, scene: Scene) -> str:
    """How the setting begins, unless the work is about other things than the setting is."""
    setting = scene.world.setting
    if _is_about_the_domain(scene):
        return opening(teller.rng, setting, teller.style)
    beside = _frame().beside
    lines = beside.private if setting.persona.private else beside.work
    return teller.choose(lines).format(**words_of(setting))


def _is_about_the_domain(scene: Scene) -> bool:
    """Whether a file that is named has to do with what the setting is about."""
    graph = (scene.past.scene if scene.past else scene).graph
    feed = scene.world.domain.feed
    return any(feed in artifact.path.rpartition("/")[2] for artifact in graph.artifacts)


# The work itself


def _work(teller: Teller, scene: Scene, begin: str) -> list[str]:
    nodes = scene.graph.topological()
    if teller.style == "brief":
        if len(nodes) > 4 or (len(nodes) > 2 and teller.rng.random() < 0.35):
            head = teller.choose(_frame().brief.lists)
            items = [teller.say(scene, node) for node in nodes]
            return [f"{begin} {head}", "\n".join(f"- {item}" for item in items)]
        prose = _prose(teller, scene, nodes)
        if len(nodes) < 4 or teller.rng.random() < 0.3:
            return [" ".join([begin, *prose])]
        return [begin, " ".join(prose)]
    return [begin, _specified(teller, scene, nodes)]


def _prose(teller: Teller, scene: Scene, nodes: Sequence[Node]) -> list[str]:
    """Sentences that follow from each other, as somebody says them in one breath."""
    words, said = _frame().brief, list[str]()
    for number, node in enumerate(nodes):
        before = nodes[number - 1] if number else None
        goes_on = before is not None and before.output in node.inputs
        fits = goes_on and before is not None and before.output == node.inputs[0]
        joint, that = "", None
        if before and teller.rng.random() < 0.75:
            ways = words.next if goes_on else words.aside
            joint = teller.choose(words.last if number == len(nodes) - 1 > 1 else ways)
        if fits and teller.rng.random() < 0.5:
            that = teller.choose(words.that)
        said.append(after(joint, teller.say(scene, node, that)))
    return said


def _specified(teller: Teller, scene: Scene, nodes: Sequence[Node]) -> str:
    """The steps as a list, in one of several layouts; a single step needs none."""
    words = _frame().spec
    items = [teller.say(scene, node) for node in nodes]
    if len(items) == 1:
        return items[0]
    layouts: list[Callable[[], str]] = [
        lambda: _listed(teller.choose(words.numbered), items, "{number}. {item}"),
        lambda: _listed(teller.choose(words.numbered), items, "{number}) {item}"),
        lambda: _listed(teller.choose(words.checklist), items, "- [ ] {item}"),
        lambda: _delivered(teller, scene, nodes, items),
    ]
    return teller.rng.choice(layouts)()


def _listed(head: str, items: Sequence[str], way: str) -> str:
    lines = [way.format(number=number, item=item) for number, item in enumerate(items, 1)]
    return "\n".join([head, *lines])


def _delivered(teller: Teller, scene: Scene, nodes: Sequence[Node], items: Sequence[str]) -> str:
    """Each file with how it is made."""
    places = [scene.slots[node.output].path for node in nodes]
    lines = [
        f"- {item}" if item.startswith(f"`{path}`") else f"- `{path}`: {item}"
        for path, item in zip(places, items, strict=True)
    ]
    return "\n".join([teller.choose(_frame().spec.deliverables), *lines])


# What was done before


def _about_past(teller: Teller, scene: Scene, past: Past) -> list[str]:
    words = _frame().past
    earlier = past.scene.graph.topological()
    told = [teller.say(past.scene, node) for node in earlier]
    if len(told) > 1 and (teller.style == "spec" or teller.rng.random() < 0.4):
        quoted = "\n".join(f"> {number}. {item}" for number, item in enumerate(told, 1))
    else:
        quoted = f"> {' '.join(told)}"
    if past.form is Form.REPAIR:
        who = scene.world.setting.locale.name(teller.rng)
        head = teller.choose((*words.asked, *words.asked_other)).format(who=who)
        return [head, quoted, " ".join(_mending(teller, scene, past))]
    return [teller.choose(words.asked), quoted, " ".join(_changing(teller, scene, past))]


def _mending(teller: Teller, scene: Scene, past: Past) -> list[str]:
    words = _frame().past
    first, rest, _ = told_nodes(past, scene.graph.topological())
    if _is_hidden(scene, past):
        return [teller.choose(words.hidden), teller.choose(words.mend_hidden)]
    path = f"`{scene.slots[first[0].output].path}`"
    said = [teller.choose(words.wrong).format(path=path), teller.choose(words.mend)]
    if rest:
        said.append(_about_files(teller, scene, rest, words.mend_files, words.mend_files_many))
    return said


def _changing(teller: Teller, scene: Scene, past: Past) -> list[str]:
    words = _frame().past
    first, rest, new = told_nodes(past, scene.graph.topological())
    said = [teller.choose(words.done)]
    if first:
        said += [after(teller.choose(words.change), teller.say(scene, node)) for node in first]
        said += [
            teller.choose(words.leftover).format(path=f"`{left.path}`") for left in past.leftovers
        ]
    if rest:
        said.append(_about_files(teller, scene, rest, words.follows, words.follows_many))
    if new:
        head = teller.choose(words.more if first else words.more_only)
        prose = _prose(teller, scene, new)
        said += [after(head, prose[0]), *prose[1:]]
    return said


def _about_files(
    teller: Teller, scene: Scene, nodes: Sequence[Node], one: Lines, many: Lines
) -> str:
    paths = [f"`{scene.slots[node.output].path}`" for node in nodes]
    return teller.choose(one if len(paths) == 1 else many).format(files=listing(paths))


# The rules that apply


def _rules(teller: Teller, scene: Scene) -> list[str]:
    """Rules of format, for formats that occur, and which files are not to be touched."""
    frame = _frame()
    rows = [
        slot.path
        for slot in (scene.slots[node.output] for node in scene.nodes)
        if slot.kind in ROW_KINDS
    ]
    edited = _edited(scene)
    formats = [path.rpartition(".")[2] for path in rows]
    rules = _json_rules(teller, scene, rows)
    if teller.style == "brief":
        rules += [teller.choose(frame.brief.jsonl)] if "jsonl" in formats else []
        kept = frame.brief.keep_but if edited else frame.brief.keep
        return [rule for rule in (*rules, teller.choose(kept)) if rule]
    return _spec_rules(teller, frame.spec, formats, edited, scene, rules)


def _json_rules(teller: Teller, scene: Scene, rows: Sequence[str]) -> list[str]:
    """What a JSON file with rows looks like; by name where other results are JSON as well."""
    words = _frame().brief if teller.style == "brief" else _frame().spec
    of_rows = [path for path in rows if path.endswith(".json")]
    every = [scene.slots[node.output].path for node in scene.nodes]
    if not of_rows:
        return []
    if set(of_rows) == {path for path in every if path.endswith(".json")}:
        return [teller.choose(words.json_)]
    return [teller.choose(words.json_named).format(files=listing([f"`{p}`" for p in of_rows]))]


def _edited(scene: Scene) -> list[str]:
    """The files that are there now and may change: as far as one may know."""
    nodes = [node for node in scene.nodes if OPERATIONS[node.operation].in_place]
    if scene.past and _is_hidden(scene, scene.past):
        nodes += scene.past.scene.nodes
    elif scene.past:
        nodes += [node for node in scene.nodes if node.output in scene.past.found]
    return list(dict.fromkeys(scene.slots[node.output].path for node in nodes))


def _is_hidden(scene: Scene, past: Past) -> bool:
    """Whether nobody says which of the earlier results is wrong."""
    several = len(past.scene.nodes) > 1
    return past.form is Form.REPAIR and several and scene.world.knobs.level >= _HIDDEN_FROM


def _spec_rules(
    teller: Teller,
    words: _Spec,
    formats: Sequence[str],
    edited: Sequence[str],
    scene: Scene,
    json_rules: Sequence[str],
) -> list[str]:
    rules = [teller.choose(words.csv)] if "csv" in formats else []
    rules += json_rules
    rules += [teller.choose(words.jsonl)] if "jsonl" in formats else []
    if any(scene.slots[node.output].value.figures for node in scene.nodes):
        rules.append(teller.choose(words.figures))
    if edited:
        named = listing([f"`{path}`" for path in edited])
        rules.append(teller.choose(words.keep_but).format(edited=named))
    else:
        rules.append(teller.choose(words.keep))
    return rules
