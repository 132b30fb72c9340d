"""The skills that come bundled, recipes of them, and scenes grown without them."""

from collections.abc import Iterator
from functools import cache

from clawgym.operation import Capability
from clawgym.seeds import derive_random
from synth.composing import compose
from synth.knobs import Knobs
from synth.reworking import followed_up, repaired
from synth.routes import Recipe, SkillSource, choose_skills, design
from synth.routes.persona import plan_for_persona
from synth.scene import Form, Scene
from synth.sources import skill_sources
from synth.taxonomy import make_setting
from synth.taxonomy.opening import Style
from synth.values import ROW_KINDS
from synth.world import World

SMALL = (1, 2)
"""The seeds of a few tasks."""


@cache
def bundled() -> tuple[SkillSource, ...]:
    """The bundled skills that tasks can be made of."""
    return choose_skills(skill_sources(None), [])


def recipe(seed: int, *names: str, style: Style | None = None, mixture: float = 1.0) -> Recipe:
    return Recipe(choose_skills(bundled(), list(names)), seed, style, mixture=mixture)


def invented(name: str, *capabilities: str) -> SkillSource:
    """A skill that is nothing but its declaration."""
    files = bundled()[0].files
    return SkillSource(name, tuple(Capability.parse(text) for text in capabilities), files)


def grown(seed: int, form: Form | None = None) -> Scene | None:
    """A scene without skills, of the form that the seed's design says, or of the one given."""
    wanted = design(seed, seed, mixture=0.0)
    rng = derive_random(seed, "scene")
    setting = make_setting(rng, subcategory=wanted.subcategory)
    world = World.of(setting, setting.domain.entry[0], Knobs(wanted.level), seed)
    scene = compose(rng, world, plan_for_persona(seed, wanted, patience=0))
    if scene is None or (form or wanted.form) is Form.PLAIN:
        return scene
    if (form or wanted.form) is Form.REPAIR:
        return repaired(rng, scene)
    return followed_up(rng, scene)


def planned_without_skills(
    seeds: int, of: int, stream: str, *, patience: int = 0
) -> Iterator[Scene]:
    """The scenes of so many designs, in whatever setting, on kinds of rows that take turns.

    `of` is the seed of the designs, and `stream` names the random numbers of the scenes.
    """
    for seed in range(seeds):
        wanted = design(of, seed, mixture=0.0)
        rng = derive_random(seed, stream)
        world = World.of(make_setting(rng), ROW_KINDS[seed % 2], Knobs(wanted.level), seed)
        scene = compose(rng, world, plan_for_persona(of, wanted, patience=patience))
        if scene:
            yield scene
