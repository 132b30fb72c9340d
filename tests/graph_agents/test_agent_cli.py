"""`clawgym agent run` as a user meets it: exit codes, what is printed, what is left behind."""

import asyncio
import json
import socket
import sys

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.model import ChatReply, Message, Role, ScriptedModel, ToolRequest, Usage
from clawgym.model.endpoint import serve
from clawgym.trajectory import Trajectory
from tests.misbehaving import answering, completion, cut_stream, events, response

WRITE = ToolRequest("c1", "write", '{"path": "out.txt", "content": "seven"}')


def use(*calls: ToolRequest) -> Message:
    return Message(Role.ASSISTANT, "", calls)


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


async def agent(folder, *options: str):
    """Run the command in a thread, so that this loop can serve the model meanwhile."""
    fixed = ["--sandbox", "local", "--skills", "none", "--retries", "0"]
    arguments = ["agent", "run", "-w", str(folder), *fixed, *options]
    return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def served(folder, replies, *options: str):
    async with serve(ScriptedModel(replies)) as endpoint:
        return await agent(
            folder, "do it", "--model", "m", "--base-url", endpoint.base_url, *options
        )


async def test_the_answer_goes_to_stdout_and_the_work_to_stderr(tmp_path):
    result = await served(tmp_path, [use(WRITE), say("I wrote seven.")])
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "I wrote seven.\n"
    assert "▸ write out.txt" in result.stderr
    assert "done · 2 turns · 1 tool call" in result.stderr
    assert (tmp_path / "out.txt").read_text() == "seven"


async def test_junk_calls_are_shown_and_survived(tmp_path):
    junk = use(ToolRequest("a", "write", '{"path"'), ToolRequest("b", "fly", "{}"))
    result = await served(tmp_path, [junk, use(WRITE), say("done")])
    assert result.exit_code == 0
    assert "not valid JSON" in result.stderr
    assert "there is no tool 'fly'" in result.stderr


async def test_json_is_an_event_a_line_and_the_result_comes_last(tmp_path):
    class Counting:
        name = "counting"

        async def complete(self, messages, tools=(), *, on_delta=None):
            if on_delta:
                on_delta("ok")
            return ChatReply(say("ok"), Usage(100, 10, 50))

    async with serve(Counting()) as endpoint:
        result = await agent(
            tmp_path, "x", "--model", "m", "--base-url", endpoint.base_url, "--json"
        )
    *events, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["type"] for event in events] == [
        "turn_started",
        "text_delta",
        "model_replied",
        "turn_ended",
    ]
    assert len(last.pop("session")) == 12
    assert last == {
        "type": "result",
        "stop_reason": "done",
        "answer": "ok",
        "turns": 1,
        "tool_calls": 0,
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "cached_tokens": 50},
        "cost": None,
        "error": None,
        "proposed": None,
    }
    assert result.stderr == ""


async def test_a_limit_exits_with_1_and_its_name(tmp_path):
    result = await served(tmp_path, lambda _: use(WRITE), "--max-turns", "2")
    assert result.exit_code == 1
    assert "(--max-turns) · 2 turns" in result.stderr


async def test_the_trajectory_is_valid_atif(tmp_path):
    path = tmp_path / "run.json"
    await served(tmp_path, [use(WRITE), say("done")], "--trajectory", str(path))
    trajectory = Trajectory.load(path)
    assert [step.source for step in trajectory.steps] == ["system", "user", "agent", "agent"]
    assert trajectory.agent.model_name == "m"


async def test_a_trajectory_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    place = str(tmp_path / "file" / "t.json")
    result = await served(tmp_path, [use(WRITE), say("done")], "--trajectory", place)
    assert (result.exit_code, f"cannot write {place}" in result.stderr) == (2, True)
    assert not (tmp_path / "out.txt").exists()


async def test_an_endpoint_that_is_down_exits_with_3_and_names_the_url(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    result = await agent(tmp_path, "x", "--model", "m", "--base-url", url)
    assert result.exit_code == 3
    assert f"error: cannot connect to {url}" in result.stderr


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (response("401 Unauthorized", '{"error": {"message": "no"}}'), "check the API key"),
        (
            response("429 Too Many Requests", "{}", headers="x-should-retry: false\r\n"),
            "rate limit",
        ),
        (response("500 Oops", "{}", headers="x-should-retry: false\r\n"), "the server failed"),
        (
            cut_stream('{"choices": [{"delta": {"content": "Hal"}}]}'),
            "broke while it was answering",
        ),
        (events('{"choices": [{"del'), "no chat completion"),
        (completion(), "ended in the middle"),
    ],
)
async def test_an_endpoint_that_misbehaves_exits_with_3_and_says_how(tmp_path, answer, words):
    path = tmp_path / "run.json"
    async with answering([answer]) as url:
        result = await agent(
            tmp_path, "x", "--model", "m", "--base-url", url, "--trajectory", str(path)
        )
    assert result.exit_code == 3
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert Trajectory.load(path).extra == {"stop_reason": "model_failed"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["x"], "--model offline"),
        (["x", "--model", "gpt"], "OPENAI_API_KEY"),
        (["x", "--model", "offline", "--skills", "csv-analysi"], "did you mean 'csv-analysis'"),
        (["x", "--model", "offline", "--sandbox", "submarine"], "sandbox"),
    ],
)
async def test_a_wrong_command_exits_with_2_and_the_remedy(tmp_path, options, words):
    result = await agent(tmp_path, *options)
    assert result.exit_code == 2
    assert words in result.stderr


async def test_a_missing_folder_exits_with_2(tmp_path):
    result = await agent(tmp_path / "nowhere", "x", "--model", "offline")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr


async def test_texts_cannot_steer_the_terminal(tmp_path):
    exec_call = ToolRequest("c", "exec", json.dumps({"command": "printf '\\033[2J\\a'"}))
    result = await served(tmp_path, [use(exec_call), say("\x1b]0;owned\x07hello")])
    assert "\x1b" not in result.stdout + result.stderr
    assert "\x07" not in result.stdout + result.stderr


async def test_the_installed_command_works_on_its_own(tmp_path):
    async with serve(ScriptedModel([use(WRITE), say("done")])) as endpoint:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "clawgym", "agent", "run", "-w", str(tmp_path), "do it"),
            *("--sandbox", "local", "--model", "m", "--base-url", endpoint.base_url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert out == b"done\n"
    assert (tmp_path / "out.txt").exists()
