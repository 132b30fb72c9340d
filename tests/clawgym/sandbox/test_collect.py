"""Copying out of a workspace where everything may be a trap."""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.files import File, Files
from clawgym.sandbox._home import remove_tree
from clawgym.sandbox.collect import Caps, collect


def skipped(root: Path, caps: Caps | None = None) -> dict[str, str]:
    return {entry.path: entry.reason for entry in collect(root, caps).skipped}


NAMES = st.text(alphabet="abc", min_size=1, max_size=2)
TREES = st.dictionaries(
    st.builds(lambda folder, name: f"{folder}/{name}.x", NAMES, NAMES),
    st.builds(File, st.binary(max_size=40), st.booleans()),
    max_size=8,
)


@given(tree=TREES)
def test_ordinary_files_come_back_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, File]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    Files(tree).write_to(root)
    collected = collect(root)
    assert collected.files == Files(tree)
    assert collected.skipped == ()


def test_an_open_directory_is_as_good_a_root_as_its_path(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.txt").write_text("x")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    assert collect(descriptor) == collect(tmp_path)
    os.close(descriptor)  # still ours: EBADF if it had been closed


def test_everything_that_is_no_regular_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket"))
    (root / "fine").write_text("fine")
    assert list(collect(root).files) == ["fine"]
    assert skipped(root) == {
        "link": "symlink",
        "folder": "symlink",
        "fifo": "fifo",
        "socket": "socket",
    }


@pytest.mark.parametrize("name", [b"\xff\xfe", b"line\nbreak", b"back\\slash", b"\rreturn"])
def test_names_that_are_no_safe_paths_are_skipped(tmp_path: Path, name: bytes) -> None:
    with open(os.fsencode(tmp_path) + b"/" + name, "w"):
        pass
    collected = collect(tmp_path)
    assert not collected.files
    assert [entry.reason for entry in collected.skipped] == ["name"]
    collected.skipped[0].path.encode()


def test_names_that_look_like_options_are_ordinary(tmp_path: Path) -> None:
    (tmp_path / "-rf").write_text("x")
    assert list(collect(tmp_path).files) == ["-rf"]


def test_the_caps_hold_and_say_so(tmp_path: Path) -> None:
    Files({"a": b"1234", "b": b"5678", "big": b"x" * 9, "d/e/f": b""}).write_to(tmp_path)
    assert skipped(tmp_path, Caps(file_bytes=8)) == {"big": "size"}
    assert skipped(tmp_path, Caps(total_bytes=7)) == {"b": "size", "big": "size"}
    assert skipped(tmp_path, Caps(files=2)) == {"big": "count", "d/e/f": "count"}
    assert skipped(tmp_path, Caps(depth=1)) == {"d/e": "depth"}
    assert skipped(tmp_path, Caps(entries=3)) == {".": "count"}


def test_a_sparse_giant_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "giant", "wb") as stream:
        stream.truncate(1 << 42)
    assert skipped(tmp_path) == {"giant": "size"}


def test_hard_links_and_set_id_bits_become_plain_copies(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a").chmod(0o4755)
    assert collect(tmp_path).files == Files({name: File(b"x", executable=True) for name in "ab"})


def test_a_tree_deeper_than_any_path_ends_at_the_cap(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    descriptor = os.open(root, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=descriptor)
        deeper = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    os.close(descriptor)
    found = skipped(root)
    remove_tree(root)  # pytest could not
    assert found == {"/".join(["d"] * 41): "depth"}


def test_many_sibling_directories_need_few_descriptors(tmp_path: Path) -> None:
    tree = Files({f"{number:04}/file": b"x" for number in range(300)})
    tree.write_to(tmp_path)
    with at_most_open_files(64):
        collected = collect(tmp_path)
    assert collected.files == tree
    assert collected.skipped == ()


@contextmanager
def at_most_open_files(more: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_named_with_the_errno(tmp_path: Path) -> None:
    (tmp_path / "locked").write_text("x")
    (tmp_path / "locked").chmod(0)
    assert skipped(tmp_path) == {"locked": "EACCES"}


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    Files({"a/b/c": b"x", "d": b"y"}).write_to(tmp_path)
    before = os.listdir("/proc/self/fd")
    collect(tmp_path, Caps(depth=1))
    assert os.listdir("/proc/self/fd") == before
