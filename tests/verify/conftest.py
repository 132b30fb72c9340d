"""A sandbox that works here, and a few tasks that were really synthesised."""

import pytest

from clawgym.errors import SandboxUnsupportedError
from clawgym.sandbox import Backend, open_backend
from clawgym.task import Task
from synth import Recipe, choose_skills
from synth.routes import draw
from synth.sources import skill_sources


@pytest.fixture(scope="session")
def backend() -> Backend:
    try:
        return open_backend("auto")
    except SandboxUnsupportedError:
        return open_backend("local")


@pytest.fixture(scope="session")
def generated() -> list[Task]:
    """One task for each usable bundled skill as the primary one."""
    recipe = Recipe(choose_skills(skill_sources(None), []), seed=11)
    tasks = [draw(recipe, index).task for index in range(len(recipe.skills))]
    return [task for task in tasks if task]
