"""The `tests/` folder of an imported task: the original grader, and the adapter that runs it."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from clawgym.files import File, Files
from clawgym.task import Task

_RUNTIME = files("verify").joinpath("task_runtime")
SUITE_FILE = "suite.json"
_PARTS = ("foreign_child.py", "foreign_stage.py", "foreign_transcript.py")


class ClawGymRun(BaseModel):
    """`tests/suite.json` of a ClawGym task: how the adapter runs the original verifier.

    `script` is relative to the workspace. `run` is `python` where the script is a Python file whose
    only argument is the workspace, else `shell`. `roots` are the paths by which shell scripts name
    the workspace. `trained_on` says that the trainer reads the task directory as it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: Literal["clawgym"] = "clawgym"
    run: Literal["python", "shell"]
    script: str
    aggregate: Literal["mean", "last-line", "last-number"]
    cwd: Literal["root", "workspace"]
    roots: tuple[str, ...]
    time_limit: float
    trained_on: bool = False
    metadata: dict[str, JsonValue] = {}


class MarkdownRun(BaseModel):
    """`tests/suite.json` of a PinchBench or WildClawBench task: how `grade` is called.

    `call` is `none` where there is no code to grade by, only a rubric.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: Literal["pinchbench", "wildclawbench", "clawgym"]
    call: Literal["positional", "keywords", "none"]
    aggregate: Literal["mean", "overall"]
    time_limit: float


def adapter_files(
    run: ClawGymRun | MarkdownRun,
    original: Mapping[str, File | bytes | str],
    rubric: Mapping[str, str],
) -> Files:
    """The `tests/` folder.

    `original` maps paths below `tests/original/` to what was shipped; `rubric` is `rubric.toml`, or
    nothing.
    """
    adapter = "foreign_clawgym.py" if isinstance(run, ClawGymRun) else "foreign_pinchbench.py"
    entries: dict[str, File | bytes | str] = {
        f"original/{path}": file for path, file in original.items()
    }
    entries |= {part: _part(part) for part in _PARTS}
    entries |= rubric
    entries["grade.py"] = _part(adapter)
    entries["test.sh"] = File(_part("test.sh"), executable=True)
    entries[SUITE_FILE] = json.dumps(run.model_dump(mode="json"), indent=1) + "\n"
    return Files(entries)


def read_run(task: Task) -> ClawGymRun | MarkdownRun | None:
    """How an imported task is graded; None where it is no task that an adapter of ours grades."""
    file = task.tests.get(SUITE_FILE)
    if file is None or task.clawgym.suite is None:
        return None
    for shape in (ClawGymRun, MarkdownRun):
        try:
            return shape.model_validate_json(file.data)
        except ValidationError:
            continue
    return None


@cache
def _part(name: str) -> bytes:
    return _RUNTIME.joinpath(name).read_bytes()
