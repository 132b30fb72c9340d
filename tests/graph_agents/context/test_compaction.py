"""Compaction: what it keeps, what it checks, and when it leaves the conversation alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from clawgym.errors import ContextOverflowError, ProviderError
from clawgym.model import Message, Role, ScriptedModel
from graph_agents.context.compaction import SummaryCompactor, problems_of, reserve_of
from graph_agents.context.identifiers import exact_names, names_in
from graph_agents.context.transcript import pieces, shown
from graph_agents.conversation import mark, marked

HEADINGS = ("Request", "Done", "State", "Findings", "Decisions", "Open", "Exact names")


def summary(names: str = "None.", **sections: str) -> str:
    texts = {"Exact names": names, **sections}
    return "\n\n".join(f"## {heading}\n{texts.get(heading, 'None.')}" for heading in HEADINGS)


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


def called(number: int, name: str = "exec", size: int = 2_000, **arguments: str):
    call = {"id": f"c{number}", "name": name, "args": arguments}
    return [
        AIMessage("", tool_calls=[call]),
        ToolMessage(f"{number} " * (size // 2), tool_call_id=f"c{number}", name=name),
    ]


def conversation(rounds: int = 10):
    said = [HumanMessage("Put the totals of INV-2041 into out/report.csv, please.")]
    for number in range(rounds):
        said += called(number)
    return said


class Recording(ScriptedModel):
    """A scripted model that keeps what it was asked."""

    def __init__(self, script):
        super().__init__(script)
        self.asked: list[str] = []

    async def complete(self, messages, tools=(), *, on_delta=None):
        self.asked.append(messages[-1].content)
        return await super().complete(messages, tools, on_delta=on_delta)


GOOD = summary("INV-2041\nout/report.csv")
COMPACTOR = {"keep": 1_500}


@pytest.mark.parametrize(
    ("window", "reserve"), [(200_000, 20_000), (80_000, 20_000), (32_768, 8_192)]
)
def test_the_reserve_is_a_quarter_of_a_small_window(window, reserve):
    assert reserve_of(window) == reserve
    compactor = SummaryCompactor()
    assert compactor.wanted(window - reserve, window)
    assert not compactor.wanted(window - reserve - 1, window)


async def test_the_recent_part_stays_and_the_older_is_summarised():
    messages = conversation()
    made = await SummaryCompactor(**COMPACTOR).compact(messages, ScriptedModel([say(GOOD)]), None)
    assert made is not None
    assert isinstance(messages[made.first_kept], AIMessage)
    assert 0 < made.first_kept < len(messages)
    assert made.tokens_after < made.tokens_before
    assert marked(made.summary, "summary")
    assert made.summary.additional_kwargs["kept"] == len(messages) - made.first_kept
    assert GOOD in made.summary.text


async def test_the_users_words_and_the_plan_are_carried_over_letter_by_letter():
    plan = {"plan": [{"step": "Add up", "status": "in_progress"}]}
    messages = conversation()
    messages[1:1] = called(99, "progress_card", 100, **plan)
    made = await SummaryCompactor(**COMPACTOR).compact(messages, ScriptedModel([say(GOOD)]), None)
    assert "Put the totals of INV-2041 into out/report.csv, please." in made.summary.text
    assert json.dumps(plan) in made.summary.text


async def test_they_survive_a_second_compaction():
    compactor = SummaryCompactor(**COMPACTOR)
    messages = conversation()
    first = await compactor.compact(messages, ScriptedModel([say(GOOD)]), None)
    later = [first.summary, *messages[first.first_kept :]]
    for number in range(100, 110):
        later += called(number)
    model = Recording([say(GOOD)])
    second = await compactor.compact(later, model, None)
    assert "Put the totals of INV-2041 into out/report.csv, please." in second.summary.text
    assert "[earlier summary]" in model.asked[0]
    assert "- INV-2041" in model.asked[0]


async def test_skills_that_were_read_are_to_be_read_again():
    messages = conversation()
    messages[1:1] = called(99, "read", 100, path="/skills/bake/SKILL.md")
    made = await SummaryCompactor(**COMPACTOR).compact(messages, ScriptedModel([say(GOOD)]), None)
    again = "<skills-to-read-again>\n/skills/bake/SKILL.md\n</skills-to-read-again>"
    assert again in made.summary.text


async def test_a_request_that_stays_anyway_is_not_repeated():
    messages = [*conversation(), HumanMessage("And now the next one."), *called(50)]
    made = await SummaryCompactor(**COMPACTOR).compact(messages, ScriptedModel([say(GOOD)]), None)
    assert "Put the totals" not in made.summary.text


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("All is well.", "## Findings is missing"),
        (summary("INV-2041"), "does not name out/report.csv"),
        (summary("INV-2041\nout/report.csv", Findings="word " * 9_000), "about"),
    ],
)
async def test_a_summary_that_does_not_hold_is_sent_back_with_the_reason(bad, complaint):
    model = Recording([say(bad), say(GOOD)])
    made = await SummaryCompactor(**COMPACTOR).compact(conversation(), model, None)
    assert made is not None
    assert complaint in model.asked[1]


async def test_after_two_corrections_the_conversation_stays():
    model = Recording([say("no")] * 5)
    compactor = SummaryCompactor(**COMPACTOR)
    assert await compactor.compact(conversation(), model, None) is None
    assert len(model.asked) == 3


async def test_a_conversation_without_an_older_part_stays():
    one = [HumanMessage("hi"), AIMessage("x" * 40_000)]
    model = ScriptedModel([])
    assert await SummaryCompactor().compact(one[:1], model, None) is None
    assert await SummaryCompactor().compact([], model, None) is None


async def test_memory_is_written_before_with_these_tools_only():
    asked = []

    async def flush(prompt, names):
        asked.append((prompt, tuple(names)))

    await SummaryCompactor(**COMPACTOR).compact(conversation(), ScriptedModel([say(GOOD)]), flush)
    assert asked[0][1] == ("read", "memory_note")
    assert "NO_REPLY" in asked[0][0]


async def test_a_failing_flush_costs_nothing_but_the_notes():
    async def flush(prompt, names):
        raise ProviderError("down")

    model = ScriptedModel([say(GOOD)])
    assert await SummaryCompactor(**COMPACTOR).compact(conversation(), model, flush) is not None


async def test_a_part_larger_than_the_window_is_summarised_piece_by_piece():
    model = Recording([say(GOOD)] * 20)
    compactor = SummaryCompactor(**COMPACTOR, window=8_000)
    assert await compactor.compact(conversation(20), model, None) is not None
    assert len(model.asked) > 1
    assert GOOD in model.asked[1]


@pytest.mark.parametrize(
    "error", [ContextOverflowError("too long"), ProviderError("400: maximum context length is 5")]
)
async def test_an_overflow_makes_the_pieces_smaller(error):
    class Small(Recording):
        async def complete(self, messages, tools=(), *, on_delta=None):
            if sum(len(message.content) for message in messages) > 20_000:
                raise error
            return await super().complete(messages, tools, on_delta=on_delta)

    model = Small([say(GOOD)] * 20)
    assert await SummaryCompactor(**COMPACTOR).compact(conversation(20), model, None) is not None


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 3_000))
def test_a_call_is_never_parted_from_its_results(rounds, keep):
    messages = [HumanMessage("begin")]
    for number, results in enumerate(rounds):
        calls = [{"id": f"{number}.{at}", "name": "exec", "args": {}} for at in range(results)]
        messages.append(AIMessage("x" * 900, tool_calls=calls))
        messages += [ToolMessage("y" * 500, tool_call_id=call["id"]) for call in calls]
    cut = SummaryCompactor(keep=keep)._cut(messages)
    assert 0 <= cut < len(messages)
    assert not isinstance(messages[cut], ToolMessage)


def test_headings_out_of_order_are_a_problem():
    text = summary().replace("## Done", "## X").replace("## State", "## Done")
    assert problems_of(text, [], 10_000) == ["the section ## State is missing or out of its place"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("see https://a.example/x?y=1.", ["https://a.example/x?y=1"]),
        ("in data/2024/in.csv and notes.md,", ["data/2024/in.csv", "notes.md"]),
        ("INV-2041, commit 3f2a9bc", ["INV-2041", "3f2a9bc"]),
        ("e.g. this, i.e. that; 3/4 of it and/or 12.5", []),
    ],
)
def test_exact_names_are_found(text, names):
    assert list(names_in(text)) == names


def test_files_that_were_written_are_exact_names_and_results_are_not():
    patch = "*** Begin Patch\n*** Update File: src/my file.py\n*** End Patch"
    messages = [
        *called(1, "write", path="a b.txt", content="see other.txt"),
        *called(2, "apply_patch", input=patch),
        ToolMessage("x/y/z.txt", tool_call_id="3"),
        HumanMessage("stop.txt", additional_kwargs=mark("nudge")),
    ]
    assert exact_names(messages) == ["a b.txt", "src/my file.py"]


def test_only_the_latest_names_count():
    messages = [HumanMessage(f"file{number}.txt") for number in range(60)]
    assert exact_names(messages)[0] == "file20.txt"
    assert len(exact_names(messages)) == 40


def test_the_transcript_shortens_long_results_and_says_so():
    result = shown(ToolMessage("z" * 9_000, tool_call_id="1", name="exec"))
    assert "6,000 characters" in result
    assert shown(HumanMessage([{"type": "image", "base64": "", "mime_type": "x"}])).endswith(
        "[with 1 pictures or other parts]"
    )


def test_the_pieces_are_the_whole_transcript():
    messages = conversation()
    assert "\n\n".join(pieces(messages, 500)) == pieces(messages, 10**6)[0]
