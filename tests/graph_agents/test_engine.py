"""The engine with its parts: what is judged, bounded, shortened, watched and repaired."""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, replace

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from clawgym.errors import ContextOverflowError, ProviderError, SandboxError
from clawgym.model import EncodedOnce, Message, Role
from graph_agents.approval import Answer, ApprovalDecision, Leave, Scope, Verdict
from graph_agents.control.loops import CircleWatch
from graph_agents.events import (
    ApprovalAsked,
    ApprovalDecided,
    BudgetSeen,
    Compacted,
    FilesChanged,
    LoopSeen,
    Offloaded,
    SkillActivated,
    StopReason,
    ToolEnded,
    ToolOutput,
)
from graph_agents.graph import make_agent
from graph_agents.parts import Compaction, Parts
from mcp_servers.toolkit import Arguments, Tool, ToolResult
from tests.graph_agents.engine_parts import Talker, Workshop, agent_with, call, played, say


@dataclass
class Rules:
    """Says `ask`, `deny` or `allow` by the name of what is made."""

    remembered: list

    def judge(self, tool, arguments):
        leave = {"secret": Leave.DENY, "risky": Leave.ASK}.get(arguments.get("name"), Leave.ALLOW)
        if self.remembered and leave is Leave.ASK:
            leave = Leave.ALLOW
        return Verdict(leave, f"rule about {arguments.get('name')}")

    def remember(self, request, decision):
        self.remembered.append((request.call.name, decision.scope))


async def play(model, shop, parts=None, *, events=None, messages=("go",), **options):
    agent = make_agent(
        model,
        shop.tools(),
        system_prompt="work",
        parts=parts,
        on_event=None if events is None else events.append,
        **options,
    )
    config = {"configurable": {"thread_id": "t"}}
    return await agent.ainvoke({"messages": [HumanMessage(text) for text in messages]}, config)


def results(state) -> list[str]:
    return [m.content for m in state["messages"] if isinstance(m, ToolMessage)]


async def test_calls_that_only_read_run_together_and_calls_with_effects_alone_in_order():
    running, most = 0, 0

    class Counting(Workshop):
        async def look(self, arguments):
            nonlocal running, most
            running += 1
            most = max(most, running)
            answer = await super().look(arguments)
            running -= 1
            return answer

        async def make(self, arguments):
            assert running == 0
            return await super().make(arguments)

    shop = Counting()
    order = ["look", "look", "make", "look", "look", "make"]
    calls = [(name, {"name": str(i)}) for i, name in enumerate(order)]
    state = await play(Talker(call(*calls), say("ok")), shop)
    assert most == 2
    assert results(state) == [
        f"{'seen' if name == 'look' else 'made'} {i}" for i, name in enumerate(order)
    ]
    assert [line for line in shop.log if line.startswith("make")] == ["make 2", "make 5"]


async def test_calls_that_run_together_are_told_in_their_order():
    class Backwards(Workshop):
        async def look(self, arguments):
            await asyncio.sleep(0.03 - 0.01 * int(arguments.name))
            return arguments.name

    events = []
    calls = [("look", {"name": str(i)}) for i in range(3)]
    await play(Talker(call(*calls), say("ok")), Backwards(), events=events)
    assert [e.message.content for e in events if isinstance(e, ToolEnded)] == ["0", "1", "2"]


async def test_what_a_policy_denies_is_not_run_and_the_model_is_told_by_which_rule():
    shop = Workshop()
    model = Talker(call(("make", {"name": "secret"}), ("make", {"name": "a"})), say("ok"))
    state = await play(model, shop, Parts(policy=Rules([])))
    assert shop.log == ["make a"]
    assert "rule about secret" in results(state)[0]


@pytest.mark.parametrize(
    ("decision", "made", "told"),
    [
        (ApprovalDecision(Answer.APPROVE), ["make risky"], "made risky"),
        (ApprovalDecision(Answer.REJECT, message="not today"), [], "not today"),
        (ApprovalDecision(Answer.APPROVE, arguments={"name": "tame"}), ["make tame"], "made tame"),
    ],
)
async def test_a_person_approves_rejects_or_changes_a_call_in_place(decision, made, told):
    async def approve(request):
        assert request.arguments == {"name": "risky"}
        assert request.rule == "rule about risky"
        return decision

    shop, events = Workshop(), []
    parts = Parts(policy=Rules([]), approve=approve)
    state = await play(
        Talker(call(("make", {"name": "risky"})), say("ok")), shop, parts, events=events
    )
    assert shop.log == made
    assert told in results(state)[0]
    kinds = [type(event) for event in events]
    assert kinds.index(ApprovalAsked) < kinds.index(ApprovalDecided)


async def test_an_answer_for_the_session_is_remembered():
    async def approve(request):
        return ApprovalDecision(Answer.APPROVE, Scope.SESSION)

    rules, risky = Rules([]), call(("make", {"name": "risky"}))
    await play(Talker(risky, risky, say("ok")), Workshop(), Parts(policy=rules, approve=approve))
    assert rules.remembered == [("make", Scope.SESSION)]


async def test_without_anybody_to_ask_a_risky_call_is_refused():
    shop = Workshop()
    state = await play(
        Talker(call(("make", {"name": "risky"})), say("ok")), shop, Parts(policy=Rules([]))
    )
    assert shop.log == []
    assert "nobody is here" in results(state)[0]


@pytest.mark.parametrize("answer", [True, "approve", {"answer": "approve"}])
async def test_an_approval_interrupts_the_graph_before_any_call_and_runs_each_once(answer):
    shop = Workshop()
    model = Talker(call(("make", {"name": "a"}), ("make", {"name": "risky"})), say("ok"))
    parts = Parts(policy=Rules([]))
    agent = make_agent(
        model, shop.tools(), system_prompt="w", parts=parts, checkpointer=InMemorySaver()
    )
    config = {"configurable": {"thread_id": "t"}}
    waiting = await agent.ainvoke({"messages": [("user", "go")]}, config)
    [interrupt] = waiting["__interrupt__"]
    assert interrupt.value["approvals"][0]["tool"] == "make"
    assert shop.log == []
    state = await agent.ainvoke(Command(resume=answer), config)
    assert shop.log == ["make a", "make risky"]
    assert state["stop_reason"] == StopReason.DONE


async def test_several_approvals_are_asked_at_once_and_answered_one_by_one():
    shop = Workshop()
    model = Talker(call(("make", {"name": "risky"}), ("make", {"name": "risky"})), say("ok"))
    agent = make_agent(
        model,
        shop.tools(),
        system_prompt="w",
        parts=Parts(policy=Rules([])),
        checkpointer=InMemorySaver(),
    )
    config = {"configurable": {"thread_id": "t"}}
    waiting = await agent.ainvoke({"messages": [("user", "go")]}, config)
    first, second = [each["id"] for each in waiting["__interrupt__"][0].value["approvals"]]
    state = await agent.ainvoke(Command(resume={first: "no", second: True}), config)
    assert shop.log == ["make risky"]
    assert results(state) == ["Error: not run: no", "made risky"]


async def test_a_dry_run_looks_but_does_not_touch():
    shop = Workshop()
    model = Talker(call(("look", {"name": "a"}), ("make", {"name": "b"})), say("ok"))
    state = await play(model, shop, Parts(dry_run=True))
    assert shop.log == ["look a"]
    assert "Dry run" in results(state)[1]


class Purse:
    def __init__(self, limit: int) -> None:
        self.limit, self.tokens, self.calls, self.money = limit, 0, 0, 0.0

    def charge(self, usage, cost=None, *, calls=0, seconds=0.0):
        self.tokens += usage.prompt_tokens + usage.completion_tokens
        self.calls += calls
        self.money += cost or 0

    def at_work(self):
        return nullcontext()

    def exceeded(self):
        full = self.tokens >= self.limit
        return BudgetSeen("tokens", self.tokens, self.limit) if full else None


async def test_a_budget_ends_the_turn_before_the_next_call_of_the_model():
    purse, shop, events = Purse(30), Workshop(), []
    model = Talker(*[call(("look", {"name": "x"}))] * 9)
    parts = Parts(budget_of=lambda session: purse, price=lambda name, usage: 0.5)
    state = await play(model, shop, parts, events=events)
    assert state["stop_reason"] == StopReason.BUDGET
    assert (purse.tokens, purse.calls, purse.money) == (30, 2, 1.0)
    assert BudgetSeen("tokens", 30, 30) in events


async def test_the_same_look_once_a_turn_is_no_loop(tmp_path):
    turn = [call(("look", {"name": "HEARTBEAT.md"})), say("NO_REPLY")]
    parts = Parts(loops=CircleWatch)
    async with agent_with(tmp_path, Talker(*turn * 12), Workshop().tools(), parts=parts) as agent:
        session = agent.new_session()
        for _ in range(12):
            events = await played(session.send("beat"))
            assert not any(isinstance(event, LoopSeen) for event in events)


async def test_a_loop_is_warned_about_and_then_ends_the_turn():
    class Watch:
        def __init__(self) -> None:
            self.count = 0

        def saw(self, call, result):
            self.count += 1
            return LoopSeen("round and round", stop=self.count == 3)

    model = Talker(*[call(("make", {"name": "x"}))] * 9)
    state = await play(model, Workshop(), Parts(loops=Watch))
    assert state["stop_reason"] == StopReason.LOOP
    assert all("round and round" in text for text in results(state))
    assert len(results(state)) == 3


async def test_a_secret_reaches_neither_model_nor_state_nor_events():
    class Hide:
        def redact(self, text):
            return text.replace("hunter2", "[secret]")

        def settled(self, text):
            return text.rfind(" ") + 1

    class Leaky(Workshop):
        async def look(self, arguments):
            return "the password is hunter2"

    events = []
    model = Talker(call(("look", {"name": "hunter2"}), text="hunter2"), say("it is hunter2"))
    state = await play(model, Leaky(), Parts(redactor=Hide()), events=events)
    assert "hunter2" not in str(state)
    assert "hunter2" not in str(model.asked[-1])
    assert "hunter2" not in str(events)


async def test_large_results_are_shortened_and_changed_files_and_output_are_told():
    class Shelf:
        async def shorten(self, call, result):
            return replace(result, text="see r1", details={"offloaded": "r1"})

    async def change(arguments):
        return ToolResult("x" * 9999, details={"diff": "+x"})

    class Nothing(Arguments):
        pass

    events, shop = [], Workshop()
    tools = [Tool("change", "Change.", Nothing, change), *shop.tools()]
    model = Talker(call(("change", {}), ("make", {"name": "a"})), say("ok"))
    agent = make_agent(
        model, tools, system_prompt="w", parts=Parts(offload=Shelf()), on_event=events.append
    )
    state = await agent.ainvoke({"messages": [("user", "go")]})
    assert results(state) == ["see r1", "see r1"]
    assert [e.diff for e in events if isinstance(e, FilesChanged)] == ["+x"]
    assert [e.path for e in events if isinstance(e, Offloaded)] == ["r1", "r1"]
    assert [e.text for e in events if isinstance(e, ToolOutput)] == ["making a"]


async def test_a_skill_that_is_read_discloses_its_tools():
    class Nothing(Arguments):
        pass

    async def hidden(arguments):
        return "found"

    class Book:
        def __init__(self) -> None:
            self.open = False

        def expand(self, session, prompt):
            return prompt, []

        def judge(self, session, call):
            return None

        def saw(self, session, call, result):
            self.open = True
            return SkillActivated("s", "d")

        def disclosed(self, session):
            return [Tool("hidden", "Hidden.", Nothing, hidden)] if self.open else []

        def restore(self, session, activated):
            raise AssertionError

    model = Talker(call(("look", {"name": "SKILL.md"})), call(("hidden", {})), say("ok"))
    state = await play(model, Workshop(), Parts(skills=Book()))
    assert model.offered == [["look", "make"]] + [["look", "make", "hidden"]] * 2
    assert results(state)[1] == "found"


class Shortener:
    """Keeps the last two messages."""

    def __init__(self, wanted=False, works=True) -> None:
        self._wanted, self._works, self.flushed = wanted, works, False

    def wanted(self, tokens, window):
        return self._wanted and tokens > window

    async def compact(self, messages, model, flush):
        if self.flushed:
            await flush("save what matters", ["make"])
        keep = len(messages) - 2
        if not self._works:
            return None
        return Compaction(HumanMessage("summary"), keep, len(messages), 3)


class Counter:
    def count(self, messages):
        return len(messages)


OVERFLOW = ProviderError("400: maximum context length exceeded")


async def test_an_overflow_is_met_with_a_summary_and_asked_again():
    events = []
    model = Talker(
        call(("look", {"name": "a"})), call(("look", {"name": "b"})), OVERFLOW, say("done")
    )
    state = await play(model, Workshop(), Parts(compactor=Shortener()), events=events)
    assert [m.text for m in state["messages"]] == ["summary", "", "seen b", "done"]
    assert [m.content for m in model.asked[-1]] == ["work", "summary", "", "seen b"]
    assert Compacted(5, 3) in events


async def test_what_is_still_too_long_is_shortened_again_but_not_for_ever():
    looks = [call(("look", {"name": "a"})) for _ in range(8)]
    model = Talker(*looks, OVERFLOW, OVERFLOW, say("done"))
    events = []
    state = await play(model, Workshop(), Parts(compactor=Shortener()), events=events)
    assert state["stop_reason"] == StopReason.DONE
    assert sum(isinstance(event, Compacted) for event in events) == 2
    with pytest.raises(ContextOverflowError):
        await play(Talker(*looks, *[OVERFLOW] * 9), Workshop(), Parts(compactor=Shortener()))


@pytest.mark.parametrize("parts", [Parts(), Parts(compactor=Shortener(works=False))])
async def test_an_overflow_that_cannot_be_met_says_so(parts):
    with pytest.raises(ContextOverflowError, match="maximum context"):
        await play(Talker(OVERFLOW), Workshop(), parts)


async def test_a_long_conversation_is_summarised_in_time_and_its_limits_go_on_counting():
    parts = Parts(compactor=Shortener(wanted=True), tokens=Counter(), window=6)
    look = call(("look", {"name": "a"}))
    model = Talker(*[look] * 6, say("done"))
    state = await play(model, Workshop(), parts)
    assert state["stop_reason"] == StopReason.DONE
    assert max(len(asked) for asked in model.asked) <= 8


async def test_notes_are_taken_before_a_summary_and_leave_no_trace():
    shortener, shop = Shortener(), Workshop()
    shortener.flushed = True
    model = Talker(
        call(("look", {"name": "a"})),
        OVERFLOW,
        call(("make", {"name": "note"}), ("look", {"name": "b"})),
        say("noted"),
        say("done"),
    )
    state = await play(model, shop, Parts(compactor=shortener))
    assert shop.log == ["look a", "make note"]
    assert "noted" not in [m.text for m in state["messages"]]
    assert model.offered[2] == ["make"]


async def test_a_history_with_holes_is_repaired_for_the_model_and_kept_as_it_is():
    model, shop = Talker(say("ok")), Workshop()
    agent = make_agent(model, shop.tools(), system_prompt="w")
    asked = {"name": "make", "args": {"name": "a"}, "id": "1"}
    history = [
        HumanMessage("go"),
        AIMessage("", tool_calls=[asked, {**asked, "id": "2"}]),
        ToolMessage("made a", tool_call_id="1"),
        ToolMessage("stray", tool_call_id="9"),
        HumanMessage("and?"),
    ]
    state = await agent.ainvoke({"messages": history})
    shown = model.asked[0]
    assert [m.role for m in shown] == [
        Role.SYSTEM,
        Role.USER,
        Role.ASSISTANT,
        Role.TOOL,
        Role.TOOL,
        Role.USER,
    ]
    assert "may have taken effect" in shown[4].content
    assert state["messages"][:5] == history


async def test_repeated_call_ids_are_answered_each_in_its_place():
    twice = call(("look", {"name": "a"}), ("look", {"name": "b"}))
    same = replace(twice, tool_calls=tuple(replace(c, id="x") for c in twice.tool_calls))
    model = Talker(same, same, say("ok"))
    await play(model, Workshop())
    assert [m.content for m in model.asked[-1] if m.role is Role.TOOL] == ["seen a", "seen b"] * 2


async def test_a_broken_sandbox_ends_the_run_with_the_reason():
    shop = Workshop()
    shop.broken = SandboxError("the box is gone")
    with pytest.raises(SandboxError, match="gone"):
        await play(Talker(call(("make", {"name": "a"}))), shop)


async def test_messages_are_encoded_once_however_long_the_conversation():
    encoded = []

    def encode(message: Message) -> bytes:
        encoded.append(message.role)
        return message.content.encode()

    class Client(Talker):
        async def complete(self, messages, tools=(), *, on_delta=None):
            assert isinstance(messages, EncodedOnce)
            messages.encoded(encode)
            return await super().complete(messages, tools, on_delta=on_delta)

    await play(Client(*[call(("look", {"name": "a"}))] * 3, say("ok")), Workshop())
    count = {role.value: encoded.count(role) for role in Role}
    assert count == {"system": 4, "user": 1, "assistant": 3, "tool": 3}


async def test_many_threads_of_one_graph_do_not_mix():
    async def one(agent, name):
        config = {"configurable": {"thread_id": name}}
        state = await agent.ainvoke({"messages": [("user", name)]}, config)
        return [m.text for m in state["messages"]]

    class Echo:
        name = "echo"

        async def complete(self, messages, tools=(), *, on_delta=None):
            await asyncio.sleep(0)
            return await Talker(say(messages[-1].content + "!")).complete(messages, tools)

    agent = make_agent(Echo(), [], system_prompt="w", checkpointer=InMemorySaver())
    for _ in range(2):
        states = await asyncio.gather(*(one(agent, str(i)) for i in range(20)))
    assert states[7] == ["7", "7!", "7", "7!"]
