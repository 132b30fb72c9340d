"""Rubrics of tasks with prose in them: what code cannot see, in bands that speak of the task."""

import random
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from clawgym.graph import Node
from synth.operations.briefing import Briefing, called
from synth.scene import Form, Scene
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
    asked: bool = False
    bands: dict[Band, str]


class _Templates(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    criterion: tuple[_Template, ...]


def rubric_for(rng: random.Random, scene: Scene) -> Rubric | None:
    """Two to four criteria on one deliverable that people read, or None where there is none.

    The free text of the last such deliverable is judged: code checks say nothing about its words.
    What a page was asked to say besides is always judged, and never where nobody asked for it.
    """
    nodes = list(prose_nodes(scene))
    if not nodes:
        return None
    node = nodes[-1]
    words, path = _words(scene, node), scene.slots[node.output].path
    asked = bool(words.get("advice"))
    templates = [one for one in _templates(node.operation) if asked or not one.asked]
    count = min(len(templates), rng.choice(_CRITERIA))
    # the first is what the free text is there for
    fixed = [one for number, one in enumerate(templates) if not number or one.asked]
    rest = [one for one in templates if one not in fixed]
    chosen = [*fixed, *sorted(rng.sample(rest, max(0, count - len(fixed))), key=rest.index)]
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
    """The nodes that ask for words of the agent's own.

    There are none where a mistake is put right: the words stood there before, only the facts in
    them change, and code checks those.
    """
    if scene.form is Form.REPAIR:
        return
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
        asked = Briefing.model_validate(node.params["briefing"])
        measure = "the count" if asked.measure in ("", "count") else called(asked.measure)
        words = {"reader": reader, "title": value.title, "topic": topic, "measure": measure}
        return {**words, "advice": asked.advice}
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
