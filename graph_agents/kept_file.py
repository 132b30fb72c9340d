"""Small files of what a person has said, kept from one run to the next."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from clawgym.atomic import write_atomic
from clawgym.errors import UsageError
from clawgym.invalid import explain

_KeptT = TypeVar("_KeptT", bound=BaseModel)


def load_kept(shape: type[_KeptT], path: Path | None, what: str) -> _KeptT:
    """What the file holds; nothing yet where there is none.

    Args:
        shape: a model whose fields all have defaults.
        path: the file; None keeps nothing.
        what: what it holds, for messages.

    Raises:
        UsageError: it cannot be read, or is malformed; it is left as it is.
    """
    if path is None:
        return shape()
    try:
        return shape.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return shape()
    except OSError as error:
        raise UsageError(f"cannot read the {what} in {path}: {error.strerror}") from error
    except ValidationError as error:
        problem = explain(error, what)
        raise UsageError(
            f"the {what} in {path} are malformed: {problem}; mend the file or remove it"
        ) from error


def save_kept(kept: BaseModel, path: Path | None) -> None:
    """Write the file; nothing where there is none.

    Raises:
        UsageError: it cannot be written.
    """
    if path:
        write_atomic(path, kept.model_dump_json(indent=1).encode())
