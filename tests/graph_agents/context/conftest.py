"""A box on a folder."""

from pathlib import Path

import pytest

from clawgym.sandbox import BoxSpec, box


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
async def sandbox(backend, workspace):
    async with box(backend, BoxSpec(workspace_dir=workspace)) as opened:
        yield opened
