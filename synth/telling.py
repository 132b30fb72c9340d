"""Telling: one step of a graph as one sentence or two, from the words of its operation."""

import random
import re
import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from clawgym.graph import Node
from synth.operations import OPERATIONS
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

    `notes` go by the kind of the first input; of `variants`, the one that `words` names as its
    `variant` is said in place of the whole.
    """

    notes: dict[str, str] = {}
    brief_notes: dict[str, str] = {}
    variants: dict[str, Words] = {}


@cache
def _phrases(operation: str) -> _Phrases:
    return _Phrases.model_validate(tomllib.loads(read_phrases(f"{operation}.toml")))


def read_phrases(name: str) -> str:
    """A file of phrases, as text."""
    return files("synth").joinpath("data", "phrases", name).read_text(encoding="utf-8")


class Teller:
    """Says the steps of one task; who speaks does not put the same thing twice the same way."""

    def __init__(self, rng: random.Random, style: Style) -> None:
        self.rng = rng
        self.style: Style = style
        self._said: set[str] = set()

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
        inputs = [scene.slots[slot_id] for slot_id in node.inputs]
        output, domain = scene.slots[node.output].path, scene.world.domain
        phrases = _phrases(node.operation)
        values = [slot.value for slot in inputs]
        words = dict(OPERATIONS[node.operation].words(node.params, values))
        fields = {
            "input": that or f"`{inputs[0].path}`",
            "second": f"`{inputs[-1].path}`",
            "output": f"`{output}`",
            "format": _FORMATS.get(output.rsplit(".", 1)[-1], ""),
            "singular": domain.singular,
            "plural": domain.plural,
            "notes": phrases.notes.get(inputs[0].kind, ""),
            "brief_notes": phrases.brief_notes.get(inputs[0].kind, ""),
        }
        variant = words.pop("variant", None)
        said = phrases.variants[variant] if variant else phrases
        return capital(self.choose(said.of(self.style)).format(**(fields | words)).strip())


def capital(sentence: str) -> str:
    """A sentence that begins with a capital letter, unless it begins with a name in back-ticks."""
    return sentence[:1].upper() + sentence[1:]


def after(joint: str, sentence: str) -> str:
    """A sentence behind the words that join it to the one before."""
    word = _LOWERED.match(sentence)
    if word and word[0] not in _KEPT:
        sentence = sentence[0].lower() + sentence[1:]
    return f"{joint} {sentence}" if joint else capital(sentence)
