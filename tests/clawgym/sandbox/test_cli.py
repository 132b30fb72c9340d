"""`clawgym sandbox` from the outside."""

import json
from pathlib import Path

from typer.testing import CliRunner

from clawgym.sandbox.cli import app

RUN = ["run", "--sandbox", "local"]


def test_doctor_reports_every_backend_for_programs() -> None:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    found = {status["name"]: status for status in json.loads(result.stdout)}
    assert set(found) == {"bwrap", "docker", "landlock", "local"}
    assert result.exit_code == (0 if found["bwrap"]["works"] else 1)


def test_doctor_says_what_is_enforced() -> None:
    assert "isolates nothing" in CliRunner().invoke(app, ["doctor"]).stdout


def test_run_passes_output_and_exit_code_on() -> None:
    result = CliRunner().invoke(app, [*RUN, "--", "sh", "-c", "echo hello; exit 7"])
    assert result.stdout == "hello\n"
    assert result.exit_code == 7


def test_run_copies_a_directory_in_and_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    command = ["sh", "-c", "cat a.txt; echo theirs > a.txt"]
    result = CliRunner().invoke(app, [*RUN, "--workdir", str(tmp_path), "--", *command])
    assert result.stdout == "mine"
    assert (tmp_path / "a.txt").read_text() == "mine"


def test_run_out_of_time_exits_like_timeout() -> None:
    result = CliRunner().invoke(app, [*RUN, "--timeout", "0.2", "--", "sleep", "60"])
    assert result.exit_code == 124
    assert "killed after 0.2 s" in result.stderr
