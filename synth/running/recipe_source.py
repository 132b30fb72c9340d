"""Candidates of a recipe: skills from the catalogue, composed around each in turn."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from synth.building import GENERATOR
from synth.code_digest import code_digest
from synth.gates import Candidate
from synth.routes import Recipe, draw


@dataclass(frozen=True)
class RecipeSource:
    """A `Source` that draws by a recipe."""

    recipe: Recipe
    generator: str = GENERATOR

    @property
    def seed(self) -> int:
        """The recipe's seed."""
        return self.recipe.seed

    @property
    def fingerprint(self) -> str:
        """A digest of the skills with all their files, the rest of the recipe, and our sources."""
        recipe = self.recipe
        parts = [
            str(recipe.seed),
            str(recipe.style),
            str(recipe.mixture),
            str(recipe.hybrid),
            code_digest(),
        ]
        parts += [str(recipe.scenarios), str(recipe.levels)]
        parts += [persona.model_dump_json() for persona in recipe.personas]
        for skill in self.recipe.skills:
            parts += [skill.name, *map(str, skill.capabilities), skill.files.digest]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    @property
    def settings(self) -> Mapping[str, JsonValue]:
        """The recipe, without its skills: they have a place of their own."""
        return self.recipe.settings

    def draw(self, index: int) -> Candidate:
        """The candidate of one index."""
        return draw(self.recipe, index)
