"""What the tests of this room share: tools on a folder, synthesised tasks, a sandbox, a run."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from clawgym.dataset import Dataset
from clawgym.errors import SandboxUnsupportedError
from clawgym.run import RunDirectory
from clawgym.sandbox import Backend, open_backend
from graph_agents.harness import make_harnesses
from mcp_servers.toolkit import Arguments, Tool, ToolFailure
from synth import Recipe, choose_skills, synthesise
from synth.sources import skill_sources
from tests.graph_agents.rollouts import rolled_out

CALIBRATION = ("noop", "expert", "expert:flawed")


class PathArguments(Arguments):
    path: str


class WriteArguments(Arguments):
    path: str
    content: str


@pytest.fixture
def tools(tmp_path: Path) -> list[Tool[Any]]:
    """`read` and `write` below `tmp_path`, and `explode`, which has a bug."""

    async def read(arguments: PathArguments) -> str:
        return (tmp_path / arguments.path).read_text()

    async def write(arguments: WriteArguments) -> str:
        if arguments.path.startswith("/"):
            raise ToolFailure("absolute paths are not allowed")
        (tmp_path / arguments.path).write_text(arguments.content)
        return f"wrote {len(arguments.content)} characters"

    async def explode(arguments: PathArguments) -> str:
        raise RuntimeError(f"bug at {arguments.path}")

    return [
        Tool("read", "Read a file.", PathArguments, read, read_only=True),
        Tool("write", "Write a file.", WriteArguments, write),
        Tool("explode", "Fail.", PathArguments, explode),
    ]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in list(os.environ):
        if name.startswith("CLAWGYM_") or name == "OPENAI_API_KEY":
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.chdir(home)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A dozen tasks of the bundled skills, not proven."""
    path = tmp_path_factory.mktemp("synthesised") / "tasks"
    recipe = Recipe(choose_skills(skill_sources(None), ()), seed=11)
    synthesise(recipe, 12, path, gates="none")
    return Dataset(path)


@pytest.fixture(scope="session")
def backend() -> Backend:
    """The sandbox that isolates, where this machine has one."""
    try:
        return open_backend("auto")
    except SandboxUnsupportedError:
        return open_backend("local")


@pytest.fixture(scope="session")
def calibration(
    dataset: Dataset, backend: Backend, tmp_path_factory: pytest.TempPathFactory
) -> RunDirectory:
    """The whole dataset under `CALIBRATION`, once; to be read only."""
    path = tmp_path_factory.mktemp("calibration") / "run"
    return asyncio.run(rolled_out(path, dataset, make_harnesses(CALIBRATION), backend))
