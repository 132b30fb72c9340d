"""A shelf of results on disk, one JSON file a task: what stands there is not made again."""

import hashlib
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from clawgym.atomic import write_atomic
from clawgym.errors import UsageError
from clawgym.invalid import explain

_Kept = TypeVar("_Kept", bound=BaseModel)


class Shelf(Generic[_Kept]):
    """Results of one kind below a directory, by task id."""

    def __init__(self, directory: Path, kind: type[_Kept]) -> None:
        self._directory = directory
        self._kind = kind

    def read(self, task_id: str) -> _Kept | None:
        """What is kept for a task; None if nothing is.

        Raises:
            UsageError: the file in its place is something else.
        """
        path = self._path(task_id)
        try:
            return self._kind.model_validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            raise UsageError(
                f"{path} is not a result of this version ({explain(error)}); remove it, or choose "
                "another directory"
            ) from error

    def write(self, task_id: str, kept: _Kept) -> None:
        """Keep a result.

        Raises:
            UsageError: the directory cannot be written to.
        """
        write_atomic(self._path(task_id), kept.model_dump_json(indent=1).encode() + b"\n")

    def _path(self, task_id: str) -> Path:
        # Ids of imported tasks may be too long for a file name, or hold what no name may.
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in task_id)
        if safe != task_id or len(safe) > 100 or safe.startswith("."):
            safe = f"{safe[:80]}~{hashlib.sha256(task_id.encode()).hexdigest()[:12]}"
        return self._directory / f"{safe}.json"
