"""Words, last of all: a graph is told as a request, briefly or as a specification.

How it begins and ends is the setting's, each step is its operation's (`synth.telling`); here they
become one text, with the rules that apply and no others. Tasks about earlier work quote it.
"""

import random
import re
import tomllib
from collections.abc import Sequence
from functools import cache

from pydantic import BaseModel, ConfigDict

from clawgym.artifact import ArtifactKind
from clawgym.graph import Node
from synth.beginning import beginning
from synth.noticing import Sign, example_of, sign_of
from synth.operations import OPERATIONS
from synth.operations.base import listing
from synth.reworking import told_nodes
from synth.scene import Form, Past, Scene
from synth.taxonomy import closing
from synth.taxonomy.opening import Style
from synth.telling import Teller, after, read_phrases, sentences
from synth.values import ROW_KINDS

STYLES: tuple[Style, ...] = ("brief", "spec")
Lines = tuple[str, ...]

_HIDDEN_FROM = 4
"""The level from which nobody says which of the earlier results is wrong."""

_LONG = 360
"""Characters that are read without a break."""

_FIRST = ("extract", "inspect")
"""Operations on given files that are told before all others."""

_BREATH = 3
"""How many results, or rules, are said in one breath."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Brief(_Data):
    next: Lines
    aside: Lines
    last: Lines
    that: Lines
    that_folder: Lines
    lists: Lines
    keep: Lines
    keep_but: Lines
    json_: Lines
    json_named: Lines


class _Spec(_Data):
    numbered: Lines
    headed: Lines
    keep: Lines
    keep_but: Lines
    json_: Lines
    json_named: Lines


class _PastWords(_Data):
    asked: Lines
    asked_other: Lines
    done: Lines
    change: Lines
    anew: Lines
    changes: Lines
    elsewhere: Lines
    follows: Lines
    follows_many: Lines
    leftover: Lines
    besides: Lines
    more_only: Lines
    more: Lines
    more_named: Lines
    fewer: Lines
    fewer_named: Lines
    order: Lines
    values: Lines
    values_named: Lines
    other: Lines
    mend: Lines
    hidden: Lines
    mend_hidden: Lines
    mend_files: Lines
    mend_files_many: Lines


class _Frame(_Data):
    """`data/phrases/_frame.toml`."""

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
    begin = beginning(rng, scene, style)
    drafts = any(node.operation == "draft" for node in scene.nodes)
    end = closing(rng, setting, style, with_drafts=drafts)
    if scene.past:
        parts = [begin, *_about_past(teller, scene, scene.past)]
    else:
        parts = _work(teller, scene, begin)
    rules = [*remarks, *_rules(teller, scene)]
    parts += [" ".join(filter(None, [*rules, end]))]
    return "\n\n".join(filter(None, parts)) + "\n"


# The work itself


def _work(teller: Teller, scene: Scene, begin: str) -> list[str]:
    steps = _steps(scene, _in_order(scene.graph.topological()))
    if teller.style == "spec":
        return [begin, *_specified(teller, scene, steps)]
    if len(steps) > 2 and (len(steps) > 4 or teller.rng.random() < 0.55):
        items = [_told(teller, scene, step) for step in steps]
        head = teller.choose(_frame().brief.lists)
        return [f"{begin} {head}".strip(), _listed(items, "- {item}")]
    prose = _prose(teller, scene, steps)
    if len(steps) < 3 and _is_short([begin, *prose]):
        return [" ".join(filter(None, [begin, *prose]))]
    return [begin, *prose]


def _in_order(nodes: Sequence[Node]) -> list[Node]:
    """Each after what it depends on; what reads a source out comes before all that looks into it.

    Only such rows have columns that a reader can see. Who wants to know a file does so next.
    """
    made = {node.output for node in nodes}
    on_given = [node for node in nodes if made.isdisjoint(node.inputs)]
    first = [node for kind in _FIRST for node in on_given if node.operation == kind]
    return [*first, *(node for node in nodes if node not in first)]


def _steps(scene: Scene, nodes: Sequence[Node]) -> list[list[Node]]:
    """The nodes as they are told: what only takes a result over is told with it."""
    steps: list[list[Node]] = []
    for node in nodes:
        source = next((step for step in steps if step[0].output == node.inputs[0]), None)
        if source and node.operation == "convert" and len(source) < _BREATH:
            source.append(node)
        else:
            steps.append([node])
    return steps


def _told(
    teller: Teller,
    scene: Scene,
    step: Sequence[Node],
    that: str | None = None,
    *,
    opened: bool = False,
    joined: bool = False,
) -> str:
    """A step and why it is wanted.

    `opened` puts the rules of a long one below it, `joined` says that words lead over to it.
    """
    said = [teller.say(scene, step[0], that)]
    block = "\n" in said[0]
    said += [teller.say_also(scene, node) or teller.say(scene, node) for node in step[1:]]
    told = f"{said[0]}\n\n{' '.join(said[1:])}".strip() if block else " ".join(said)
    why = " ".join(filter(None, map(teller.reason, step)))
    told = _opened(told) if opened else told
    return teller.with_reason(told, why, after_it=joined or that is not None)


def _is_short(said: Sequence[str]) -> bool:
    """Whether it can be read in one go, without a break."""
    return sum(map(len, said)) < _LONG and not any("\n" in one for one in said)


def _prose(
    teller: Teller, scene: Scene, steps: Sequence[Sequence[Node]], *, joined: bool = False
) -> list[str]:
    """What follows from each other, as somebody says it, a step after the other.

    `joined` says that words lead over to the first one.
    """
    words, said = _frame().brief, list[str]()
    for number, step in enumerate(steps):
        made = [node.output for node in steps[number - 1]] if number else []
        goes_on = bool(set(made) & set(step[0].inputs))
        fits = len(made) == 1 and made[0] == step[0].inputs[0]
        joint, that = "", None
        if number and teller.rng.random() < 0.6:
            ways = words.next if goes_on else words.aside
            joint = teller.choose(words.last if number == len(steps) - 1 > 1 else ways)
        if fits and teller.rng.random() < 0.4:
            kind = scene.slots[made[0]].kind
            that = teller.choose(words.that_folder if kind is ArtifactKind.ARCHIVE else words.that)
        said.append(
            after(
                joint,
                _told(teller, scene, step, that, joined=bool(joint) or (joined and not number)),
            )
        )
    return said


def _specified(teller: Teller, scene: Scene, steps: Sequence[Sequence[Node]]) -> list[str]:
    """The steps as a list or under headings; a single step needs neither."""
    words = _frame().spec
    items = [_told(teller, scene, step, opened=True) for step in steps]
    if len(items) == 1:
        return items
    way = teller.rng.choice(("{number}. {item}", "{number}. {item}", "{number}) {item}", ""))
    if way:
        head = teller.choose(words.numbered)
        return [f"{head}\n\n{_listed(items, way)}"]
    paths = [scene.slots[step[0].output].path for step in steps]
    told = [f"### {path}\n\n{item}" for path, item in zip(paths, items, strict=True)]
    return [teller.choose(words.headed), *told]


def _listed(items: Sequence[str], way: str) -> str:
    """A list whose items may have lines of their own."""
    indent = " " * way.replace("{number}", "1").index("{")
    told = [re.sub(r"\n(?=[^\n])", f"\n{indent}", item) for item in items]
    return "\n".join(way.format(number=number, item=item) for number, item in enumerate(told, 1))


def _opened(item: str) -> str:
    """A long step: what is wanted, and below it the rules one by one."""
    first, *rules = sentences(item)
    if "\n" in item or len(item) < _LONG or len(rules) < _BREATH:
        return item
    return "\n".join([first, *(f"- {rule}" for rule in rules)])


# What was done before


def _about_past(teller: Teller, scene: Scene, past: Past) -> list[str]:
    words = _frame().past
    earlier = _steps(past.scene, past.scene.graph.topological())
    asking = Teller(teller.rng, "brief")  # nobody asks a colleague for it like a contract
    told = [_told(asking, past.scene, step) for step in earlier]
    if len(told) > 2:
        told = [_listed(told, "- {item}")]
    quoted = "\n>\n".join(_quoted(item) for item in told)
    if past.form is Form.REPAIR:
        who = scene.world.setting.locale.name(teller.rng)
        head = teller.choose((*words.asked, *words.asked_other)).format(who=who)
        return [head, quoted, " ".join(_mending(teller, scene, past))]
    return [teller.choose(words.asked), quoted, *_changing(teller, scene, past)]


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _mending(teller: Teller, scene: Scene, past: Past) -> list[str]:
    words = _frame().past
    first, rest, _ = told_nodes(past, scene.graph.topological())
    if _is_hidden(scene, past):
        last = [node for node in past.scene.graph.topological() if node.output in past.found][-1]
        noticed = _noticed(teller, past, last)
        return [noticed, teller.choose(words.hidden), teller.choose(words.mend_hidden)]
    said = [_noticed(teller, past, first[0]), teller.choose(words.mend)]
    if rest:
        said.append(_about_files(teller, scene, rest, words.mend_files, words.mend_files_many))
    return said


def _noticed(teller: Teller, past: Past, node: Node) -> str:
    """How somebody came to see that the result of a node is wrong."""
    words, slot = _frame().past, past.scene.slots[node.output]
    sign, column = sign_of(past.found[node.output], slot.value)
    ways: dict[Sign, Lines] = {
        "more": words.more,
        "fewer": words.fewer,
        "order": words.order,
        "values": words.values,
        "other": words.other,
    }
    named: dict[Sign, Lines] = {
        "more": words.more_named,
        "fewer": words.fewer_named,
        "values": words.values_named,
    }
    example = example_of(past.found[node.output], slot.value)
    said = named.get(sign, ways[sign]) if example else ways[sign]
    who = past.scene.world.setting.locale.name(teller.rng)
    path = f"`{slot.path}`"
    return teller.choose(said).format(who=who, path=path, column=column, example=example)


def _changing(teller: Teller, scene: Scene, past: Past) -> list[str]:
    words = _frame().past
    first, rest, new = told_nodes(past, scene.graph.topological())
    said = [teller.choose(words.done), *(_change(teller, scene, past, node) for node in first)]
    if first:
        said += [
            teller.choose(words.leftover).format(path=f"`{left.path}`") for left in past.leftovers
        ]
    if rest:
        said.append(_about_files(teller, scene, rest, words.follows, words.follows_many))
    if not new:
        return _paragraphs(said)
    head = teller.choose(words.besides if first else words.more_only)
    prose = _prose(teller, scene, _steps(scene, new), joined=True)
    if len(prose) == 1 and _is_short(prose):
        return [*_paragraphs(said), after(head, prose[0])]
    return [*_paragraphs(said), head, _listed(prose, "- {item}")]


def _paragraphs(said: Sequence[str]) -> list[str]:
    """Sentences in one paragraph; what has lines or is long stands alone."""
    paragraphs: list[list[str]] = [[]]
    for one in said:
        if paragraphs[-1] and not _is_short(paragraphs[-1]):
            paragraphs.append([])
        paragraphs[-1].append(one)
    return [" ".join(one) for one in paragraphs if one]


def _change(teller: Teller, scene: Scene, past: Past, node: Node) -> str:
    """What is to be different: alone where that can be said, otherwise the step as a whole."""
    words = _frame().past
    old = next(other for other in past.scene.nodes if other.id == node.id)
    was, now = past.scene.slots[old.output].path, scene.slots[node.output].path
    teller.heard(old)
    change = teller.say_change(past.scene, scene, old, node)
    if not change:
        head = teller.choose(words.anew).format(path=f"`{was}`")
        return f"{head}\n\n{_told(teller, scene, [node], joined=True)}"
    first, *others = change
    said = " ".join(
        [after(teller.choose(words.changes if others else words.change), first), *others]
    )
    said = teller.with_reason(said, teller.reason(node), after_it=True)
    if was != now:
        said += " " + teller.choose(words.elsewhere).format(path=f"`{now}`")
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
    edited = listing([f"`{path}`" for path in _edited(scene)])
    words = frame.brief if teller.style == "brief" else frame.spec
    kept = teller.choose(words.keep_but if edited else words.keep).format(edited=edited)
    return [*_json_rules(teller, scene, rows), kept]


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
