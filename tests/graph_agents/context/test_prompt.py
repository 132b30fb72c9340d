"""The system prompt: one order, the same for a whole session, and only what applies."""

import sys
import threading
from datetime import UTC, datetime

import pytest

from graph_agents.context.notes import note_tool
from graph_agents.context.prompt import Detail, WorkspacePrompt

NOW = datetime(2026, 3, 4, tzinfo=UTC)
ALL = ("read", "exec", "memory_search", "progress_card", "sessions_spawn", "agents_wait")


@pytest.fixture
def prompt(sandbox, workspace):
    def make(**options):
        options.setdefault("tools", ALL)
        return WorkspacePrompt(workspace, sandbox, now=lambda: NOW, **options)

    return make


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


async def test_the_sections_have_one_order(prompt, workspace):
    (workspace / "AGENTS.md").write_text("Be kind.")
    (workspace / "memory").mkdir()
    (workspace / "memory/2026-03-03.md").write_text("Yesterday.")
    text = await prompt(skills=lambda _: "## Skills\n").system("s")
    assert headings(text) == [
        "## How to work",
        "## Safety",
        "## Subagents",
        "## Planning",
        "## Memory",
        "## Workspace",
        "## Skills",
        "# Project context",
        "## AGENTS.md",
        "# Recent notes",
        "## memory/2026-03-03.md",
        "## Now",
    ]
    assert "Wednesday, 2026-03-04 (UTC)" in text


async def test_a_session_keeps_its_prompt_and_the_next_one_sees_the_change(prompt, workspace):
    source = prompt()
    first = await source.system("one")
    (workspace / "AGENTS.md").write_text("New rule.")
    assert await source.system("one") == first
    assert "New rule." in await source.system("two")


async def test_two_sessions_of_a_day_get_the_same_bytes(prompt):
    source = prompt()
    assert await source.system("one") == await source.system("two")


async def test_advice_about_tools_that_are_not_there_is_left_out(prompt):
    text = await prompt(tools=("read",)).system("s")
    assert headings(text) == ["## How to work", "## Safety", "## Workspace", "## Now"]
    assert "there is no network" in text


async def test_a_child_sees_only_the_rules_of_the_workspace(prompt, workspace):
    for name in ("AGENTS.md", "SOUL.md", "USER.md", "MEMORY.md"):
        (workspace / name).write_text(name)
    text = await prompt(detail=lambda _: Detail.MINIMAL).system("child")
    assert "## AGENTS.md" in text
    assert "SOUL" not in text
    assert "MEMORY" not in text


async def test_who_and_where_can_be_all(prompt):
    text = await prompt(detail=lambda _: Detail.NONE).system("s")
    assert headings(text) == ["## Workspace"]


async def test_dollars_in_the_users_files_stay(prompt, workspace):
    (workspace / "AGENTS.md").write_text("Costs $5, see $HOME.")
    assert "Costs $5, see $HOME." in await prompt().system("s")


async def test_a_note_is_added_and_nothing_is_lost(sandbox, workspace):
    tool = note_tool(sandbox, lambda: NOW)
    await tool.call({"text": "First."})
    await tool.call({"text": "Second.\n"})
    assert (workspace / "memory/2026-03-04.md").read_text() == "First.\n\nSecond.\n"


async def test_a_note_does_not_touch_what_a_person_wrote(sandbox, workspace):
    (workspace / "memory").mkdir()
    (workspace / "memory/2026-03-04.md").write_text("mine, without a line end")
    await note_tool(sandbox, lambda: NOW).call({"text": "Added."})
    written = (workspace / "memory/2026-03-04.md").read_text()
    assert written == "mine, without a line end\n\nAdded.\n"


async def test_the_files_are_read_beside_the_event_loop(prompt, workspace):
    """A loop that many agents share must not wait for a slow disk."""
    (workspace / "AGENTS.md").write_text("Be kind.")
    (workspace / "memory").mkdir()
    (workspace / "memory/2026-03-03.md").write_text("Yesterday.")
    source, here, read = prompt(), threading.get_ident(), list[str]()

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        touched = event in ("open", "os.scandir", "os.listdir")
        if touched and threading.get_ident() == here and str(workspace) in str(arguments[0]):
            read.append(str(arguments[0]))

    sys.addaudithook(watch)
    assert "Be kind." in await source.system("s")
    assert read == []
