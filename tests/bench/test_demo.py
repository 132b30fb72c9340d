"""`clawgym demo` and `clawgym bench run`, as a user meets them."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clawgym.cli import app
from clawgym.dataset import Dataset
from clawgym.reward import Graded
from clawgym.run import RunDirectory
from clawgym.sandbox import doctor

TASKS = 3
HARNESSES = ("noop", "lazy:touch", "lazy:echo", "lazy:copy", "expert", "expert:flawed")


def clean_environment(home: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CLAWGYM_") and name != "OPENAI_API_KEY"
    }
    return {**kept, "XDG_CONFIG_HOME": str(home), "COLUMNS": "100"}


def demo_process(home: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in an empty directory, without settings."""
    return subprocess.run(
        [sys.executable, "-m", "clawgym", "demo", *map(str, options)],
        cwd=home,
        env=clean_environment(home),
        capture_output=True,
        text=True,
        timeout=180,
        start_new_session=True,
        check=False,
    )


def clawgym(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(tmp_path, monkeypatch) -> None:
    for name in set(os.environ) - set(clean_environment(tmp_path)):
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(home: Path) -> subprocess.CompletedProcess[str]:
    return demo_process(home, "-n", str(TASKS), "-o", "out")


@pytest.fixture
def out(home: Path, demo: object) -> Path:
    """What the demo left."""
    return home / "out"


def trials_of(out: Path) -> list:
    with closing(RunDirectory.open(out / "run")) as run:
        return run.trials()


def test_it_runs_to_its_end_in_an_empty_directory(demo):
    assert demo.returncode == 0, demo.stderr
    warned = any(status.works and status.capabilities for status in doctor())
    assert (demo.stderr == "") is warned


def test_it_prints_what_it_did_as_commands_that_can_be_repeated(demo):
    said = demo.stdout
    for command in (
        "clawgym skills index",
        f"clawgym synth run -n {TASKS} --seed 7",
        "clawgym verify out/tasks",
        "clawgym rollout ",
        "clawgym bench report out/run",
        "next:   clawgym bench compare out/run expert expert:flawed",
        "clawgym train sft out/run -o out/model",
    ):
        assert command in said


def test_it_prints_the_proof_and_one_row_for_each_harness(demo):
    assert f"oracle 1.000 ({TASKS}/{TASKS} graded)" in demo.stdout
    assert f"no-op 0.000 ({TASKS}/{TASKS} graded)" in demo.stdout
    rows = {line.split()[0]: line.split() for line in demo.stdout.splitlines() if line.strip()}
    assert set(HARNESSES) <= set(rows)
    assert rows["expert"][1] == "1.000"
    assert rows["noop"][1] == "0.000"
    assert 0.0 < float(rows["expert:flawed"][1]) < 1.0
    assert f"{TASKS}/{TASKS}" in rows["expert"]


def test_the_report_is_where_it_says_and_names_every_task(demo, out):
    report = out / "run" / "report.html"
    assert f"report: {report.as_uri()}" in demo.stdout
    page = report.read_text()
    assert all(task_id in page for task_id in Dataset(out / "tasks").task_ids)
    assert all(harness in page for harness in HARNESSES)


def test_every_trial_is_there_once_and_the_experts_speak_for_themselves(out):
    trials = trials_of(out)
    assert len({trial.key for trial in trials}) == len(trials) == TASKS * len(HARNESSES)
    assert all(isinstance(trial.reward, Graded) for trial in trials)
    with closing(RunDirectory.open(out / "run")) as run:
        for trial in trials:
            assert (run.trajectory(trial.key) is not None) is trial.harness.startswith("expert")


def test_a_second_run_changes_no_trial_and_writes_the_report_again(home, out, monkeypatch):
    before = trials_of(out)
    (out / "run" / "report.html").unlink()
    monkeypatch.chdir(home)
    assert clawgym("demo", "-n", TASKS, "-o", "out", "-j", "1").exit_code == 0
    assert trials_of(out) == before
    assert (out / "run" / "report.html").exists()


def test_an_interrupted_demo_runs_only_what_is_missing(out, tmp_path):
    shutil.copytree(out, tmp_path / "out")
    before = {trial.key: trial for trial in trials_of(out)}
    lost = {key for key in sorted(before)[::2] if key.harness == "expert:flawed"}
    with closing(sqlite3.connect(tmp_path / "out" / "run" / "trials.sqlite")) as database, database:
        for key in lost:
            database.execute(
                "DELETE FROM trials WHERE harness = ? AND task_id = ?", (key.harness, key.task_id)
            )
    assert lost
    assert clawgym("demo", "-n", TASKS, "-o", "out").exit_code == 0
    after = {trial.key: trial for trial in trials_of(tmp_path / "out")}
    assert {key: trial.reward for key, trial in after.items()} == {
        key: trial.reward for key, trial in before.items()
    }
    assert {key for key, trial in after.items() if trial != before[key]} == lost


@pytest.mark.parametrize("options", [("-n", TASKS, "--seed", 8), ("-n", TASKS - 1)])
def test_other_tasks_in_the_same_directory_are_refused(home, out, options):
    result = clawgym("demo", *options, "-o", out)
    assert result.exit_code == 2
    assert f"{out / 'tasks'} holds other tasks" in result.stderr


def test_it_works_without_isolation_when_it_is_told_to(tmp_path):
    result = clawgym("demo", "-n", "2", "-o", tmp_path / "out", "--sandbox", "local")
    assert result.exit_code == 0, result.output
    assert RunDirectory.open(tmp_path / "out" / "run").plan.sandbox == "local"


@pytest.mark.parametrize("place", ["/proc/demo", "/dev/null"])
def test_a_place_that_cannot_be_written_is_a_usage_error(place):
    result = clawgym("demo", "-n", "2", "-o", place)
    assert (result.exit_code, f"cannot write to {place}" in result.stderr) == (2, True)


def test_bench_run_rolls_out_several_times_ranks_and_reports(out, tmp_path):
    arguments = ("bench", "run", out / "tasks", "--harness", "noop", "--runs", "2")
    result = clawgym(*arguments, "-o", tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert f"{TASKS} tasks x 2 runs: expect a mean to be within" in result.stderr
    assert (tmp_path / "run" / "report.html").exists()
    assert f"{2 * TASKS}/{2 * TASKS}" in result.stdout
