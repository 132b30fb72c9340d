"""A workspace is put back exactly, whatever was done to it."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawgym.errors import SandboxError
from clawgym.sandbox import _home
from clawgym.sandbox._snapshots import TreeSnapshot
from clawgym.sandbox.protocol import Skipped, Snapshot
from tests.clawgym.sandbox import trees
from tests.clawgym.sandbox.trees import TREES, Folder, as_ordinary_user, look, opened, place


def take(workspace: Path, home: Path) -> TreeSnapshot:
    with opened(workspace) as descriptor:
        return TreeSnapshot.take(descriptor, place=home)


def restore(snapshot: TreeSnapshot, workspace: Path) -> None:
    with opened(workspace) as descriptor:
        snapshot.restore(descriptor, owner=None)


def two(root: Path) -> tuple[Path, Path]:
    (root / "workspace").mkdir()
    (root / "home").mkdir()
    return root / "workspace", root / "home"


def damage(workspace: Path, name: str, how: str) -> None:
    path = workspace / name
    if path.is_symlink() or how == "keep":
        return
    path.chmod(0o700)
    if how == "remove":
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    elif how == "change" and path.is_file():
        path.write_bytes(b"changed")
    elif how == "lock":
        path.chmod(0)


@settings(max_examples=50)
@given(tree=TREES, later=TREES, data=st.data())
def test_a_restore_undoes_any_change(tree: Folder, later: Folder, data: st.DataObject) -> None:
    with place() as root:
        workspace, home = two(root)
        trees.build(tree, workspace)
        before = look(workspace)
        snapshot = take(workspace, home)
        assert look(workspace) == before
        for name in sorted(os.listdir(workspace)):
            damage(
                workspace, name, data.draw(st.sampled_from(["keep", "remove", "change", "lock"]))
            )
        trees.build(later, workspace)
        restore(snapshot, workspace)
        assert look(workspace) == before


@settings(max_examples=20)
@given(tree=TREES, later=TREES)
def test_so_it_does_for_an_ordinary_user(tree: Folder, later: Folder) -> None:
    with place() as root:
        workspace, home = two(root)
        with as_ordinary_user(workspace, home):
            trees.build(tree, workspace)
            before = look(workspace)
            snapshot = take(workspace, home)
            trees.build(later, workspace)
            restore(snapshot, workspace)
            assert look(workspace) == before


def test_one_snapshot_can_be_restored_many_times(tmp_path: Path) -> None:
    workspace, home = two(tmp_path)
    (workspace / "file").write_text("one")
    first = take(workspace, home)
    (workspace / "file").write_text("two")
    second = take(workspace, home)
    for snapshot, content in ((first, "one"), (second, "two"), (first, "one")):
        restore(snapshot, workspace)
        assert (workspace / "file").read_text() == content


def test_a_restored_file_is_not_the_one_in_the_snapshot(tmp_path: Path) -> None:
    workspace, home = two(tmp_path)
    (workspace / "file").write_text("old")
    snapshot = take(workspace, home)
    restore(snapshot, workspace)
    (workspace / "file").write_text("new")
    restore(snapshot, workspace)
    assert (workspace / "file").read_text() == "old"


def test_mode_and_time_of_the_workspace_itself_come_back(tmp_path: Path) -> None:
    workspace, home = two(tmp_path)
    workspace.chmod(0o750)
    os.utime(workspace, ns=(trees.SOME_TIME, trees.SOME_TIME))
    snapshot = take(workspace, home)
    (workspace / "file").write_text("x")
    workspace.chmod(0o700)
    restore(snapshot, workspace)
    info = workspace.stat()
    assert (stat.S_IMODE(info.st_mode), info.st_mtime_ns) == (0o750, trees.SOME_TIME)


def test_what_cannot_be_kept_is_named(tmp_path: Path) -> None:
    workspace, home = two(tmp_path)
    os.mkfifo(workspace / "pipe")
    snapshot = take(workspace, home)
    assert snapshot.stats.skipped == (Skipped("pipe", "fifo"),)
    restore(snapshot, workspace)
    assert os.listdir(workspace) == []


async def test_a_discarded_snapshot_is_gone(tmp_path: Path) -> None:
    workspace, home = two(tmp_path)
    (workspace / "folder").mkdir()
    (workspace / "folder").chmod(0)
    concrete = take(workspace, home)
    snapshot: Snapshot = concrete
    await snapshot.discard()
    await snapshot.discard()
    assert os.listdir(home) == []
    (workspace / "new").write_text("kept")
    with pytest.raises(SandboxError, match="restore"):
        restore(concrete, workspace)
    assert (workspace / "new").read_text() == "kept"
    (workspace / "folder").chmod(0o700)


def test_nothing_stays_of_a_snapshot_that_fails(tmp_path: Path) -> None:
    workspace, home = two(tmp_path)
    (workspace / "file").write_text("x")
    with (workspace / "file").open() as no_directory, pytest.raises(SandboxError, match="snapshot"):
        TreeSnapshot.take(no_directory.fileno(), place=home)
    assert os.listdir(home) == []


@pytest.fixture
def another_home(elsewhere: Path) -> Iterator[None]:
    """A home elsewhere, for this test and none after it."""
    _home._home_of.cache_clear()  # type: ignore[attr-defined]
    yield
    _home._home_of.cache_clear()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("another_home")
async def test_snapshots_live_in_the_home_of_this_process(elsewhere: Path) -> None:
    (elsewhere / "workspace").mkdir()
    with opened(elsewhere / "workspace") as descriptor:
        snapshot = TreeSnapshot.take(descriptor)
    assert snapshot.path.parent == _home.box_home().path
    assert stat.S_IMODE(snapshot.path.stat().st_mode) == 0o700
    await snapshot.discard()
