"""The other commands of `clawgym agent`, and the options that say how it shall work."""

import asyncio
import json
import signal
import sys

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.model import ChatReply, Message, Role, ScriptedModel, ToolRequest, Usage
from clawgym.model.endpoint import serve
from tests.misbehaving import answering, response

WRITE = ToolRequest("c1", "write", '{"path": "out.txt", "content": "seven"}')


def use(*calls: ToolRequest) -> Message:
    return Message(Role.ASSISTANT, "", calls)


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


async def clawgym(*arguments: object, stdin: str | None = None):
    runner = CliRunner()
    return await asyncio.to_thread(runner.invoke, app, ["agent", *map(str, arguments)], stdin)


async def agent(folder, replies, *options, command="run", stdin=None):
    """A command that asks a model, in a folder of its own."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    model = replies if hasattr(replies, "complete") else ScriptedModel(replies)
    fixed = ["-w", work, "--sandbox", "local", "--skills", "none", "--retries", "0", "--model", "m"]
    async with serve(model) as endpoint:
        return await clawgym(
            command, *fixed, "--base-url", endpoint.base_url, *options, stdin=stdin
        )


def last_line(result) -> dict:
    return json.loads(result.stdout.splitlines()[-1])


async def test_a_run_can_be_undone_afterwards(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "out.txt").write_text("six")
    await agent(tmp_path, [use(WRITE), say("done")], "do it")
    assert (tmp_path / "work" / "out.txt").read_text() == "seven"
    result = await clawgym("undo", "-w", tmp_path / "work")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "work" / "out.txt").read_text() == "six"


async def test_a_run_may_go_on_with_a_session(tmp_path):
    asked = []

    def script(messages):
        asked.append([m.content for m in messages if m.role is Role.USER])
        return say("ok")

    first = await agent(tmp_path, script, "one", "--json")
    await agent(tmp_path, script, "two", "--session", "last")
    await agent(tmp_path, script, "three", "--session", last_line(first)["session"][:6])
    await agent(tmp_path, script, "four")
    assert asked == [["one"], ["one", "two"], ["one", "two", "three"], ["four"]]


async def test_sessions_are_listed_forked_exported_and_deleted(tmp_path):
    work = tmp_path / "work"
    await agent(tmp_path, [say("ok")], "Count the files")
    listed = json.loads((await clawgym("sessions", "-w", work, "--json")).stdout)
    assert [info["title"] for info in listed] == ["Count the files"]
    forked = (await clawgym("fork", "-w", work, "--title", "Other way")).stdout.strip()
    text = (await clawgym("sessions", "-w", work)).stdout
    assert "Other way" in text
    assert "Count the files" in text
    output = tmp_path / "session.jsonl"
    assert (await clawgym("export", forked, "-o", output)).exit_code == 0
    assert json.loads(output.read_text().splitlines()[0])["type"] == "session"
    assert (await clawgym("sessions", "--delete", forked)).exit_code == 0
    assert len(json.loads((await clawgym("sessions", "--all", "--json")).stdout)) == 1


async def test_a_dry_run_shows_the_diff_and_changes_nothing(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "out.txt").write_text("six\n")
    delete = ToolRequest("c2", "exec", '{"command": "echo new > b.txt"}')
    result = await agent(tmp_path, [use(WRITE, delete), say("done")], "do it", "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert "-six" in result.stderr
    assert "+seven" in result.stderr
    assert "+new" in result.stderr
    assert (tmp_path / "work" / "out.txt").read_text() == "six\n"
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["out.txt"]


async def test_without_anybody_to_ask_a_careful_policy_refuses(tmp_path):
    result = await agent(tmp_path, [use(WRITE), say("ok")], "do it", "--policy", "careful")
    assert result.exit_code == 0
    assert "nobody can be asked here" in result.stderr
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "written"),
    [
        (["--policy", "careful", "--allow", "write:*.txt"], True),
        (["--policy", "careful", "--allow", "write:*.md"], False),
        (["--deny", "write"], False),
        (["--deny", "write:out*"], False),
        (["--deny", "exec:git push*"], True),
        (["--policy", "read-only"], False),
    ],
)
async def test_patterns_add_to_the_policy(tmp_path, options, written):
    await agent(tmp_path, [use(WRITE), say("ok")], "do it", *options)
    assert (tmp_path / "work" / "out.txt").exists() is written


class Counting:
    """Never done, at 1,000 and 100 tokens a reply."""

    name = "counting"

    async def complete(self, messages, tools=(), *, on_delta=None):
        call = ToolRequest(f"c{len(messages)}", "exec", f'{{"command": "echo {len(messages)}"}}')
        return ChatReply(use(call), Usage(1000, 100), "tool_calls")


@pytest.mark.parametrize(
    ("options", "reason", "turns"),
    [
        (["--max-tokens", "3000"], "budget", 3),
        (["--max-cost", "0.002", "--price", "1/1"], "budget", 2),
        (["--max-tool-calls", "2"], "max_tool_calls", 3),
        (["--max-turns", "4"], "max_turns", 4),
    ],
)
async def test_limits_end_a_run_with_1_and_their_name(tmp_path, options, reason, turns):
    result = await agent(tmp_path, Counting(), "do it", "--json", *options)
    assert result.exit_code == 1
    assert last_line(result)["stop_reason"] == reason
    assert last_line(result)["turns"] == turns


async def test_time_is_a_limit(tmp_path):
    call = ToolRequest("c", "exec", '{"command": "sleep 30"}')
    result = await agent(tmp_path, [use(call)], "x", "--json", "--max-seconds", "0.6")
    assert (result.exit_code, last_line(result)["stop_reason"]) == (1, "time")


async def test_another_model_goes_on_where_the_first_fails(tmp_path):
    error = response("500 Oops", '{"error": {"message": "down"}}')
    fine = (
        'data: {"choices": [{"delta": {"content": "here"}, "finish_reason": "stop"}]}\n\n'
        "data: [DONE]\n\n"
    )
    (tmp_path / "work").mkdir()
    async with answering([error, response("200 OK", fine, "text/event-stream")]) as url:
        result = await clawgym(
            *("run", "-w", tmp_path / "work", "--sandbox", "local", "--model", "a", "x"),
            *("--base-url", url, "--fallback-model", "b", "--retries", "0", "--skills", "none"),
        )
    assert (result.exit_code, result.stdout) == (0, "here\n")
    assert "a failed; b goes on" in result.stderr


async def test_chat_without_a_terminal_takes_a_message_a_line(tmp_path):
    result = await agent(
        tmp_path, [say("one"), say("two")], command="chat", stdin="first\n/cost\nsecond\n"
    )
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "one\ntwo\n"
    assert "1 turn · 0 tool calls" in result.stderr


async def test_resume_goes_on_where_the_conversation_was(tmp_path):
    asked = []

    def script(messages):
        asked.append([m.content for m in messages if m.role is Role.USER])
        return say("ok")

    await agent(tmp_path, script, "one")
    result = await agent(tmp_path, script, "-m", "two", command="resume", stdin="")
    assert result.exit_code == 0, result.stderr
    assert asked[-1] == ["one", "two"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["run", "x", "--max-cost", "1"], "--price"),
        (["run", "x", "--price", "cheap"], "no price"),
        (["run", "x", "--policy", "nowhere.toml"], "cannot read the policy"),
        (["run", "x", "--allow", ":x"], "no pattern"),
        (["run", "x", "--session", "ffff"], "there is no session 'ffff'"),
        (["run", "x", "--pin", "nothing"], "cannot be pinned"),
        (["run", "x", "--skills", "catalogue"], "there is no catalogue"),
        (["undo"], "there is no session"),
        (["resume", "abc"], "there is no session 'abc'"),
        (["serve", "--no-token", "--host", "0.0.0.0"], "--no-token"),
        (["serve", "--token", "short"], "characters"),
    ],
)
async def test_a_wrong_command_exits_with_2_and_says_why(tmp_path, options, words):
    command, *rest = options
    model = [] if command == "undo" else ["--model", "offline", "--sandbox", "local"]
    result = await clawgym(command, "-w", tmp_path, *rest, *model)
    assert result.exit_code == 2, result.output
    assert words in result.stderr


async def test_ctrl_c_ends_a_run_with_130_and_the_session_can_be_resumed(tmp_path):
    started = asyncio.Event()

    class Endless:
        name = "endless"

        async def complete(self, messages, tools=(), *, on_delta=None):
            started.set()
            await asyncio.sleep(60)

    (tmp_path / "work").mkdir()
    async with serve(Endless()) as endpoint:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "clawgym", "agent", "run", "-w", str(tmp_path / "work"), "x"),
            *("--sandbox", "local", "--model", "m", "--base-url", endpoint.base_url),
            stderr=asyncio.subprocess.PIPE,
        )
        await started.wait()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert "interrupted · " in err.decode()
    result = await agent(tmp_path, [say("Here again.")], command="resume", stdin="")
    assert result.stdout == "Here again.\n"


class Listening(ScriptedModel):
    """Remembers what it was offered and told."""

    def __init__(self, *replies):
        super().__init__(list(replies))
        self.tools, self.prompts = set(), []

    async def complete(self, messages, tools=(), *, on_delta=None):
        self.tools |= {tool["function"]["name"] for tool in tools}
        self.prompts.append(messages)
        return await super().complete(messages, tools, on_delta=on_delta)


async def test_tools_of_mcp_servers_are_offered_beside_the_agents_own(tmp_path):
    config = tmp_path / "servers.json"
    server = {"command": sys.executable, "args": ["-m", "clawgym", "mcp", "skills"]}
    config.write_text(json.dumps({"mcpServers": {"shelf": server}}))
    model = Listening(say("ok"))
    result = await agent(tmp_path, model, "x", "--mcp-config", config)
    assert result.exit_code == 0, result.stderr
    assert {"read", "exec", "sessions_spawn", "progress_card"} < model.tools
    assert [name for name in model.tools if name.startswith("shelf__")]


async def test_a_skill_is_used_by_its_name_and_a_pinned_one_without_it(tmp_path):
    model = Listening(say("ok"))
    options = ["--skills", "csv-analysis,text-search", "--pin", "text-search"]
    result = await agent(tmp_path, model, "/csv-analysis count the rows", *options)
    assert "✦ skill csv-analysis" in result.stderr
    system, user = (message.content for message in model.prompts[0])
    assert "csv-analysis" in user
    assert user.endswith("count the rows")
    assert system.count("text-search") > 2
