"""Datasets: a directory of task directories with a `dataset.json` that says what they are."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from clawgym.atomic import check_writable, write_atomic
from clawgym.errors import TaskFormatError, UsageError
from clawgym.invalid import explain
from clawgym.paths import DirectoryName
from clawgym.task import Task

INDEX_NAME = "dataset.json"
PROVENANCE_NAME = "provenance.json"
COMPANIONS = frozenset({INDEX_NAME, PROVENANCE_NAME, "README.md", "card.json", "LICENSE"})
"""What may stand beside the tasks of a dataset: nobody takes it for a task."""


class DatasetIndex(BaseModel):
    """`dataset.json`: provenance, and each task's digest in order.

    `funnel` counts candidates by what became of them; its keys are gate names and `accepted`, and
    with `drawn` they add up. `reasons` splits the losses of each gate, `profile` says which gates
    there were and how hard they tried, `graded` how many finished workspaces they graded. `recipe`
    is what the generator was told, such as the mixture of its routes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    name: str
    generator: str
    seed: int
    digest: str
    tasks: dict[DirectoryName, str]
    funnel: dict[str, int] = {}
    reasons: dict[str, dict[str, int]] = {}
    profile: dict[str, JsonValue] = {}
    graded: dict[str, int] = {}
    skills: tuple[str, ...] = ()
    recipe: dict[str, JsonValue] = {}


class Dataset:
    """A dataset on disk, read lazily: one task at a time.

    A directory of task directories without `dataset.json` (a Harbor dataset) is read as well, and
    so is a single task directory.

    Raises:
        TaskFormatError: nothing at `path` looks like a task, or `dataset.json` is malformed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.index = _read_index(path / INDEX_NAME)
        self._directories = {Path(os.path.abspath(entry)).name: entry for entry in self._find()}
        if not self._directories:
            raise TaskFormatError(
                f"{path} holds no task: expected task directories with a task.toml inside"
            )

    def __len__(self) -> int:
        return len(self._directories)

    def __iter__(self) -> Iterator[Task]:
        return (self.load(task_id) for task_id in self.task_ids)

    @property
    def task_ids(self) -> list[str]:
        """The ids in the order of the index, or sorted where there is none."""
        return list(self._directories)

    @property
    def digest(self) -> str:
        """The digest of the index; of the tasks themselves where there is none."""
        if self.index:
            return self.index.digest
        return digest_of(task.digest for task in self)

    def load(self, task_id: str) -> Task:
        """Read one task.

        Raises:
            TaskFormatError: the task directory is broken or differs from the index.
            UsageError: there is no such task.
        """
        if task_id not in self._directories:
            raise UsageError(f"{self.path} has no task {task_id!r}; it has {self.task_ids[:3]}, …")
        task = Task.load(self._directories[task_id])
        wanted = self.index.tasks.get(task_id) if self.index else None
        if wanted and task.digest != wanted:
            raise TaskFormatError(
                f"{self._directories[task_id]} differs from the digest in {INDEX_NAME}: "
                "it was edited after the dataset was written; restore it or write the dataset anew"
            )
        return task

    def _find(self) -> list[Path]:
        if self.index:
            return [self.path / task_id for task_id in self.index.tasks]
        if (self.path / "task.toml").is_file():
            return [self.path]
        if not self.path.is_dir():
            return []
        found = (self.path.glob(f"*/{name}") for name in ("task.toml", "instruction.md"))
        return sorted({entry.parent for entries in found for entry in entries})


def check_vacant(path: Path) -> None:
    """Make sure, before long work, that a dataset can be written to `path`.

    Raises:
        UsageError: something is there already, or the place cannot be written to.
    """
    if path.is_dir() and any(path.iterdir()):
        raise UsageError(f"{path} is not empty; choose another directory or remove it first")
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; choose another place")
    if path.is_symlink() and not path.exists():
        raise UsageError(f"{path} is a link that leads nowhere; remove it or choose another place")
    if path.name in ("", ".."):
        raise UsageError(
            f"{path} cannot be replaced by a dataset; name a new directory, {path}/tasks"
        )
    check_writable(path)


def write_dataset(
    path: Path,
    tasks: Iterable[Task],
    *,
    name: str,
    generator: str,
    seed: int,
    funnel: Mapping[str, int] | None = None,
) -> DatasetIndex:
    """Write a dataset directory; it appears whole or not at all.

    Raises:
        UsageError: `path` exists already or cannot be written to, or two tasks share an id.
    """
    check_vacant(path)
    staging = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        index = _write_all(staging, tasks, name, generator, seed, funnel or {})
        staging.chmod(0o755)
        os.replace(staging, path)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return index


def _write_all(
    directory: Path,
    tasks: Iterable[Task],
    name: str,
    generator: str,
    seed: int,
    funnel: Mapping[str, int],
) -> DatasetIndex:
    digests: dict[str, str] = {}
    skills: dict[str, None] = {}
    for task in tasks:
        if task.id in digests:
            raise UsageError(f"two tasks are called {task.id!r}; give each an id of its own")
        task.dump(directory / task.id)
        digests[task.id] = task.digest
        for skill in (task.clawgym.primary_skill, *task.clawgym.supporting_skills):
            if skill:
                skills[skill] = None
    index = DatasetIndex(
        name=name,
        generator=generator,
        seed=seed,
        digest=digest_of(digests.values()),
        tasks=digests,
        funnel=dict(funnel),
        skills=tuple(sorted(skills)),
    )
    write_index(directory, index)
    return index


def write_index(directory: Path, index: DatasetIndex) -> None:
    """Make a directory of task directories a dataset: the last thing that is written of one."""
    write_atomic(directory / INDEX_NAME, index.model_dump_json(indent=1).encode() + b"\n")


def digest_of(tasks: Iterable[str]) -> str:
    """The digest of a dataset whose tasks have these digests, in order."""
    return hashlib.sha256("\n".join(tasks).encode()).hexdigest()


def _read_index(path: Path) -> DatasetIndex | None:
    try:
        return DatasetIndex.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TaskFormatError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise TaskFormatError(f"{path} is not a valid dataset index: {explain(error)}") from error
