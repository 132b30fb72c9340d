"""The digest that tells whether kept work is still what our programs would do."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from synth import code_digest as module
from synth.code_digest import code_digest


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four small rooms in place of ours."""
    for name in ("clawgym/task.py", "clawgym_skills/operations.toml", "clawgym_skills/scan/r.toml",
                 "synth/data/w.toml", "verify/checks/c.py"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")

    def found(room: str) -> Traversable:
        return tmp_path / room

    monkeypatch.setattr(module, "files", found)
    return tmp_path


def digest() -> str:
    code_digest.cache_clear()
    return code_digest()


@pytest.fixture(autouse=True)
def fresh():
    yield
    code_digest.cache_clear()


@pytest.mark.parametrize(
    "name",
    ["clawgym/task.py", "clawgym_skills/operations.toml", "synth/data/w.toml", "verify/new.py"],
)
def test_what_decides_bytes_decides_the_digest(name: str, rooms: Path) -> None:
    before = digest()
    (rooms / name).write_text("2")
    assert digest() != before


@pytest.mark.parametrize("name", ["clawgym_skills/scan/r.toml", "synth/data/w.pyc"])
def test_what_does_not_decide_bytes_leaves_it(name: str, rooms: Path) -> None:
    before = digest()
    (rooms / name).write_text("2")
    assert digest() == before


def test_every_folder_that_is_left_out_exists() -> None:
    for folder in module._ELSEWHERE:
        room, name = folder.split("/")
        assert files(room).joinpath(name).is_dir()
