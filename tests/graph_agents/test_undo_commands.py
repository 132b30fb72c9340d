"""`clawgym agent undo`, and what is kept for it: a person trusts it with a folder."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from clawgym.model import ToolRequest
from clawgym.model.endpoint import serve
from graph_agents.control.snapshots import KeptWorkspaces
from tests.graph_agents.test_agent_commands import WRITE, agent, clawgym, last_line, say, use


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def home():
    return Path(os.environ["XDG_STATE_HOME"]) / "clawgym" / "workspaces"


def files(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


async def spoken(work):
    output = work.parent / "said.jsonl"
    output.unlink(missing_ok=True)
    result = await clawgym("export", "-w", work, "-o", output)
    return output.read_text() if result.exit_code == 0 else ""


@asynccontextmanager
async def at_work(work):
    """Another process whose turn does not end."""
    started = asyncio.Event()

    class Endless:
        name = "endless"

        async def complete(self, messages, tools=(), *, on_delta=None):
            started.set()
            await asyncio.sleep(60)

    async with serve(Endless()) as endpoint:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "clawgym", "agent", "run", "-w", str(work), "count"),
            *("--sandbox", "local", "--model", "m", "--base-url", endpoint.base_url),
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await started.wait()
            yield
        finally:
            process.kill()
            await process.communicate()


async def test_what_the_user_did_since_the_turn_stays(tmp_path, work):
    (work / "a.txt").write_text("old")
    await clawgym("run", "-w", work, "--model", "offline", "--sandbox", "local", "look around")
    (work / "a.txt").write_text("edited")
    (work / "user.txt").write_text("mine")
    result = await clawgym("undo", "-w", work)
    assert result.exit_code == 0, result.stderr
    assert files(work) == {"a.txt": "edited", "user.txt": "mine"}


async def test_a_journal_in_the_folder_is_no_part_of_what_is_undone(tmp_path, work):
    (work / "out.txt").write_text("six")
    state = ["--state", work / "x.sqlite"]
    await agent(tmp_path, [use(WRITE), say("done")], "do it", *state)
    assert (work / "out.txt").read_text() != "six"
    result = await clawgym("undo", "-w", work, *state)
    assert result.exit_code == 0, result.stderr
    assert (work / "out.txt").read_text() == "six"
    assert (work / "x.sqlite").is_file()


async def test_a_file_that_was_edited_after_the_turn_is_named_and_kept(tmp_path, work):
    (work / "out.txt").write_text("six")
    await agent(tmp_path, [use(WRITE), say("done")], "do it")
    (work / "out.txt").write_text("edited")
    (work / "user.txt").write_text("mine")
    result = await clawgym("undo", "-w", work)
    assert result.exit_code == 2
    assert "out.txt" in result.stderr
    assert "user.txt" not in result.stderr
    assert files(work) == {"out.txt": "edited", "user.txt": "mine"}
    assert "do it" in await spoken(work)
    result = await clawgym("undo", "-w", work, "--force")
    assert "put back: out.txt" in result.stdout
    assert files(work) == {"out.txt": "six", "user.txt": "mine"}
    aside = result.stdout.splitlines()[-1].rpartition(" is in ")[2]
    assert files(home() / aside) == {"out.txt": "edited"}


async def test_the_work_of_a_newer_session_stays(tmp_path, work):
    first = last_line(await agent(tmp_path, [use(WRITE), say("done")], "one", "--json"))["session"]
    other = ToolRequest("c2", "write", '{"path": "other.txt", "content": "eight"}')
    await agent(tmp_path, [use(other), say("done")], "two")
    result = await clawgym("undo", first, "-w", work)
    assert "removed: out.txt" in result.stdout
    assert files(work) == {"other.txt": "eight"}


async def test_nothing_is_undone_while_another_session_is_at_work_in_the_folder(tmp_path, work):
    first = last_line(await agent(tmp_path, [use(WRITE), say("done")], "one", "--json"))["session"]
    async with at_work(work):
        result = await clawgym("undo", first, "-w", work)
    assert result.exit_code == 2
    assert "is at work in the same folder" in result.stderr
    assert files(work) == {"out.txt": "seven"}
    assert (await clawgym("undo", first, "-w", work)).exit_code == 0
    assert files(work) == {}


async def test_a_turn_before_which_nothing_was_kept_is_not_undone(tmp_path, work):
    await agent(tmp_path, [use(WRITE), say("done")], "do it", "--no-undo")
    result = await clawgym("undo", "-w", work)
    assert result.exit_code == 2
    assert "was not kept before the last turn" in result.stderr
    assert files(work) == {"out.txt": "seven"}
    assert "do it" in await spoken(work)
    result = await clawgym("undo", "-w", work, "--force")
    assert "no file was put back" in result.stdout
    assert files(work) == {"out.txt": "seven"}
    assert await spoken(work) == ""


async def test_in_a_dry_run_the_copy_is_put_back(tmp_path, work):
    (work / "out.txt").write_text("six")
    result = await agent(
        tmp_path,
        [use(WRITE), say("done")],
        "--dry-run",
        command="chat",
        stdin="do it\n/undo\n",
    )
    assert "as before the turn" in result.stderr
    assert "nothing would change" in result.stderr
    assert files(work) == {"out.txt": "six"}


async def test_chat_without_undo_says_so(tmp_path, work):
    result = await agent(
        tmp_path,
        [use(WRITE), say("done")],
        "--no-undo",
        command="chat",
        stdin="do it\n/undo\n",
    )
    assert "was not kept before the last turn" in result.stderr
    assert files(work) == {"out.txt": "seven"}


async def test_a_folder_that_is_too_large_is_an_error_that_leaves_nothing(
    tmp_path, work, monkeypatch
):
    small = partial(KeptWorkspaces, most_bytes=1000)
    monkeypatch.setattr("graph_agents.assembly.KeptWorkspaces", small)
    (work / "a.txt").write_text("small")
    (work / "big.bin").write_bytes(bytes(2000))
    result = await agent(tmp_path, [say("done")], "do it", "--json")
    assert result.exit_code == 2
    assert "--no-undo" in result.stderr
    assert last_line(result)["stop_reason"] == "error"
    assert "--no-undo" in last_line(result)["error"]
    assert list((home() / "contents").iterdir()) == []
    assert json.loads((await clawgym("sessions", "-w", work, "--json")).stdout) == []


async def test_a_session_that_is_deleted_leaves_nothing_of_the_folder(tmp_path, work):
    (work / "secret.txt").write_text("secret")
    await agent(tmp_path, [use(WRITE), say("done")], "do it")
    await clawgym("undo", "-w", work)
    await agent(tmp_path, [use(WRITE), say("done")], "again", "--session", "last")
    fork = (await clawgym("fork", "-w", work)).stdout.strip()
    assert (await clawgym("sessions", "--delete", "last")).exit_code == 0
    assert (await clawgym("undo", "-w", work)).exit_code == 0, fork
    assert (await clawgym("sessions", "--delete", "last")).exit_code == 0
    assert [path for path in home().rglob("*") if path.is_file() and path.name != ".lock"] == []


async def test_a_session_that_another_process_is_at_work_on_is_not_deleted(tmp_path, work):
    async with at_work(work):
        result = await clawgym("sessions", "--delete", "last")
        assert result.exit_code == 2
        assert "is in use by process" in result.stderr
        assert len(json.loads((await clawgym("sessions", "-w", work, "--json")).stdout)) == 1
    assert (await clawgym("sessions", "--delete", "last")).exit_code == 0
