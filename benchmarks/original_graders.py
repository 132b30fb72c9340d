"""Foreign graders run as their own suites run them, to compare with: in a box, but bare in it.

ClawGym: `reward.sh` under bash, with the workspace's path in it replaced, since no backend can put
a workspace at `/root/.openclaw/workspace`; the trainer's rule for the output. PinchBench: its own
`lib_tasks` and `lib_grading` read the task file and call `_grade_automated`.
"""

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from clawgym.files import File, Files
from clawgym.sandbox import Backend, BoxSpec, ExecResult, box
from clawgym.task import Task
from clawgym.trajectory import Trajectory

ROOT = b"/root/.openclaw/workspace"
PAYLOAD = ".openclaw_reward_payload.json"
SECONDS = 120.0

DRIVER = """
import json, sys
sys.path.insert(0, "scripts")
from pathlib import Path
from lib_tasks import TaskLoader
import lib_grading
asked = json.load(open("asked.json"))
task = TaskLoader(Path("tasks")).load_task(Path("tasks/task.md"))
answers = {}
for name in asked["workspaces"]:
    run = {"transcript": asked["transcripts"][name], "workspace": str(Path(name).resolve())}
    try:
        result = lib_grading._grade_automated(task, run)
        answers[name] = [result.score, result.breakdown]
    except Exception as error:
        answers[name] = [0.0, {"crashed": repr(error)}]
print("ANSWERS" + json.dumps(answers))
"""


@dataclass(frozen=True)
class Said:
    """What a suite's own code made of one workspace; `problem` says why it was worth 0."""

    score: float
    problem: str = ""


async def clawgym(task: Task, workspaces: Mapping[str, Files], backend: Backend) -> dict[str, Said]:
    """The trainer's reward for each workspace."""
    entries: dict[str, File | bytes | str] = {}
    for name, workspace in workspaces.items():
        entries |= {f"{name}/{path}": file for path, file in workspace.items()}
        entries |= _reward_folder(task, name)
        entries[f"{name}/{PAYLOAD}"] = json.dumps(
            {"final_message": "", "metadata": _metadata(task), "transcript": []}
        )
    said: dict[str, Said] = {}
    async with box(backend, BoxSpec(files=Files(entries))) as sandbox:
        for name in workspaces:
            place = f"{sandbox.place('workspace')}/{name}"
            ran = await sandbox.exec(
                ["bash", "-c", f'sed -i "s#{ROOT.decode()}#$0#g" "$0/reward/reward.sh"', place]
            )
            env = {"OPENCLAW_REWARD_PAYLOAD": f"{place}/{PAYLOAD}", "LC_ALL": "C.UTF-8"}
            ran = await sandbox.exec(
                ["bash", f"{place}/reward/reward.sh"], cwd="/", env=env, timeout=SECONDS
            )
            said[name] = trainer_rule(ran)
    return said


def trainer_rule(ran: ExecResult) -> Said:
    """The number on the last line; 0 for a failure, a time-out, or no number."""
    if ran.timed_out:
        return Said(0.0, "timed out")
    if ran.exit_code != 0:
        last = ran.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return Said(0.0, f"exit code {ran.exit_code}: {''.join(last)[:200]}")
    lines = [line for line in ran.stdout.decode(errors="replace").splitlines() if line.strip()]
    try:
        return Said(float(lines[-1]))
    except (IndexError, ValueError):
        return Said(0.0, "no number")


def _reward_folder(task: Task, name: str) -> dict[str, File]:
    prefix = "original/"
    return {
        f"{name}/{path.removeprefix(prefix)}": file
        for path, file in task.tests.items()
        if path.startswith(f"{prefix}reward/")
    }


def _metadata(task: Task) -> object:
    return json.loads(task.tests["original/data_entry.json"].data).get("metadata", {})


async def pinchbench(
    suite: Path,
    task: Task,
    workspaces: Mapping[str, Files],
    trajectories: Mapping[str, Trajectory | None],
    backend: Backend,
) -> dict[str, Said]:
    """PinchBench's own automated score for each workspace and its transcript."""
    sessions = {name: session(task, trajectories[name]) for name in workspaces}
    entries: dict[str, File | bytes | str] = {
        f"scripts/{path.name}": path.read_bytes() for path in (suite / "scripts").glob("lib_*.py")
    }
    entries["tasks/task.md"] = task.tests["original/task.md"]
    entries["asked.json"] = json.dumps({"workspaces": list(workspaces), "transcripts": sessions})
    entries["driver.py"] = DRIVER
    for name, workspace in workspaces.items():
        entries |= {f"{name}/{path}": file for path, file in workspace.items()}
        entries.setdefault(f"{name}/.keep", b"") if not workspace else None
    async with box(backend, BoxSpec(files=Files(entries))) as sandbox:
        for name, workspace in workspaces.items():
            if not workspace:
                await sandbox.exec(["rm", f"{name}/.keep"])
        ran = await sandbox.exec(["python3", "-B", "driver.py"], timeout=SECONDS)
    out = ran.stdout.decode(errors="replace")
    if ran.exit_code != 0 or "ANSWERS" not in out:
        said = ran.stderr.decode(errors="replace")[-300:]
        return {name: Said(0.0, f"the suite's own code failed: {said}") for name in workspaces}
    answers = json.loads(out.rpartition("ANSWERS")[2])
    return {
        name: Said(float(score), str(breakdown.get("crashed", "")))
        for name, (score, breakdown) in answers.items()
    }


def session(task: Task, trajectory: Trajectory | None) -> list[object]:
    """The OpenClaw session that our adapter hands to the grader."""
    if trajectory is None:
        return []
    source = task.tests["original/grade.txt"].data.decode()
    return _transcripts().openclaw_session(json.loads(trajectory.dumps()), source)


def _transcripts() -> Any:  # noqa: ANN401 - a module that is shipped into tasks, not a package's
    place = str(files("verify").joinpath("task_runtime", "foreign_transcript.py"))
    spec = importlib.util.spec_from_file_location("foreign_transcript", place)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
