"""The workspace's own files: OpenClaw's names and limits, and nothing from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_agents.context.bootstrap import (
    bootstrap_files,
    recent_notes,
    shorten,
    start_workspace,
)


def names(shown):
    return [file.name for file in shown]


def test_an_empty_folder_has_none(workspace):
    assert bootstrap_files(workspace) == []


def test_the_files_come_in_a_fixed_order(workspace):
    for name in ("MEMORY.md", "SOUL.md", "AGENTS.md", "IDENTITY.md", "USER.md", "BOOTSTRAP.md"):
        (workspace / name).write_text(name)
    assert names(bootstrap_files(workspace)) == [
        "AGENTS.md",
        "SOUL.md",
        "IDENTITY.md",
        "USER.md",
        "BOOTSTRAP.md",
        "MEMORY.md",
    ]


def test_a_long_file_is_shortened_and_says_so(workspace):
    (workspace / "AGENTS.md").write_text("a" * 30_000 + "end")
    text = bootstrap_files(workspace)[0].text
    assert "10,003 characters of AGENTS.md are left out" in text
    assert text.endswith("end")
    assert len(text) < 20_200


def test_the_users_file_has_a_smaller_limit(workspace):
    (workspace / "USER.md").write_text("u" * 5_000)
    assert "1,000 characters of USER.md" in bootstrap_files(workspace)[0].text


def test_all_together_are_limited(workspace):
    for name in ("AGENTS.md", "SOUL.md", "IDENTITY.md", "MEMORY.md"):
        (workspace / name).write_text("x" * 20_000)
    shown = bootstrap_files(workspace)
    assert sum(len(file.text) for file in shown) < 60_500
    assert "MEMORY.md is left out" in shown[-1].text


def test_a_missing_file_of_an_openclaw_workspace_is_named(workspace):
    (workspace / "SOUL.md").write_text("kind")
    assert "missing" in bootstrap_files(workspace)[0].text


def test_a_plain_project_is_not_told_that_it_lacks_a_soul(workspace):
    (workspace / "AGENTS.md").write_text("rules")
    assert names(bootstrap_files(workspace)) == ["AGENTS.md"]


def test_links_are_followed_inside_the_workspace_only(workspace, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (workspace / "CLAUDE.md").write_text("rules")
    (workspace / "AGENTS.md").symlink_to("CLAUDE.md")
    (workspace / "MEMORY.md").symlink_to(tmp_path / "secret")
    assert [(file.name, file.text) for file in bootstrap_files(workspace)] == [
        ("AGENTS.md", "rules")
    ]


def test_bytes_that_are_no_text_and_folders_do_no_harm(workspace):
    (workspace / "AGENTS.md").write_bytes(b"\xef\xbb\xbfa\xff\r\nb")
    (workspace / "MEMORY.md").mkdir()
    assert [file.text for file in bootstrap_files(workspace)] == ["a\ufffd\nb"]


def test_the_two_latest_notes_are_shown_oldest_first(workspace):
    folder = workspace / "memory"
    folder.mkdir()
    for name in ("2026-01-01.md", "2026-01-03.md", "2026-01-02-trip.md", "ideas.md"):
        (folder / name).write_text(f"note of {name}")
    assert names(recent_notes(workspace)) == ["memory/2026-01-02-trip.md", "memory/2026-01-03.md"]


def test_a_long_note_is_shortened(workspace):
    (workspace / "memory").mkdir()
    (workspace / "memory/2026-01-01.md").write_text("n" * 5_000)
    assert "3,800 characters" in recent_notes(workspace)[0].text


def test_a_new_workspace_gets_templates_once(workspace):
    assert "AGENTS.md" in start_workspace(workspace)
    assert start_workspace(workspace) == []
    assert len(names(bootstrap_files(workspace))) == 5


def test_a_workspace_in_use_is_left_alone(workspace):
    (workspace / "memory").mkdir()
    assert start_workspace(workspace) == []
    assert [path.name for path in workspace.iterdir()] == ["memory"]


@given(st.text(max_size=400), st.integers(1, 500))
def test_a_shortened_text_holds_both_ends(text, limit):
    shown = shorten(text, limit, "F")
    if len(text) <= limit:
        assert shown == text
    else:
        assert shown.startswith(text[: limit - limit // 4].rstrip())
        assert f"{len(text) - limit:,} characters" in shown


@pytest.mark.parametrize("limit", [0, -5])
def test_without_room_only_the_name_is_left(limit):
    assert shorten("text", limit, "F.md").startswith("[F.md is left out")
