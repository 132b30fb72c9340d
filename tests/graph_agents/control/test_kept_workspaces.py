"""What a turn changed comes back exactly as it was, and nothing else is touched."""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawgym.errors import ClawGymError, UsageError
from graph_agents.control.scanning import Walk
from graph_agents.control.snapshots import KeptWorkspaces
from graph_agents.parts import Undone


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
    kept.stop(snapshot, workspace)
    kept.undo(snapshot, [], workspace)
    assert state(workspace) == before


def test_another_process_can_undo(workspace: Path, tmp_path: Path, kept: KeptWorkspaces):
    before = state(workspace)
    snapshot = kept.take(workspace)
    (workspace / "notes/a.txt").unlink()
    kept.stop(snapshot, workspace)
    KeptWorkspaces(tmp_path / "kept").undo(snapshot, [], workspace)
    assert state(workspace) == before


def test_files_that_are_the_same_are_not_touched(workspace: Path, kept: KeptWorkspaces):
    snapshot = kept.take(workspace)
    inode = (workspace / "notes/a.txt").stat().st_ino
    kept.stop(snapshot, workspace)
    assert kept.undo(snapshot, [], workspace) == Undone()
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
    kept.stop(later, workspace)
    kept.undo(later, [], workspace)
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
    kept.stop(snapshot, workspace)
    kept.undo(snapshot, [], workspace)
    assert state(outside) == {"precious.txt": ("file", 0o644, b"precious")}
    assert not (workspace / "notes/old").is_symlink()


def test_what_cannot_be_kept_is_left_alone(workspace: Path, kept: KeptWorkspaces):
    os.mkfifo(workspace / "pipe")
    snapshot = kept.take(workspace)
    kept.undo(snapshot, [], workspace, force=True)
    assert stat.S_ISFIFO((workspace / "pipe").stat().st_mode)


def test_a_workspace_that_is_too_large_is_refused_with_advice(workspace: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="--no-undo"):
        KeptWorkspaces(tmp_path / "small", most_bytes=100).take(workspace)
    assert list((tmp_path / "small/contents").iterdir()) == []


def test_the_oldest_go_first_and_say_so(workspace: Path, tmp_path: Path):
    kept = KeptWorkspaces(tmp_path / "kept", keep=2)
    snapshots: list[str] = []
    for number in range(4):
        (workspace / "n.txt").write_text(f"{number}")
        snapshots.append(kept.take(workspace))
    kept.undo(snapshots[2], [], workspace, force=True)
    assert (workspace / "n.txt").read_text() == "2"
    with pytest.raises(UsageError, match="no longer, kept"):
        kept.undo(snapshots[0], [], workspace)


def played(kept: KeptWorkspaces, workspace: Path, *changes: Callable[[], object]) -> str:
    snapshot = kept.take(workspace)
    for change in changes:
        change()
    kept.stop(snapshot, workspace)
    return snapshot


def test_only_what_the_turn_changed_is_put_back(workspace: Path, kept: KeptWorkspaces):
    turn = played(
        kept,
        workspace,
        lambda: (workspace / "run.sh").write_text("turn"),
        lambda: (workspace / "made.txt").write_text("turn"),
    )
    (workspace / "notes/a.txt").write_text("user")
    (workspace / "user.txt").write_text("user")
    undone = kept.undo(turn, [], workspace)
    assert (undone.restored, undone.removed) == (("run.sh",), ("made.txt",))
    assert (workspace / "run.sh").read_text() == "#!/bin/sh\n"
    assert not (workspace / "made.txt").exists()
    assert (workspace / "notes/a.txt").read_text() == "user"
    assert (workspace / "user.txt").read_text() == "user"


def test_what_both_changed_is_named_and_nothing_is_touched(workspace: Path, kept: KeptWorkspaces):
    turn = played(
        kept,
        workspace,
        lambda: (workspace / "run.sh").write_text("turn"),
        lambda: (workspace / "notes/a.txt").write_text("turn"),
    )
    (workspace / "run.sh").write_text("user")
    (workspace / "other.txt").write_text("user")
    before = state(workspace)
    with pytest.raises(UsageError, match=r"somebody else, too: run\.sh; --force"):
        kept.undo(turn, [], workspace)
    assert state(workspace) == before
    undone = kept.undo(turn, [], workspace, force=True)
    assert (workspace / "run.sh").read_text() == "#!/bin/sh\n"
    assert (workspace / "other.txt").read_text() == "user"
    assert undone.kept_in
    assert (undone.kept_in / "run.sh").read_text() == "user"


def test_a_directory_of_the_turn_stays_while_the_user_has_something_in_it(
    workspace: Path, kept: KeptWorkspaces
):
    turn = played(
        kept,
        workspace,
        (workspace / "new").mkdir,
        lambda: (workspace / "new/made.txt").write_text("turn"),
    )
    (workspace / "new/user.txt").write_text("user")
    kept.undo(turn, [], workspace)
    assert [path.name for path in (workspace / "new").iterdir()] == ["user.txt"]


def test_what_the_user_did_between_two_legs_is_seen(workspace: Path, kept: KeptWorkspaces):
    turn = played(kept, workspace, lambda: (workspace / "notes/a.txt").write_text("leg 1"))
    (workspace / "notes/a.txt").write_text("user")
    (workspace / "user.txt").write_text("user")
    kept.go_on(turn, workspace)
    (workspace / "notes/a.txt").write_text("leg 2")
    (workspace / "made.txt").write_text("leg 2")
    kept.stop(turn, workspace)
    with pytest.raises(UsageError, match=r"somebody else, too: notes/a\.txt; "):
        kept.undo(turn, [], workspace)
    kept.undo(turn, [], workspace, force=True)
    assert (workspace / "notes/a.txt").read_text() == "a"
    assert not (workspace / "made.txt").exists()
    assert (workspace / "user.txt").read_text() == "user"


def test_of_a_turn_that_was_cut_off_nobody_knows_what_it_changed(
    workspace: Path, kept: KeptWorkspaces
):
    before = state(workspace)
    turn = kept.take(workspace)
    (workspace / "new.txt").write_text("whose?")
    with pytest.raises(UsageError, match=r"nobody knows by whom: new\.txt; "):
        kept.undo(turn, [], workspace)
    kept.undo(turn, [], workspace, force=True)
    assert state(workspace) == before


def test_what_another_turn_changed_meanwhile_is_contested(workspace: Path, kept: KeptWorkspaces):
    mine = kept.take(workspace)
    other = KeptWorkspaces(kept.home)
    played(other, workspace, lambda: (workspace / "other.txt").write_text("other"))
    (workspace / "mine.txt").write_text("mine")
    kept.stop(mine, workspace)
    with pytest.raises(UsageError, match=r"another session .*: other\.txt; "):
        kept.undo(mine, [], workspace)


def test_what_a_subagent_did_after_the_turn_belongs_to_it(workspace: Path, kept: KeptWorkspaces):
    before = state(workspace)
    mine = kept.take(workspace)
    child = kept.take(workspace)
    (workspace / "one.txt").write_text("child")
    kept.stop(mine, workspace)
    (workspace / "one.txt").write_text("child again")
    (workspace / "two.txt").write_text("child")
    kept.stop(child, workspace)
    kept.undo(mine, [child], workspace)
    assert state(workspace) == before


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_damaged_contents_are_found_before_the_first_change(
    workspace: Path, kept: KeptWorkspaces, how: str
):
    digest = hashlib.sha256(b"a").hexdigest()
    turn = played(
        kept,
        workspace,
        (workspace / "notes/a.txt").unlink,
        lambda: (workspace / "made.txt").write_text("turn"),
    )
    content = kept.home / "contents" / digest
    content.write_text("junk") if how == "damaged" else content.unlink()
    before = state(workspace)
    with pytest.raises(ClawGymError, match=r"notes/a\.txt .* damaged or missing"):
        kept.undo(turn, [], workspace)
    assert state(workspace) == before


def test_contents_go_with_the_last_snapshot_that_needs_them(workspace: Path, kept: KeptWorkspaces):
    first = kept.take(workspace)
    (workspace / "big.bin").write_bytes(b"x" * 1000)
    second = kept.take(workspace)
    stored = len(list((kept.home / "contents").iterdir()))
    kept.forget([second])
    assert len(list((kept.home / "contents").iterdir())) == stored - 1
    kept.take(workspace)
    assert len(list((kept.home / "contents").iterdir())) == stored
    kept.forget(path.stem for path in kept.home.glob("*.json"))
    assert not list((kept.home / "contents").iterdir())
    with pytest.raises(UsageError, match="no longer, kept"):
        kept.undo(first, [], workspace)


def test_a_read_only_directory_is_undone_and_stays_read_only(workspace: Path, kept: KeptWorkspaces):
    (workspace / "notes").chmod(0o555)

    def change():
        (workspace / "notes").chmod(0o755)
        (workspace / "notes/a.txt").write_text("turn")
        (workspace / "notes").chmod(0o555)

    before = state(workspace)
    kept.undo(played(kept, workspace, change), [], workspace)
    assert state(workspace) == before


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
    kept.stop(snapshot, root)
    kept.undo(snapshot, [], root)
    assert state(root) == before


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES, TREES, TREES)
def test_nothing_that_the_user_did_afterwards_is_lost(
    tmp_path_factory: pytest.TempPathFactory,
    first: dict[str, bytes],
    turn: dict[str, bytes],
    user: dict[str, bytes],
):
    base = tmp_path_factory.mktemp("trees")
    root = base / "workspace"
    fill(root, first)
    before = state(root)
    kept = KeptWorkspaces(base / "kept")
    snapshot = kept.take(root)
    fill(root, turn)
    kept.stop(snapshot, root)
    after = state(root)
    fill(root, user)
    present = state(root)
    try:
        kept.undo(snapshot, [], root)
    except UsageError:
        assert state(root) == present
        return
    for name, thing in state(root).items():
        assert thing in (before.get(name), present.get(name))
    for name, thing in present.items():
        if thing != after.get(name):
            assert state(root)[name] == thing
    assert all(state(root)[name] == thing for name, thing in before.items() if name not in user)


def fill(root: Path, tree: dict[str, bytes]) -> None:
    root.mkdir(exist_ok=True)
    for name, data in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def test_a_link_in_the_place_of_a_directory_leads_nowhere(
    workspace: Path, tmp_path: Path, kept: KeptWorkspaces
):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("precious")
    turn = played(kept, workspace, lambda: (workspace / "notes/a.txt").write_text("turn"))
    (workspace / "notes").rename(workspace / "moved")
    (workspace / "notes").symlink_to(outside)
    with pytest.raises(UsageError, match=r"somebody else, too: notes, notes/a\.txt"):
        kept.undo(turn, [], workspace)
    kept.undo(turn, [], workspace, force=True)
    assert (outside / "a.txt").read_text() == "precious"
    assert (workspace / "notes/a.txt").read_text() == "a"
    assert (workspace / "moved/a.txt").read_text() == "turn"


def test_what_the_user_put_into_a_directory_that_must_give_way_is_named(
    workspace: Path, kept: KeptWorkspaces
):
    turn = played(kept, workspace, (workspace / "run.sh").unlink, (workspace / "run.sh").mkdir)
    (workspace / "run.sh/user.txt").write_text("user")
    with pytest.raises(UsageError, match=r"run\.sh/user\.txt"):
        kept.undo(turn, [], workspace)
    undone = kept.undo(turn, [], workspace, force=True)
    assert (workspace / "run.sh").read_text() == "#!/bin/sh\n"
    assert undone.kept_in
    assert (undone.kept_in / "run.sh/user.txt").read_text() == "user"


def test_a_second_undo_of_the_same_turn_changes_nothing(workspace: Path, kept: KeptWorkspaces):
    turn = played(kept, workspace, lambda: (workspace / "made.txt").write_text("turn"))
    kept.undo(turn, [], workspace)
    assert kept.undo(turn, [], workspace) == Undone()


def test_a_folder_that_grows_beyond_the_limit_while_it_is_copied_is_refused(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    small = KeptWorkspaces(tmp_path / "small", most_bytes=20_000)
    walk = Walk.run

    def grow(self: Walk) -> None:
        walk(self)
        (workspace / "notes/a.txt").write_bytes(bytes(15_000))

    monkeypatch.setattr(Walk, "run", grow)
    with pytest.raises(UsageError, match="--no-undo"):
        small.take(workspace)
    assert list((tmp_path / "small/contents").iterdir()) == []
