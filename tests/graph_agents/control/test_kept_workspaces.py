"""A workspace comes back exactly as it was."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawgym.errors import UsageError
from graph_agents.control.snapshots import KeptWorkspaces


def state(root: Path) -> dict[str, tuple[str, int, bytes | str]]:
    found: dict[str, tuple[str, int, bytes | str]] = {}
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        name, mode = str(path.relative_to(root)), stat.S_IMODE(info.st_mode)
        if path.is_symlink():
            found[name] = ("link", 0, os.readlink(path))
        elif path.is_dir():
            found[name] = ("directory", mode, b"")
        else:
            found[name] = ("file", mode, path.read_bytes())
    return found


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    (root / "notes/old").mkdir(parents=True)
    (root / "notes/a.txt").write_text("a")
    (root / "notes/old/b.bin").write_bytes(bytes(range(256)) * 40)
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "empty").mkdir()
    (root / "latest").symlink_to("notes/a.txt")
    return root


@pytest.fixture
def kept(tmp_path: Path) -> KeptWorkspaces:
    return KeptWorkspaces(tmp_path / "kept")


def test_everything_comes_back(workspace: Path, kept: KeptWorkspaces):
    before = state(workspace)
    snapshot = kept.take(workspace)
    (workspace / "notes/a.txt").write_text("changed")
    (workspace / "notes/old/b.bin").unlink()
    (workspace / "run.sh").chmod(0o600)
    (workspace / "empty").rmdir()
    (workspace / "empty").write_text("now a file")
    (workspace / "latest").unlink()
    (workspace / "latest").mkdir()
    (workspace / "latest/deep").write_text("x")
    (workspace / "new.txt").write_text("new")
    kept.restore(snapshot, workspace)
    assert state(workspace) == before


def test_another_process_can_restore(workspace: Path, tmp_path: Path, kept: KeptWorkspaces):
    before = state(workspace)
    snapshot = kept.take(workspace)
    (workspace / "notes/a.txt").unlink()
    KeptWorkspaces(tmp_path / "kept").restore(snapshot, workspace)
    assert state(workspace) == before


def test_files_that_are_the_same_are_not_touched(workspace: Path, kept: KeptWorkspaces):
    snapshot = kept.take(workspace)
    inode = (workspace / "notes/a.txt").stat().st_ino
    kept.restore(snapshot, workspace)
    assert (workspace / "notes/a.txt").stat().st_ino == inode


def test_contents_are_stored_once(workspace: Path, tmp_path: Path, kept: KeptWorkspaces):
    kept.take(workspace)
    stored = len(list((tmp_path / "kept/contents").iterdir()))
    (workspace / "copy.bin").write_bytes((workspace / "notes/old/b.bin").read_bytes())
    kept.take(workspace)
    assert len(list((tmp_path / "kept/contents").iterdir())) == stored


def test_a_change_that_keeps_size_and_time_is_seen(workspace: Path, kept: KeptWorkspaces):
    file = workspace / "notes/a.txt"
    kept.take(workspace)
    times = file.stat().st_mtime_ns
    file.write_text("b")
    os.utime(file, ns=(times, times))
    later = kept.take(workspace)
    file.write_text("c")
    kept.restore(later, workspace)
    assert file.read_text() == "b"


def test_links_are_never_followed(workspace: Path, tmp_path: Path, kept: KeptWorkspaces):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("precious")
    snapshot = kept.take(workspace)
    (workspace / "notes/old/b.bin").unlink()
    (workspace / "notes/old").rmdir()
    (workspace / "notes/old").symlink_to(outside)
    (workspace / "run.sh").unlink()
    (workspace / "run.sh").symlink_to(outside / "precious.txt")
    kept.restore(snapshot, workspace)
    assert state(outside) == {"precious.txt": ("file", 0o644, b"precious")}
    assert not (workspace / "notes/old").is_symlink()


def test_what_cannot_be_kept_is_left_alone(workspace: Path, kept: KeptWorkspaces):
    os.mkfifo(workspace / "pipe")
    snapshot = kept.take(workspace)
    kept.restore(snapshot, workspace)
    assert stat.S_ISFIFO((workspace / "pipe").stat().st_mode)


def test_a_workspace_that_is_too_large_is_refused_with_advice(workspace: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="without undo"):
        KeptWorkspaces(tmp_path / "small", most_bytes=100).take(workspace)


def test_the_oldest_go_first_and_say_so(workspace: Path, tmp_path: Path):
    kept = KeptWorkspaces(tmp_path / "kept", keep=2)
    snapshots: list[str] = []
    for number in range(4):
        (workspace / "n.txt").write_text(f"{number}")
        snapshots.append(kept.take(workspace))
    kept.restore(snapshots[2], workspace)
    assert (workspace / "n.txt").read_text() == "2"
    with pytest.raises(UsageError, match="no longer kept"):
        kept.restore(snapshots[0], workspace)


NAMES = st.sampled_from(["a", "b", "c/d", "c/e", "f/g/h"])
TREES = st.dictionaries(NAMES, st.binary(max_size=20))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES, TREES)
def test_any_tree_comes_back_after_any_other(
    tmp_path_factory: pytest.TempPathFactory, first: dict[str, bytes], second: dict[str, bytes]
):
    base = tmp_path_factory.mktemp("trees")
    root = base / "workspace"
    fill(root, first)
    before = state(root)
    kept = KeptWorkspaces(base / "kept")
    snapshot = kept.take(root)
    fill(root, second)
    kept.restore(snapshot, root)
    assert state(root) == before


def fill(root: Path, tree: dict[str, bytes]) -> None:
    root.mkdir(exist_ok=True)
    for name, data in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
