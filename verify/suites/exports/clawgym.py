"""ClawGym: the trainer's task directories, and the single-file JSON lines of the synthesis side."""

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath

from pydantic import JsonValue

from clawgym.files import File, Files
from clawgym.task import Task
from verify.rubric.rubric import Rubric, rubric_of
from verify.suites.adapters import ClawGymRun, read_run
from verify.suites.clawgym_files import REWARD
from verify.suites.clawgym_record import ROOT
from verify.suites.exports.loss import Loss, common_losses, original_file

_SCRIPTS = files("verify.suites.exports").joinpath("scripts")


def write_directories(destination: Path, tasks: Iterable[Task]) -> list[Loss]:
    """`data_entry.json`, `input_files/` and `reward/` for each task."""
    losses: list[Loss] = []
    for task in tasks:
        directory = destination / task.id
        directory.mkdir(parents=True)
        losses += [*common_losses(task), *_losses(task)]
        entry = (
            _trained_entry(task) or json.dumps(_entry(task), ensure_ascii=False, indent=2).encode()
        )
        directory.joinpath("data_entry.json").write_bytes(entry)
        if task.workspace:
            task.workspace.write_to(directory / "input_files")
        reward_files(task).write_to(directory / "reward")
    return losses


def write_records(destination: Path, tasks: Iterable[Task]) -> list[Loss]:
    """One line a task, in the single-file layout; files must be text."""
    losses: list[Loss] = []
    with destination.open("x", encoding="utf-8") as stream:
        for task in tasks:
            inputs, binary = _text_entries(task.workspace)
            reward, unreadable = _text_entries(reward_files(task), prefix=REWARD)
            losses += [*common_losses(task, rubric=True), *_losses(task)]
            losses += [
                Loss("binary-file", task.id, f"{path} is no text and is left out")
                for path in (*binary, *unreadable)
            ]
            stream.write(json.dumps(_record(task, inputs, reward), ensure_ascii=False) + "\n")
    return losses


def reward_files(task: Task) -> Files:
    """The folder `reward/`: what was shipped where the task is ClawGym's own, else our runtime."""
    if task.clawgym.suite == "clawgym":
        prefix = f"original/{REWARD}"
        shipped = {p.removeprefix(prefix): f for p, f in task.tests.items() if p.startswith(prefix)}
        if shipped:
            return Files(shipped)
    hidden = {path: file for path, file in task.tests.items() if path != "rubric.toml"}
    scripts = {"reward.sh": File(_script("reward.sh"), executable=True)}
    return Files({**hidden, **scripts, "check.py": _script("check.py.txt")})


def _losses(task: Task) -> list[Loss]:
    run = read_run(task)
    if isinstance(run, ClawGymRun) and run.aggregate == "last-line":
        message = "reward.sh prints what it printed before, which the trainer may read differently"
        return [Loss("aggregate", task.id, message)]
    if run is None and "grade.py" not in task.tests:
        message = "tests/test.sh is not ours and may name Harbor's places, /tests and /logs"
        return [Loss("foreign-verifier", task.id, message)]
    return []


def _trained_entry(task: Task) -> bytes | None:
    """The original `data_entry.json` where the trainer read it as it is."""
    run = read_run(task)
    trained = isinstance(run, ClawGymRun) and run.trained_on
    return original_file(task, "clawgym", "data_entry.json") if trained else None


def _entry(task: Task) -> dict[str, JsonValue]:
    category = task.config.task.keywords[0] if task.config.task.keywords else ""
    return {
        "task_id": task.id,
        "user_query": task.instruction,
        "metadata": {"category": category, "grading_type": "automated"},
        **({"input_mount_dir": ROOT} if task.workspace else {}),
    }


def _record(task: Task, inputs: list[JsonValue], reward: list[JsonValue]) -> dict[str, JsonValue]:
    rubric, has_code = rubric_of(task), "test.sh" in task.tests and task.clawgym.code_weight > 0
    hook = reward_files(task).get("reward.sh")
    script = hook.data.decode() if hook and has_code else ""
    mode = "code_and_rubric" if rubric and has_code else "rubric" if rubric else "code"
    together = {"code": "code_only", "rubric": "rubric_only"}.get(mode, "average_code_and_rubric")
    shown = {
        path: value
        for path, value in (("difficulty", task.clawgym.difficulty), ("source", task.clawgym.suite))
        if value is not None
    }
    return {
        "task_id": task.id,
        "prompt": task.instruction,
        "validation_mode": mode,
        "reward_aggregation": together,
        "rules": _rules(rubric) if rubric else [],
        "hook_code": script.partition("\n")[2] if script.startswith("#!") else script,
        "hook_lang": "bash" if script else "",
        "input_files": inputs,
        "reward_files": [entry for entry in reward if not _is_hook(entry)],
        "metadata": {**shown},
    }


def _is_hook(entry: JsonValue) -> bool:
    return isinstance(entry, dict) and entry["file_path"] == f"{REWARD}reward.sh"


def _rules(rubric: Rubric) -> JsonValue:
    rules: list[JsonValue] = []
    for criterion in rubric.criteria:
        scores: dict[str, JsonValue] = {**criterion.bands}
        target = criterion.target or ""
        rules.append({"name": criterion.name, "file_path": target, "scores": scores})
    return rules


def _text_entries(held: Files, prefix: str = "") -> tuple[list[JsonValue], list[str]]:
    """Entries for what is text, and the paths of what is not."""
    entries: list[JsonValue] = []
    binary: list[str] = []
    for path, file in held.items():
        try:
            text = file.data.decode()
        except UnicodeDecodeError:
            binary.append(path)
            continue
        suffix = PurePosixPath(path).suffix.removeprefix(".") or "text"
        entries.append({"file_path": f"{prefix}{path}", "file_format": suffix, "content": text})
    return entries, binary


@cache
def _script(name: str) -> bytes:
    return _SCRIPTS.joinpath(name).read_bytes()
