"""`clawgym synth run`: exit codes and what it prints."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.dataset import Dataset
from clawgym.sandbox import Backend
from clawgym_skills.bundle import bundled_directory
from synth.gates import Candidate
from synth.routes import Recipe, draw
from synth.running import recipe_source


def synth(*arguments: object):
    return CliRunner().invoke(app, ["synth", "run", *map(str, arguments)])


def test_a_dataset_is_made_proven_and_announced(tmp_path: Path, backend: Backend) -> None:
    output = tmp_path / "set"
    ran = synth("--skills", "csv-analysis, markdown-report", "-n", 3, "-o", output,
                "--sandbox", backend.name)  # fmt: skip
    assert ran.exit_code == 0, ran.output
    assert "3 tasks from 2 skills in " in ran.stdout
    assert f"next: clawgym verify {output}" in ran.stdout.replace("\n", "")
    assert len(Dataset(output)) == 3


def test_json_ends_with_one_object(tmp_path: Path) -> None:
    ran = synth("-n", 2, "--seed", 8, "--style", "spec", "--no-prove", "--json",
                "-o", tmp_path / "set")  # fmt: skip
    assert ran.exit_code == 0, ran.output
    summary = json.loads(ran.stdout)
    assert summary["seed"] == 8
    assert summary["funnel"]["accepted"] == 2
    assert {task.clawgym.prompt_style for task in Dataset(tmp_path / "set")} == {"spec"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--skills", "csv-analisys"], "did you mean 'csv-analysis'?"),
        (["--route", "skill", "--mixture", "0.5"], "--mixture needs --route mixture"),
        (["--scenario", "recrods"], "did you mean 'records'?"),
        (["--level", "7"], "write a level from 1 to 5"),
        (["--persona-file", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--catalog", "nowhere.sqlite"], "nowhere.sqlite"),
        (["-n", "0"], "Invalid value"),
        (["--seed", "-1"], "Invalid value"),
        (["--style", "verse"], "Invalid value"),
    ],
)
def test_wrong_arguments_exit_with_2_and_write_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = synth("--no-prove", "-o", tmp_path / "set", *arguments)
    assert ran.exit_code == 2
    assert said in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_of_ours_costs_one_candidate_and_is_told_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw_with_a_mistake(recipe: Recipe, index: int) -> Candidate:
        return draw(recipe, index) if index != 1 else {}["colour"]

    monkeypatch.setattr(recipe_source, "draw", draw_with_a_mistake)
    ran = synth("-n", 3, "--no-prove", "--workers", 1, "-o", tmp_path / "set")
    assert ran.exit_code == 0, ran.output
    assert "1 candidate lost to mistakes in ClawGym's own code (KeyError)" in ran.stderr
    status = CliRunner().invoke(app, ["synth", "status", str(tmp_path / "set")])
    assert "index 1:\nTraceback" in status.stdout
    assert "in draw_with_a_mistake" in status.stdout


def test_skills_of_a_catalogue_are_taken_from_there(tmp_path: Path) -> None:
    index = ["skills", "index", str(bundled_directory() / "log-triage")]
    catalogue = tmp_path / "skills.sqlite"
    made = CliRunner().invoke(app, [*index, "--catalog", str(catalogue)])
    assert made.exit_code == 0, made.output
    ran = synth("--catalog", catalogue, "-n", 2, "--no-prove", "-o", tmp_path / "set")
    assert ran.exit_code == 0, ran.output
    assert Dataset(tmp_path / "set").index
    assert {task.clawgym.primary_skill for task in Dataset(tmp_path / "set")} == {"log-triage"}


def test_skills_with_odd_names_make_tasks_in_plain_directories(tmp_path: Path) -> None:
    names = ["../../up", "Two Words/and more", "w" * 300, "***"]
    for number, name in enumerate(names):
        folder = tmp_path / "odd" / f"skill{number}"
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(
            f'---\nname: "{name}"\ndescription: Odd.\n'
            "metadata:\n  clawgym-operations: filter:table report:table\n---\n# Odd\n"
        )
    catalogue = tmp_path / "skills.sqlite"
    indexed = ["skills", "index", str(tmp_path / "odd"), "--catalog", str(catalogue)]
    CliRunner().invoke(app, indexed)
    ran = synth("--catalog", catalogue, "-n", 8, "--no-prove", "-o", tmp_path / "set")
    assert ran.exit_code == 0, ran.output
    skills = {task.clawgym.primary_skill for task in Dataset(tmp_path / "set")}
    assert skills == {"up", "Two-Words-and-more", "w" * 64, "skill"}


def test_the_shell_sees_one_sentence_and_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    argv = [sys.executable, "-m", "clawgym", "synth", "run", "-n", "2", "--no-prove"]
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        ran = subprocess.run(
            [*argv, "-o", str(output)], capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == 2
        assert ran.stderr.startswith("error: ")
        assert "choose another" in ran.stderr
        assert "Traceback" not in ran.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
