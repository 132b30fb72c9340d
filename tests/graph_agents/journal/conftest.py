"""A journal in a scratch directory."""

from pathlib import Path

import pytest

from graph_agents.journal import Store
from graph_agents.journal.saver import JournalSaver


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "agent.sqlite") as store:
        yield store


@pytest.fixture
def saver(store: Store) -> JournalSaver:
    return JournalSaver(store)
