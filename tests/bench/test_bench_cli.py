import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clawgym.cli import app
from tests.bench.factory import make_run


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run, _ = make_run(tmp_path_factory.mktemp("cli"))
    run.close()
    return run.path


def bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["bench", *map(str, arguments)])


def test_report_writes_into_the_run_directory_and_prints_the_path(run_dir: Path):
    result = bench("report", run_dir)
    assert result.exit_code == 0
    assert result.output.strip() == str(run_dir / "report.html")
    assert (run_dir / "report.html").read_text().startswith("<!doctype html>")


def test_report_goes_where_it_is_told(run_dir: Path, tmp_path: Path):
    assert bench("report", run_dir, "-o", tmp_path / "new" / "r.html").exit_code == 0
    assert (tmp_path / "new" / "r.html").exists()


def test_show_prints_one_line_a_harness_in_eighty_columns(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    lines = bench("show", run_dir).output.splitlines()
    assert len(lines) == 1 + 5 + 1
    assert lines[1].split()[:2] == ["oracle", "1.000"]
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("columns", ["20", "60"])
def test_a_narrow_terminal_cuts_no_name_and_no_figure(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, columns: str
):
    monkeypatch.setenv("COLUMNS", "80")
    whole = bench("show", run_dir).output
    monkeypatch.setenv("COLUMNS", columns)
    assert bench("show", run_dir).output == whole


def test_show_prints_json_for_programs(run_dir: Path):
    board = json.loads(bench("show", run_dir, "--json").output)
    assert board["rows"][0]["harness"] == "oracle"


def test_compare_says_who_is_better(run_dir: Path):
    result = bench("compare", run_dir, "noop", "oracle")
    assert "noop minus oracle: -1.000 [-1.000, -1.000] on 5 tasks" in result.output
    assert "noop is not distinguishable from oracle" in result.output


def test_compare_prints_json_for_programs(run_dir: Path):
    found = json.loads(bench("compare", run_dir, "noop", "oracle", "--json").output)
    assert found["tasks"] == 5
    assert found["difference"] == -1.0


def test_an_unknown_harness_is_a_usage_error_with_a_suggestion(run_dir: Path):
    result = bench("compare", run_dir, "nop", "oracle")
    assert result.exit_code == 2
    assert "did you mean 'noop'?" in result.output


def test_no_run_directory_is_a_usage_error(tmp_path: Path):
    result = bench("report", tmp_path)
    assert result.exit_code == 2
    assert "is no run directory" in result.output


def test_a_dataset_that_moved_is_asked_for(tmp_path: Path):
    run, dataset = make_run(tmp_path, tasks=2)
    dataset.path.rename(tmp_path / "moved")
    result = bench("report", run.path)
    assert result.exit_code == 2
    assert "--dataset" in result.output
    assert bench("report", run.path, "--dataset", tmp_path / "moved").exit_code == 0


def test_an_unwritable_place_is_a_usage_error(run_dir: Path):
    result = bench("report", run_dir, "-o", "/proc/report.html")
    assert result.exit_code == 2
    assert "cannot write" in result.output


def test_the_commands_load_nothing_heavy():
    code = (
        "import bench, bench.cli, sys; print(*({'jinja2', 'rich', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in {"", "rich"}
