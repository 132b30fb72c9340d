"""Recalling: requests about work that was done before, a mistake in it or a change of mind.

What is wanted now comes first; of the earlier request, only those steps are quoted whose results
have to be made again, and of those only the ones whose results don't show how they were made.
"""

from collections.abc import Sequence

from clawgym.graph import Node
from synth.frame import Lines, frame
from synth.noticing import seen
from synth.operations import OPERATIONS
from synth.operations.base import listing
from synth.reworking import told_nodes
from synth.scene import Form, Past, Scene
from synth.sights import Sight
from synth.steps import as_steps, is_short, listed, prose, told
from synth.telling import Teller, after

_HIDDEN_FROM = 5
"""The level from which nobody says which of the earlier results is wrong."""

_SHOWING = ("aggregate", "convert", "report")
"""Operations whose results show how they were made, unless they leave something out."""


def recalled(teller: Teller, scene: Scene, past: Past) -> list[str]:
    """What is wanted of earlier work, and how that was asked for, as paragraphs."""
    if past.form is Form.REPAIR:
        return _mending(teller, scene, past)
    return _changing(teller, scene, past)


def is_hidden(scene: Scene, past: Past) -> bool:
    """Whether nobody says which of the earlier results is wrong, where it may be several."""
    if past.form is not Form.REPAIR or scene.world.knobs.level < _HIDDEN_FROM:
        return False
    last = _last(past)
    sight = _sight(past, last)
    return bool(sight.example or sight.said) and bool(_before(past.scene, last))


def _last(past: Past) -> Node:
    """The last of the results that are wrong: there, a mistake strikes one."""
    return [node for node in past.scene.graph.topological() if node.output in past.found][-1]


def _asked(
    teller: Teller, past: Past, wanted: Sequence[str], heads: Lines, who: str = ""
) -> list[str]:
    """The earlier request, as far as those nodes go; `who` did what it asks for."""
    nodes = [node for node in past.scene.graph.topological() if node.id in wanted]
    if not nodes:
        return []
    asking = Teller(teller.rng, "brief")  # nobody asks a colleague for it like a contract
    said = [told(asking, past.scene, step) for step in as_steps(past.scene, nodes)]
    teller.hear(asking)
    if len(said) > 1:
        said = [listed(said, "- {item}")]
    return [teller.choose(heads).format(who=who), _quoted(said[0])]


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


# A mistake


def _mending(teller: Teller, scene: Scene, past: Past) -> list[str]:
    words, staff = frame().past, past.scene.world.backdrop.staff
    who, maker = teller.rng.sample(staff, 2)
    first, rest, _ = told_nodes(past, scene.graph.topological())
    wanted = [node.id for node in (*first, *rest)]
    if is_hidden(scene, past):
        last = _last(past)
        earlier = _before(past.scene, last)
        wanted += [last.id, *(node.id for node in earlier)]
        said = [
            _noticed(teller, past, last, who),
            _about_files(teller, past.scene, earlier, words.hidden, words.hidden_many),
            teller.choose(words.mend_hidden),
        ]
    else:
        said = [_noticed(teller, past, first[0], who), teller.choose(words.mend)]
        shown, others = _apart(rest)
        wanted = [node.id for node in (*first, *others)]
        if others:
            ways = words.mend_files, words.mend_files_many
            said.append(_about_files(teller, scene, others, *ways))
        if shown:
            ways = words.shown, words.shown_many
            ways = (words.shown_too, words.shown_too_many) if others else ways
            said.append(_about_files(teller, scene, shown, *ways))
    asked = _asked(teller, past, wanted, (*words.asked, *words.asked_other), maker)
    return [" ".join(said), *asked]


def _apart(nodes: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """The nodes whose results show how they were made, and the others."""
    shown = [node for node in nodes if _shows_itself(node)]
    return shown, [node for node in nodes if node not in shown]


def _shows_itself(node: Node) -> bool:
    briefing = node.params.get("briefing") or {}
    parts = [node.params, briefing if isinstance(briefing, dict) else {}]
    picks = any(part.get(name) for part in parts for name in ("top", "having", "tidy"))
    return node.operation in _SHOWING and not picks


def _before(scene: Scene, node: Node) -> list[Node]:
    """The other results that one has come about by, the first one first."""
    found, ends = list[Node](), set(node.inputs)
    for other in reversed(scene.graph.topological()):
        if other.output in ends:
            found += [] if OPERATIONS[other.operation].in_place else [other]
            ends |= set(other.inputs)
    return found[::-1]


def _sight(past: Past, node: Node) -> Sight:
    slot = past.scene.slots[node.output]
    return seen(past.found[node.output], slot.value, slot.kind, slot.path)


def _noticed(teller: Teller, past: Past, node: Node, who: str) -> str:
    """What somebody saw in the result of a node that is wrong."""
    sight = _sight(past, node)
    return teller.choose(frame().past.seen[sight.way]).format(
        who=who,
        path=f"`{sight.where or past.scene.slots[node.output].path}`",
        column=sight.column,
        example=sight.example,
        off=sight.off,
        said=sight.said,
        meant=sight.meant,
    )


# A change of mind


def _changing(teller: Teller, scene: Scene, past: Past) -> list[str]:
    words = frame().past
    first, rest, new = told_nodes(past, scene.graph.topological())
    said, quoted = list[str](), [node.id for node in rest]
    for node in first:
        change = _change(teller, scene, past, node)
        quoted += [node.id] if change else []
        said += change or _anew(teller, scene, past, node)
        said += [
            teller.choose(words.leftover).format(path=f"`{left.path}`") for left in past.leftovers
        ]
    if rest:
        said.append(_about_files(teller, scene, rest, words.follows, words.follows_many))
        quoted = [at for at in quoted if at not in {node.id for node in _apart(rest)[0]}]
    before = [*_paragraphs(said), *_asked(teller, past, quoted, words.asked)]
    return [*before, *_besides(teller, scene, past, new)] if new else before


def _besides(teller: Teller, scene: Scene, past: Past, new: Sequence[Node]) -> list[str]:
    """What is wanted on top of what was done, or of a change to it."""
    words = frame().past
    head = teller.choose(words.besides if past.at_fault else words.more_only)
    head = head.format(files=listing([f"`{path}`" for path in _gone_on_with(past, new)]))
    steps = prose(teller, scene, as_steps(scene, new), joined=True)
    if len(steps) == 1 and is_short(steps):
        return [after(head, steps[0])]
    return [head, listed(steps, "- {item}") if len(steps) > 1 else steps[0]]


def _gone_on_with(past: Past, new: Sequence[Node]) -> list[str]:
    """The earlier results that new steps take, or else the last one."""
    ends = {end for node in new for end in node.inputs}
    made = past.scene.graph.topological()
    taken = [node for node in made if node.output in ends] or made[-1:]
    return [past.scene.slots[node.output].path for node in taken]


def _paragraphs(said: Sequence[str]) -> list[str]:
    """Sentences in one paragraph; what has lines or is long stands alone."""
    paragraphs: list[list[str]] = [[]]
    for one in said:
        if paragraphs[-1] and not is_short(paragraphs[-1]):
            paragraphs.append([])
        paragraphs[-1].append(one)
    return [" ".join(one) for one in paragraphs if one]


def _paths(scene: Scene, past: Past, node: Node) -> tuple[str, str]:
    """Where the result of a node that has changed lay, and where it lies from now on."""
    old = next(other for other in past.scene.nodes if other.id == node.id)
    return past.scene.slots[old.output].path, scene.slots[node.output].path


def _anew(teller: Teller, scene: Scene, past: Past, node: Node) -> list[str]:
    """A step that is wanted otherwise altogether."""
    was, now = _paths(scene, past, node)
    words = frame().past
    head = teller.choose(words.anew if was == now else words.anew_elsewhere)
    return [after(head.format(path=f"`{was}`"), told(teller, scene, [node], joined=True))]


def _change(teller: Teller, scene: Scene, past: Past, node: Node) -> list[str]:
    """What is to be different, where that can be said alone."""
    words = frame().past
    old = next(other for other in past.scene.nodes if other.id == node.id)
    was, now = _paths(scene, past, node)
    change = teller.say_change(past.scene, scene, old, node)
    if not change:
        return []
    first, *others = change
    said = after(teller.choose(words.changes if others else words.change), first)
    said = teller.with_reason(" ".join([said, *others]), teller.reason(node), after_it=True)
    if was != now:
        said += " " + teller.choose(words.elsewhere).format(path=f"`{now}`")
    return [said]


def _about_files(
    teller: Teller, scene: Scene, nodes: Sequence[Node], one: Lines, many: Lines
) -> str:
    paths = [f"`{scene.slots[node.output].path}`" for node in nodes]
    return teller.choose(one if len(paths) == 1 else many).format(files=listing(paths))
