"""Rubrics of tasks with prose in them: what code cannot see, in bands that speak of the task."""

import random
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from clawgym.graph import Node
from synth.operations.briefing import Briefing, called
from synth.scene import Scene
from synth.values import Report
from synth.values.drafts import Drafts
from synth.values.minutes import MinutesPage
from verify.rubric import Criterion, Rubric
from verify.rubric.rubric import Band

_CRITERIA = (2, 3, 3, 4)


class _Template(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    weight: float
    bands: dict[Band, str]


class _Templates(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    criterion: tuple[_Template, ...]


def rubric_for(rng: random.Random, scene: Scene) -> Rubric | None:
    """Two to four criteria on one deliverable that people read, or None where there is none.

    The free text of the last such deliverable is judged: code checks say nothing about its words.
    """
    nodes = list(prose_nodes(scene))
    if not nodes:
        return None
    node = nodes[-1]
    words, path = _words(scene, node), scene.slots[node.output].path
    templates = _templates(node.operation)
    count = min(len(templates), rng.choice(_CRITERIA))
    first, *rest = templates  # the first is what the free text is there for
    chosen = [first, *sorted(rng.sample(rest, count - 1), key=rest.index)]
    criteria = tuple(
        Criterion(
            id=template.id,
            name=_upper(template.name.format(**words)),
            weight=template.weight,
            target=path,
            bands={band: _upper(said.format(**words)) for band, said in template.bands.items()},
        )
        for template in chosen
    )
    return Rubric(include_inputs=True, criteria=criteria)


def prose_nodes(scene: Scene) -> Iterator[Node]:
    """The nodes that ask for words of the agent's own."""
    for node in scene.nodes:
        value = scene.slots[node.output].value
        with_opening = isinstance(value, Report) and value.opening
        if with_opening or isinstance(value, (Drafts, MinutesPage)):
            yield node


def _words(scene: Scene, node: Node) -> dict[str, str]:
    value = scene.slots[node.output].value
    if isinstance(value, Report) and value.opening:
        reader = value.opening.reader
        topic = value.table.topic.replace("_", " ") or scene.world.domain.plural
        measured = Briefing.model_validate(node.params["briefing"]).measure
        measure = "the count" if measured in ("", "count") else called(measured)
        return {"reader": reader, "title": value.title, "topic": topic, "measure": measure}
    if isinstance(value, MinutesPage):
        return {"reader": value.reader, "count": str(len(value.actions.rows))}
    assert isinstance(value, Drafts)
    return {"sender": str(node.params["sender"]), "count": str(len(value.drafts))}


def _upper(said: str) -> str:
    return said[:1].upper() + said[1:]


@cache
def _templates(operation: str) -> tuple[_Template, ...]:
    text = files("synth").joinpath("data", "rubrics", f"{operation}.toml").read_text("utf-8")
    return _Templates.model_validate(tomllib.loads(text)).criterion
