"""ClawGym task directories: those that the trainer reads, and the bundles of the synthesis side.

Both hold `data_entry.json`, `input_files/` and `reward/`; they differ in where the inputs go: to
the root of the workspace for the trainer, below `input/` for a bundle.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from clawgym.errors import TaskFormatError
from clawgym.files import Files
from clawgym.task import Task
from verify.suites.clawgym_files import filled_tokens, mounted, relative_prompt
from verify.suites.clawgym_record import ROOT, JsonObject, Record, to_task
from verify.suites.naming import safe_id
from verify.suites.suite import Loader, Notes, OpenedSuite
from verify.suites.text import read_text

ENTRY = "data_entry.json"
_BUNDLE_KEYS = (
    *("validation_mode", "reward_aggregation", "workspace_root", "path_profile", "mount_root"),
    *("rules", "rubrics"),
)
_HELD = {ENTRY, "input_files", "reward"}
_MOUNT_ROOT = "/workspace"


def find_clawgym(path: Path) -> list[Path]:
    """The task directories at `path`: itself, its children, or those in `task_bundles/`.

    A directory that lost its `data_entry.json` counts: it is refused by name, not overlooked.
    """
    if (path / ENTRY).is_file():
        return [path]
    for folder in (path, path / "task_bundles"):
        if any(folder.glob(f"*/{ENTRY}")):
            found = (folder.glob(f"*/{name}") for name in _HELD)
            return sorted({entry.parent for entries in found for entry in entries})
    return []


def open_directories(path: Path, directories: Iterable[Path]) -> OpenedSuite:
    """The tasks in these directories; what else lies at `path` is noted and ignored."""
    notes, loaders = Notes(str(path)), dict[str, Loader]()
    found = list(directories)
    for directory in found:
        task_id = safe_id(directory.resolve().name, loaders, notes.at(str(directory)))
        loaders[task_id] = partial(load_directory, directory, task_id=task_id)
    if found and found[0] != path:
        _note_strays(found[0].parent, {directory.name for directory in found}, notes)
    return OpenedSuite("clawgym", path, loaders, notes)


def load_directory(directory: Path, notes: Notes, *, task_id: str) -> Task:
    """Read one task directory.

    Raises:
        TaskFormatError: `data_entry.json` is broken, or the task lacks what it needs.
    """
    here = notes.at(str(directory))
    entry, source = _read_entry(directory / ENTRY, here)
    _note_strays(directory, _HELD, here)
    inputs = Files.read_from(directory / "input_files")
    reward = Files.read_from(directory / "reward")
    if any(key in entry for key in _BUNDLE_KEYS):
        record = _bundle(entry, inputs, reward, here)
    else:
        record = _trained_on(entry, inputs, reward, here)
    named = entry.get("task_id")
    if named != task_id:
        here.add("task-id", f"the entry calls it {named!r}; the directory's name is its id")
    return to_task(_with_id(record, task_id, source), here)


def _with_id(record: Record, task_id: str, source: bytes) -> Record:
    return replace(record, id=task_id, source=source)


def _read_entry(path: Path, notes: Notes) -> tuple[JsonObject, bytes]:
    text = read_text(path, notes)
    try:
        entry: JsonValue = json.loads(text)
    except ValueError as error:
        raise TaskFormatError(f"{path} is no JSON: {error}") from error
    if not isinstance(entry, dict):
        raise TaskFormatError(f"{path} must hold an object, found {type(entry).__name__}")
    return entry, text.encode()


def _trained_on(entry: JsonObject, inputs: Files, reward: Files, notes: Notes) -> Record:
    root = text_at(entry, "input_mount_dir") or ROOT
    mount = _below(root, ROOT)
    return Record(
        id="",
        prompt=relative_prompt(_prompt(entry, notes), ROOT, mount, notes),
        inputs=mounted(inputs, mount, notes),
        reward=reward,
        metadata=object_at(entry, "metadata"),
        trained_on=True,
    )


def _bundle(entry: JsonObject, inputs: Files, reward: Files, notes: Notes) -> Record:
    root = text_at(entry, "workspace_root") or text_at(entry, "mount_root") or _MOUNT_ROOT
    declared = text_at(entry, "input_mount_dir")
    mount = "input" if declared is None else _below(declared, root)
    for key in ("rubrics", "path_profile", "mount_root"):
        if key in entry:
            notes.add("legacy-key", f"{key!r} is a key of an older format")
    return Record(
        id="",
        prompt=relative_prompt(_prompt(entry, notes), root, mount, notes),
        inputs=mounted(inputs, mount, notes),
        reward=filled_tokens(reward, root, mount, notes),
        rules=entry.get("rules") or entry.get("rubrics"),
        aggregation=text_at(entry, "reward_aggregation") or aggregation_of(entry),
        metadata=object_at(entry, "metadata"),
        roots=tuple(dict.fromkeys((root, ROOT))),
    )


def aggregation_of(entry: JsonObject) -> str:
    """How code and rubric come together where only the `validation_mode` says so."""
    mode = text_at(entry, "validation_mode") or "code"
    modes = {"rubric": "rubric_only", "code_and_rubric": "average_code_and_rubric"}
    return modes.get(mode, "code_only")


def text_at(entry: JsonObject, key: str) -> str | None:
    """The string under a key; None where there is none."""
    value = entry.get(key)
    return value if isinstance(value, str) and value.strip() else None


def object_at(entry: JsonObject, key: str) -> JsonObject:
    """The object under a key; empty where there is none."""
    value = entry.get(key)
    return value if isinstance(value, dict) else {}


def _below(place: str, root: str) -> str:
    """A mount directory relative to the workspace; empty for the workspace itself."""
    if place.rstrip("/") == root.rstrip("/"):
        return ""
    return place.removeprefix(root.rstrip("/") + "/").strip("/")


def _prompt(entry: JsonObject, notes: Notes) -> str:
    if prompt := text_at(entry, "user_query"):
        return prompt
    if prompt := text_at(entry, "prompt"):
        notes.add("prompt-key", "the prompt stands under `prompt`, not under `user_query`")
        return prompt
    raise TaskFormatError(f"{notes.where}: {ENTRY} has no `user_query`")


def _note_strays(folder: Path, held: set[str], notes: Notes) -> None:
    for entry in sorted(folder.iterdir()):
        if entry.name not in held:
            notes.add("stray-file", f"{entry.name} belongs to no task and is ignored", str(folder))
