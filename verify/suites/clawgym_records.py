"""ClawGym tasks that stand in one file: JSON lines, a JSON array, or Parquet.

Three shapes are told apart record by record: the single-file layout of the synthesis side, the
payload of its `/run` endpoint, and the records of `RUC-AIBOX/ClawGym-Task` on Hugging Face.
"""

import json
import re
from functools import partial
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from clawgym.errors import TaskFormatError
from clawgym.files import File, Files
from clawgym.task import Task
from verify.suites.clawgym_directory import aggregation_of, object_at, text_at
from verify.suites.clawgym_files import (
    clean_path,
    mounted,
    new_files,
    relative_prompt,
    split_reward,
)
from verify.suites.clawgym_record import ROOT, JsonObject, Record, canonical_json, to_task
from verify.suites.naming import safe_id
from verify.suites.record_files import Row, read_rows
from verify.suites.suite import Loader, Notes, OpenedSuite

_TEMPLATE_ID = re.compile(r"^id:\s*[\"']?([^\"'\n]+?)[\"']?\s*$", re.MULTILINE)


def open_records(path: Path) -> OpenedSuite:
    """Every record of the file; one that cannot be read is refused by its line number.

    Raises:
        TaskFormatError: the file as a whole cannot be read.
    """
    notes, loaders = Notes(str(path)), dict[str, Loader]()
    for number, row in read_rows(path, notes):
        where = f"{path}:{number}"
        task_id = safe_id(_id_of(row, number), loaders, notes.at(where))
        loaders[task_id] = partial(load_record, row, task_id, where)
    return OpenedSuite("clawgym", path, loaders, notes)


def load_record(row: Row, task_id: str, where: str, notes: Notes) -> Task:
    """Make a task of one record.

    Raises:
        TaskFormatError: the record is broken, or lacks what a task needs.
    """
    here = notes.at(where)
    entry = row.read()
    root = text_at(entry, "workspace_root") or ROOT
    inputs, reward = split_reward(_listed(entry, "input_files", root, here))
    if reward:
        here.add(
            "reward-among-inputs", "files below reward/ stand among the inputs; they are hidden"
        )
    shipped = _listed(entry, "reward_files", root, here)
    reward |= split_reward(shipped)[1] | split_reward(shipped)[0]
    record = Record(
        id=task_id,
        prompt=relative_prompt(text_at(entry, "prompt") or "", root, "input", here),
        inputs=mounted(inputs, _mount(entry, root), here),
        reward=reward | _hook(entry, here),
        rules=entry.get("rules") or entry.get("rubrics") or entry.get("rule"),
        aggregation=text_at(entry, "reward_aggregation") or _aggregation(entry, reward),
        metadata=_metadata(entry),
        roots=tuple(dict.fromkeys((root, ROOT))),
        means="reward_files" not in entry and "validation_mode" not in entry,
        source=canonical_json({key: value for key, value in entry.items() if key not in _FILES}),
    )
    return to_task(record, here)


_FILES = ("input_files", "reward_files")


def _id_of(row: Row, number: int) -> str:
    try:
        entry = row.read()
    except TaskFormatError:
        return f"line-{number}"
    if own := text_at(entry, "task_id") or text_at(entry, "bundle_name"):
        return own
    found = _TEMPLATE_ID.search(text_at(entry, "origin_template") or "")
    return found[1] if found else f"task_{number:05d}"


def _listed(entry: JsonObject, key: str, root: str, notes: Notes) -> Files:
    listed = entry.get(key) or []
    if not isinstance(listed, list):
        raise TaskFormatError(f"{notes.where}: {key} must be a list")
    files: dict[str, File | bytes | str] = {}
    for item in listed:
        path, content = _file(item, key, notes)
        path = clean_path(path, (root, ROOT), notes)
        if path in files and files[path] != content:
            notes.add("file-twice", f"{path} stands twice in {key}; the last one counts")
        files[path] = content
    return new_files(files, notes)


def _file(item: JsonValue, key: str, notes: Notes) -> tuple[str, str]:
    path = text_at(item, "file_path") or text_at(item, "path") if isinstance(item, dict) else None
    if not path or not isinstance(item, dict):
        raise TaskFormatError(f"{notes.where}: an entry of {key} has no file_path")
    content = item.get("content")
    if content is None:
        notes.add("content-missing", f"{path} has no content; it is empty")
        content = ""
    if not isinstance(content, str):
        notes.add("content-type", f"the content of {path} is no text; it was written as JSON")
        content = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    return path, content


def _hook(entry: JsonObject, notes: Notes) -> Files:
    hook, language = text_at(entry, "hook_code"), text_at(entry, "hook_lang") or "bash"
    if not hook:
        return Files()
    if language != "bash":
        notes.add(
            "hook-language", f"hook_lang is {language!r}; the hook is run by bash all the same"
        )
    shebang = "" if hook.startswith("#!") else "#!/usr/bin/env bash\n"
    return Files({"reward.sh": File(f"{shebang}{hook.rstrip()}\n".encode(), executable=True)})


def _mount(entry: JsonObject, root: str) -> str:
    """Paths in a record are paths in the workspace, unless a mount is named and missing there."""
    declared = text_at(entry, "input_mount_dir") or ""
    place = declared.removeprefix(root.rstrip("/")).strip("/")
    listed = entry.get("input_files")
    items = cast("list[JsonObject]", listed) if isinstance(listed, list) else []
    paths = [str(item.get("file_path")) for item in items]
    return place if place and not any(path.startswith(f"{place}/") for path in paths) else ""


def _aggregation(entry: JsonObject, reward: Files) -> str:
    """The older shapes have no such key: their code counts alone where there is any."""
    return aggregation_of(entry) if "validation_mode" in entry or not reward else "code_only"


def _metadata(entry: JsonObject) -> dict[str, JsonValue]:
    kept = {key: entry[key] for key in ("category", "macro_category", "action") if key in entry}
    return {**kept, **object_at(entry, "metadata")}
