"""Recognising a format by what stands at a path."""

from pathlib import Path

from clawgym.dataset import INDEX_NAME
from clawgym.errors import TaskFormatError, UsageError
from verify.suites.clawgym_directory import find_clawgym, open_directories
from verify.suites.clawgym_records import open_records
from verify.suites.harbor import open_harbor
from verify.suites.pinchbench import find_markdown, open_markdown
from verify.suites.record_files import SUFFIXES
from verify.suites.suite import Suite

_FILES_OF_RECORDS = ("tasks", "syn_task", "filtered_tasks")


def open_suite(path: Path) -> Suite:
    """Open a suite of any supported format, or a single task of one.

    Raises:
        TaskFormatError: nothing at `path` is a task of a format that we know.
        UsageError: there is nothing at `path`, or it needs an extra that is not installed.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist; name a directory or a file of tasks")
    if path.is_file():
        return _open_file(path)
    if (path / INDEX_NAME).is_file() or _has_harbor(path):
        return open_harbor(path)
    if directories := find_clawgym(path):
        return open_directories(path, directories)
    if documents := find_markdown(path):
        return open_markdown(path, documents)
    for name in _FILES_OF_RECORDS:
        for suffix in SUFFIXES:
            if (file := path / f"{name}{suffix}").is_file():
                return open_records(file)
    raise TaskFormatError(
        f"{path} holds no task of a known format: expected task.toml (Harbor), data_entry.json "
        "(ClawGym), task_*.md (PinchBench, WildClawBench) or a .jsonl, .json or .parquet of tasks"
    )


def _open_file(path: Path) -> Suite:
    if path.suffix in SUFFIXES and path.name != INDEX_NAME:
        return open_records(path)
    if path.suffix == ".md":
        return open_markdown(path, [path])
    if path.name in ("task.toml", "data_entry.json", INDEX_NAME):
        return open_suite(path.parent)
    raise TaskFormatError(f"{path} is no file of tasks: expected {', '.join(SUFFIXES)} or .md")


def _has_harbor(path: Path) -> bool:
    return (path / "task.toml").is_file() or any(path.glob("*/task.toml"))
