import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.errors import ClawGymError
from tests.verify.suites.formats import markdown, trained_task, write
from verify.task_cli import app


def run(*arguments: str | Path):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_show_lists_the_ids_of_a_suite(tmp_path: Path):
    trained_task(tmp_path, "a")
    trained_task(tmp_path, "b")
    assert run("show", tmp_path).stdout.split() == ["a", "b"]
    assert json.loads(run("show", tmp_path, "--json").stdout)["tasks"] == ["a", "b"]


def test_show_tells_what_a_task_asks_and_starts_with(tmp_path: Path):
    trained_task(tmp_path, "a")
    said = run("show", tmp_path, "a").stdout
    assert "Add the numbers" in said
    assert "input/numbers.csv" in said
    assert json.loads(run("show", tmp_path, "a", "--json").stdout)["suite"] == "clawgym"


def test_lint_exits_with_one_when_something_is_found(tmp_path: Path):
    write(
        tmp_path / "task_note.md", markdown().replace("Write hello", "Search the web, write hello")
    )
    result = run("lint", tmp_path)
    assert result.exit_code == 1
    assert "task_note: T102 needs-network" in result.stdout
    assert json.loads(run("lint", tmp_path, "--json").stdout)["rules"] == {"T102": 1}
    assert run("lint", tmp_path, "--ignore", "T1").exit_code == 0


def test_lint_runs_verifiers_when_asked(tmp_path: Path):
    constant = "def grade(t, w):\n    return {'a': 1.0}"
    write(tmp_path / "task_note.md", markdown(code=constant))
    assert "T106" not in run("lint", tmp_path).stdout
    assert "T106 dead-verifier" in run("lint", tmp_path, "--run", "--sandbox", "local").stdout


def test_convert_reports_repairs_losses_and_refusals(tmp_path: Path):
    trained_task(tmp_path / "in", "a")
    write(trained_task(tmp_path / "in", "b") / "data_entry.json", "{")
    result = run("convert", tmp_path / "in", tmp_path / "out", "--to", "pinchbench", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["written"], [r["task_id"] for r in report["refused"]]) == (1, ["b"])
    assert {repair["code"] for repair in report["repairs"]} == {"reward-script"}
    assert (tmp_path / "out/tasks/task_a.md").is_file()


def test_convert_ends_with_a_sentence(tmp_path: Path):
    trained_task(tmp_path / "in", "a")
    result = run("convert", tmp_path / "in", tmp_path / "out", "--to", "harbor")
    assert result.exit_code == 0
    assert "1 task written to" in result.stdout.splitlines()[-1]


def test_what_cannot_be_opened_is_an_error_of_ours(tmp_path: Path):
    with pytest.raises(ClawGymError) as caught:
        run("show", tmp_path)
    assert caught.value.exit_code == 2
