"""A ClawGym task as all of its formats describe it, and how it becomes a `Task`."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from clawgym.errors import TaskFormatError
from clawgym.files import File, Files
from clawgym.task import (
    AgentSection,
    ClawGymMetadata,
    Metadata,
    Task,
    TaskConfig,
    TaskName,
    VerifierSection,
)
from verify.rubric.importing import from_clawgym_rules
from verify.rubric.rubric import FILE_NAME
from verify.suites.adapters import ClawGymRun, MarkdownRun, adapter_files
from verify.suites.suite import Notes

JsonObject = Mapping[str, JsonValue]

ROOT = "/root/.openclaw/workspace"
"""Where OpenClaw's container has the workspace."""

VERIFIER_SECONDS = 120.0
AGENT_SECONDS = 1000.0
"""The time limits of ClawGym's trainer."""

KNOWN_REWARD_SH = "5d2c3366e637651175959287f6e05b85261454df9cdecb16c413127c0549d2c0"
"""SHA-256, without outer blanks, of the script that the trainer's own converter writes."""

_ONE_COMMAND = re.compile(
    r"(?:exec\s+)?python3?\s+[\"']?(?P<script>[^\s\"'|;&<>$]*?\breward/[\w./-]+\.py)[\"']?"
    r"(?:\s+[\"']?(?P<root>[^\s\"'|;&<>$]+)[\"']?)?"
)
_NO_COMMAND = re.compile(r"\s*(#.*|set\s+[-+]\w.*|)")
_WEIGHTS = {
    "code_only": (1.0, 0.0),
    "rubric_only": (0.0, 1.0),
    "average_code_and_rubric": (0.5, 0.5),
}


@dataclass(frozen=True)
class Record:
    """What every ClawGym format says about a task.

    `inputs` are paths in the workspace. `reward` is everything below `reward/`; the shell script
    is `reward.sh`. `trained_on` says that the trainer reads it: the reward is the number on the
    last line of stdout. `means` says that a dict is worth the mean of its values, as the trainer's
    converter has it; otherwise its `reward` is taken.
    """

    id: str
    prompt: str
    inputs: Files
    reward: Files
    rules: JsonValue = None
    aggregation: str = "code_only"
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])
    roots: tuple[str, ...] = (ROOT,)
    trained_on: bool = False
    means: bool = False
    source: bytes = b""


def to_task(record: Record, notes: Notes) -> Task:
    """An ordinary task that is graded by the original verifier.

    Raises:
        TaskFormatError: there is no prompt, or nothing to grade by.
    """
    if not record.prompt.strip():
        raise TaskFormatError(f"{notes.where}: the task has no prompt")
    rubric = from_clawgym_rules(record.rules, notes.where)
    for repair in rubric.repairs:
        notes.add(repair.code, repair.message, repair.where)
    run = choose_run(record, notes)
    if run is None and rubric.rubric is None:
        raise TaskFormatError(
            f"{notes.where}: there is neither a verifier nor a rubric to grade by"
        )
    original: dict[str, File | bytes | str] = {
        f"reward/{path}": file for path, file in record.reward.items()
    }
    if record.source:
        original["data_entry.json"] = record.source
    nothing = MarkdownRun(suite="clawgym", call="none", aggregate="mean", time_limit=1.0)
    judged = {FILE_NAME: rubric.rubric.dumps()} if rubric.rubric else {}
    return Task(
        id=record.id,
        instruction=record.prompt,
        config=_config(record, weights=_weights(record, run, rubric.rubric is not None, notes)),
        workspace=record.inputs,
        tests=adapter_files(run or nothing, original, judged),
    )


def choose_run(record: Record, notes: Notes) -> ClawGymRun | None:
    """How to run the verifier that came with the task; None where there is none."""
    script = record.reward.get("reward.sh")
    if script is None:
        return _bare_python(record, notes)
    text = script.data.decode(errors="replace")
    if hashlib.sha256(text.strip().encode()).hexdigest() == KNOWN_REWARD_SH:
        return _run(record, "python", "reward/check.py", "mean", "root")
    if (python := only_command(text)) and python in record.reward and not record.trained_on:
        aggregate = "mean" if record.means else "last-line"
        return _run(record, "python", f"reward/{python}", aggregate, "workspace")
    notes.add("reward-script", "reward.sh is not the usual one; it is run as it is by bash")
    aggregate = "last-number" if record.trained_on else "last-line"
    return _run(record, "shell", "reward/reward.sh", aggregate, "workspace")


def only_command(script: str) -> str | None:
    """The Python file below `reward/` that is all a shell script runs, on the workspace alone."""
    lines = [line.strip() for line in script.splitlines() if not _NO_COMMAND.fullmatch(line)]
    found = _ONE_COMMAND.fullmatch(lines[0]) if len(lines) == 1 else None
    return found["script"].rpartition("reward/")[2] if found else None


def _bare_python(record: Record, notes: Notes) -> ClawGymRun | None:
    names = [name for name in ("check.py", "test.py") if name in record.reward]
    if not names:
        return None
    notes.add("reward-script-missing", f"there is no reward.sh; reward/{names[0]} is run")
    aggregate = "mean" if record.means or record.trained_on else "last-line"
    return _run(record, "python", f"reward/{names[0]}", aggregate, "workspace")


def _run(record: Record, run: str, script: str, aggregate: str, cwd: str) -> ClawGymRun:
    return ClawGymRun.model_validate(
        {
            "run": run,
            "script": script,
            "aggregate": aggregate,
            "cwd": cwd,
            "roots": record.roots,
            "time_limit": VERIFIER_SECONDS,
            "trained_on": record.trained_on,
            "metadata": dict(record.metadata),
        }
    )


def _weights(
    record: Record, run: ClawGymRun | None, has_rubric: bool, notes: Notes
) -> tuple[float, float]:
    if record.aggregation not in _WEIGHTS:
        notes.add("aggregation", f"unknown reward_aggregation {record.aggregation!r}; code counts")
    code, rubric = _WEIGHTS.get(record.aggregation, (1.0, 0.0))
    if run is None:
        return 0.0, 1.0
    if rubric and not has_rubric:
        notes.add("rubric-missing", f"{record.aggregation} without a rubric: the code counts alone")
        return 1.0, 0.0
    return code, rubric


def _config(record: Record, weights: tuple[float, float]) -> TaskConfig:
    difficulty = record.metadata.get("difficulty")
    known = isinstance(difficulty, int) and 1 <= difficulty <= 5
    ours = ClawGymMetadata(
        kind="import",
        suite="clawgym",
        difficulty=difficulty if known and isinstance(difficulty, int) else None,
        code_weight=weights[0],
        rubric_weight=weights[1],
        code_floor=0.0,
    )
    category = record.metadata.get("category") or record.metadata.get("macro_category")
    return TaskConfig(
        task=TaskName(
            name=f"clawgym/{record.id}", keywords=(category,) if isinstance(category, str) else ()
        ),
        metadata=Metadata(clawgym=ours),
        agent=AgentSection(timeout_sec=AGENT_SECONDS),
        verifier=VerifierSection(timeout_sec=math.ceil(VERIFIER_SECONDS * 1.1)),
    )


def canonical_json(value: JsonValue) -> bytes:
    """JSON as we keep foreign records: readable, in their own order."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
