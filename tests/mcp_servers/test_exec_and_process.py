"""Commands that outlast a call, in every sandbox that works here."""

import re
from collections.abc import AsyncIterator

import anyio
import pytest

from clawgym.sandbox import BoxSpec, Limits, doctor, open_backend
from mcp_servers.toolkit import ToolResult, watching
from mcp_servers.workspace import _sessions as sessions_module
from mcp_servers.workspace import workspace_tools

WORKING = [status.name for status in doctor() if status.works and status.name != "docker"]


BEST = WORKING[:1]
"""What is about our side alone is tried in one sandbox."""


@pytest.fixture(params=WORKING)
async def call(request: pytest.FixtureRequest) -> AsyncIterator:
    backend = open_backend(request.param)
    box = await backend.create(BoxSpec(limits=Limits(output_bytes=1024**2)))
    tools = {tool.name: tool for tool in workspace_tools(box)}

    async def run(name: str, **arguments: object) -> ToolResult:
        with anyio.fail_after(30):
            return await tools[name].call(arguments)  # type: ignore[arg-type]

    yield run
    await box.close()


@pytest.fixture
def terminals(request: pytest.FixtureRequest) -> None:
    if "landlock" in request.node.name:
        pytest.skip("landlock hides the terminals")


async def start(call, command: str, **arguments: object) -> str:
    started = await call("exec", command=command, background=True, **arguments)
    return str(started.details["sessionId"])


async def settled(call, session: str) -> ToolResult:
    return await call("process", action="poll", sessionId=session, timeout=10_000)


async def test_a_quick_command_leaves_no_session(call):
    assert (await call("exec", command="echo hi")).text == "hi\n(Command exited with code 0)"
    assert (await call("process", action="list")).details["sessions"] == []


async def test_a_slow_command_goes_on_in_the_background(call):
    result = await call("exec", command="echo early; sleep 0.4; echo late", yieldMs=150)
    assert result.details["status"] == "running"
    assert "early" in result.text
    polled = await settled(call, str(result.details["sessionId"]))
    assert polled.text == "late\n(Command exited with code 0)"


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_output_is_put_out_while_the_command_runs_and_all_of_it_once(call):
    seen: list[str] = []
    command = "for i in 1 2 3 4 5; do printf 'line é %s\\n' $i; sleep 0.2; done; printf end"
    with watching(seen.append):
        result = await call("exec", command=command)
    assert len(seen) > 1
    assert "".join(seen) == "".join(f"line é {i}\n" for i in range(1, 6)) + "end"
    assert result.text.startswith("".join(seen))


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_a_line_is_put_out_in_one_piece_unless_it_waits_for_something(call):
    seen: list[str] = []
    command = "printf 'pass'; sleep 0.3; printf 'word: '; sleep 1.5; echo; echo done"
    with watching(seen.append):
        await call("exec", command=command)
    assert seen[0] == "password: "
    assert "".join(seen) == "password: \ndone\n"


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_a_look_that_gets_no_answer_costs_nobody_the_result(call, monkeypatch):
    monkeypatch.setattr(sessions_module, "_PATIENCE", 0.1)
    seen: list[str] = []
    spoil = 'cd "${TMPDIR:-/tmp}/.clawgym-sessions" && printf "raise SystemExit(9)" > ask.py'
    with watching(seen.append):
        result = await call("exec", command=f"{spoil}; sleep 1.5; echo done")
    assert result.text == "done\n(Command exited with code 0)"
    assert seen == []


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_a_quick_command_puts_nothing_out_before_its_answer(call):
    seen: list[str] = []
    with watching(seen.append):
        await call("exec", command="echo hi")
    assert seen == []


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_a_poll_shows_only_what_is_new(call):
    session = await start(call, "echo one; sleep 0.3; echo two")
    await settled(call, session)
    again = await settled(call, session)
    assert again.text == "(no new output)\n(Command exited with code 0)"
    assert (await call("process", action="log", sessionId=session)).text == "one\ntwo"


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_the_log_is_paged_by_lines(call):
    session = await start(call, "seq 1 500")
    await settled(call, session)
    page = await call("process", action="log", sessionId=session, offset=10, limit=3)
    assert page.text == "11\n12\n13\n[Lines 10-12 of 500]"
    last = await call("process", action="log", sessionId=session)
    assert last.text.startswith("301\n")
    assert last.details["totalLines"] == 500


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_only_the_end_of_much_output_is_kept(call):
    result = await call("exec", command="seq 1 300000")
    assert result.text.startswith("[Only the last 200000 characters are kept")
    assert result.text.endswith("\n300000\n(Command exited with code 0)")


async def test_a_command_out_of_time_is_ended_with_what_it_started(call):
    command = "(sleep 1; touch late) & sleep 60"
    result = await call("exec", command=command, timeoutSeconds=0.3)
    assert "ran out of time" in result.text
    assert result.details["timedOut"] is True
    assert (await call("exec", command="sleep 1; ls")).text.startswith("(Command")


async def test_one_out_of_time_does_not_take_the_others_along(call):
    session = await start(call, "sleep 1; echo survived")
    await call("exec", command="sleep 60", timeoutSeconds=0.2)
    assert (await settled(call, session)).text.startswith("survived")


async def test_what_a_command_leaves_with_an_ampersand_dies_with_it(call):
    await call("exec", command="(sleep 0.5; touch late) & echo started")
    assert (await call("exec", command="sleep 0.7; ls")).text.startswith("(Command")


async def test_killing_ends_a_command_that_ignores_the_polite_signal(call):
    session = await start(call, "trap '' TERM; while true; do sleep 0.1; done")
    await anyio.sleep(0.2)
    await call("process", action="kill", sessionId=session)
    assert (await settled(call, session)).text.endswith("(Command was killed.)")


async def test_a_cancelled_call_kills_its_command(call):
    with anyio.move_on_after(0.4):
        await call("exec", command="touch started; sleep 1; touch late")
    assert (await call("exec", command="sleep 1; ls")).text.startswith("started\n(Command")


async def test_a_cancelled_call_does_not_take_the_others_along(call):
    session = await start(call, "sleep 1; echo survived")
    with anyio.move_on_after(0.4):
        await call("exec", command="sleep 60")
    assert (await settled(call, session)).text.startswith("survived")


@pytest.mark.usefixtures("terminals")
async def test_one_types_into_a_terminal(call):
    session = await start(call, "read name; echo hello $name; read key; echo bye", pty=True)
    await call("process", action="submit", sessionId=session, data="ada")
    await call("process", action="send-keys", sessionId=session, keys=["x", "Enter"])
    shown = (await settled(call, session)).text
    assert "hello ada" in shown
    assert shown.endswith("bye\n(Command exited with code 0)")


@pytest.mark.usefixtures("terminals")
async def test_control_c_reaches_the_command(call):
    session = await start(call, "echo ready; sleep 63", pty=True)
    await anyio.sleep(0.3)
    await call("process", action="send-keys", sessionId=session, keys=["C-c"])
    assert "ended by signal 2" in (await settled(call, session)).text


@pytest.mark.parametrize("call", BEST, indirect=True)
@pytest.mark.usefixtures("terminals")
async def test_more_than_a_program_reads_is_refused_not_waited_for(call):
    session = await start(call, "stty raw -echo; sleep 5", pty=True)
    await anyio.sleep(0.2)
    for _ in range(3):
        answer = await call("process", action="write", sessionId=session, data="x" * 50_000)
        if "unread" in answer.text:
            break
    assert "unread" in answer.text
    await call("process", action="kill", sessionId=session)


async def test_without_a_terminal_nothing_can_be_typed(call):
    session = await start(call, "sleep 5")
    answer = await call("process", action="write", sessionId=session, data="x")
    assert "start it with pty:true" in answer.text
    assert not answer.is_error
    await call("process", action="remove", sessionId=session)
    assert "there is no session" in (await settled(call, session)).text


@pytest.mark.parametrize("call", BEST, indirect=True)
@pytest.mark.parametrize(
    "arguments",
    [
        {"action": "poll"},
        {"action": "poll", "sessionId": "nobody"},
        {"action": "write", "sessionId": "nobody", "data": "x"},
    ],
)
async def test_an_unknown_session_is_said_in_words(call, arguments):
    answer = await call("process", **arguments)
    assert answer.details["status"] == "failed"
    assert answer.text.startswith("Not done: ")


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_a_running_command_is_not_cleared(call):
    session = await start(call, "sleep 5")
    assert "is running" in (await call("process", action="clear", sessionId=session)).text
    await call("process", action="kill", sessionId=session)
    await settled(call, session)
    assert (await call("process", action="clear", sessionId=session)).text.startswith("Cleared")


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_too_many_commands_at_once_are_refused(call):
    started = [await call("exec", command="sleep 9", background=True) for _ in range(33)]
    assert [result.is_error for result in started] == [False] * 32 + [True]
    assert "32 commands are running" in started[-1].text


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_names_are_words_and_the_same_each_time(call):
    names = [await start(call, "true") for _ in range(3)]
    assert names == ["amber-atlas", "brisk-atlas", "calm-atlas"]


@pytest.mark.parametrize("call", BEST, indirect=True)
@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "ld_library_path", "DYLD_INSERT"])
async def test_variables_that_choose_other_programs_are_refused(call, name):
    result = await call("exec", command="true", env={name: "/tmp"})
    assert result.is_error
    assert re.search(f"{name} may not be set", result.text)


@pytest.mark.parametrize("call", BEST, indirect=True)
async def test_a_box_that_lies_about_a_session_is_taken_at_its_word(call):
    lie = 'cd "${TMPDIR:-/tmp}/.clawgym-sessions" && printf "raise SystemExit(9)" > attend.py'
    await call("exec", command=lie)
    result = await call("exec", command="echo hi")
    assert "was lost (exit code 9)" in result.text
