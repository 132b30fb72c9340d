"""Steps: the work that is asked for, one step after the other, in prose, as a list or numbered."""

import re
from collections.abc import Sequence
from itertools import pairwise

from clawgym.artifact import ArtifactKind
from clawgym.graph import Node
from synth.frame import frame
from synth.scene import Scene
from synth.telling import Teller, after, sentences
from synth.values import RowSet

_LONG = 360
"""Characters that are read without a break."""

_FIRST = ("extract", "inspect")
"""Operations on given files that are told before all others."""

_BREATH = 3
"""How many results, or rules, are said in one breath."""

_THAT = 0.6
"""How often the result of the step before, or of one with a number, is not named again."""

_AT_ONCE = 0.35
"""How often the only reason of several steps is said before all of them."""

Step = Sequence[Node]


def work(teller: Teller, scene: Scene, begin: str, reasoned: Step) -> list[str]:
    """All steps of a scene as paragraphs, after how the request begins."""
    steps = as_steps(scene, _in_order(scene.graph.topological()))
    chain = len(steps) > 1 and all(_goes_on(*pair) for pair in pairwise(steps))
    if begin and chain and len(reasoned) == 1 and teller.rng.random() < _AT_ONCE:
        begin = f"{begin} {teller.reason_to_begin_with(reasoned[0])}".strip()
    if teller.style == "spec":
        return [begin, *_specified(teller, scene, steps)]
    if len(steps) > 2 and (len(steps) > 4 or teller.rng.random() < 0.55):
        items = [
            told(teller, scene, step, _that(teller, scene, steps, number))
            for number, step in enumerate(steps)
        ]
        head = teller.choose(frame().brief.lists)
        return [f"{begin} {head}".strip(), listed(items, "- {item}")]
    said = prose(teller, scene, steps)
    if len(steps) < 3 and is_short([begin, *said]):
        return [" ".join(filter(None, [begin, *said]))]
    return [begin, *said]


def as_steps(scene: Scene, nodes: Step) -> list[list[Node]]:
    """The nodes as they are told: what only takes a result over is told with it."""
    steps: list[list[Node]] = []
    for node in nodes:
        source = next((step for step in steps if step[0].output == node.inputs[0]), None)
        rows = isinstance(scene.slots[node.inputs[0]].value, RowSet)
        if source and rows and node.operation == "convert" and len(source) < _BREATH:
            source.append(node)
        else:
            steps.append([node])
    return steps


def told(
    teller: Teller,
    scene: Scene,
    step: Step,
    that: str | None = None,
    *,
    opened: bool = False,
    joined: bool = False,
) -> str:
    """A step and, where it has one, the reason for it.

    `that` is what its input is called, `opened` puts the rules of a long one below it, `joined`
    says that words lead over to it.
    """
    said = [teller.say(scene, step[0], that)]
    block = "\n" in said[0]
    said += [teller.say_also(scene, node) or teller.say(scene, node) for node in step[1:]]
    text = f"{said[0]}\n\n{' '.join(said[1:])}".strip() if block else " ".join(said)
    why = " ".join(filter(None, map(teller.reason, step)))
    text = _opened(text) if opened else text
    return teller.with_reason(text, why, after_it=joined or that is not None)


def is_short(said: Sequence[str]) -> bool:
    """Whether it can be read in one go, without a break."""
    return sum(map(len, said)) < _LONG and not any("\n" in one for one in said)


def prose(
    teller: Teller, scene: Scene, steps: Sequence[Step], *, joined: bool = False
) -> list[str]:
    """What follows from each other, as somebody says it, a step after the other.

    `joined` says that words lead over to the first one.
    """
    words, said = frame().brief, list[str]()
    for number, step in enumerate(steps):
        joint, that = "", _that(teller, scene, steps, number)
        if number and teller.rng.random() < 0.6:
            ways = words.next if _goes_on(steps[number - 1], step) else words.aside
            joint = teller.choose(words.last if number == len(steps) - 1 > 1 else ways)
        leads_over = bool(joint) or (joined and not number)
        said.append(after(joint, told(teller, scene, step, that, joined=leads_over)))
    return said


def listed(items: Sequence[str], way: str) -> str:
    """A list whose items may have lines of their own."""
    indent = " " * way.replace("{number}", "1").index("{")
    lines = [re.sub(r"\n(?=[^\n])", f"\n{indent}", item) for item in items]
    return "\n".join(way.format(number=number, item=item) for number, item in enumerate(lines, 1))


def _goes_on(before: Step, step: Step) -> bool:
    """Whether a step takes what the one before it has made."""
    return bool({node.output for node in before} & set(step[0].inputs))


def _in_order(nodes: Step) -> list[Node]:
    """Each after what it depends on; what reads a source out comes before all that looks into it.

    Only such rows have columns that a reader can see. Who wants to know a file does so next.
    """
    made = {node.output for node in nodes}
    on_given = [node for node in nodes if made.isdisjoint(node.inputs)]
    first = [node for kind in _FIRST for node in on_given if node.operation == kind]
    return [*first, *(node for node in nodes if node not in first)]


def _that(
    teller: Teller, scene: Scene, steps: Sequence[Step], at: int, *, numbered: bool = False
) -> str | None:
    """What the input of a step may be called that needs no name; None where it is named."""
    taken = steps[at][0].inputs[0]
    made = [number for number, step in enumerate(steps[:at]) if taken == step[-1].output]
    made = [number for number in made if len(steps[number]) == 1]
    project = scene.slots[taken].kind is ArtifactKind.CODE
    if not made or teller.rng.random() >= _THAT or project:
        return None
    brief, spec = frame().brief, frame().spec
    folder = scene.slots[taken].kind is ArtifactKind.ARCHIVE
    if numbered and at - made[0] > 1:
        ways = spec.step_folder if folder else spec.step
        return teller.choose(ways).format(number=made[0] + 1)
    if at - made[0] > 1:
        return None
    words = brief if teller.style == "brief" else spec
    return teller.choose(words.that_folder if folder else words.that)


def _specified(teller: Teller, scene: Scene, steps: Sequence[Step]) -> list[str]:
    """The steps as a numbered list; a single step needs none."""
    way = teller.rng.choice(("{number}. {item}", "{number}. {item}", "{number}) {item}"))
    items: list[str] = []
    for number, step in enumerate(steps):
        that = _that(teller, scene, steps, number, numbered=True)
        items.append(told(teller, scene, step, that, opened=True))
    if len(items) == 1:
        return items
    head = teller.choose(frame().spec.numbered)
    return [f"{head}\n\n{listed(items, way)}"]


def _opened(item: str) -> str:
    """A long step: what is wanted, and below it the rules one by one."""
    first, *rules = sentences(item)
    if "\n" in item or len(item) < _LONG or len(rules) < _BREATH:
        return item
    return "\n".join([first, *(f"- {rule}" for rule in rules)])
