"""A sandbox that works here, and many drafts to check invariants on."""

import pytest

from clawgym.errors import SandboxUnsupportedError
from clawgym.sandbox import Backend, open_backend
from clawgym.seeds import derive_random
from clawgym.task import Task
from synth.composing import Draft, compose
from synth.pipeline import draw
from tests.synth.examples import declared, recipe


@pytest.fixture(scope="session")
def backend() -> Backend:
    try:
        return open_backend("auto")
    except SandboxUnsupportedError:
        return open_backend("local")


@pytest.fixture(scope="session")
def drafts() -> list[tuple[str, Draft]]:
    """Primary skills with what grew around them, over many seeds."""
    skills = declared()
    grown: list[tuple[str, Draft]] = []
    for seed in range(50):
        for primary in skills:
            draft = compose(derive_random(seed, "test", primary), skills, primary)
            if draft:
                grown.append((primary, draft))
    assert len(grown) > 300
    return grown


@pytest.fixture(scope="session")
def tasks() -> list[Task]:
    """Tasks of all bundled skills in both styles."""
    drawn = [draw(recipe(seed), index).task for seed in (1, 2, 3) for index in range(24)]
    return [task for task in drawn if task]
