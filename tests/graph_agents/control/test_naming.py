"""A rule that is misspelt would protect nothing: it is refused, or warned about."""

import asyncio

import pytest
from typer.testing import CliRunner

from clawgym.cli import app


async def run(folder, *options: str):
    fixed = ["--sandbox", "local", "--model", "offline", "-w", str(folder), "count the files"]
    return await asyncio.to_thread(CliRunner().invoke, app, ["agent", "run", *fixed, *options])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--deny", "exce:cat*"], "did you mean 'exec'"),
        (["--deny", "bogus:x"], "there is no tool 'bogus'"),
        (["--allow", "wrote"], "did you mean 'write'"),
        (["--allow", ""], "is no pattern"),
        (["--deny", "exec: "], "is no pattern"),
    ],
)
async def test_a_rule_of_the_command_line_names_a_tool_that_there_is(tmp_path, options, words):
    result = await run(tmp_path, *options)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    "rule", ["w*", "skills_search", "subagents", "csv_analysis__profile", "files__read"]
)
async def test_rules_for_whatever_may_be_offered_are_taken(tmp_path, rule):
    assert (await run(tmp_path, "--deny", rule)).exit_code == 0


async def test_a_rule_of_a_file_that_names_no_tool_is_warned_about(tmp_path, caplog):
    policy = tmp_path / "policy.toml"
    policy.write_text('[[rule]]\naction = "deny"\ntool = "wrote"\n')
    assert (await run(tmp_path, "--policy", str(policy))).exit_code == 0
    assert "did you mean 'write'" in caplog.text
    assert "has no effect" in caplog.text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('tool = ""', "tool"),
        ('tool = "write"\ncommand = "rm *"', "only exec runs commands"),
        ('tool = "write"\npath = ""', "an empty pattern"),
    ],
)
async def test_a_rule_of_a_file_that_can_fit_nothing_is_refused(tmp_path, rule, words):
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[[rule]]\naction = "deny"\n{rule}\n')
    result = await run(tmp_path, "--policy", str(policy))
    assert (result.exit_code, words in result.stderr) == (2, True)
