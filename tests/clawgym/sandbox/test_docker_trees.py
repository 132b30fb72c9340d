"""What happens to files inside a container, tried on a directory of this host."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from clawgym.errors import SandboxError
from clawgym.files import File, Files
from clawgym.sandbox.docker import files, trees
from clawgym.sandbox.docker.pack import batched, measure, pack_directory, pack_files
from clawgym.sandbox.docker.wire import LEFT_OUT, ProtocolError, Record, RecordReader


def unpack(stream: Iterable[bytes], root: Path) -> None:
    sink = trees.put(os.fsencode(root))
    sink.send(None)
    for piece in stream:
        sink.send(piece)
    with pytest.raises(StopIteration):
        sink.send(None)


def walk(root: Path, depth: int = 40, room: int = 1000, *, whole: bool = False) -> list[Record]:
    reader = RecordReader(contents=whole)
    stream = trees.walk(os.fsencode(root), depth, room, whole=whole)
    parts = [part for piece in stream for part in reader.feed(piece)]
    return [part for part in parts if isinstance(part, Record)]


def seen(root: Path) -> dict[str, tuple[int, int, bytes | str]]:
    """Mode, time and content of all below a directory."""
    found: dict[str, tuple[int, int, bytes | str]] = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(folder, name)
            info = path.lstat()
            content: bytes | str = ""
            if stat.S_ISLNK(info.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(info.st_mode):
                content = path.read_bytes()
            found[str(path.relative_to(root))] = (info.st_mode, info.st_mtime_ns, content)
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/file").write_bytes(os.urandom(600_000))
    (root / "a/empty").write_bytes(b"")
    (root / "a/link").symlink_to("../nowhere")
    (root / "a/b").chmod(0o755)
    os.mkfifo(root / "fifo")
    (root / "private").write_text("x")
    (root / "private").chmod(0o600)
    os.utime(root / "private", ns=(5, 5))
    (root / os.fsdecode(b"no\xffutf8")).write_text("name")
    os.utime(root / "a", ns=(7, 7))
    return root


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    place = tmp_path / "empty"
    place.mkdir()
    return place


def test_a_whole_tree_comes_back_with_modes_times_and_links(tree: Path, empty: Path) -> None:
    unpack(trees.walk(os.fsencode(tree), 40, 1000, whole=True), empty)
    assert seen(empty) == seen(tree)


def test_locked_directories_and_files_are_kept_and_stay_locked(tree: Path, empty: Path) -> None:
    (tree / "private").chmod(0)
    (tree / "a/b").chmod(0)
    kept = list(trees.walk(os.fsencode(tree), 40, 1000, whole=True))
    unpack(kept, empty)
    for root in (tree, empty):
        assert stat.S_IMODE((root / "private").stat().st_mode) == 0
        assert stat.S_IMODE((root / "a/b").stat().st_mode) == 0
    (empty / "a/b").chmod(0o700)
    assert (empty / "a/b/file").stat().st_size == 600_000


def test_clearing_leaves_nothing_however_deep_and_locked(tree: Path) -> None:
    (tree / "a/b").chmod(0)
    folder = os.open(tree, os.O_RDONLY)
    for _ in range(3000):  # deeper than any path can name
        os.mkdir("deep", dir_fd=folder)
        deeper = os.open("deep", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    os.close(folder)
    trees.clear(os.fsencode(tree))
    assert os.listdir(tree) == []


def test_clearing_follows_no_link(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("x")
    (tree / "way-out").symlink_to(tmp_path / "kept")
    trees.clear(os.fsencode(tree))
    assert (tmp_path / "kept/file").exists()


def test_files_are_unpacked_as_they_are(empty: Path) -> None:
    files = Files({"a/b/c": "text", "run": File(b"#!", executable=True), "z": b"\0" * 300_000})
    unpack(batched(pack_files(files)), empty)
    assert Files.read_from(empty) == files


def test_a_directory_of_the_host_can_be_read_by_everybody_inside(tree: Path, empty: Path) -> None:
    unpack(batched(pack_directory(tree)), empty)
    assert stat.S_IMODE((empty / "private").stat().st_mode) == 0o644
    assert {name for name, _ in seen(empty).items()} == set(seen(tree))
    assert measure(tree).memory >= 600_000


def test_a_tree_that_breaks_off_is_an_error(empty: Path) -> None:
    sink = trees.put(os.fsencode(empty))
    sink.send(None)
    sink.send(next(pack_files(Files({"a": "1"})))[:-1])
    with pytest.raises(ProtocolError):
        sink.send(None)


def test_what_no_box_can_hold_is_named(tree: Path) -> None:
    (tree / "pipe").unlink(missing_ok=True)
    os.mknod(tree / "socket", stat.S_IFSOCK | 0o600)
    with pytest.raises(SandboxError, match="socket"):
        list(pack_directory(tree))


def test_a_walk_stops_at_its_caps_and_says_so(tree: Path) -> None:
    deep = [record for record in walk(tree, depth=1) if record.kind == LEFT_OUT]
    assert [(record.path, record.extra) for record in deep] == [(b"a/b", b"depth")]
    full = walk(tree, room=2)
    assert [(record.path, record.extra) for record in full] == [(b".", b"count")]


def test_an_entry_is_named_before_what_is_in_it(tree: Path) -> None:
    paths = [record.path for record in walk(tree)]
    assert paths.index(b"a") < paths.index(b"a/b") < paths.index(b"a/b/file")


@pytest.mark.parametrize("path", [b"a/link", b"out/file"])
def test_links_are_not_followed(tree: Path, tmp_path: Path, path: bytes) -> None:
    (tree / "out").symlink_to(tmp_path)
    (tmp_path / "file").write_text("outside")
    with pytest.raises(OSError, match="symbolic"):
        list(files.read(os.fsencode(tree), path, 100))
    with pytest.raises(OSError, match="symbolic"):
        files.write(os.fsencode(tree), path).send(None)
    assert (tmp_path / "file").read_text() == "outside"


def written(root: Path, path: bytes, pieces: Iterator[bytes]) -> None:
    sink = files.write(os.fsencode(root), path)
    sink.send(None)
    for piece in pieces:
        sink.send(piece)
    with pytest.raises(StopIteration):
        sink.send(None)


def test_a_file_is_replaced_not_written_into(tree: Path) -> None:
    os.link(tree / "private", tree / "other")
    written(tree, b"private", iter([b"ne", b"w"]))
    assert (tree / "private").read_bytes() == b"new"
    assert (tree / "other").read_bytes() == b"x"
    assert stat.S_IMODE((tree / "private").stat().st_mode) == 0o600


def test_a_write_that_is_given_up_leaves_nothing(empty: Path) -> None:
    sink = files.write(os.fsencode(empty), b"a/b")
    sink.send(None)
    sink.send(b"half")
    sink.close()
    assert os.listdir(empty / "a") == []


@pytest.mark.parametrize(("path", "text"), [(b"a", "directory"), (b"fifo", "regular")])
def test_only_regular_files_are_read(tree: Path, path: bytes, text: str) -> None:
    with pytest.raises(OSError, match=text):
        list(files.read(os.fsencode(tree), path, 100))


def test_a_file_over_the_limit_is_not_read(tree: Path) -> None:
    with pytest.raises(OSError, match="larger"):
        list(files.read(os.fsencode(tree), b"a/b/file", 100))


def test_names_are_text_and_directories_are_marked(tree: Path) -> None:
    assert files.names(os.fsencode(tree), b"", 100) == sorted(
        ["a/", "fifo", "private", "no\\xffutf8"]
    )
