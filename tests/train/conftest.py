"""Skips what needs the `train` extra where it is missing, and makes runs."""

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from clawgym.run import RunDirectory
from tests.train.runs import Attempt, write_run

MISSING = [name for name in ("torch", "transformers", "trl") if find_spec(name) is None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason=f"the train extra is not installed: no {', '.join(MISSING)}")
    for item in items:
        if MISSING and item.get_closest_marker("train"):
            item.add_marker(skip)


MakeRun = Callable[[Sequence[Attempt]], RunDirectory]


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[MakeRun]:
    opened: list[RunDirectory] = []

    def make(attempts: Sequence[Attempt]) -> RunDirectory:
        run = write_run(tmp_path / "run", attempts)
        opened.append(run)
        return run

    yield make
    for run in opened:
        run.close()
