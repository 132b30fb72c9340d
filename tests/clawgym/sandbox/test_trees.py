"""Copying, emptying and writing trees where everything may be a trap."""

import errno
import gc
import os
import resource
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings

from clawgym.files import Files
from clawgym.sandbox._content import clone
from clawgym.sandbox._trail import OPEN_LEVELS, Trail
from clawgym.sandbox._trees import (
    NAMED_SKIPS,
    TreeStats,
    can_reflink,
    clear_tree,
    copy_tree,
    fill,
)
from clawgym.sandbox.protocol import Skipped
from tests.clawgym.sandbox import trees
from tests.clawgym.sandbox.trees import TREES, Folder, as_ordinary_user, look, opened, place


@pytest.fixture
def pair() -> Generator[tuple[Path, Path]]:
    """Two empty directories, `source` and `target`, that are removed whatever is in them."""
    with place() as root:
        yield _two(root)


def _two(root: Path) -> tuple[Path, Path]:
    (root / "source").mkdir()
    (root / "target").mkdir()
    return root / "source", root / "target"


def copy(source: Path, target: Path, *, unlock: bool = False) -> TreeStats:
    with opened(source) as reading, opened(target) as writing:
        return copy_tree(reading, writing, owner=None, unlock=unlock)


def clear(directory: Path) -> None:
    with opened(directory) as descriptor:
        clear_tree(descriptor)


@contextmanager
def limit(which: int, soft: int) -> Generator[None]:
    before = resource.getrlimit(which)
    resource.setrlimit(which, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(which, before)


def test_the_suite_can_tell_trees_apart(pair: tuple[Path, Path]) -> None:
    """The comparison that everything here rests on sees content, modes, times and links."""
    left, right = pair
    seen = []
    for directory in pair:
        (directory / "a").write_text("x")
        os.link(directory / "a", directory / "b")
        os.utime(directory / "a", ns=(1, 1))
    assert look(left) == look(right)
    for change in (
        lambda: (right / "a").chmod(0o600),
        lambda: os.utime(right / "a", ns=(2, 2)),
        lambda: (right / "a").write_text("y"),
        lambda: ((right / "b").unlink(), (right / "b").write_text("y")),
    ):
        change()
        seen.append(look(right))
        assert look(left) != seen[-1]
    assert len({tuple(entries.items()) for entries in seen}) == 4


@settings(max_examples=60)
@given(tree=TREES)
def test_a_copy_is_the_same_and_leaves_the_source_as_it_was(tree: Folder) -> None:
    with place() as root:
        source, target = _two(root)
        trees.build(tree, source)
        before = look(source)
        stats = copy(source, target, unlock=True)
        assert look(target) == before
        assert look(source) == before
        assert stats.skipped == ()
        assert stats.files + stats.directories + stats.symlinks + stats.hard_links == len(before)


@settings(max_examples=30)
@given(tree=TREES)
def test_an_ordinary_user_copies_and_clears_what_is_locked_to_him(tree: Folder) -> None:
    with place() as root:
        source, target = _two(root)
        with as_ordinary_user(source, target):
            trees.build(tree, source)
            before = look(source)
            copy(source, target, unlock=True)
            assert look(target) == before
            assert look(source) == before
            clear(target)
        assert os.listdir(target) == []


def test_holes_stay_holes(pair: tuple[Path, Path]) -> None:
    source, target = pair
    with (source / "sparse").open("wb") as stream:
        for start in (5_000_000, 50_000_000):
            stream.seek(start)
            stream.write(b"data" * 2_000)
        stream.truncate(1 << 30)
    copy(source, target)
    info = (target / "sparse").stat()
    assert info.st_size == 1 << 30
    assert info.st_blocks * 512 < 1_000_000
    with (target / "sparse").open("rb") as stream:
        for start in (5_000_000, 50_000_000):
            stream.seek(start - 3)
            assert stream.read(8_006) == b"\0\0\0" + b"data" * 2_000 + b"\0\0\0"


def test_large_files_come_over_whole(pair: tuple[Path, Path]) -> None:
    data = os.urandom(700_001)
    (pair[0] / "large").write_bytes(data)
    assert copy(*pair).bytes == len(data)
    assert (pair[1] / "large").read_bytes() == data


def test_set_id_and_sticky_bits_are_dropped(pair: tuple[Path, Path]) -> None:
    source, target = pair
    (source / "program").write_text("x")
    (source / "program").chmod(0o6755)
    (source / "folder").mkdir()
    (source / "folder").chmod(0o3777)
    copy(source, target)
    assert (target / "program").stat().st_mode & 0o7777 == 0o755
    assert (target / "folder").stat().st_mode & 0o7777 == 0o777


def test_what_is_no_file_is_skipped_by_name(pair: tuple[Path, Path]) -> None:
    source, target = pair
    (source / "in").mkdir()
    os.mkfifo(source / "in/pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "socket"))
    stats = copy(source, target)
    assert set(stats.skipped) == {Skipped("in/pipe", "fifo"), Skipped("socket", "socket")}
    assert stats.skipped_count == 2
    assert list(look(target)) == [b"in"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_devices_are_skipped_by_name(pair: tuple[Path, Path]) -> None:
    os.mknod(pair[0] / "null", 0o20666, os.makedev(1, 3))
    assert copy(*pair).skipped == (Skipped("null", "special"),)


def test_what_an_ordinary_user_may_not_read_is_skipped_by_name(pair: tuple[Path, Path]) -> None:
    source, target = pair
    with as_ordinary_user(*pair):
        (source / "closed").mkdir()
        (source / "closed/file").write_text("x")
        (source / "closed").chmod(0)
        (source / "secret").write_text("x")
        (source / "secret").chmod(0o200)
        stats = copy(source, target)
    assert set(stats.skipped) == {Skipped("closed", "EACCES"), Skipped("secret", "EACCES")}
    assert os.listdir(target) == []
    assert (source / "closed").stat().st_mode & 0o777 == 0


def test_skipped_entries_are_all_counted_even_where_they_are_not_named(
    pair: tuple[Path, Path],
) -> None:
    for index in range(NAMED_SKIPS + 5):
        os.mkfifo(pair[0] / str(index))
    stats = copy(*pair)
    assert (len(stats.skipped), stats.skipped_count) == (NAMED_SKIPS, NAMED_SKIPS + 5)


def test_a_file_that_no_target_could_hold_is_skipped_and_leaves_nothing(
    pair: tuple[Path, Path],
) -> None:
    source, target = pair
    (source / "big").write_bytes(b"x" * 200_000)
    (source / "small").write_bytes(b"x")
    with limit(resource.RLIMIT_FSIZE, 100_000):
        stats = copy(source, target)
    assert stats.skipped == (Skipped("big", "EFBIG"),)
    assert os.listdir(target) == ["small"]


def test_a_target_that_is_not_empty_is_no_target(pair: tuple[Path, Path]) -> None:
    for directory in pair:
        (directory / "name").write_text(directory.name)
    with pytest.raises(FileExistsError):
        copy(*pair)
    assert (pair[1] / "name").read_text() == "target"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_gives_everything_to_the_owner(pair: tuple[Path, Path]) -> None:
    source, target = pair
    (source / "a/b").mkdir(parents=True)
    (source / "a/file").write_text("x")
    (source / "a/link").symlink_to("/nowhere")
    with opened(source) as reading, opened(target) as writing:
        copy_tree(reading, writing, owner=4321)
        fill(writing, Files({"new/folder/file": "x"}), owner=4321)
    made = list(target.rglob("*"))
    assert len(made) == 7
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in made} == {(4321, 4321)}


def test_many_names_of_one_file_in_different_folders_stay_one_file(
    pair: tuple[Path, Path],
) -> None:
    source, target = pair
    (source / "a/b/c").mkdir(parents=True)
    (source / "a/b/c/first").write_text("x")
    for index in range(50):
        (source / f"d{index}").mkdir()
        os.link(source / "a/b/c/first", source / f"d{index}/name")
    stats = copy(source, target)
    assert (stats.files, stats.hard_links) == (1, 50)
    assert {path.stat().st_ino for path in target.rglob("name")} == {
        (target / "a/b/c/first").stat().st_ino
    }


def test_a_name_of_a_file_that_lies_very_deep_becomes_a_file_of_its_own(
    pair: tuple[Path, Path],
) -> None:
    source, target = pair
    with opened(source) as reading:
        trees.make_deep(reading, 70)
    deepest = source.joinpath(*["d"] * 70)
    (deepest / "f").write_text("x")
    for index in range(3):
        os.link(deepest / "f", deepest / f"g{index}")
    stats = copy(source, target)
    assert (stats.files, stats.hard_links) == (4, 0)
    copied = target.joinpath(*["d"] * 70)
    assert [(copied / name).read_text() for name in sorted(os.listdir(copied))] == ["x"] * 4


def test_ten_thousand_levels_need_few_descriptors(pair: tuple[Path, Path]) -> None:
    source, target = pair
    with opened(source) as reading, opened(target) as writing:
        trees.make_deep(reading, 10_000)
        gc.collect()
        in_use = len(os.listdir("/proc/self/fd"))
        with limit(resource.RLIMIT_NOFILE, in_use + 2 * OPEN_LEVELS + 10):
            stats = copy_tree(reading, writing, owner=None)
            assert (stats.directories, stats.files) == (10_000, 1)
            assert trees.depth_of(writing) == 10_000
            clear_tree(writing)
        assert os.listdir(writing) == []
        clear_tree(reading)
        gc.collect()  # other tests' descriptors may go at any moment: the count can only fall
        assert len(os.listdir("/proc/self/fd")) <= in_use


def test_an_ordinary_user_goes_three_thousand_levels_deep(pair: tuple[Path, Path]) -> None:
    with as_ordinary_user(*pair), opened(pair[0]) as reading, opened(pair[1]) as writing:
        trees.make_deep(reading, 3_000)
        assert copy_tree(reading, writing, owner=None, unlock=True).directories == 3_000
        clear_tree(writing)
        clear_tree(reading)
    assert [os.listdir(directory) for directory in pair] == [[], []]


def test_fifty_thousand_entries_in_a_directory(pair: tuple[Path, Path]) -> None:
    source, target = pair
    with opened(source) as reading:
        for index in range(50_000):
            os.symlink("x", f"entry-{index}", dir_fd=reading)
    assert copy(source, target).symlinks == 50_000
    assert len(os.listdir(target)) == 50_000
    clear(source)
    clear(target)
    assert [os.listdir(directory) for directory in pair] == [[], []]


def test_a_directory_that_turns_into_a_link_leads_nowhere(pair: tuple[Path, Path]) -> None:
    """A thread swaps a directory for a link to another one all the time."""
    source, target = pair
    outside = source.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (source / "real").mkdir()
    (source / "real/secret").write_text("harmless")
    (source / "spare").symlink_to(outside)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(source / "real", source / "kept")
            os.rename(source / "spare", source / "real")
            os.rename(source / "real", source / "spare")
            os.rename(source / "kept", source / "real")
            time.sleep(0)  # let the copy run

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        links, end = 0, time.monotonic() + 1
        while time.monotonic() < end or not links:
            copy(source, target)
            links += sum((target / name).is_symlink() for name in ("real", "spare", "kept"))
            stolen = [
                path
                for name in os.listdir(target)
                if not (target / name).is_symlink()
                for path in (target / name).iterdir()
                if path.read_text() != "harmless"
            ]
            assert stolen == []
            clear(target)
    finally:
        stop.set()
        swapping.join()
    assert (outside / "secret").read_text() == "secret"


def test_a_trail_goes_up_only_to_where_it_came_from(pair: tuple[Path, Path]) -> None:
    """Somebody moves a directory while we are far below it; we do not come out elsewhere."""
    source, target = pair
    depth = OPEN_LEVELS + 10
    with opened(source) as descriptor:
        trees.make_deep(descriptor, depth)
        with Trail(descriptor) as trail:
            for _ in range(depth):
                trail.enter("d")
            (source / "d/d/d/d").rename(target / "elsewhere")
            with pytest.raises(OSError, match="moved") as caught:
                _leave_often(trail, depth)
    assert caught.value.errno == errno.ESTALE


def _leave_often(trail: Trail, times: int) -> None:
    for _ in range(times):
        trail.leave()


def test_reflinks_are_promised_where_they_work(pair: tuple[Path, Path]) -> None:
    directory = pair[0]
    (directory / "one").write_bytes(b"x" * 8192)
    with (directory / "one").open("rb") as one, (directory / "two").open("wb") as two:
        works = clone(one.fileno(), two.fileno())
    with opened(directory) as descriptor:
        assert can_reflink(descriptor) == works
