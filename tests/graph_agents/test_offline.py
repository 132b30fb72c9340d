"""The rule-based stand-in, on a folder with a skill that documents a command."""

from pathlib import Path

import pytest

from clawgym.sandbox import open_backend
from clawgym_skills.bundle import bundled_skills
from clawgym_skills.reading import read_skill
from graph_agents.events import StopReason
from graph_agents.offline import offline_model
from graph_agents.one_shot import run_agent
from graph_agents.workbench import workbench
from mcp_servers.workspace import workspace_tools

COUNTING = """---
name: line-counting
description: Count the lines of text files.
---
| Rewrite | `python3 {baseDir}/scripts/count.py list INPUT -o OUT` |
| Undo | `python3 {baseDir}/scripts/count.py undo INPUT` |
| Look | `python3 {baseDir}/scripts/count.py stats INPUT [--words]` |

The input ends in `.txt`.
"""
PAINTING = "---\nname: painting\ndescription: Draw pictures.\n---\nTake a brush.\n"
SCRIPT = "import sys\nprint(len(open(sys.argv[2]).readlines()), 'lines in', sys.argv[2])\n"


@pytest.fixture
def skills(tmp_path_factory: pytest.TempPathFactory):
    root = tmp_path_factory.mktemp("skills")
    (root / "line-counting" / "scripts").mkdir(parents=True)
    (root / "line-counting" / "SKILL.md").write_text(COUNTING)
    (root / "line-counting" / "scripts" / "count.py").write_text(SCRIPT)
    (root / "painting").mkdir()
    (root / "painting" / "SKILL.md").write_text(PAINTING)
    return [read_skill(root / name) for name in ("painting", "line-counting")]


async def ask(folder: Path, skills, instruction: str) -> str:
    async with workbench(folder, skills, open_backend("local")) as sandbox:
        run = await run_agent(
            instruction,
            model=offline_model(),
            sandbox=sandbox,
            tools=workspace_tools(sandbox),
            skills=skills,
        )
    assert run.stop_reason is StopReason.DONE
    return run.answer


async def test_it_runs_the_documented_command_that_only_reads_on_the_named_file(tmp_path, skills):
    (tmp_path / "diary.txt").write_text("one\n")
    (tmp_path / "my ideas.txt").write_text("one\ntwo\n")
    answer = await ask(tmp_path, skills, "How many lines has my ideas.txt? Count them.")
    assert "2 lines in my ideas.txt" in answer


async def test_it_says_that_it_is_no_language_model(tmp_path, skills):
    assert "no language model" in await ask(tmp_path, skills, "count lines")


async def test_it_says_what_it_lacks(tmp_path, skills):
    (tmp_path / "song.mp3").write_text("la")
    assert "No skill fits" in await ask(tmp_path, skills, "sing it")
    assert "documents no command" in await ask(tmp_path, skills, "count the lines")


async def test_it_says_how_many_files_it_saw_and_that_there_may_be_more(tmp_path, skills):
    assert "Files in the workspace: 0\n\nThere is nothing" in await ask(tmp_path, skills, "sing it")
    for number in range(201):
        (tmp_path / f"{number}.mp3").write_text("la")
    assert "Files in the workspace: at least 200" in await ask(tmp_path, skills, "sing it")


async def test_it_changes_nothing(tmp_path, skills):
    (tmp_path / "diary.txt").write_text("one\n")
    await ask(tmp_path, skills, "count lines")
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


async def test_it_helps_with_a_bundled_skill(tmp_path):
    (tmp_path / "sales.csv").write_text("region,amount\nnorth,3\nsouth,4\n")
    answer = await ask(tmp_path, bundled_skills(), "Summarise the csv file sales.csv")
    assert "csv-analysis" in answer
    assert "amount" in answer
