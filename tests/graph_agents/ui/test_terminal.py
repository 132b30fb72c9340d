"""`clawgym agent chat` in a real pseudo-terminal, with a scripted model behind real HTTP."""

import asyncio
import contextlib
import json
import signal

import pytest

from clawgym.model import ChatReply, Message, Role, ToolRequest, Usage
from clawgym.model.endpoint import serve
from tests.graph_agents.ui.terminal import terminal


def use(name: str, **arguments: object) -> Message:
    return Message(Role.ASSISTANT, "", (ToolRequest("c1", name, json.dumps(arguments)),))


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


class Script:
    """Answers one by one; texts come word by word, and `hold` keeps a reply from ending."""

    name = "m"

    def __init__(self, *replies: Message) -> None:
        self.replies = list(replies)
        self.asked: list[list[Message]] = []
        self.was_asked = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def complete(self, messages, tools=(), *, on_delta=None):
        self.asked.append(list(messages))
        self.was_asked.set()
        reply = self.replies.pop(0)
        for word in reply.content.split(" ") if on_delta else ():
            on_delta(f"{word} ")
            await asyncio.sleep(0)
        await self.hold.wait()
        return ChatReply(reply, Usage(100, 10, 50), "tool_calls" if reply.tool_calls else "stop")


@contextlib.asynccontextmanager
async def chat(folder, script, *options, command="chat"):
    home = folder.parent / "state"
    workspace = folder / "work"
    workspace.mkdir(exist_ok=True)
    fixed = ["-w", str(workspace), "--sandbox", "local", "--skills", "none", "--model", "m"]
    async with (
        serve(script) as endpoint,
        terminal(
            *("agent", command, *fixed, "--base-url", endpoint.base_url, *options), home=home
        ) as shown,
    ):
        yield shown


async def test_text_streams_in_before_the_reply_has_ended(tmp_path):
    script = Script(say("The quick brown fox"))
    script.hold.clear()
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.enter("hello")
        await shown.see("quick brown fox")
        await shown.see(r"\d+ s · .*Ctrl-C interrupts")
        script.hold.set()
        await shown.see("done · 1 turn · 0 tool calls · 110 tokens")
        shown.enter("/quit")
        assert await shown.leave() == 0
    assert script.asked[0][-1].content == "hello"
    assert shown.screen.unknown == []


async def test_a_call_is_shown_with_its_output_and_the_diff_of_what_it_changed(tmp_path):
    script = Script(use("write", path="a.txt", content="one\ntwo\n"), say("Written."))
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.enter("write it")
        await shown.see("▸ write a.txt")
        await shown.see(r"\+one\n\s+\+two")
        await shown.see("done · 2 turns · 1 tool call")
    assert (tmp_path / "work" / "a.txt").read_text() == "one\ntwo\n"


async def test_a_call_is_approved_in_place_with_its_diff_in_sight(tmp_path):
    script = Script(use("write", path="a.txt", content="one"), say("Written."))
    async with chat(tmp_path, script, "--policy", "careful") as shown:
        await shown.see("/help\n>")
        shown.enter("write it")
        await shown.see(r"\? ▸ write a.txt[^?]*\+one[^?]*allow it\?")
        assert not (tmp_path / "work" / "a.txt").exists()
        shown.enter("y")
        await shown.see("done · 2 turns")
    assert (tmp_path / "work" / "a.txt").read_text() == "one"


async def test_a_refusal_hands_on_the_words_of_the_user(tmp_path):
    script = Script(use("write", path="a.txt", content="one"), say("I see."))
    async with chat(tmp_path, script, "--policy", "careful") as shown:
        await shown.see("/help\n>")
        shown.enter("write it")
        await shown.see("allow it")
        shown.enter("perhaps")
        await shown.see("that is no answer")
        shown.enter("n put it into b.txt")
        await shown.see("done · 2 turns")
    assert "put it into b.txt" in script.asked[1][-1].content
    assert not (tmp_path / "work" / "a.txt").exists()


async def test_an_answer_for_the_session_is_not_asked_for_again(tmp_path):
    again = [use("write", path="a.txt", content=str(number)) for number in range(2)]
    async with chat(tmp_path, Script(*again, say("Twice.")), "--policy", "careful") as shown:
        await shown.see("/help\n>")
        shown.enter("write it twice")
        await shown.see("allow it")
        shown.enter("s")
        await shown.see("done · 3 turns · 2 tool calls")
    assert (tmp_path / "work" / "a.txt").read_text() == "1"


async def test_what_was_half_written_comes_back_after_a_question(tmp_path):
    script = Script(use("write", path="a.txt", content="one"), say("Written."), say("Thanks."))
    script.hold.clear()
    async with chat(tmp_path, script, "--policy", "careful") as shown:
        await shown.see("/help\n>")
        shown.enter("write it")
        await shown.see("typing steers")
        shown.type("half a sen")
        await shown.see("> half a sen")
        script.hold.set()
        await shown.see("allow it[^\n]*\n[^\n]*\n>$")
        shown.enter("y")
        await shown.see("done · 2 turns[^>]*\n> half a sen")


async def test_typing_while_it_works_steers_it(tmp_path):
    script = Script(use("exec", command="sleep 0.2"), say("Changed course."))
    script.hold.clear()
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.enter("go")
        await script.was_asked.wait()
        shown.enter("rather go left")
        await shown.see("/help|steers\n>$")
        script.hold.set()
        await shown.see("↳ rather go left")
        await shown.see("done · 2 turns")
    assert script.asked[1][-1].content == "rather go left"


async def test_ctrl_c_interrupts_the_turn_and_the_conversation_goes_on(tmp_path):
    script = Script(say("A long story"), say("Fine."))
    script.hold.clear()
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.enter("tell me")
        await shown.see("long story")
        shown.ctrl_c()
        await shown.see("interrupted · ")
        script.hold.set()
        shown.enter("never mind")
        await shown.see("Fine.")
        await shown.see("done")
        shown.ctrl_c()
        await shown.see("once more leaves")
        shown.ctrl_c()
        assert await shown.leave() == 0


async def test_a_second_ctrl_c_leaves_in_the_middle_of_a_command(tmp_path):
    script = Script(use("exec", command="sleep 60"))
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.enter("wait")
        await shown.see(r"exec sleep 60\s+\d+\.\d s")
        shown.ctrl_c()
        await shown.see("Ctrl-C leaves at once")
        shown.ctrl_c()
        assert await shown.leave() == 0


async def test_undo_puts_the_folder_and_the_conversation_back(tmp_path):
    script = Script(use("write", path="a.txt", content="new"), say("Written."), say("Hello."))
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.txt").write_text("old")
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.enter("write it")
        await shown.see("done · 2 turns")
        shown.enter("/undo")
        await shown.see("as before the turn")
        assert (tmp_path / "work" / "a.txt").read_text() == "old"
        shown.enter("hello")
        await shown.see("Hello.")
        await shown.see("done · 1 turn ·")
    assert [m.content for m in script.asked[2] if m.role is Role.USER] == ["hello"]


async def test_a_session_resumes_after_the_process_was_killed(tmp_path):
    script = Script(use("write", path="a.txt", content="one"), say("never seen"), say("Resumed."))
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.enter("write it")
        await shown.see("▸ write a.txt")
        await shown.see(r"\+one")
        script.hold.clear()
        shown.process.send_signal(signal.SIGKILL)
        await shown.leave()
    script.hold.set()
    script.replies[:] = [say("Resumed.")]
    async with chat(tmp_path, script, command="resume") as shown:
        await shown.see("Resumed.")
        await shown.see("done")
        shown.enter("/quit")
        assert await shown.leave() == 0
    said = [(m.role.value, m.content) for m in script.asked[-1][1:]]
    assert said[0] == ("user", "write it")
    assert [role for role, _ in said].count("tool") == 1


@pytest.mark.parametrize("tool", [True, False])
async def test_what_comes_from_outside_cannot_steer_the_terminal(tmp_path, tool):
    evil = "\x1b[2J\x1b]0;owned\x07\x1b[31m\x9b5A\x08\x07evil\r\u202ereversed"
    call = use("exec", command="printf '%s' " + repr(evil))
    replies = [call, say("ok")] if tool else [say(evil)]
    async with chat(tmp_path, Script(*replies)) as shown:
        await shown.see("/help\n>")
        shown.enter("go")
        await shown.see("evil")
        await shown.see("done")
    assert "owned" not in shown.raw.replace("owned\x07", "", 1) or "\x1b]0;" not in shown.raw
    for forbidden in ("\x1b[2J", "\x1b]", "\x07", "\x9b", "\x08", "\u202e"):
        assert forbidden not in shown.raw


async def test_pasted_lines_are_one_message(tmp_path):
    script = Script(say("Got it."))
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.type("\x1b[200~one\r\ntwo\x1b[201~")
        await shown.see("> one\ntwo")
        shown.enter("")
        await shown.see("Got it.")
    assert script.asked[0][-1].content == "one\ntwo"


async def test_slash_commands_say_what_they_do_and_mistakes_what_is_meant(tmp_path):
    async with chat(tmp_path, Script()) as shown:
        await shown.see("/help\n>")
        shown.enter("/help")
        await shown.see("/undo .*take back the last turn")
        shown.enter("/und")
        await shown.see("there is no command /und; did you mean /undo")
        shown.enter("/undo")
        await shown.see("error: session .* has no turn to undo")
        shown.enter("/cost")
        await shown.see("0 turns · 0 tool calls")
        shown.enter("/sessions")
        await shown.see(r"\* [0-9a-f]{12}")
        shown.type("\x04")
        assert await shown.leave() == 0


async def test_the_terminal_is_left_as_it_was(tmp_path):
    async with chat(tmp_path, Script()) as shown:
        await shown.see("/help\n>")
        shown.enter("/quit")
        assert await shown.leave() == 0
    assert shown.raw.rstrip().endswith(("\x1b[?2004l", "\x1b[?25h"))
    assert shown.raw.count("\x1b[?25l") == shown.raw.count("\x1b[?25h")


async def test_reasoning_is_shown_apart_from_the_answer(tmp_path):
    script = Script(Message(Role.ASSISTANT, "Four.", reasoning="two and two"))
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.enter("2+2?")
        await shown.see("two and two")
        await shown.see("done · 1 turn")
    assert "\x1b[2;3mtwo and two" in shown.raw


async def test_ctrl_c_at_a_question_refuses_the_call_and_ends_the_turn(tmp_path):
    script = Script(use("write", path="a.txt", content="one"), say("never asked"))
    async with chat(tmp_path, script, "--policy", "careful") as shown:
        await shown.see("/help\n>")
        shown.enter("write it")
        await shown.see("allow it")
        shown.ctrl_c()
        await shown.see("interrupted · ")
        shown.enter("/quit")
        assert await shown.leave() == 0
    assert len(script.asked) == 1
    assert not (tmp_path / "work" / "a.txt").exists()


async def test_ctrl_c_first_clears_what_is_half_written(tmp_path):
    async with chat(tmp_path, Script()) as shown:
        await shown.see("/help\n>")
        shown.type("half a sentence")
        await shown.see("> half a sentence")
        shown.ctrl_c()
        await shown.see("/help\n>$")
        shown.type("\x04")
        assert await shown.leave() == 0


async def test_run_in_a_terminal_asks_as_well_and_leaves_when_the_turn_has_ended(tmp_path):
    script = Script(use("write", path="a.txt", content="one"), say("Written."))
    async with chat(tmp_path, script, "--policy", "careful", "write it", command="run") as shown:
        await shown.see("allow it")
        shown.enter("y")
        assert await shown.leave() == 0
        await shown.see("done · 2 turns")
    assert (tmp_path / "work" / "a.txt").read_text() == "one"


async def test_a_running_command_shows_its_time_and_then_its_result(tmp_path):
    script = Script(use("exec", command="seq 1 9; sleep 2; echo end"), say("Counted."))
    async with chat(tmp_path, script) as shown:
        await shown.see("/help\n>")
        shown.enter("count")
        await shown.see(r"[^▸] exec seq 1 9; sleep 2; echo end +1\.\d s\n")
        await shown.see(r"▸ exec seq[^\n]*\n +1\n +2\n +3\n +… \d+ more lines\n +took 2\.\d s")
        await shown.see("done · 2 turns")
