"""A sandbox that works here, and many scenes and tasks to check invariants on."""

import pytest

from clawgym.errors import SandboxUnsupportedError
from clawgym.sandbox import Backend, open_backend
from clawgym.task import Task
from synth.routes import draw
from synth.scene import Scene
from tests.synth.examples import SMALL, grown, recipe


@pytest.fixture(scope="session")
def backend() -> Backend:
    try:
        return open_backend("auto")
    except SandboxUnsupportedError:
        return open_backend("local")


@pytest.fixture(scope="session")
def scenes() -> list[Scene]:
    """Scenes of all forms and sizes."""
    found = [scene for seed in range(150) if (scene := grown(seed))]
    assert len(found) > 75
    return found


@pytest.fixture(scope="session")
def tasks() -> list[Task]:
    """Tasks of both routes, of the skills that come bundled and of the settled operations."""
    drawn = [draw(recipe(seed, mixture=0.5), index).task for seed in SMALL for index in range(24)]
    return [task for task in drawn if task]
