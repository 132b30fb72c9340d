"""Hugging Face dataset folders: `data/<split>.parquet`, one row a task, and nothing lost.

Columns to browse and filter by stand beside `files`, which holds the whole task directory, so that
a task that was written can be read again as it was.
"""

import importlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import JsonValue

from clawgym.errors import TaskFormatError, UsageError
from clawgym.files import File, Files
from clawgym.task import Task
from synth.dataset.profile import Profile, profile_of
from verify.suites import Repair

DATA = "data"
CARD = "README.md"
_GROUP = 64
_ROOM = 32 << 20
"""A group of rows is written when it has this many tasks or bytes."""


def is_hub_folder(path: Path) -> bool:
    """Whether this is a folder that `write_split` and a card made."""
    return (path / CARD).is_file() and any((path / DATA).glob("*.parquet"))


def write_split(folder: Path, split: str, tasks: Iterable[Task]) -> list[Profile]:
    """Write `data/<split>.parquet`, a group of rows at a time; what the tasks are like.

    Raises:
        UsageError: pyarrow is not installed.
    """
    arrow, parquet = load_arrow()
    schema = _schema(arrow)
    profiles: list[Profile] = []
    (folder / DATA).mkdir(parents=True, exist_ok=True)
    path = folder / DATA / f"{split}.parquet"
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in _groups(_row(task, profiles) for task in tasks):
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
    return profiles


@dataclass
class HubSuite:
    """The tasks of such a folder, of all its splits."""

    path: Path
    kind: str = "huggingface"
    repairs: list[Repair] = field(default_factory=list[Repair])
    _places: dict[str, tuple[Path, int]] = field(default_factory=dict[str, tuple[Path, int]])
    _held: tuple[Path, int, dict[str, Any]] | None = None

    def __len__(self) -> int:
        return len(self._places)

    @property
    def task_ids(self) -> list[str]:
        """The ids, split by split."""
        return list(self._places)

    def load(self, task_id: str) -> Task:
        """Read one task.

        Raises:
            TaskFormatError: the row is damaged.
            UsageError: there is no such task.
        """
        if task_id not in self._places:
            raise UsageError(f"{self.path} has no task {task_id!r}; it has {self.task_ids[:3]}, …")
        return _task(task_id, self._group(*self._places[task_id])[task_id])

    def find_all(self) -> None:
        """List the tasks.

        Raises:
            TaskFormatError: two have the same id, or a file is none of ours.
        """
        _, parquet = load_arrow()
        for path in sorted((self.path / DATA).glob("*.parquet")):
            with _ours(path), parquet.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    column = file.read_row_group(group, columns=["task_id"]).column(0)
                    for task_id in cast("list[str]", column.to_pylist()):
                        if task_id in self._places:
                            raise TaskFormatError(f"{path}: the id {task_id!r} stands twice")
                        self._places[task_id] = (path, group)

    def _group(self, path: Path, group: int) -> dict[str, Any]:
        if self._held is None or self._held[:2] != (path, group):
            _, parquet = load_arrow()
            with _ours(path), parquet.ParquetFile(path) as file:
                table = file.read_row_group(group, columns=["task_id", "digest", "files"])
            rows = {row["task_id"]: row for row in table.to_pylist()}
            self._held = (path, group, rows)
        return self._held[2]


def open_hub(path: Path) -> HubSuite:
    """Open a folder that `write_split` made.

    Raises:
        TaskFormatError: it holds something else.
        UsageError: pyarrow is not installed.
    """
    suite = HubSuite(path)
    suite.find_all()
    return suite


class _ours:  # noqa: N801 - a context manager that reads as a phrase
    """Turns what pyarrow says of a file that is none of ours into our error."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ValueError, KeyError, IndexError, OSError)):
            raise TaskFormatError(f"{self._path} is no file of tasks: {error}") from error


def _groups(rows: Iterable[dict[str, JsonValue | bytes]]) -> Iterator[list[dict[str, Any]]]:
    held: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        held.append(row)
        size += int(cast("int", row["stored_bytes"]))
        if len(held) >= _GROUP or size >= _ROOM:
            yield held
            held, size = [], 0
    if held:
        yield held


def _row(task: Task, profiles: list[Profile]) -> dict[str, Any]:
    profile = profile_of(task)
    profiles.append(profile)
    held = task.files()
    files = [
        {"path": path, "data": file.data, "executable": file.executable}
        for path, file in held.items()
    ]
    ours = profile.metadata
    return {
        "task_id": task.id,
        "prompt": task.instruction,
        "kind": ours.kind,
        "style": ours.prompt_style,
        "difficulty": ours.difficulty,
        "category": profile.category,
        "subcategory": profile.subcategory,
        "benchmark_category": profile.benchmark_category,
        "persona": profile.persona,
        "skills": list(profile.skills),
        "operations": list(profile.operations),
        "input_types": list(profile.inputs),
        "output_types": list(profile.outputs),
        "checks": profile.checks,
        "rubric": profile.rubric,
        "labels": json.dumps(profile.labels, sort_keys=True, ensure_ascii=False),
        "graph": task.graph.model_dump_json() if task.graph else None,
        "digest": task.digest,
        "stored_bytes": sum(len(file.data) for file in held.values()),
        "files": files,
    }


def _schema(arrow: Any) -> Any:  # noqa: ANN401 - pyarrow is an extra, and has no types
    text, number = arrow.string(), arrow.int64()
    words = arrow.list_(text)
    file = [("path", text), ("data", arrow.binary()), ("executable", arrow.bool_())]
    return arrow.schema(
        [
            *((name, text) for name in ("task_id", "prompt", "kind", "style")),
            ("difficulty", number),
            *((name, text) for name in ("category", "subcategory", "benchmark_category")),
            ("persona", text),
            *((name, words) for name in ("skills", "operations", "input_types", "output_types")),
            ("checks", number),
            ("rubric", arrow.bool_()),
            *((name, text) for name in ("labels", "graph", "digest")),
            ("stored_bytes", number),
            ("files", arrow.list_(arrow.struct(file))),
        ]
    )


def _task(task_id: str, row: dict[str, Any]) -> Task:
    try:
        files = Files({one["path"]: File(one["data"], one["executable"]) for one in row["files"]})
    except (ValueError, KeyError, TypeError) as error:
        raise TaskFormatError(f"the row of {task_id} is damaged: {error}") from error
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder, task_id)
        directory.mkdir()
        files.write_to(directory)
        task = Task.load(directory)
    if task.digest != row["digest"]:
        raise TaskFormatError(f"the row of {task_id} differs from its digest: it was edited")
    return task


def load_arrow() -> tuple[Any, Any]:
    """The modules `pyarrow` and `pyarrow.parquet`, which have no types.

    Raises:
        UsageError: they are not installed.
    """
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError(
            "Parquet files and Hugging Face folders need the package pyarrow, which the base "
            "install leaves out; run, in the folder of ClawGym: "
            "pip install -c constraints.txt -e '.[parquet]'"
        ) from error
