"""Writing a set of files below an open directory."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawgym.files import File, Files
from clawgym.sandbox._trees import fill
from tests.clawgym.sandbox.trees import opened, place


@pytest.fixture
def pair() -> Generator[tuple[Path, Path]]:
    """Two empty directories that are removed whatever is in them."""
    with place() as root:
        (root / "one").mkdir()
        (root / "two").mkdir()
        yield root / "one", root / "two"


PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "a-b", "ä"]), min_size=1, max_size=4)
SETS = st.dictionaries(
    PATHS.map("/".join), st.builds(File, st.binary(max_size=50), st.booleans()), max_size=12
)


@settings(max_examples=60)
@given(entries=SETS)
def test_what_is_filled_in_is_read_back(entries: dict[str, File]) -> None:
    try:
        files = Files(entries)
    except ValueError:  # one path is the directory of another
        return
    with place() as root:
        with opened(root) as descriptor:
            fill(descriptor, files, owner=None)
            assert Files.read_from(root) == files
            fill(descriptor, files, owner=None)
        assert Files.read_from(root) == files


def test_modes_do_not_depend_on_our_umask(pair: tuple[Path, Path]) -> None:
    directory = pair[0]
    before = os.umask(0o077)
    try:
        with opened(directory) as descriptor:
            fill(descriptor, Files({"a/x": "1", "a/y": File(b"2", executable=True)}), owner=None)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in directory.rglob("*")}
    assert modes == {"a": 0o755, "x": 0o644, "y": 0o755}


def test_filling_neither_follows_links_nor_writes_into_shared_files(
    pair: tuple[Path, Path],
) -> None:
    inside, outside = pair
    (outside / "file").write_text("outside")
    (inside / "link").symlink_to(outside / "file")
    os.link(outside / "file", inside / "same")
    (inside / "folder").symlink_to(outside)
    with opened(inside) as descriptor:
        fill(descriptor, Files({"link": "new", "same": "new"}), owner=None)
        with pytest.raises(NotADirectoryError):
            fill(descriptor, Files({"folder/file": "new"}), owner=None)
    assert (outside / "file").read_text() == "outside"
    assert (inside / "link").read_text() == (inside / "same").read_text() == "new"
    assert not (inside / "link").is_symlink()
