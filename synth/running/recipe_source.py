"""Candidates of a recipe: skills from the catalogue, composed around each in turn."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from pydantic import JsonValue

from synth.building import GENERATOR
from synth.gates import Candidate
from synth.routes import Recipe, draw

_ROOMS = ("synth", "verify")


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


@cache
def code_digest() -> str:
    """A digest of the programs and data that make tasks: with other ones a run cannot go on."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path, part in _walk(files(room), room):
            digest.update(f"{path}\0".encode())
            digest.update(hashlib.sha256(part.read_bytes()).digest())
    return digest.hexdigest()


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for part in sorted(folder.iterdir(), key=lambda part: part.name):
        if part.is_dir() and part.name != "__pycache__":
            yield from _walk(part, f"{path}/{part.name}")
        elif part.is_file() and not part.name.endswith(".pyc"):
            yield f"{path}/{part.name}", part
