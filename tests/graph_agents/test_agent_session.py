"""Sessions: turns, and what a person does to them; everything survives the process."""

import asyncio
import json

import pytest
from langchain_core.messages import HumanMessage, ToolMessage

from clawgym.errors import ProviderError, SandboxError, SessionBusyError, UsageError
from clawgym.trajectory import Trajectory
from graph_agents.approval import Answer, ApprovalDecision
from graph_agents.control.snapshots import KeptWorkspaces
from graph_agents.control.undoing import FolderUndo
from graph_agents.events import (
    ApprovalAsked,
    ModelReplied,
    Steered,
    StopReason,
    TextDelta,
    ToolEnded,
    TurnEnded,
    TurnStarted,
    event_json,
)
from graph_agents.journal import Kind, Store
from graph_agents.parts import Parts
from graph_agents.state import AgentLimits
from graph_agents.turn import _LEG
from tests.graph_agents.engine_parts import Talker, Workshop, agent_with, call, played, say
from tests.graph_agents.test_engine import Rules, Shortener


def texts(session) -> list[str]:
    return [message.text for message in session.messages]


def reason(events) -> StopReason:
    assert isinstance(events[-1], TurnEnded)
    return events[-1].reason


async def test_a_turn_tells_its_story_and_ends_with_its_price(tmp_path):
    model = Talker(call(("make", {"name": "a"}), text="let me"), say("done"))
    parts = Parts(price=lambda name, usage: 0.25)
    async with agent_with(tmp_path, model, Workshop().tools(), parts=parts) as agent:
        events = await played(agent.new_session().send("go"))
    kinds = [event_json(event)["type"] for event in events]
    assert kinds == [
        "turn_started",
        "text_delta",
        "model_replied",
        "tool_started",
        "tool_output",
        "tool_ended",
        "text_delta",
        "model_replied",
        "turn_ended",
    ]
    assert events[0] == TurnStarted(1, "go")
    assert (events[-1].usage.prompt_tokens, events[-1].cost) == (20, 0.5)
    assert all(json.dumps(event_json(event)) for event in events)


async def test_a_long_turn_runs_in_several_legs_that_nobody_notices(tmp_path):
    count = _LEG + 3
    shop = Workshop()
    model = Talker(*(call(("make", {"name": str(number)})) for number in range(count)), say("done"))
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        session = agent.new_session()
        events = await played(session.send("go"))
        assert len(session.messages) == 2 * count + 2
    assert shop.log == [f"make {number}" for number in range(count)]
    assert [type(event) for event in events].count(TurnStarted) == 1
    assert [type(event) for event in events].count(ModelReplied) == count + 1
    assert [type(event) for event in events].count(ToolEnded) == count
    assert (reason(events), events[-1].usage.prompt_tokens) == (StopReason.DONE, 10 * (count + 1))


async def test_a_conversation_goes_on_in_another_process(tmp_path):
    shop = Workshop()
    async with agent_with(tmp_path, Talker(say("one")), shop.tools()) as agent:
        first = agent.new_session("my title")
        await played(first.send("first"))
    model = Talker(say("two"))
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        assert [info.title for info in agent.sessions()] == ["my title"]
        session = await agent.resume("last")
        assert session.id == first.id
        events = await played(session.send("second"))
        assert events[0] == TurnStarted(2, "second")
        assert texts(session) == ["first", "one", "second", "two"]
    assert [message.content for message in model.asked[0]][1:] == ["first", "one", "second"]


async def test_the_system_prompt_of_a_session_never_changes(tmp_path):
    class Prompt:
        def __init__(self, text):
            self.text = text

        async def system(self, session):
            return self.text

    for number in (1, 2):
        model = Talker(say("ok"))
        parts = Parts(prompt=Prompt(f"prompt {number}"))
        async with agent_with(tmp_path, model, [], parts=parts) as agent:
            session = agent.new_session() if number == 1 else await agent.resume("last")
            await played(session.send("go"))
        assert model.asked[0][0].content == "prompt 1"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ProviderError("the endpoint is down"), StopReason.MODEL_FAILED),
        (ProviderError("maximum context length"), StopReason.CONTEXT),
    ],
)
async def test_a_model_that_fails_is_the_reason_of_the_end_and_can_be_asked_again(
    tmp_path, error, expected
):
    model = Talker(error, say("here"))
    async with agent_with(tmp_path, model, []) as agent:
        session = agent.new_session()
        events = await played(session.send("go"))
        assert reason(events) is expected
        assert str(error) in events[-1].error
        assert session.unfinished
        assert reason(await played(session.go_on())) is StopReason.DONE
        assert texts(session) == ["go", "here"]


async def test_a_broken_sandbox_is_a_reason_too_and_finished_calls_are_not_repeated(tmp_path):
    shop = Workshop()
    model = Talker(call(("make", {"name": "a"}), ("make", {"name": "b"})), say("done"))
    make = shop.make

    async def break_down(arguments):
        if arguments.name == "b":
            raise SandboxError("the box is gone")
        return await make(arguments)

    shop.make = break_down
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        session = agent.new_session()
        assert reason(await played(session.send("go"))) is StopReason.SANDBOX_FAILED
        await played(session.go_on())
        answers = [m.content for m in session.messages if isinstance(m, ToolMessage)]
    assert shop.log == ["make a"]
    assert answers[0] == "made a"
    assert "may have taken effect" in answers[1]


async def test_text_that_no_file_can_hold_does_not_end_a_session(tmp_path):
    half = "\ud83d"

    class Broken(Workshop):
        async def look(self, arguments):
            return f"saw {half}"

    model = Talker(
        call(("look", {"name": "a"}), ("look", f'{{"name": "{half}"}}'), text=half), say("ok")
    )
    async with agent_with(tmp_path, model, Broken().tools()) as agent:
        session = agent.new_session()
        assert reason(await played(session.send(f"go {half}"))) is StopReason.DONE
        assert texts(session)[:3] == ["go \ufffd", "\ufffd", "saw \ufffd"]


async def test_time_ends_a_turn(tmp_path):
    shop = Workshop()
    shop.hold = asyncio.Event()
    limits = AgentLimits(wall_seconds=0.2)
    model = Talker(call(("make", {"name": "slow"})))
    async with agent_with(tmp_path, model, shop.tools(), limits=limits) as agent:
        assert reason(await played(agent.new_session().send("go"))) is StopReason.TIME


async def test_a_message_to_a_running_turn_is_taken_before_the_next_model_call(tmp_path):
    shop = Workshop()
    shop.hold = asyncio.Event()
    model = Talker(call(("make", {"name": "slow"})), say("blue then"))
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        session = agent.new_session()
        turn = asyncio.create_task(played(session.send("make it red")))
        await shop.held.wait()
        session.steer("rather blue")
        shop.hold.set()
        events = await turn
        assert Steered("rather blue") in events
        assert texts(session) == ["make it red", "", "made slow", "rather blue", "blue then"]
        with pytest.raises(UsageError, match="no turn"):
            session.steer("too late")


async def test_a_message_that_comes_while_the_model_answers_is_not_lost(tmp_path):
    async def answer():
        session.steer("one more thing")
        return say("done")

    model = Talker(answer, say("done again"))
    async with agent_with(tmp_path, model, []) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        assert texts(session) == ["go", "done", "one more thing", "done again"]


async def test_an_interrupt_lets_the_running_call_end_and_starts_no_other(tmp_path):
    shop = Workshop()
    shop.hold = asyncio.Event()
    model = Talker(call(("make", {"name": "slow"}), ("make", {"name": "b"})), say("and on"))
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        session = agent.new_session()
        turn = asyncio.create_task(played(session.send("go")))
        await shop.held.wait()
        session.interrupt()
        shop.hold.set()
        assert reason(await turn) is StopReason.INTERRUPTED
        assert shop.log == ["make slow"]
        assert "interrupted" in texts(session)[-1]
        assert reason(await played(session.go_on())) is StopReason.DONE
        assert texts(session)[-1] == "and on"


async def test_an_interrupt_cuts_the_model_off(tmp_path):
    thinking = asyncio.Event()

    async def forever():
        thinking.set()
        await asyncio.sleep(60)

    async with agent_with(tmp_path, Talker(forever, say("ok")), []) as agent:
        session = agent.new_session()
        turn = asyncio.create_task(played(session.send("go")))
        await thinking.wait()
        session.interrupt()
        assert reason(await turn) is StopReason.INTERRUPTED
        assert texts(session) == ["go"]
        await played(session.send("hello?"))
        assert texts(session) == ["go", "hello?", "ok"]


async def test_a_turn_that_is_cancelled_leaves_no_call_without_an_answer(tmp_path):
    shop = Workshop()
    shop.hold = asyncio.Event()
    calls = [("make", {"name": name}) for name in ("a", "slow", "b")]
    model = Talker(call(*calls), say("ok"))
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        session = agent.new_session()
        turn = asyncio.create_task(played(session.send("go")))
        await shop.held.wait()
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        assert session.unfinished
        await played(session.send("what happened?"))
        answers = [m.content for m in session.messages if isinstance(m, ToolMessage)]
    assert answers[0] == "made a"
    assert "may have taken effect" in answers[1]
    assert "cut short before" in answers[2]
    assert shop.log == ["make a", "make slow"]


async def test_one_turn_runs_at_a_time(tmp_path):
    shop = Workshop()
    shop.hold = asyncio.Event()
    model = Talker(call(("make", {"name": "slow"})))
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        session = agent.new_session()
        turn = asyncio.create_task(played(session.send("go")))
        await shop.held.wait()
        with pytest.raises(UsageError, match="is running"):
            await played(session.send("me too"))
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)


async def test_an_approval_waits_for_another_process(tmp_path):
    shop, parts = Workshop(), Parts(policy=Rules([]))
    model = Talker(call(("make", {"name": "a"}), ("make", {"name": "risky"})))
    async with agent_with(tmp_path, model, shop.tools(), parts=parts) as agent:
        session = agent.new_session()
        events = await played(session.send("go"))
        assert reason(events) is StopReason.APPROVAL
        [asked] = [event.request for event in events if isinstance(event, ApprovalAsked)]
        assert shop.log == []
    async with agent_with(tmp_path, Talker(say("ok")), shop.tools(), parts=parts) as agent:
        session = await agent.resume("last")
        assert session.asked == (asked,)
        with pytest.raises(UsageError, match="waits for an answer about: make"):
            await played(session.go_on())
        await played(session.go_on(ApprovalDecision(Answer.APPROVE)))
        assert session.asked == ()
    assert shop.log == ["make a", "make risky"]


async def test_a_new_message_instead_of_an_answer_leaves_the_call_undone(tmp_path):
    shop, parts = Workshop(), Parts(policy=Rules([]))
    model = Talker(call(("make", {"name": "risky"})), say("fine"))
    async with agent_with(tmp_path, model, shop.tools(), parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        await played(session.send("never mind"))
        assert session.asked == ()
        assert texts(session)[-2:] == ["never mind", "fine"]
    assert shop.log == []


async def test_a_turn_can_be_undone_with_its_files_and_the_one_before_it_too(tmp_path):
    shop = Workshop()
    make = shop.make

    async def write(arguments):
        (tmp_path / "workspace" / arguments.name).touch()
        return await make(arguments)

    shop.make = write
    replies = [call(("make", {"name": "a"})), say("1"), call(("make", {"name": "b"})), say("2")]
    kept = KeptWorkspaces(tmp_path / "kept")
    parts = Parts(snapshots=FolderUndo(kept, tmp_path / "workspace"))
    async with agent_with(tmp_path, Talker(*replies, say("3")), shop.tools(), parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        await played(session.send("two"))
        await session.undo()
        assert texts(session) == ["one", "", "made a", "1"]
        assert [path.name for path in (tmp_path / "workspace").iterdir()] == ["a"]
        await session.undo()
        assert texts(session) == []
        assert not list((tmp_path / "workspace").iterdir())
        with pytest.raises(UsageError, match="no turn to undo"):
            await session.undo()
        assert not session.unfinished
        await played(session.send("again"))
        assert texts(session) == ["again", "3"]


async def test_what_a_user_did_while_the_turn_waited_for_an_answer_stays(tmp_path):
    shop, folder = Workshop(), tmp_path / "workspace"
    make = shop.make

    async def write(arguments):
        (folder / arguments.name).write_text("turn")
        return await make(arguments)

    shop.make = write
    undo = FolderUndo(KeptWorkspaces(tmp_path / "kept"), folder)
    model = Talker(call(("make", {"name": "a"})), call(("make", {"name": "risky"})), say("done"))
    parts = Parts(snapshots=undo, policy=Rules([]))
    async with agent_with(tmp_path, model, shop.tools(), parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        (folder / "mine").write_text("mine")
        await played(session.go_on(ApprovalDecision(Answer.APPROVE)))
        assert {path.name for path in folder.iterdir()} == {"a", "risky", "mine"}
        undone = await session.undo()
        assert undone.removed == ("a", "risky")
        assert [path.name for path in folder.iterdir()] == ["mine"]
        assert texts(session) == []


async def test_a_fork_shares_the_past_up_to_an_entry_and_goes_its_own_way(tmp_path):
    replies = [say("1"), call(("look", {"name": "a"})), say("2"), say("3")]
    async with agent_with(tmp_path, Talker(*replies), Workshop().tools()) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        await played(session.send("two"))
        [entry] = [e for e in session.entries() if e.message and e.message.text == "1"]
        fork = await session.fork(entry.id, "other")
        assert texts(fork) == ["one", "1"]
        await played(fork.send("three"))
        assert texts(fork) == ["one", "1", "three", "3"]
        assert texts(session) == ["one", "1", "two", "", "seen a", "2"]
        assert fork.info.parent == session.id
        whole = await session.fork()
        assert texts(whole) == texts(session)
        with pytest.raises(UsageError, match="no entry"):
            await session.fork("ffffffff")


async def test_a_fork_in_the_middle_of_a_turn_can_go_on(tmp_path):
    model = Talker(call(("look", {"name": "a"})), say("1"), say("other end"))
    async with agent_with(tmp_path, model, Workshop().tools()) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        [entry] = [e for e in session.entries() if isinstance(e.message, ToolMessage)]
        fork = await session.fork(entry.id)
        assert fork.unfinished
        await played(fork.go_on())
        assert texts(fork) == ["one", "", "seen a", "other end"]


async def test_time_travel_works_through_the_graph_itself(tmp_path):
    async with agent_with(tmp_path, Talker(say("1"), say("2"), say("3")), []) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        await played(session.send("two"))
        graph, config = agent.graph, {"configurable": {"thread_id": session.id}}
        [state] = [
            s
            async for s in graph.aget_state_history(config)
            if s.next == ("model",) and [m.text for m in s.values["messages"]][-1] == "two"
        ]
        new = await graph.aupdate_state(
            state.config, {"messages": [HumanMessage("or rather three")]}, as_node="__start__"
        )
        await graph.ainvoke(None, new, durability="sync")
        assert texts(session) == ["one", "1", "two", "or rather three", "3"]


async def test_a_summary_survives_a_restart(tmp_path):
    parts = Parts(compactor=Shortener())
    replies = [call(("look", {"name": n})) for n in "abc"]
    overflow = ProviderError("prompt is too long")
    async with agent_with(
        tmp_path, Talker(*replies, overflow, say("done")), Workshop().tools(), parts=parts
    ) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        before = session.messages
        assert texts(session) == ["summary", "", "seen c", "done"]
    async with agent_with(tmp_path, Talker(say("on")), [], parts=parts) as agent:
        session = await agent.resume("last")
        assert session.messages == before
        await played(session.send("and"))
        assert texts(session)[-2:] == ["and", "on"]
        kinds = [entry.kind for entry in session.entries()]
        assert kinds.count(Kind.COMPACTION) == 1
        assert kinds.count(Kind.MESSAGE) == 10


async def test_two_processes_do_not_write_one_session(tmp_path):
    async with agent_with(tmp_path, Talker(say("1")), []) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        async with agent_with(tmp_path, Talker(), []) as other:
            with pytest.raises(SessionBusyError, match="in use by process"):
                await other.resume(session.id)
    async with agent_with(tmp_path, Talker(), []) as other:
        assert texts(await other.resume(session.id)) == ["go", "1"]


async def test_a_session_is_found_by_the_beginning_of_its_id(tmp_path):
    async with agent_with(tmp_path, Talker(), []) as agent:
        session = agent.new_session()
        assert (await agent.resume(session.id[:8])).id == session.id
        with pytest.raises(UsageError, match="no session 'zzz'"):
            await agent.resume("zzz")


async def test_a_session_is_exported_for_openclaw_and_as_atif(tmp_path):
    model = Talker(call(("make", {"name": "a"}), text="hm"), say("done"))
    async with agent_with(tmp_path, model, Workshop().tools()) as agent:
        session = agent.new_session()
        with pytest.raises(UsageError, match="nothing to export"):
            session.export("atif", tmp_path / "x")
        await played(session.send("go"))
        session.export("openclaw", tmp_path / "t.jsonl")
        session.export("atif", tmp_path / "t.json")
    head, *lines = map(json.loads, (tmp_path / "t.jsonl").read_text().splitlines())
    assert (head["type"], head["version"], head["id"]) == ("session", 3, session.id)
    assert [line["parentId"] for line in lines[1:]] == [line["id"] for line in lines[:-1]]
    said = [line["message"] for line in lines if line["type"] == "message"]
    assert [message["role"] for message in said] == ["user", "assistant", "toolResult", "assistant"]
    assert said[1]["content"][1] == {
        "type": "toolCall",
        "id": "c0",
        "name": "make",
        "arguments": {"name": "a"},
    }
    trajectory = Trajectory.load(tmp_path / "t.json")
    assert [step.source for step in trajectory.steps] == ["system", "user", "agent", "agent"]
    assert trajectory.steps[2].observation.results[0].content == "made a"
    assert len(trajectory.agent.tool_definitions) == 2


async def test_many_sessions_of_one_agent_run_at_the_same_time(tmp_path):
    class Slow:
        name = "slow"

        async def complete(self, messages, tools=(), *, on_delta=None):
            await asyncio.sleep(0.01)
            said = sum(message.role == "assistant" for message in messages)
            text = messages[1].content
            reply = say(text) if said == 3 else call(("make", {"name": text}))
            return await Talker(reply).complete(messages, tools)

    shop = Workshop()
    async with agent_with(tmp_path, Slow(), shop.tools()) as agent:

        async def one(i):
            session = agent.new_session()
            events = await played(session.send(f"s{i}"))
            return [e.message.text for e in events if isinstance(e, ModelReplied)][-1]

        assert await asyncio.gather(*map(one, range(20))) == [f"s{i}" for i in range(20)]
    assert sorted(shop.log) == sorted(f"make s{i}" for i in range(20) for _ in range(3))


async def test_someone_who_hears_every_session_hears_what_each_session_tells(tmp_path):
    heard = []
    parts = Parts(on_event=heard.append)
    async with agent_with(tmp_path, Talker(say("ok")), [], parts=parts) as agent:
        events = await played(agent.new_session().send("go"))
    assert TextDelta("ok") in events
    assert [event for event in events if event in heard] == events[1:]


async def test_a_journal_of_a_newer_version_is_refused(tmp_path):
    with Store(tmp_path / "state.sqlite") as store:
        store.execute("UPDATE meta SET schema_version = 99")
    with pytest.raises(UsageError, match="version 99"):
        Store(tmp_path / "state.sqlite")


@pytest.mark.parametrize("junk", ["1", "[1]", '"x"', "{", "null", "NaN"])
async def test_a_malformed_call_survives_a_restart(tmp_path, junk):
    async with agent_with(tmp_path, Talker(call(("look", junk)), say("ok")), []) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        before = session.messages
    async with agent_with(tmp_path, Talker(say("on")), []) as agent:
        session = await agent.resume("last")
        assert session.messages == before
        assert reason(await played(session.send("and"))) is StopReason.DONE


@pytest.mark.parametrize(
    ("limits", "stopped"),
    [
        (AgentLimits(max_turns=2), StopReason.MAX_TURNS),
        (AgentLimits(max_tool_calls=2), StopReason.MAX_TOOL_CALLS),
    ],
)
async def test_a_turn_that_a_limit_stopped_goes_on_with_as_much_again(tmp_path, limits, stopped):
    shop = Workshop()
    model = Talker(*[call(("make", {"name": str(number)})) for number in range(3)], say("done"))
    async with agent_with(tmp_path, model, shop.tools(), limits=limits) as agent:
        session = agent.new_session()
        assert reason(await played(session.send("go"))) is stopped
        events = await played(session.go_on())
        if stopped is StopReason.MAX_TURNS:
            assert shop.log == ["make 0", "make 1", "make 2"]
        assert reason(events) is StopReason.DONE
        assert "Go on." in texts(session)


async def test_a_reply_that_was_cut_off_goes_on_after_a_word_of_the_user(tmp_path):
    """Many endpoints refuse a conversation that ends with the model's own words."""
    model = Talker(say("once upon"), say("a time"))
    model.finish_reasons = ["length"]
    async with agent_with(tmp_path, model, []) as agent:
        session = agent.new_session()
        assert reason(await played(session.send("tell"))) is StopReason.LENGTH
        assert reason(await played(session.go_on())) is StopReason.DONE
        assert texts(session) == ["tell", "once upon", "Go on.", "a time"]
