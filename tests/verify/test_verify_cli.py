"""`clawgym verify`: exit codes, and what it prints for people and for programs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.dataset import write_dataset
from clawgym.sandbox import Backend
from clawgym.task import Task
from tests.verify.tasks import HONEST, WEAK, task


@pytest.fixture
def verify(backend: Backend):
    def run(*arguments: object):
        words = ["verify", "--sandbox", backend.name, *map(str, arguments)]
        return CliRunner().invoke(app, words)

    return run


def dataset(path: Path, *tasks: Task) -> Path:
    write_dataset(path, tasks, name="test", generator="hand", seed=0)
    return path


def test_a_proven_dataset_exits_with_0(tmp_path: Path, verify, generated: list[Task]) -> None:
    ran = verify(dataset(tmp_path / "set", *generated[:2]))
    assert ran.exit_code == 0, ran.output
    assert "oracle" in ran.stdout
    assert "2 tasks, every task is proven" in ran.stdout


def test_a_dataset_with_findings_exits_with_1_and_names_them(tmp_path: Path, verify) -> None:
    ran = verify(dataset(tmp_path / "set", task(HONEST, solution=None)))
    assert ran.exit_code == 1
    assert "copy: oracle-fails: task copy has no solution/solve.sh" in ran.stdout.replace("\n", " ")


def test_a_weak_verifier_exits_with_1(tmp_path: Path, verify) -> None:
    ran = verify(dataset(tmp_path / "set", task(WEAK)))
    assert ran.exit_code == 1
    assert "dataset: lazy-mean" in ran.stdout


def test_json_ends_with_one_object(tmp_path: Path, verify, generated: list[Task]) -> None:
    ran = verify(dataset(tmp_path / "set", *generated[:2]), "--json", "--oracle-runs", 2)
    assert ran.exit_code == 0
    names = ["oracle", "noop", "lazy:touch", "lazy:echo", "lazy:copy"]
    assert json.loads(ran.stdout) == {
        "tasks": 2,
        "findings": [],
        "lazy_mean": 0.0,
        "means": dict(zip(names, [1.0, 0.0, 0.0, 0.0, 0.0], strict=True)),
        "coverage": dict.fromkeys(names, 1.0),
    }


def test_json_of_a_dataset_that_cannot_be_read_has_null_for_means(tmp_path: Path, verify) -> None:
    path = dataset(tmp_path / "set", task(HONEST))
    (path / "copy" / "task.toml").write_text("[")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    ran = verify(path, "--json")
    assert ran.exit_code == 1
    summary = json.loads(ran.stdout, parse_constant=refuse)
    assert summary["lazy_mean"] is None
    assert summary["means"]["oracle"] is None
    [finding] = summary["findings"]
    assert (finding["task_id"], finding["rule"]) == ("copy", "task-format")


def test_a_single_task_directory_can_be_proven(
    tmp_path: Path, verify, generated: list[Task]
) -> None:
    generated[0].dump(tmp_path / "one")
    assert verify(tmp_path / "one").exit_code == 0


def test_a_place_without_tasks_exits_with_2(tmp_path: Path, verify) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        ran = verify(path)
        assert ran.exit_code == 2
        assert "holds no task" in ran.stderr


def test_an_unknown_sandbox_exits_with_2(tmp_path: Path, verify) -> None:
    ran = verify(dataset(tmp_path / "set", task(HONEST)), "--sandbox", "jail")
    assert ran.exit_code == 2
    assert "sandbox (flag --sandbox)" in ran.stderr
