"""Emptying a directory, whatever is in it."""

import fcntl
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import given, settings

from clawgym.sandbox._clear import _SET_FLAGS
from clawgym.sandbox._trees import clear_tree
from tests.clawgym.sandbox import trees
from tests.clawgym.sandbox.trees import TREES, Folder, as_ordinary_user, opened, place


@pytest.fixture
def pair() -> Generator[tuple[Path, Path]]:
    """Two empty directories that are removed whatever is in them."""
    with place() as root:
        (root / "one").mkdir()
        (root / "two").mkdir()
        yield root / "one", root / "two"


def clear(directory: Path) -> None:
    with opened(directory) as descriptor:
        clear_tree(descriptor)


@settings(max_examples=30)
@given(tree=TREES)
def test_clearing_leaves_nothing(tree: Folder) -> None:
    with place() as root:
        trees.build(tree, root)
        clear(root)
        assert os.listdir(root) == []


def test_clearing_follows_no_link(pair: tuple[Path, Path]) -> None:
    source, target = pair
    (source / "file").write_text("keep")
    (target / "to-folder").symlink_to(source)
    (target / "to-file").symlink_to(source / "file")
    os.link(source / "file", target / "same")
    clear(target)
    assert os.listdir(target) == []
    assert (source / "file").read_text() == "keep"
    assert (source / "file").stat().st_nlink == 1


def test_clearing_keeps_the_directory_and_its_mode(pair: tuple[Path, Path]) -> None:
    directory = pair[0]
    with as_ordinary_user(directory):
        (directory / "file").write_text("x")
        with opened(directory) as descriptor:
            directory.chmod(0)
            clear_tree(descriptor)
        assert directory.stat().st_mode & 0o7777 == 0
        directory.chmod(0o700)
        assert os.listdir(directory) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root marks files immutable")
def test_root_clears_what_is_marked_immutable(pair: tuple[Path, Path]) -> None:
    directory = pair[0]
    (directory / "folder").mkdir()
    (directory / "folder/file").write_text("x")
    for path in (directory / "folder/file", directory / "folder"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SET_FLAGS, (0x10).to_bytes(8, "little"))
        except OSError as error:
            pytest.skip(f"no immutable files here: {error}")
        finally:
            os.close(descriptor)
    with pytest.raises(PermissionError):
        (directory / "folder/file").unlink()
    clear(directory)
    assert os.listdir(directory) == []
