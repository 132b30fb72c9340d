"""Recipes: everything that decides a dataset."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from synth.routes.skills import SkillSource
from synth.taxonomy import Persona
from synth.taxonomy.opening import Style


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a dataset.

    Attributes:
        skills: what tasks of the skill route are grounded in.
        seed: the same seed makes the same bytes.
        style: how instructions read; None mixes both.
        mixture: the share of the skill route; the rest is driven by personas.
        hybrid: the share of tasks that carry a rubric beside their checks.
        scenarios: subcategories that tasks may belong to; empty for all.
        levels: how hard tasks are made, each as often as it is listed; empty for the usual shares.
        personas: who asks, in turn; empty for people drawn to fit.
    """

    skills: tuple[SkillSource, ...]
    seed: int
    style: Style | None = None
    mixture: float = 1.0
    hybrid: float = 0.0
    scenarios: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    personas: tuple[Persona, ...] = ()

    @property
    def settings(self) -> Mapping[str, JsonValue]:
        """What was chosen, as `dataset.json` keeps it; personas by number."""
        return {
            "mixture": self.mixture,
            "hybrid": self.hybrid,
            "style": self.style,
            "scenarios": list(self.scenarios),
            "levels": list(self.levels),
            "personas": len(self.personas),
        }
