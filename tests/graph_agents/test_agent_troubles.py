"""What `clawgym agent` says, and leaves behind, when something is not as it should be."""

import asyncio
import json
import shutil
import signal
import socket
import sqlite3
import sys

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.errors import UsageError
from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from clawgym.model.endpoint import serve
from graph_agents.graph import make_agent
from tests.misbehaving import answering, cut_stream, response


def use(command: str, text: str = "") -> Message:
    call = ToolRequest("c1", "exec", json.dumps({"command": command}))
    return Message(Role.ASSISTANT, text, (call,))


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


async def clawgym(*arguments: object, stdin: str | None = None):
    return await asyncio.to_thread(
        CliRunner().invoke, app, ["agent", *map(str, arguments)], input=stdin
    )


async def run(folder, replies, *options: object, command: str = "run"):
    fixed = ["-w", folder, "--sandbox", "local", "--skills", "none", "--retries", "0"]
    async with serve(ScriptedModel(replies)) as endpoint:
        model = ["--model", "m", "--base-url", endpoint.base_url]
        return await clawgym(command, *fixed, *model, *options, stdin="")


async def offline(folder, *options: object, command: str = "run"):
    fixed = ["-w", folder, "--sandbox", "local", "--skills", "none", "--model", "offline"]
    return await clawgym(command, *fixed, *options, stdin="")


@pytest.fixture
def damaged(tmp_path):
    """A journal whose pages, but for the first ones, hold junk."""
    path = tmp_path / "state" / "journal.sqlite"
    asyncio.run(offline(tmp_path, "hello", "--state", path))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    pages = bytearray(path.read_bytes())
    pages[8192:] = b"\xaa\x03\x11" * (len(pages[8192:]) // 3)
    path.write_bytes(pages)
    return path


@pytest.mark.parametrize("command", ["run hello", "run --json hello", "resume", "undo", "export"])
def test_a_damaged_journal_is_one_error_with_a_way_out(tmp_path, damaged, command):
    name, *rest = command.split()
    options = (*rest, "--state", damaged)
    if name in {"run", "resume"}:
        result = asyncio.run(offline(tmp_path, *options, command=name))
    else:
        result = asyncio.run(clawgym(name, "-w", tmp_path, *options))
    assert result.exit_code == 3
    assert ".recover" in result.stderr
    assert "Traceback" not in result.output
    if "--json" in rest:
        last = json.loads(result.stdout.splitlines()[-1])
        assert (last["type"], last["stop_reason"]) == ("result", "error")
        assert "malformed" in last["error"]


async def test_only_the_answer_is_on_stdout(tmp_path):
    replies = [use("true", "I look."), use("echo x", "Now the rest."), say("Done.")]
    result = await run(tmp_path, replies, "do it")
    assert result.stdout == "Done.\n"
    assert "I look.\n" in result.stderr
    assert "Now the rest.\n" in result.stderr


async def test_a_reply_whose_stream_broke_is_said_once(tmp_path):
    whole = (
        'data: {"choices": [{"delta": {"content": "Half and whole"}, "finish_reason": "stop"}]}'
        "\n\ndata: [DONE]\n\n"
    )
    half = cut_stream('{"choices": [{"delta": {"content": "Half"}}]}')
    async with answering([half, response("200 OK", whole, "text/event-stream")]) as url:
        result = await offline(tmp_path, "x", "--model", "m", "--base-url", url, "--retries", "2")
    assert (result.exit_code, result.stdout) == (0, "Half and whole\n")


async def test_a_failing_endpoint_is_told_once(tmp_path):
    error = response("401 Unauthorized", '{"error": {"message": "who are you"}}')
    async with answering([error]) as url:
        result = await offline(tmp_path, "x", "--model", "m", "--base-url", url)
    assert result.exit_code == 3
    assert result.stderr.count("who are you") == 1


async def test_a_variable_for_the_key_that_is_not_set_is_told(tmp_path):
    options = ["--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--api-key-env", "NOPE_X"]
    result = await offline(tmp_path, "x", *options)
    assert (result.exit_code, "NOPE_X" in result.stderr) == (2, True)


async def test_what_is_kept_of_a_long_output_is_what_is_said(tmp_path):
    result = await run(tmp_path, [use("seq 1 200000"), say("ok")], "x")
    kept = next((tmp_path / ".clawgym" / "results").iterdir()).read_text()
    assert "the whole result" not in result.stderr
    assert "Only the last" in result.stderr
    last = next(entry for entry in await shown(tmp_path) if "left out here" in entry)
    characters = int(kept.split("Only the last ", 1)[1].split()[0])
    assert f"The last {characters:,} characters of the output are in" in last


async def shown(folder) -> list[str]:
    """What the model was shown of the last session."""
    place = folder.parent / f"{folder.name}.jsonl"
    await clawgym("export", "-w", folder, "-o", place)
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    parts = [part for line in lines for part in line.get("message", {}).get("content", [])]
    return [part["text"] for part in parts if part["type"] == "text"]


async def test_a_policy_speaks_in_plain_words(tmp_path):
    replies = [use("touch x"), say("ok")]
    denied = await run(tmp_path, replies, "x", "--policy", "read-only")
    assert "denied by the policy (it may change something, and nothing may be" in denied.stderr
    asked = await run(tmp_path, replies, "x", "--policy", "careful")
    assert "not allowed by the policy (it may change something)" in asked.stderr


async def test_an_export_overwrites_only_where_it_may(tmp_path):
    await offline(tmp_path, "hello")
    place = tmp_path / "out.jsonl"
    place.write_text("mine")
    refused = await clawgym("export", "-w", tmp_path, "-o", place)
    assert (refused.exit_code, "--force" in refused.stderr) == (2, True)
    assert place.read_text() == "mine"
    assert (await clawgym("export", "-w", tmp_path, "-o", place, "--force")).exit_code == 0
    assert place.read_text() != "mine"


async def test_an_export_is_named_after_its_format_and_needs_no_folder(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    await offline(work, "hello")
    session = json.loads((await clawgym("sessions", "-w", work, "--json")).stdout)[0]["id"]
    shutil.rmtree(work)
    monkeypatch.chdir(tmp_path)
    for form in ("openclaw", "atif"):
        assert (await clawgym("export", session, "-f", form)).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"session.jsonl", "session.json"}


async def test_resuming_what_has_finished_says_so(tmp_path):
    await offline(tmp_path, "hello")
    result = await offline(tmp_path, command="resume")
    assert "nothing to go on with" in result.stderr


async def test_a_journal_that_is_not_there_is_not_made(tmp_path):
    typo = tmp_path / "typo.sqlite"
    result = await clawgym("sessions", "--state", typo)
    assert (result.exit_code, "there is no journal" in result.stderr) == (2, True)
    assert not typo.exists()


async def test_an_empty_instruction_is_refused(tmp_path):
    result = await offline(tmp_path, " ")
    assert (result.exit_code, "empty" in result.stderr) == (2, True)


async def test_a_port_that_is_taken_is_said_before_anything_is_opened(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = await offline(tmp_path, "--port", port, command="serve")
    assert result.exit_code == 2
    assert f"127.0.0.1 port {port}" in result.stderr
    assert "--port" in result.stderr


async def test_ctrl_c_before_the_turn_promises_nothing(tmp_path):
    """The server of tools never answers, so the command is still being set up."""
    config = tmp_path / "servers.json"
    silent = {"command": sys.executable, "args": ["-c", "import time; time.sleep(60)"]}
    config.write_text(json.dumps({"mcpServers": {"silent": silent}}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clawgym", "agent", "run", "-w", str(tmp_path), "x"),
        *("--sandbox", "local", "--model", "offline", "--mcp-config", str(config)),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    said = b""
    while b"waiting for the MCP server silent" not in said:
        said += await asyncio.wait_for(process.stderr.readline(), 20)
    process.send_signal(signal.SIGINT)
    _, rest = await process.communicate()
    assert process.returncode == 130
    assert "if a turn had begun" in rest.decode()


def test_a_model_that_is_only_a_name_is_refused():
    with pytest.raises(UsageError, match="not 'gpt-4o'"):
        make_agent("gpt-4o", [], system_prompt="")  # pyright: ignore[reportArgumentType]
