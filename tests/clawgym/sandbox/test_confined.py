"""Reading and writing below a directory that somebody hostile has filled."""

import errno
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.sandbox._confined import Confined


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "root"
    place.mkdir()
    return place


def errno_of(action: object, *arguments: object) -> tuple[int | None, object]:
    assert callable(action)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the errno is the point
        action(*arguments)
    return caught.value.errno, caught.value.filename


def test_what_is_written_is_read(root: Path) -> None:
    Confined(root).write("a/b/c.bin", b"\0data")
    assert Confined(root).read("a/b/c.bin") == b"\0data"
    assert (root / "a/b/c.bin").stat().st_mode & 0o777 == 0o644


def test_an_open_directory_is_as_good_a_root_as_its_path(root: Path) -> None:
    descriptor = os.open(root, os.O_RDONLY)
    root.rename(root.with_name("elsewhere"))
    Confined(descriptor).write("a/b.txt", b"data")
    assert Confined(descriptor).read("a/b.txt") == b"data"
    assert Confined(descriptor).list("") == ["a/"]
    os.close(descriptor)  # still ours: EBADF if it had been closed


def test_an_executable_file_stays_executable(root: Path) -> None:
    (root / "run").write_text("old")
    (root / "run").chmod(0o755)
    Confined(root).write("run", b"new")
    assert (root / "run").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "", "a//b", "a/../b", "a\nb", "./a"])
def test_paths_that_are_not_plainly_inside_are_refused(root: Path, path: str) -> None:
    assert errno_of(Confined(root).read, path) == (errno.EINVAL, path)
    assert errno_of(Confined(root).write, path, b"") == (errno.EINVAL, path)


@given(path=st.text(alphabet="ab/.\\\n", max_size=12))
def test_no_path_leaves_the_root(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    base = tmp_path_factory.mktemp("base")
    (base / "root").mkdir()
    try:
        Confined(base / "root").write(path, b"x")
    except OSError:
        pass
    else:
        assert (base / "root" / path).read_bytes() == b"x"
    assert [entry.name for entry in base.iterdir()] == ["root"]


def test_each_kind_of_entry_has_its_error(root: Path) -> None:
    (root / "dir").mkdir()
    (root / "file").write_text("x")
    (root / "link").symlink_to("file")
    (root / "loop").symlink_to("dir")
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket"))
    confined = Confined(root)
    assert errno_of(confined.read, "absent") == (errno.ENOENT, "absent")
    assert errno_of(confined.read, "dir") == (errno.EISDIR, "dir")
    assert errno_of(confined.read, "file/x") == (errno.ENOTDIR, "file/x")
    assert errno_of(confined.read, "link") == (errno.ELOOP, "link")
    assert errno_of(confined.read, "loop/x") == (errno.ELOOP, "loop/x")
    assert errno_of(confined.read, "fifo") == (errno.EINVAL, "fifo")
    assert errno_of(confined.read, "socket")[0] in {errno.EINVAL, errno.ENXIO}
    assert errno_of(confined.write, "dir", b"") == (errno.EISDIR, "dir")
    assert errno_of(confined.write, "link", b"") == (errno.ELOOP, "link")
    assert errno_of(confined.write, "fifo", b"") == (errno.EINVAL, "fifo")
    assert errno_of(confined.write, "file/x", b"") == (errno.ENOTDIR, "file/x")
    assert errno_of(confined.list, "file") == (errno.ENOTDIR, "file")
    assert errno_of(confined.list, "loop") == (errno.ELOOP, "loop")


def test_a_file_over_the_limit_is_not_read(root: Path) -> None:
    (root / "big").write_bytes(b"x" * 11)
    assert Confined(root).read("big", limit=11) == b"x" * 11
    with pytest.raises(OSError, match="larger than 10 bytes") as caught:
        Confined(root).read("big", limit=10)
    assert caught.value.errno == errno.EFBIG


def test_another_name_of_a_file_keeps_its_bytes(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    os.link(outside, root / "inside")
    Confined(root).write("inside", b"new")
    assert outside.read_text() == "kept"


def test_a_failed_write_leaves_no_temporary_file(root: Path) -> None:
    (root / "dir").mkdir()
    errno_of(Confined(root).write, "dir", b"data")
    assert os.listdir(root) == ["dir"]


def test_a_listing_tells_directories_and_survives_odd_names(root: Path) -> None:
    (root / "b").mkdir()
    (root / "a").write_text("")
    (root / "to-b").symlink_to("b")
    with open(os.fsencode(root) + b"/\xff", "w"):
        pass
    assert Confined(root).list("") == ["\\xff", "a", "b/", "to-b"]
