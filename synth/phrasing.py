"""Words, last of all: a graph is told as a request, briefly or as a specification."""

import random
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from clawgym.graph import Node, TaskGraph
from synth.operations import OPERATIONS
from synth.values import Value
from synth.world import Domain

Style = Literal["brief", "spec"]
STYLES: tuple[Style, ...] = ("brief", "spec")

_FORMATS = {"csv": "CSV", "json": "a JSON list", "jsonl": "JSON lines", "md": "Markdown"}


@cache
def _phrases() -> Mapping[str, Mapping[str, list[str]]]:
    text = files("synth").joinpath("data", "phrases.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def phrase(
    rng: random.Random,
    style: Style,
    graph: TaskGraph,
    values: Mapping[str, Value],
    domain: Domain,
) -> str:
    """The instruction: an opening, one sentence a node in topological order, a closing."""
    frame = {"feed": domain.feed, "singular": domain.singular}
    opening = rng.choice(_phrases()["opening"][style]).format(**frame)
    closing = rng.choice(_phrases()["closing"][style])
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
    output = graph.artifact(node.output).path
    words = OPERATIONS[node.operation].words(node.params, [values[a.id] for a in inputs])
    fields = {
        "input": f"`{inputs[0].path}`",
        "right": f"`{inputs[-1].path}`",
        "output": f"`{output}`",
        "format": _FORMATS.get(output.rsplit(".", 1)[-1], ""),
        "singular": domain.singular,
        "plural": domain.plural,
        "notes": _notes("notes", inputs[0].kind),
        "brief_notes": _notes("brief_notes", inputs[0].kind),
    }
    return rng.choice(_templates(node, style)).format(**fields, **words)


def _templates(node: Node, style: Style) -> list[str]:
    section = _phrases()[node.operation]
    if node.operation == "update" and len(node.inputs) > 1:
        return _variant(section["right"], style)
    return section[style]


def _variant(section: object, style: Style) -> list[str]:
    assert isinstance(section, dict)
    return section[style]


def _notes(section: str, kind: str) -> str:
    """What a field of that kind of file means, where it is not plain."""
    notes: object = _phrases()["extract"].get(section)
    assert isinstance(notes, dict)
    return str(notes.get(kind, ""))
