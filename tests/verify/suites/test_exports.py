"""Exports: what comes back when a suite is written in another format and read again."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.reward import Graded
from clawgym.sandbox import Backend
from clawgym.task import Task
from tests.verify.suites.formats import RUBRIC, markdown, record, trained_task, write
from tests.verify.tasks import HONEST
from tests.verify.tasks import task as scripted
from verify.grading import grade
from verify.probes import solved_workspace
from verify.suites import load_all, open_suite
from verify.suites.exports import FORMATS, convert

HARBOR_CHECK = """
import pathlib, sys
from harbor.models.task.task import Task
for place in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    Task(place)
"""


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def native(tmp_path: Path, tasks: list[Task]) -> Path:
    for task in tasks:
        task.dump(tmp_path / "native" / task.id)
    return tmp_path / "native"


async def earned(task: Task, files: Files, backend: Backend) -> float:
    reward = await grade(task, files, backend, code_only=True)
    assert isinstance(reward, Graded), reward
    return reward.score


def test_clawgym_directories_come_back_byte_for_byte(tmp_path: Path):
    trained_task(tmp_path / "in", "task_0000")
    trained_task(tmp_path / "in", "task_0001", check="print(1)")
    done = convert(open_suite(tmp_path / "in"), tmp_path / "out", "clawgym")
    assert tree(tmp_path / "out") == tree(tmp_path / "in")
    assert (done.written, done.losses, done.refused) == (2, [], [])


def test_pinchbench_documents_and_assets_come_back_byte_for_byte(tmp_path: Path):
    front = "workspace_files:\n  - source: data.csv\n    dest: in.csv\n"
    write(tmp_path / "in/assets/data.csv", "a\n")
    write(tmp_path / "in/tasks/task_note.md", markdown(front=front))
    done = convert(open_suite(tmp_path / "in"), tmp_path / "out", "pinchbench")
    kept = tree(tmp_path / "out")
    assert kept.pop("tasks/manifest.yaml") == b"tasks:\n- task_note\n"
    assert kept == tree(tmp_path / "in")
    assert done.losses == []


@pytest.mark.parametrize("to", FORMATS)
async def test_the_verifier_says_the_same_after_every_export(
    tmp_path: Path, generated: list[Task], backend: Backend, to: str
):
    task = generated[0]
    suffix = ".jsonl" if to == "clawgym-jsonl" else ""
    done = convert(open_suite(native(tmp_path, [task])), tmp_path / f"out{suffix}", to)
    [back] = load_all(open_suite(tmp_path / f"out{suffix}"))
    assert isinstance(back, Task)
    assert back.instruction.strip() == task.instruction.strip()
    assert back.workspace == task.workspace
    finished = await solved_workspace(task, backend)
    assert await earned(back, finished, backend) == 1.0
    assert await earned(back, task.workspace, backend) == 0.0
    lost = {loss.code for loss in done.losses}
    assert lost == (set() if to == "harbor" else {"solution", "graph", "skills"} & lost)
    assert to == "harbor" or "solution" in lost


async def test_foreign_suites_stay_what_they_are_as_harbor_tasks(tmp_path: Path, backend: Backend):
    trained_task(tmp_path / "in", "one")
    suite = open_suite(tmp_path / "in")
    convert(suite, tmp_path / "out", "harbor")
    [back] = load_all(open_suite(tmp_path / "out"))
    assert back == suite.load("one")
    assert await earned(back, back.workspace | Files({"output/sum.txt": "42"}), backend) == 1.0


def test_an_exported_grade_runs_on_its_own(tmp_path: Path, generated: list[Task]):
    convert(open_suite(native(tmp_path, generated[:1])), tmp_path / "out", "pinchbench")
    [document] = (tmp_path / "out/tasks").glob("*.md")
    code = document.read_text().split("```python\n")[1].split("\n```")[0]
    place = tmp_path / "work"
    generated[0].workspace.write_to(place)
    asked = f"{code}\nprint(json.dumps(grade([], {str(place)!r})))"
    said = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    ).stdout
    scores = json.loads(said)
    assert scores["reward"] == 0.0
    assert [value for value in scores.values() if isinstance(value, float)] == [0.0]


def test_losses_are_told_by_task(tmp_path: Path):
    task = scripted(HONEST)
    odd = replace(task, workspace=task.workspace | Files({"photo.png": b"\x89PNG\xff"}))
    done = convert(open_suite(native(tmp_path, [odd])), tmp_path / "out.jsonl", "clawgym-jsonl")
    assert {(loss.code, loss.task_id) for loss in done.losses} == {
        ("solution", "copy"),
        ("binary-file", "copy"),
        ("foreign-verifier", "copy"),
    }


def test_rubrics_survive_where_there_is_room(tmp_path: Path):
    write(tmp_path / "in/task_note.md", markdown(kind="hybrid", rubric=RUBRIC))
    suite = open_suite(tmp_path / "in")
    done = convert(suite, tmp_path / "out.jsonl", "clawgym-jsonl")
    [back] = load_all(open_suite(tmp_path / "out.jsonl"))
    assert b"Friendly." in back.tests["rubric.toml"].data
    assert "rubric" not in {loss.code for loss in done.losses}
    lost = convert(suite, tmp_path / "out", "clawgym").losses
    assert "rubric" in {loss.code for loss in lost}


def test_a_refused_task_does_not_stop_the_others(tmp_path: Path):
    path = write(tmp_path / "t.jsonl", json.dumps(record("a")) + "\n{\n")
    done = convert(open_suite(path), tmp_path / "out", "harbor")
    assert done.written == 1
    assert [refusal.task_id for refusal in done.refused] == ["line-2"]


def test_nothing_is_overwritten(tmp_path: Path):
    trained_task(tmp_path / "in", "one")
    write(tmp_path / "out/mine.txt", "keep")
    with pytest.raises(UsageError, match="not empty"):
        convert(open_suite(tmp_path / "in"), tmp_path / "out", "harbor")
    assert tree(tmp_path / "out") == {"mine.txt": b"keep"}


def test_an_unknown_format_is_the_callers_fault(tmp_path: Path):
    trained_task(tmp_path / "in", "one")
    with pytest.raises(UsageError, match="harbor, clawgym"):
        convert(open_suite(tmp_path / "in"), tmp_path / "out", "toml")


def test_harbors_own_models_accept_what_we_write(tmp_path: Path, generated: list[Task]):
    python = os.environ.get("CLAWGYM_HARBOR_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import harbor"], capture_output=True, check=False).returncode:
        pytest.skip("harbor is not importable; name a Python that has it: CLAWGYM_HARBOR_PYTHON")
    trained_task(tmp_path / "in", "one")
    write(tmp_path / "notes/task_note.md", markdown())
    for number, source in enumerate(
        (native(tmp_path, generated[:2]), tmp_path / "in", tmp_path / "notes")
    ):
        convert(open_suite(source), tmp_path / f"out-{number}", "harbor")
        subprocess.run([python, "-c", HARBOR_CHECK, str(tmp_path / f"out-{number}")], check=True)
