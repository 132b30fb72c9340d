"""One question, three profiles; and the command that asks it."""

import json

import pytest
from typer.testing import CliRunner

from clawgym_skills import read_skill
from clawgym_skills.cli import app
from clawgym_skills.openclaw import Machine
from clawgym_skills.profiles import Checker, Profile

LINUX = Machine("linux", {}, {"jq"}.__contains__)
GATED = (
    '---\nname: demo\ndescription: Fine.\nmetadata: {"clawdis": {"requires": {"bins": ["rg"]}}}\n'
    "---\nBody\n"
)
BROKEN = "---\nname: demo\ndescription: Fine.\nhomepage: a: b\n---\nBody\n"


@pytest.fixture
def check(write_skill):
    def ask(profile: str, text: str, **others: str):
        directory = write_skill("demo", text, **others)
        return Checker(Profile(profile), LINUX).directory(directory)

    return ask


def test_lenient_gates_by_every_name_of_the_block(check):
    found = check("lenient", GATED)
    assert (found.loads, found.eligible) == (True, False)
    assert found.reasons == ("program rg is not on PATH",)


def test_openclaw_does_not_and_says_so(check):
    found = check("openclaw", GATED)
    assert (found.loads, found.eligible) == (True, True)
    assert [diagnostic.code for diagnostic in found.diagnostics] == ["SKO102"]


def test_strict_names_violations_and_nothing_about_the_machine(check):
    found = check("strict", GATED)
    assert (found.loads, found.eligible) == (False, None)
    assert found.reasons[0].startswith("SKS109")


def test_openclaw_skips_what_lenient_repairs(check):
    assert check("lenient", BROKEN).loads
    found = check("openclaw", BROKEN)
    assert not found.loads
    assert found.reasons[0].startswith("SKO202")
    assert found.reasons[0].endswith("(line 4)")


def test_openclaw_finds_no_other_spelling_of_the_file(write_skill):
    directory = write_skill("demo", GATED)
    (directory / "SKILL.md").rename(directory / "skill.md")
    found = Checker(Profile.OPENCLAW, LINUX).directory(directory)
    assert [diagnostic.code for diagnostic in found.diagnostics] == ["SKO201"]


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("text", [GATED, BROKEN])
def test_a_skill_in_memory_gets_the_same_answer(write_skill, profile, text):
    directory = write_skill("demo", text)
    checker = Checker(profile, LINUX)
    stored, found = checker.skill(read_skill(directory)), checker.directory(directory)
    assert (stored.loads, stored.eligible) == (found.loads, found.eligible)
    assert stored.reasons == found.reasons


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("OPENCLAW_STATE_DIR", raising=False)

    def command(*arguments: str):
        return CliRunner().invoke(app, ["check", *arguments])

    return command


def test_the_command_prints_a_table_and_a_summary(run, write_skill):
    result = run(str(write_skill("demo", GATED).parent))
    assert result.exit_code == 0, result.output
    assert "program rg is not on PATH" in result.output or "yes" in result.output
    assert "1 skills: 1 load" in result.output


def test_strict_exits_with_one_on_violations_only(run, write_skill, write_simple):
    assert run(str(write_simple("good")), "--profile", "strict").exit_code == 0
    result = run(str(write_skill("demo", GATED)), "--profile", "strict", "--verbose")
    assert result.exit_code == 1
    assert "SKS109" in result.output


def test_programs_read_one_json_line_a_skill(run, write_skill):
    result = run(str(write_skill("demo", BROKEN)), "--profile", "openclaw", "--json")
    found = json.loads(result.output)
    assert (found["skill"], found["loads"], found["eligible"]) == ("demo", False, False)
    assert found["diagnostics"][0]["line"] == 4


def test_without_a_name_openclaws_roots_are_checked(run, write_simple, tmp_path):
    write_simple("csv-analysis", description="Mine.")
    result = run("--profile", "openclaw", "--workspace", str(tmp_path), "--json")
    found = [json.loads(line) for line in result.output.splitlines()]
    assert {each["source"] for each in found if each["skill"] == "csv-analysis"} == {
        "openclaw-workspace",
        None,
    }
    assert any("SKO209" in reason for each in found for reason in each["reasons"])


def test_an_unknown_profile_is_a_usage_error(run):
    assert "no profile is called" in str(run("--profile", "lax").exception)
