"""`Files`: a set of files in memory and what it becomes on disk."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from clawgym.errors import TaskFormatError
from clawgym.files import File, Files
from tests.clawgym.strategies import FILES


@given(FILES)
@settings(max_examples=60)
def test_what_is_written_is_read_back(files: Files) -> None:
    with tempfile.TemporaryDirectory() as directory:
        files.write_to(Path(directory))
        again = Files.read_from(Path(directory))
    assert again == files
    assert again.digest == files.digest


@given(FILES, FILES)
def test_equal_sets_have_equal_digests_and_others_do_not(left: Files, right: Files) -> None:
    assert (left == right) == (left.digest == right.digest)


def test_the_digest_is_stable() -> None:
    files = Files({"run.sh": File(b"#!/bin/sh\n", executable=True), "empty": b""})
    assert files.digest == "8e3d15160e87ce6604e6671b12dc4d241b56adc944fa5f8ff2aad8250656b9f2"


def test_the_digest_counts_the_executable_bit() -> None:
    assert Files({"a": File(b"x", executable=True)}).digest != Files({"a": b"x"}).digest


def test_the_order_of_entries_does_not_matter() -> None:
    assert list(Files({"b": b"", "a": b""})) == ["a", "b"]
    assert Files({"b": b"", "a": b""}).digest == Files({"a": b"", "b": b""}).digest


def test_a_union_prefers_the_right() -> None:
    assert Files({"a": "1", "b": "1"}) | Files({"b": "2"}) == Files({"a": "1", "b": "2"})


def test_text_is_utf_8_and_line_endings_stay() -> None:
    assert Files({"a": "é\r\n"})["a"] == File(b"\xc3\xa9\r\n", executable=False)


def test_an_unsafe_path_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\.\."):
        Files({"../escape": b""})


def test_a_file_cannot_be_the_directory_of_another() -> None:
    with pytest.raises(ValueError, match="'a' is both a file and the directory of 'a/b/c'"):
        Files({"a": b"", "a.txt": b"", "a/b/c": b""})


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert Files.read_from(tmp_path / "missing") == Files()


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "workspace").write_text("surprise")
    with pytest.raises(TaskFormatError, match="workspace cannot be listed: Not a directory"):
        Files.read_from(tmp_path / "workspace")


def test_links_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(TaskFormatError, match="link is not a regular file; replace it"):
        Files.read_from(tmp_path)


def test_links_to_directories_are_refused_as_well(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(TaskFormatError, match="loop is not a regular file"):
        Files.read_from(tmp_path)


def test_a_pipe_is_refused_without_reading_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TaskFormatError, match="pipe is not a regular file"):
        Files.read_from(tmp_path)


def test_a_name_that_is_no_text_is_refused_by_directory(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_bytes(b"")
    with pytest.raises(TaskFormatError, match=str(tmp_path)):
        Files.read_from(tmp_path)
