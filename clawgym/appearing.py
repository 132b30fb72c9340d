"""Long work that appears whole at its place or not at all, and whose errors name that place."""

import errno
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from clawgym.atomic import unwritable
from clawgym.dataset import check_vacant
from clawgym.errors import StorageError, UsageError

_TAKEN = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR, errno.ENOTDIR})


@contextmanager
def appearing(destination: Path) -> Generator[Path]:
    """A place beside the destination that becomes it at the end; nothing is left on failure.

    Raises:
        StorageError: the disk is full.
        UsageError: something is there already, or the place cannot be written to.
    """
    check_vacant(destination)
    with (
        writing_to(destination) as parent,
        tempfile.TemporaryDirectory(prefix=f".{destination.name}.", dir=parent) as folder,
    ):
        staging = Path(folder, destination.name)
        yield staging
        _move(staging, destination)


@contextmanager
def writing_to(destination: Path) -> Generator[Path]:
    """Make errors of the disk name the destination, not a temporary place; yields its parent.

    Raises:
        StorageError: the disk is full.
        UsageError: the place cannot be written to.
    """
    try:
        yield destination.parent
    except (OSError, StorageError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(cause, OSError) or _is_elsewhere(cause, destination):
            raise
        raise unwritable(destination, cause) from error


def _is_elsewhere(error: OSError, destination: Path) -> bool:
    if not error.filename:
        return False
    named, place = Path(str(error.filename)).absolute(), destination.absolute()
    staged = any(part.name.startswith(f".{place.name}.") for part in (named, *named.parents))
    return not staged and not named.is_relative_to(place)


def _move(staging: Path, destination: Path) -> None:
    try:
        if destination.is_dir():
            destination.rmdir()
        elif destination.exists():
            raise FileExistsError(errno.EEXIST, "", str(destination))
        staging.rename(destination)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        raise UsageError(
            f"{destination} was made by another command meanwhile and stays; "
            "choose another place, or remove it first"
        ) from error
