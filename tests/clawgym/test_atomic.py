"""`write_atomic`: a reader sees the old content or the new, and failures leave no litter."""

import contextlib
import errno
import resource
from collections.abc import Generator
from pathlib import Path
from typing import cast

import pytest

from clawgym.atomic import disk_error, write_atomic
from clawgym.errors import ClawGymError, StorageError, UsageError


@contextlib.contextmanager
def files_at_most(size: int) -> Generator[None]:
    """Make the kernel refuse larger files, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_content_is_replaced_and_readable_by_all(tmp_path: Path) -> None:
    for data in (b"old", b"new"):
        write_atomic(tmp_path / "file", data)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_missing_directories_are_made(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a" / "b" / "file", b"x")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"x"


def test_a_full_disk_keeps_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with files_at_most(1000), pytest.raises(UsageError, match=r"cannot write .*file: File too"):
        write_atomic(tmp_path / "file", b"x" * 5000)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_mistake_of_the_caller_keeps_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(TypeError):
        write_atomic(tmp_path / "file", cast("bytes", "text"))
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_directory_in_the_way_stays(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError, match=r"cannot write .*taken: Is a directory"):
        write_atomic(tmp_path / "taken", b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_a_place_below_a_file_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(UsageError, match="choose another place, one that you may write to"):
        write_atomic(tmp_path / "file" / "below", b"x")


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (errno.ENOSPC, StorageError, "cannot write /o/x: No space left on device; make room"),
        (errno.EROFS, UsageError, "cannot open or write /o/x: Read-only file system; choose"),
        (errno.EACCES, UsageError, "cannot open or write /o/x: Permission denied; choose"),
    ],
)
def test_an_unexpected_error_of_the_disk_says_what_to_do(
    number: int, kind: type[ClawGymError], message: str
) -> None:
    known = disk_error(OSError(number, "a story that a library tells", "/o/x"))
    assert isinstance(known, kind)
    assert str(known).startswith(message)


def test_other_errors_of_the_system_are_not_explained_away() -> None:
    assert disk_error(FileNotFoundError(errno.ENOENT, "No such file", "/o/x")) is None
    assert disk_error(PermissionError(errno.EPERM, "Operation not permitted")) is None
