"""`appearing`: a dataset is there whole or not at all, and its errors name it."""

import errno
from pathlib import Path

import pytest

from clawgym.appearing import appearing, writing_to
from clawgym.atomic import write_atomic
from clawgym.errors import StorageError, UsageError


def write_while_another_does(out: Path, name: str) -> None:
    """Both make `out`, as a file or with a file of that name in it; the other one is faster."""
    with appearing(out) as staging:
        write_atomic(staging / name, b"mine")
        write_atomic(out / name, b"theirs")


@pytest.mark.parametrize("name", ["tasks", ""])
def test_what_another_command_made_meanwhile_stays(tmp_path: Path, name: str):
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="out was made by another command meanwhile"):
        write_while_another_does(out, name)
    assert (out / name).read_bytes() == b"theirs"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_an_empty_directory_is_taken(tmp_path: Path):
    (tmp_path / "out").mkdir()
    with appearing(tmp_path / "out") as staging:
        write_atomic(staging / "mine", b"mine")
    assert (tmp_path / "out" / "mine").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StorageError),
        (errno.EDQUOT, StorageError),
        (errno.EROFS, UsageError),
        (errno.EFBIG, UsageError),
    ],
)
def test_an_error_of_the_disk_names_the_destination(
    tmp_path: Path, number: int, kind: type[Exception]
):
    with (
        pytest.raises(kind, match=f"cannot write {tmp_path}/out: .+; "),
        appearing(tmp_path / "out") as staging,
    ):
        raise OSError(number, "a story that a library tells", str(staging / "tasks"))
    assert list(tmp_path.iterdir()) == []


def test_the_destination_may_be_named_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match="cannot write out: "), appearing(Path("out")) as staging:
        raise OSError(errno.ENOSPC, "No space left on device", str(staging / "tasks"))


@pytest.mark.parametrize("other", ["elsewhere/tasks", "out-of-others"])
def test_an_error_of_another_place_passes(tmp_path: Path, other: str):
    with pytest.raises(PermissionError), writing_to(tmp_path / "out"):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / other))


def test_a_temporary_place_is_not_named(tmp_path: Path):
    staged = tmp_path / ".out.x1" / "README.md"
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(StorageError) as raised, writing_to(tmp_path / "out"):
        raise StorageError(f"cannot write {staged}: no room") from full
    assert ".out.x1" not in str(raised.value)
