"""`clawgym train sft` from a run directory to a model directory."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.errors import UsageError
from tests.train.conftest import MakeRun
from tests.train.runs import UNGRADED, good_attempts, graded, trajectory_of
from train.cli import app

TINY = ["--hidden", "32", "--steps", "3", "--save-steps", "2", "--device", "cpu"]


def test_without_a_kept_trajectory_it_says_why_and_exits_1(
    make_run: MakeRun, tmp_path: Path
) -> None:
    run = make_run(
        [
            ("lazy", "task-a", 1, graded(0.0), trajectory_of("alpha", 7)),
            ("lazy", "task-b", 1, graded(0.5), trajectory_of("beta", 7)),
            ("lazy", "task-c", 1, UNGRADED, None),
        ]
    )
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["sft", str(run.path), "-o", str(out), "--json"])
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "0 of 3 trials kept, from 0 tasks",
        "      2  score too low          e.g. lazy.task-a.1.json: 0.000 < 1",
        "      1  ungraded               e.g. lazy.task-c.1.json: sandbox: the sandbox went away",
    ]
    assert json.loads(done.stdout) == {"kept": 0, "dropped": {"ungraded": 1, "score too low": 2}}
    assert not out.exists()


def test_a_place_without_a_run_is_a_usage_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["sft", str(tmp_path), "-o", str(tmp_path / "out")])
    assert isinstance(done.exception, UsageError)
    assert "is no run directory" in str(done.exception)


def test_impossible_options_are_a_usage_error(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(good_attempts())
    arguments = ["sft", str(run.path), "-o", str(tmp_path / "out"), "--epochs", "0", "--yarn", "1"]
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, UsageError)
    assert "epochs: Input should be greater than 0; yarn: " in str(done.exception)


@pytest.mark.train
def test_it_trains_and_says_what_it_did(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run([*good_attempts(), ("expert", "task-zeta", 1, graded(0.5), None)])
    out = tmp_path / "out"

    done = CliRunner().invoke(app, ["sft", str(run.path), "-o", str(out), *TINY])

    assert done.exit_code == 0, done.output
    told = done.stderr.splitlines()
    assert told[0] == "8 of 9 trials kept, from 8 tasks"
    assert told[1].split("e.g.")[0].split() == ["1", "score", "too", "low"]
    assert told[2].startswith("mask proven on 8 rows: ")
    assert [line.split()[1] for line in told if line.startswith("step ")] == ["1/3", "2/3", "3/3"]
    loss, model = done.stdout.splitlines()
    assert loss.startswith("loss ")
    assert loss.endswith(" in 3 steps")
    assert model == f"model: {out / 'model'}"
    assert (out / "model" / "chat_template.jinja").is_file()

    again = CliRunner().invoke(app, ["sft", str(run.path), "-o", str(out), *TINY])
    assert again.stdout == done.stdout
    assert "step " not in again.stderr


@pytest.mark.train
def test_its_json_is_for_programs(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(good_attempts())
    arguments = [
        "sft",
        str(run.path),
        "-o",
        str(tmp_path / "out"),
        "--validation",
        "0.25",
        "--json",
    ]
    done = CliRunner().invoke(app, [*arguments, *TINY])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert (document["kept"], document["dropped"]) == (8, {})
    assert document["result"]["validation_rows"] == 2
    assert [point["step"] for point in document["result"]["losses"]] == [1, 2, 3]
