"""Words, last of all: a graph is told as a request, briefly or as a specification."""

import random
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from clawgym.graph import Node, TaskGraph
from synth.operations import OPERATIONS
from synth.values import Value
from synth.world import Domain

Style = Literal["brief", "spec"]
STYLES: tuple[Style, ...] = ("brief", "spec")

_FORMATS = {"csv": "CSV", "json": "a JSON list", "jsonl": "JSON lines", "md": "Markdown"}


class _Phrases(BaseModel):
    """One section of `data/phrases.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    brief: tuple[str, ...]
    spec: tuple[str, ...]
    notes: dict[str, str] = {}
    brief_notes: dict[str, str] = {}
    right: "_Phrases | None" = None

    def of(self, style: Style) -> tuple[str, ...]:
        return self.brief if style == "brief" else self.spec


@cache
def _phrases() -> Mapping[str, _Phrases]:
    text = files("synth").joinpath("data", "phrases.toml").read_text(encoding="utf-8")
    return {name: _Phrases.model_validate(part) for name, part in tomllib.loads(text).items()}


def phrase(
    rng: random.Random,
    style: Style,
    graph: TaskGraph,
    values: Mapping[str, Value],
    domain: Domain,
) -> str:
    """The instruction: an opening, one sentence a node in topological order, a closing."""
    frame = {"feed": domain.feed, "singular": domain.singular}
    opening = rng.choice(_phrases()["opening"].of(style)).format(**frame)
    closing = rng.choice(_phrases()["closing"].of(style))
    said = [_say(rng, style, graph, node, values, domain) for node in graph.topological()]
    if style == "spec":
        steps = "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(said, 1))
        return f"{opening}\n\n{steps}\n\n{closing}\n"
    return " ".join([opening, *said, closing]) + "\n"


def _say(
    rng: random.Random,
    style: Style,
    graph: TaskGraph,
    node: Node,
    values: Mapping[str, Value],
    domain: Domain,
) -> str:
    inputs = [graph.artifact(artifact_id) for artifact_id in node.inputs]
    output, section = graph.artifact(node.output).path, _phrases()[node.operation]
    words = OPERATIONS[node.operation].words(node.params, [values[a.id] for a in inputs])
    fields = {
        "input": f"`{inputs[0].path}`",
        "right": f"`{inputs[-1].path}`",
        "output": f"`{output}`",
        "format": _FORMATS.get(output.rsplit(".", 1)[-1], ""),
        "singular": domain.singular,
        "plural": domain.plural,
        "notes": section.notes.get(inputs[0].kind, ""),
        "brief_notes": section.brief_notes.get(inputs[0].kind, ""),
    }
    if section.right and len(inputs) > 1:
        section = section.right
    return rng.choice(section.of(style)).format(**fields, **words)
