"""How a workspace gets its base: by size and file system."""

import os
from pathlib import Path

import pytest

from clawgym.sandbox._plan import COPY_BYTES, COPY_FILES, workspace_plan
from clawgym.sandbox._trees import can_reflink
from tests.clawgym.sandbox.trees import opened


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "base/folder").mkdir(parents=True)
    return tmp_path / "base"


def test_a_small_base_is_copied(base: Path) -> None:
    (base / "file").write_text("x")
    (base / "link").symlink_to("/")
    assert workspace_plan(base, overlay=True) == "copy"


def test_many_entries_are_overlaid(base: Path) -> None:
    for index in range(COPY_FILES):
        (base / f"folder/{index}").touch()
    assert workspace_plan(base, overlay=True) == "overlay"


def test_many_bytes_are_overlaid(base: Path) -> None:
    (base / "folder/large").touch()
    os.truncate(base / "folder/large", COPY_BYTES + 1)
    assert workspace_plan(base, overlay=True) == "overlay"


def test_without_an_overlay_a_large_base_shares_blocks_where_that_is_possible(base: Path) -> None:
    (base / "large").touch()
    os.truncate(base / "large", COPY_BYTES + 1)
    with opened(base) as descriptor:
        expected = "reflink" if can_reflink(descriptor) else "copy"
    assert workspace_plan(base, overlay=False, target=base.parent) == expected


def test_a_base_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        workspace_plan(tmp_path / "missing", overlay=True)
