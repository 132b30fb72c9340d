"""`clawgym verify`: exit codes, and what it prints for people and for programs."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.dataset import write_dataset
from clawgym.sandbox import Backend
from clawgym.task import Task
from tests.verify import bad_verifiers as bad
from tests.verify.bad_verifiers import task_with
from tests.verify.tasks import BLIND, HONEST, WEAK, task
from verify.cards import Card
from verify.probes import LAZY


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
    ran = verify(dataset(tmp_path / "set", *generated[:2]), "--quick")
    assert ran.exit_code == 0, ran.output
    assert "oracle" in ran.stdout
    assert "2 tasks, every task is proven" in ran.stdout


def test_a_dataset_with_findings_exits_with_1_and_names_them(tmp_path: Path, verify) -> None:
    ran = verify(dataset(tmp_path / "set", task(HONEST, solution=None, ours=True)), "--quick")
    assert ran.exit_code == 1
    assert "copy: V303 no-solution: task copy has no solution/solve.sh" in ran.stdout


def test_a_weak_verifier_exits_with_1(tmp_path: Path, verify) -> None:
    ran = verify(dataset(tmp_path / "set", task(WEAK)), "--quick")
    assert ran.exit_code == 1
    assert "dataset: V309 lazy-mean" in ran.stdout


def test_json_ends_with_one_object(tmp_path: Path, verify, generated: list[Task]) -> None:
    path = dataset(tmp_path / "set", *generated[:2])
    ran = verify(path, "--json", "--quick", "--oracle-runs", 2)
    assert ran.exit_code == 0
    summary = json.loads(ran.stdout.splitlines()[-1])
    counts = {name: summary[name] for name in ("tasks", "loaded", "refused", "graded", "ungraded")}
    assert counts == {"tasks": 2, "loaded": 2, "refused": 0, "graded": 2, "ungraded": 0}
    names = ["oracle", "noop", *(probe.name for probe in LAZY)]
    assert summary["means"] == {name: float(name == "oracle") for name in names}
    assert summary["coverage"] == dict.fromkeys(names, 1.0)
    assert summary["false_accept"]["graded"] == 2 * (1 + len(LAZY))
    assert summary["families"]["oracle"]["graded"] == 4
    assert summary["findings"] == []


def test_the_whole_card_is_the_default(tmp_path: Path, verify) -> None:
    path = dataset(tmp_path / "set", task_with(bad.SHALLOW))
    ran = verify(path, "--mutants", 14, "--json", "--out", tmp_path / "out")
    assert ran.exit_code == 1
    summary = json.loads(ran.stdout)
    assert set(summary["rules"]) == {"mutant-survives"}
    assert summary["mutants"]["made"] == 14
    assert summary["families"]["mutant"]["wrong"] == summary["rules"]["mutant-survives"]
    card = Card.model_validate_json((tmp_path / "out" / "cards" / "totals.json").read_bytes())
    assert len(card.findings) == summary["rules"]["mutant-survives"]


def test_rules_can_be_ignored(tmp_path: Path, verify) -> None:
    path = dataset(tmp_path / "set", task(BLIND))
    assert verify(path, "--quick", "--select", "V302").exit_code == 0
    ran = verify(path, "--quick", "--ignore", "noop-earn")
    assert ran.exit_code == 2
    assert "did you mean 'noop-earns'" in ran.stderr


@pytest.mark.parametrize(("harness", "mean"), [("noop", 0.0), ("oracle", 1.0), ("lazy", 6 / 7)])
def test_one_harness_can_be_scored_alone(tmp_path: Path, verify, harness: str, mean: float) -> None:
    path = dataset(tmp_path / "set", task(WEAK))
    ran = verify(path, "--harness", harness, "--json")
    assert ran.exit_code == 0
    summary = json.loads(ran.stdout.splitlines()[-1])
    assert summary["mean"] == pytest.approx(mean)
    assert summary["best"] == (0.0 if harness == "noop" else 1.0)
    assert (summary["tasks"], summary["graded"], summary["ungraded"]) == (1, 1, 0)


def test_a_harness_that_cannot_grade_everything_exits_with_1(tmp_path: Path, verify) -> None:
    path = dataset(tmp_path / "set", task("exit 9"))
    ran = verify(path, "--harness", "noop", "--json")
    assert ran.exit_code == 1
    summary = json.loads(ran.stdout)
    assert (summary["graded"], summary["ungraded"], summary["mean"]) == (0, 1, None)


def test_compat_and_strict_share_what_was_kept(tmp_path: Path, verify) -> None:
    path, out = dataset(tmp_path / "set", task_with(bad.PADDED)), tmp_path / "out"
    strict = verify(path, "--harness", "noop", "--strict", "--json", "--out", out)
    compat = verify(path, "--harness", "noop", "--json", "--out", out)
    assert json.loads(compat.stdout)["mean"] == 0.5
    summary = json.loads(strict.stdout)
    assert summary["mean"] == 0.0
    assert summary["leaking"] == 1


def test_an_unknown_harness_exits_with_2(tmp_path: Path, verify) -> None:
    ran = verify(dataset(tmp_path / "set", task(HONEST)), "--harness", "idle")
    assert ran.exit_code == 2
    assert "noop, lazy or oracle" in ran.stderr


def test_the_command_may_be_named(tmp_path: Path, backend: Backend) -> None:
    path = dataset(tmp_path / "set", task_with(bad.SOUND))
    words = ["verify", "prove", "--quick", "--sandbox", backend.name, str(path)]
    assert CliRunner().invoke(app, words).exit_code == 0


def test_json_of_a_dataset_that_cannot_be_read_has_null_for_means(tmp_path: Path, verify) -> None:
    path = dataset(tmp_path / "set", task(HONEST))
    (path / "copy" / "task.toml").write_text("[")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    ran = verify(path, "--json", "--quick")
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
    assert verify(tmp_path / "one", "--quick").exit_code == 0


def test_a_place_without_tasks_exits_with_2(tmp_path: Path, verify) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        ran = verify(path)
        assert ran.exit_code == 2
        assert str(path) in ran.stderr


def test_an_unknown_sandbox_exits_with_2(tmp_path: Path, verify) -> None:
    ran = verify(dataset(tmp_path / "set", task(HONEST)), "--sandbox", "jail")
    assert ran.exit_code == 2
    assert "sandbox (flag --sandbox)" in ran.stderr


def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path, backend: Backend) -> None:
    path = dataset(tmp_path / "set", task_with("import time\ntime.sleep(9)\n", timeout=30))
    words = ["verify", "--sandbox", backend.name, str(path)]
    running = subprocess.Popen(
        [sys.executable, "-m", "clawgym.cli", *words], stderr=subprocess.PIPE, text=True
    )
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    while not children.read_text():  # until then it is Python that starts, not a run
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "with --out DIR the same command goes on" in said
