"""Events as lines, and texts that cannot steer a terminal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from rich.console import Console

from clawgym.model import ToolRequest, Usage
from graph_agents.approval import Answer, ApprovalDecision, ApprovalRequest, Scope
from graph_agents.events import (
    ApprovalDecided,
    BudgetSeen,
    Charged,
    Compacted,
    FellBack,
    FilesChanged,
    LoopSeen,
    ModelReplied,
    Offloaded,
    Retried,
    SkillActivated,
    Steered,
    StopReason,
    Subagent,
    TextDelta,
    ToolOutput,
    ToolStarted,
    TurnEnded,
)
from graph_agents.ui.asking import ShowAll, read_answer
from graph_agents.ui.plain import Plain
from graph_agents.ui.printable import drop_controls, one_line, printable
from graph_agents.ui.render import (
    ASKED_LINES,
    call_text,
    diff_text,
    ending_text,
    note_text,
    result_text,
)
from graph_agents.ui.screen import Screen
from graph_agents.ui.tally import Tally

CALL = ToolRequest("c", "exec", '{"command": "make test"}')
DONE = StopReason.DONE


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;AAAA\x1b\\text", "text"),
        ("\x1bPdevice\x1b\\text", "text"),
        ("a\x9b2Jb", "a2Jb"),
        ("50%\r100%\r\ndone", "50%\n100%\ndone"),
        ("safe\u202ecod.exe", "safecod.exe"),
        ("half \ud83d", "half \ufffd"),
        ("tab\tand é 漢字", "tab\tand é 漢字"),
    ],
)
def test_text_is_left_without_what_steers(text, left):
    assert printable(text) == left


@given(st.text(), st.sampled_from([printable, drop_controls, one_line]))
def test_nothing_that_steers_is_ever_left(text, clean):
    left = clean(text)
    assert not [c for c in left if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0]
    left.encode()


def test_a_call_is_a_line_with_the_argument_that_says_most():
    assert call_text(CALL).plain == "▸ exec make test"
    odd = ToolRequest("c", "fly\x1b[2J", '{"to": "moon"}')
    assert call_text(odd).plain == '▸ fly {"to": "moon"}'
    assert call_text(ToolRequest("c", "write", '{"path"')).plain == '▸ write {"path"'


def test_a_result_is_its_beginning_and_how_much_more_there_is():
    shown = result_text("\n".join(map(str, range(10))), failed=False, seconds=1.26)
    assert shown.plain == "  0\n  1\n  2\n  … 7 more lines\n  took 1.3 s"


def test_a_diff_has_colours():
    text = diff_text("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same")
    styles = [str(span.style) for span in text.spans]
    assert styles == ["bold", "bold", "cyan", "red", "green", "dim"]
    assert diff_text("+a\n" * 100, 60).plain.endswith("… 40 more lines")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Retried("model m", "HTTP 500", 1.5), "model m: HTTP 500; asked again in 1.5 s"),
        (FellBack("a", "b"), "a failed; b goes on"),
        (LoopSeen("same call\x1b[2J"), "going in circles: same call"),
        (Compacted(9000, 1200), "conversation summarised: 9,000 → 1,200 tokens"),
        (Offloaded(CALL, "results/1.txt"), "the result as the tool gave it is in results/1.txt"),
        (
            BudgetSeen("money", 0.0011, 1e-06),
            "the limit of $0.000001 is reached: $0.001100 spent (--max-cost)",
        ),
        (
            BudgetSeen("tokens", 1250, 1000),
            "the limit of 1,000 tokens is reached: 1,250 used (--max-tokens)",
        ),
        (SkillActivated("csv", "sha256:" + "a" * 64), "✦ skill csv (aaaaaaaaaaaa)"),
        (Steered("left"), "↳ left"),
        (Subagent("helper", ToolStarted(CALL)), "[helper] ▸ exec make test"),
        (Subagent("helper", TurnEnded(StopReason.DONE)), "[helper] done"),
    ],
)
def test_what_happens_beside_the_work_is_said_in_a_line(event, words):
    assert note_text(event).plain.strip() == words


def test_a_turn_that_failed_says_what_failed():
    ended = TurnEnded(StopReason.MODEL_FAILED, error="HTTP 401: check the key")
    assert ending_text(ended, "1 turn").plain == (
        "the model failed · 1 turn\nerror: HTTP 401: check the key"
    )


def test_a_time_limit_is_named_in_words():
    words = ending_text(TurnEnded(StopReason.TIME), "1 turn").plain
    assert words == "stopped: the time for one message is over (--max-seconds) · 1 turn"


def test_the_last_line_of_a_turn_counts_the_turn_and_not_the_session():
    tally = Tally()
    for _ in range(2):
        tally.saw(ModelReplied(AIMessage("ok")))
        tally.saw(TurnEnded(DONE))
    assert (tally.turn, tally.replies) == ("1 turn · 0 tool calls · 0 tokens", 2)


def test_a_tally_adds_up_replies_calls_tokens_and_dollars():
    tally = Tally()
    usage = {"input_tokens": 1000, "output_tokens": 200, "total_tokens": 1200}
    tally.saw(ModelReplied(AIMessage("x", usage_metadata=usage)))
    tally.saw(Charged(Usage(30, 4), "m"))
    tally.saw(TurnEnded(StopReason.DONE, cost=0.012))
    tally.saw(TurnEnded(StopReason.DONE, cost=0.01))
    assert tally.words == "1 turn · 0 tool calls · 1,234 tokens · $0.0220"


@pytest.mark.parametrize(
    ("line", "answer", "scope", "words"),
    [
        ("y", Answer.APPROVE, Scope.ONCE, ""),
        ("YES", Answer.APPROVE, Scope.ONCE, ""),
        ("s", Answer.APPROVE, Scope.SESSION, ""),
        ("a", Answer.APPROVE, Scope.ALWAYS, ""),
        ("n", Answer.REJECT, Scope.ONCE, ""),
        ("no use b.txt", Answer.REJECT, Scope.ONCE, "use b.txt"),
    ],
)
def test_an_answer_is_a_letter_and_a_refusal_may_say_why(line, answer, scope, words):
    decision = read_answer(line)
    assert (decision.answer, decision.scope, decision.message) == (answer, scope, words)


@pytest.mark.parametrize("line", ["", "y please", "always", "ja", "yn", "s x", "a!", "d x"])
def test_what_is_not_plainly_an_answer_approves_nothing(line):
    assert read_answer(line) is None


def test_d_shows_all_of_it():
    assert read_answer("d") == ShowAll()


def test_a_terminal_shows_the_end_of_what_a_running_tool_puts_out():
    screen = Screen(lambda: "m", Tally(), console=Console(file=io.StringIO(), width=60))
    screen.show(ToolStarted(CALL))
    for number in range(9):
        screen.show(ToolOutput(CALL, f"\x1b[31mline {number}\n"))
    running, tail, status, line = [row.plain for row in screen.rows()]
    assert running.split()[1:4] == ["exec", "make", "test"]
    assert tail == "  line 6\n  line 7\n  line 8"
    assert status == "0 tokens · m · /help"
    assert line == ">  "


@pytest.mark.parametrize(("lines", "times"), [(3, 1), (ASKED_LINES + 1, 2)])
def test_a_diff_that_was_shown_whole_when_it_was_asked_about_is_not_shown_again(lines, times):
    console = Console(file=io.StringIO(), width=60)
    screen = Screen(str, Tally(), console=console)
    diff = "".join(f"+line {number}\n" for number in range(lines))
    request = ApprovalRequest("r:0", CALL, {}, "ask", diff)
    screen.say(diff_text(diff))
    screen.show(ApprovalDecided(request, ApprovalDecision(Answer.APPROVE)))
    screen.show(FilesChanged(CALL, diff))
    assert console.file.getvalue().count("+line 1\n") == times


def test_long_lines_are_broken_at_blanks_and_nothing_is_lost():
    console = Console(file=io.StringIO(), width=30)
    screen = Screen(str, Tally(), console=console)
    words = " ".join(f"word{number}" for number in range(40))
    for letter in words:
        screen.show(TextDelta(letter))
    screen.show(ModelReplied(AIMessage(words)))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) < 30
    assert " ".join(lines) == words


def test_plain_streams_keep_the_answer_apart_from_what_is_said_on_the_way(capsys):
    plain, replied = Plain(), ModelReplied(AIMessage(""))
    for event in (TextDelta("I\x1b["), TextDelta("2J look."), replied, ToolStarted(CALL)):
        plain.show(event)
    aside = capsys.readouterr()
    assert (aside.out, aside.err) == ("", "I[2J look.\n▸ exec make test\n")
    inside = Subagent("helper", ToolStarted(CALL))
    for event in (TextDelta("The "), TextDelta("answer"), replied, inside, TurnEnded(DONE)):
        plain.show(event)
    assert capsys.readouterr().out == "The answer\n"


def test_what_came_of_a_stream_that_broke_is_not_said_again(capsys):
    plain, replied = Plain(), ModelReplied(AIMessage(""))
    again = Retried("model m", "it broke", 0.5)
    for event in (TextDelta("The an"), again, TextDelta("The answer"), replied, TurnEnded(DONE)):
        plain.show(event)
    out, err = capsys.readouterr()
    assert out == "The answer\n"
    assert "The an" not in err


@pytest.mark.parametrize("ending", [[TurnEnded(StopReason.MODEL_FAILED, error="down")], []])
async def test_a_reply_that_is_cut_off_for_good_is_no_answer(capsys, ending):
    async with Plain() as plain:
        for event in (TextDelta("The an"), *ending):
            plain.show(event)
    out, err = capsys.readouterr()
    assert (out, "The an\n" in err) == ("", True)
