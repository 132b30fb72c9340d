"""Telling: one step of a graph as one sentence or two, from the words of its operation."""

import random
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from clawgym.graph import Node
from synth.operations import OPERATIONS, Slot
from synth.scene import Scene
from synth.taxonomy.opening import Style

_FORMATS = {
    "csv": "CSV",
    "tsv": "tab-separated text",
    "json": "a JSON list",
    "jsonl": "JSON lines",
    "md": "Markdown",
}
_LOWERED = re.compile(r"[A-Z][a-z]+(?=[ ,:])")
_KEPT = frozenset({"Markdown", "I"})
_BETWEEN = re.compile(r"(?<=[.!?]) (?=[A-Z`])")
_NAMED = re.compile(r"`([^`]+)`")
_IF = re.compile(r"<(\w+)\|([^<>|]*)(?:\|([^<>|]*))?>")
"""`<gaps|what is said if there are gaps|what is said otherwise>`."""

_AGAIN = ("Again,", "Here too,", "As before,", "Once more,")
_UPDATED = " (as updated)"
_REFERS = "as above"
"""What refers to something said before already may be said again just so."""

_POINTS_BACK = re.compile(
    r"(She|He|They|It|That|This|These|Those|Both|Each|Every|Such|The others?|The rest|Whoever)\b"
    r"|.*\b(the same|these|those|them|they|it|this|here|ones|so few|that long)\b"
)
"""Reasons that speak of what was said before them."""

_REASON_FIRST = 0.5

_LEADS_BACK = re.compile(
    r"(\S+ ){0,3}(it|its|them|they|their|that|this|these|those|there)\b", re.IGNORECASE
)
"""Sentences that have to stand right after what they speak of."""

_ECHO = 2
"""Words that two sentences do not both begin with."""

_LATE = 1
"""After how many sentences a reason comes too late."""

_LONG = 30
"""Characters of a sentence that nobody says twice without a word about it."""


_ROWS_KEPT = re.compile(
    r"(?<!columns in the )\b(same|old|their|its|row|and|or) order\b|\b(keep|and|or) the order\b"
    r"|\bin the order of the (file|old file|input|pages?|list)\b(?! and (joined|separated))"
    r"|\bin the (input|page)'s order\b|\bat (its|the) place\b|\bstays? where it (is|stands)\b",
    re.IGNORECASE,
)
"""What says that rows keep the order that they have. Who sorts them says so in other words."""

_COLUMNS_STATED = re.compile(
    r"\bin this order\b|\bleft to right\b|\bin front\b|\bfirst columns?\b|` first\b"
    r"|\bthen (all|these|this|everything)\b|\bbegin with `"
    r"|\bin the order of the (page|table)\b|\bsame columns, same order\b"
    r"|\bcolumns in the same order\b|\bcolumns (and|or) (row )?order\b",
    re.IGNORECASE,
)
"""What says in which order the columns of a result stand."""


class Words(BaseModel):
    """Ways to say one thing, by style."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    brief: tuple[str, ...]
    spec: tuple[str, ...]

    def of(self, style: Style) -> tuple[str, ...]:
        """The ways of a style."""
        return self.brief if style == "brief" else self.spec


class _Phrases(Words):
    """`data/phrases/<operation>.toml`.

    `notes` go by the kind of the first input, `columns` as well: a sentence about a column is said
    where that column is asked for. Of `variants`, the one that `words` names as its `variant` is
    said in place of the whole. What is said only of some data stands in `<word|…>` or, with what is
    said otherwise, in `<word|…|…>`: it goes by whether the step's `word` is empty. `also` says the
    step in the same breath as the one before it, whose result it takes over whole. `again` stands
    for a word that was said before just so. `changes` says what is different after a change of
    mind, by the word that changed; `{was_…}` is what it was before.
    """

    notes: dict[str, str] = {}
    brief_notes: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    also: Words | None = None
    again: dict[str, str] = {}
    changes: dict[str, tuple[str, ...]] = {}
    variants: dict[str, Words] = {}


@cache
def _phrases(operation: str) -> _Phrases:
    return _Phrases.model_validate(tomllib.loads(read_phrases(f"{operation}.toml")))


def read_phrases(name: str) -> str:
    """A file of phrases, as text."""
    return files("synth").joinpath("data", "phrases", name).read_text(encoding="utf-8")


class Teller:
    """Says the steps of one task; who speaks does not put the same thing twice the same way."""

    def __init__(self, rng: random.Random, style: Style, reasoned: Collection[str] = ()) -> None:
        """Tell steps in a style; those with an id in `reasoned` with the reason for them."""
        self.rng = rng
        self.style: Style = style
        self._said: set[str] = set()
        self._reasoned = set(reasoned)
        self._reasons: list[str] = []
        self._sentences: Counter[str] = Counter()
        self.rows_stated: set[str] = set()
        self.columns_stated: set[str] = set()

    def hear(self, other: "Teller") -> None:
        """Take over what somebody else has said of the order of rows and columns."""
        self.rows_stated |= other.rows_stated
        self.columns_stated |= other.columns_stated

    def choose(self, ways: tuple[str, ...]) -> str:
        """One of some ways to say a thing, a fresh one where there is any."""
        fresh = [way for way in ways if way not in self._said]
        chosen = self.rng.choice(fresh or ways)
        self._said.add(chosen)
        return chosen

    def say(self, scene: Scene, node: Node, that: str | None = None) -> str:
        """One step.

        Args:
            scene: where its artifacts are.
            node: the step.
            that: what to call the first input, where it need not be named again.
        """
        phrases = _phrases(node.operation)
        fields = self._fields(scene, node, that)
        for key, short in phrases.again.items():
            rule = fields[key]
            fields[key] = short if rule and rule in self._said else rule
            self._said.add(rule)
        variant = fields.get("variant")
        said = phrases.variants[variant] if variant else phrases
        return self._stated(node, self._finish(filled(self.choose(said.of(self.style)), fields)))

    def reason(self, node: Node) -> str:
        """Why a step is wanted, once, and as far as that was not said before; "" for most."""
        if node.id not in self._reasoned:
            return ""
        self._reasoned.discard(node.id)
        said = sentences(OPERATIONS[node.operation].why(node.params))
        why = " ".join(one for one in said if not any(one in known for known in self._reasons))
        self._reasons += [why] if why else []
        return why

    def reason_to_begin_with(self, node: Node) -> str:
        """The reason for a step, where it can be said before anything is asked; otherwise ""."""
        why = OPERATIONS[node.operation].why(node.params)
        return "" if _POINTS_BACK.match(why) else self.reason(node)

    def with_reason(self, told: str, why: str, *, after_it: bool = False) -> str:
        """A step with the reason for it: before it, or next to what is asked.

        `after_it` says that something else leads over to the step.

        A step with lines of its own has it at the end of the first one, or below the last.
        """
        if not why:
            return told
        head, line, rest = told.partition("\n")
        echo = told.split()[:_ECHO] == why.split()[:_ECHO]
        may_lead = not after_it and not echo and not _POINTS_BACK.match(why)
        if line and may_lead:
            return f"{why} {told}"
        if line and head.endswith((".", "?", "!")):
            return f"{_beside(head, why)}\n{rest}"
        if line:
            return f"{told}\n\n{why}"
        late = _place(told) > _LATE
        leads = may_lead and (late or self.rng.random() < _REASON_FIRST)
        return f"{why} {told}" if leads else _beside(told, why)

    def say_also(self, scene: Scene, node: Node) -> str | None:
        """A step that takes over the whole result of the one said before; None for other steps."""
        phrases, fields = _phrases(node.operation), self._fields(scene, node)
        if phrases.also is None or fields.get("variant"):
            return None
        told = filled(self.choose(phrases.also.of(self.style)), fields)
        return self._stated(node, self._finish(told))

    def _stated(self, node: Node, told: str) -> str:
        """A step as it was told; what it says of the order of its result is kept."""
        if _ROWS_KEPT.search(told):
            self.rows_stated.add(node.id)
        if _COLUMNS_STATED.search(told):
            self.columns_stated.add(node.id)
        return told

    def say_change(self, before: Scene, scene: Scene, old: Node, new: Node) -> list[str]:
        """What is asked for differently than before; empty where only the whole would do."""
        ways, was = _phrases(new.operation).changes, self._fields(before, old)
        fields = self._fields(scene, new)
        other = [key for key in fields if key != "output" and fields[key] != was.get(key)]
        if not other or set(other) - set(ways) or set(was) != set(fields):
            return []
        fields |= {f"was_{key}": said for key, said in was.items()} | {"output": was["output"]}
        said = [filled(self.rng.choice(ways[key]), fields) for key in other if ways[key]]
        return [self._finish(one) for one in said if one.strip()]

    def _fields(self, scene: Scene, node: Node, that: str | None = None) -> dict[str, str]:
        """What the phrases of a step say in braces."""
        inputs = [scene.slots[slot_id] for slot_id in node.inputs]
        output, domain = scene.slots[node.output].path, scene.world.domain
        phrases, kind = _phrases(node.operation), inputs[0].kind
        words = dict(OPERATIONS[node.operation].words(node.params, scene.values(node.inputs)))
        fields = {
            "input": that or _said(scene, inputs[0], words.get("entry", "")),
            "second": f"`{inputs[-1].path}`",
            "folder": "archive" if inputs[0].path.endswith(".zip") else "folder",
            "output": f"`{output}`",
            "format": _FORMATS.get(output.rsplit(".", 1)[-1], ""),
            "singular": domain.singular,
            "plural": domain.plural,
            "notes": filled(phrases.notes.get(kind, ""), words),
            "brief_notes": filled(phrases.brief_notes.get(kind, ""), words),
            "columns_said": _about_columns(phrases.columns.get(kind, {}), words),
        }
        return fields | words

    def _finish(self, said: str) -> str:
        """With a capital, single blanks, and a word about what was said before."""
        head, updated, rest = re.sub(r" {2,}", " ", said).partition(_UPDATED)
        told = capital(f"{head}{updated}{rest.replace(_UPDATED, '')}".strip())
        lines = [
            line if number else " ".join(self._again(one) for one in sentences(line))
            for number, line in enumerate(told.split("\n"))
        ]
        return "\n".join(lines)

    def _again(self, sentence: str) -> str:
        """A sentence, with a word that it was said before if it was."""
        if _REFERS in sentence:
            return sentence
        before = self._sentences[sentence]
        self._sentences[sentence] += len(sentence) > _LONG
        return after(_AGAIN[(before - 1) % len(_AGAIN)], sentence) if before else sentence


def filled(phrase: str, words: Mapping[str, str]) -> str:
    """A phrase with its words, without what is said of other data only."""
    chosen = _IF.sub(lambda part: (part[2] if words[part[1]] else part[3]) or "", phrase)
    return chosen.format(**words)


def _said(scene: Scene, slot: Slot, inside: str = "") -> str:
    """What to call an artifact that is taken; one that a step edits before is as updated.

    Args:
        scene: where it is.
        slot: what is taken.
        inside: the file of a folder that the work begins with.
    """
    if inside:
        return f"`{slot.path}/{inside}`"
    edited = any(OPERATIONS[n.operation].in_place for n in scene.nodes if n.output == slot.id)
    return f"`{slot.path}`{_UPDATED}" if edited else f"`{slot.path}`"


def _about_columns(ways: Mapping[str, str], words: Mapping[str, str]) -> str:
    """The sentences about those columns that are named, each after a blank.

    Under `*` stands the one about all other columns, which comes first.
    """
    named = _NAMED.findall(" ".join(words.values()))
    said = list(dict.fromkeys(ways[name] for name in named if ways.get(name)))
    if "*" in ways and set(named) - set(ways):
        said.insert(0, ways["*"])
    return "".join(f" {sentence}" for sentence in said)


def _place(told: str) -> int:
    """After how many sentences a reason may stand: none that follows points back behind it."""
    said = sentences(told)
    return next(
        (at for at in range(1, len(said)) if not _LEADS_BACK.match(_NAMED.sub("", said[at]))),
        len(said),
    )


def _beside(told: str, why: str) -> str:
    """A step of one line with the reason as near to what is asked as it can be understood."""
    said, at = sentences(told), _place(told)
    return " ".join([*said[:at], why, *said[at:]])


def sentences(text: str) -> list[str]:
    """A text of one line, sentence by sentence."""
    return _BETWEEN.split(text)


def capital(sentence: str) -> str:
    """A sentence that begins with a capital letter, unless it begins with a name in back-ticks."""
    return sentence[:1].upper() + sentence[1:]


def after(joint: str, sentence: str) -> str:
    """A sentence behind the words that join it to the one before."""
    word = _LOWERED.match(sentence)
    if word and word[0] not in _KEPT:
        sentence = sentence[0].lower() + sentence[1:]
    return f"{joint} {sentence}" if joint else capital(sentence)
