"""Children: conversations of their own, collected, limited, stopped, and found again."""

import asyncio
import json

import pytest

from clawgym.errors import ProviderError, UsageError
from clawgym.model import ChatReply, Role
from graph_agents.approval import Answer, ApprovalDecision, Leave, Verdict
from graph_agents.context.prompt import Detail
from graph_agents.events import StopReason, Subagent, ToolStarted, TurnEnded
from graph_agents.journal import Store
from graph_agents.tools.family import FamilyLimits
from tests.graph_agents.tools.conftest import call, results, say

TASK = "[Subagent Task]"


def is_child(messages) -> bool:
    return messages[1].content.startswith(TASK)


async def turn(session, prompt="go"):
    return [event async for event in session.send(prompt)]


async def until(happened):
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 - nothing in the product waits for this
            await asyncio.sleep(0.05)


def parent_of_two(messages):
    if is_child(messages):
        return say("did: " + messages[1].content.splitlines()[2])
    done = results(messages)
    if not done:
        return call(
            ("sessions_spawn", {"task": "count apples", "taskName": "apples"}),
            ("sessions_spawn", {"task": "count pears"}),
        )
    if len(done) == 2:
        return call(("agents_wait", {"ids": [one["runId"] for one in done]}))
    return say(" / ".join(one["result"] for one in done[2]["completed"]))


async def test_children_work_beside_each_other_and_are_collected(agent_of):
    async with agent_of(parent_of_two) as (agent, _):
        session = agent.new_session()
        events = await turn(session)
        assert session.messages[-1].text == "did: count apples / did: count pears"
        assert events[-1].reason is StopReason.DONE
        inner = [event for event in events if isinstance(event, Subagent)]
        assert {event.name for event in inner} == {"apples", "count pears"}
        assert any(isinstance(event.event, TurnEnded) for event in inner)


async def test_a_child_has_a_session_of_its_own_in_the_journal(agent_of):
    async with agent_of(parent_of_two) as (agent, family):
        session = agent.new_session()
        await turn(session)
        spawned = [info for info in agent.sessions() if info.spawned_by == session.id]
        assert {info.id for info in spawned} == {child.id for child in family.of(session.id)}
        assert all(TASK not in str(message.text) for message in session.messages)


async def test_children_are_told_less_and_share_a_root(agent_of):
    async with agent_of(parent_of_two) as (agent, family):
        session = agent.new_session()
        await turn(session)
        child = family.of(session.id)[0]
        assert family.detail(child.id) is Detail.MINIMAL
        assert family.detail(session.id) is Detail.FULL
        assert family.root_of(child.id) == session.id


async def test_a_child_works_in_the_same_folder(agent_of, tmp_path):
    def script(messages):
        if is_child(messages):
            if len(messages) == 2:
                return call(("write", {"path": "made.txt", "content": "by the child"}))
            return say("made.txt")
        done = results(messages)
        if not done:
            return call(("sessions_spawn", {"task": "make it"}))
        if len(done) == 1:
            return call(("agents_wait", {"ids": [done[0]["runId"]]}))
        return say("ok")

    async with agent_of(script) as (agent, _):
        events = await turn(agent.new_session())
        assert (tmp_path / "workspace/made.txt").read_text() == "by the child"
        inside = [event.event for event in events if isinstance(event, Subagent)]
        assert any(isinstance(one, ToolStarted) and one.call.name == "write" for one in inside)


def spawning(arguments: dict, then=None):
    """A parent that spawns once and then calls what `then` makes of the run's id."""

    def script(messages):
        if is_child(messages):
            return call(("exec", {"command": "sleep 30"})) if len(messages) == 2 else say("late")
        done = results(messages)
        if not done:
            return call(("sessions_spawn", {"task": "sleep", **arguments}))
        if len(done) == 1 and then:
            return then(done[0]["runId"])
        return say("end")

    return script


async def test_waiting_has_an_end(agent_of):
    script = spawning({}, lambda run: call(("agents_wait", {"ids": [run], "timeoutSeconds": 0.3})))
    async with agent_of(script) as (agent, _):
        session = agent.new_session()
        await turn(session)
        answer = session.messages[-2].text
        assert '"pending": [' in answer
        assert '"completed": []' in answer


async def test_a_child_may_be_given_a_time(agent_of):
    script = spawning({"runTimeoutSeconds": 0.3}, lambda run: call(("agents_wait", {"ids": [run]})))
    async with agent_of(script) as (agent, _):
        session = agent.new_session()
        await turn(session)
        assert '"status": "timed_out"' in session.messages[-2].text


async def test_a_child_can_be_cancelled(agent_of):
    script = spawning({}, lambda run: call(("subagents", {"action": "cancel", "taskId": run})))
    async with agent_of(script) as (agent, _):
        session = agent.new_session()
        await turn(session)
        assert '"status": "cancelled"' in session.messages[-2].text


async def test_when_the_agent_closes_its_children_end(agent_of):
    async with agent_of(spawning({})) as (agent, family):
        session = agent.new_session()
        await turn(session)
        (child,) = family.of(session.id)
        assert child.status == "running"
    assert child.status == "cancelled"


async def test_the_user_who_interrupts_stops_the_children_too(agent_of):
    script = spawning({}, lambda run: call(("agents_wait", {"ids": [run]})))
    async with agent_of(script) as (agent, family):
        session = agent.new_session()
        running = asyncio.ensure_future(turn(session))
        await until(lambda: family.of(session.id))
        session.interrupt()
        events = await asyncio.wait_for(running, 10)
        assert events[-1].reason is StopReason.INTERRUPTED


async def test_a_word_from_the_user_ends_the_waiting(agent_of):
    script = spawning({}, lambda run: call(("agents_wait", {"ids": [run]})))
    async with agent_of(script) as (agent, family):
        session = agent.new_session()
        running = asyncio.ensure_future(turn(session))
        await until(lambda: family.of(session.id))
        await asyncio.sleep(0.3)
        session.steer("never mind the child")
        events = await asyncio.wait_for(running, 10)
        assert events[-1].reason is StopReason.DONE


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (FamilyLimits(children=1), "1 subagents of this session"),
        (FamilyLimits(running=1), "1 in all"),
        (FamilyLimits(depth=0), "nested 0 deep"),
    ],
)
async def test_there_are_limits_and_they_are_said(agent_of, limits, problem):
    def script(messages):
        if is_child(messages):
            return call(("exec", {"command": "sleep 30"}))
        if len(messages) == 2:
            return call(("sessions_spawn", {"task": "a"}), ("sessions_spawn", {"task": "b"}))
        return say("end")

    async with agent_of(script, limits) as (agent, _):
        session = agent.new_session()
        await turn(session)
        assert problem in session.messages[-2].text


async def test_a_failing_child_says_why(agent_of):
    class Model:
        name = "half"

        async def complete(self, messages, tools=(), *, on_delta=None):
            if is_child(messages):
                raise ProviderError("the endpoint is down")
            done = results(messages)
            if not done:
                return ChatReply(call(("sessions_spawn", {"task": "x"})))
            if len(done) == 1:
                return ChatReply(call(("agents_wait", {"ids": [done[0]["runId"]]})))
            return ChatReply(say("end"))

    async with agent_of(Model()) as (agent, _):
        session = agent.new_session()
        await turn(session)
        assert "the endpoint is down" in session.messages[-2].text
        assert '"status": "failed"' in session.messages[-2].text


async def test_an_unknown_child_is_an_error_that_names_those_there_are(agent_of):
    script = spawning({}, lambda run: call(("agents_wait", {"ids": ["nobody"]})))

    def plain(messages):
        if not is_child(messages) and messages[-1].content.startswith("Error"):
            return say("end")
        return script(messages)

    async with agent_of(plain) as (agent, family):
        session = agent.new_session()
        await turn(session)
        (child,) = family.of(session.id)
        assert f"no subagent 'nobody'; it has: {child.id}" in session.messages[-2].text


async def test_a_child_of_a_former_process_is_found_and_goes_on(agent_of):
    async with agent_of(spawning({})) as (agent, family):
        session = agent.new_session()
        await turn(session)
        (child,) = family.of(session.id)
        inside = await agent.resume(child.id)
        await until(lambda: len(inside.messages) == 2)

    def later(messages):
        if is_child(messages):
            return say("finished after all")
        if messages[-1].content == "collect":
            return call(("agents_wait", {"ids": [child.id]}))
        return say("end")

    async with agent_of(later) as (agent, _):
        session = await agent.resume(session.id)
        await turn(session, "collect")
        assert "finished after all" in session.messages[-2].text


async def test_parameters_that_are_not_there_are_refused(agent_of):
    async with agent_of(parent_of_two) as (agent, _):
        spawn = next(tool for tool in agent.tools if tool.name == "sessions_spawn")
        result = await spawn.call({"task": "x", "worktree": True})
        assert result.is_error
        assert "worktree" in result.text


class AskBeforeExec:
    def judge(self, tool, arguments):
        return Verdict(Leave.ASK if tool == "exec" else Leave.ALLOW, "exec is asked about")

    def remember(self, request, decision):
        pass


async def test_a_child_that_waits_for_a_person_says_so_and_goes_on_with_the_answer(agent_of):
    def script(messages):
        if is_child(messages):
            return call(("exec", {"command": "echo hi"})) if len(messages) == 2 else say("said hi")
        done = results(messages)
        if not done:
            return call(("sessions_spawn", {"task": "greet"}))
        if len(done) == 1:
            return call(("agents_wait", {"ids": [done[0]["runId"]]}))
        return say("end")

    async with agent_of(script, policy=AskBeforeExec()) as (agent, family):
        session = agent.new_session()
        await turn(session)
        (child,) = family.of(session.id)
        assert '"status": "needs_approval"' in session.messages[-2].text
        inside = await agent.resume(child.id)
        yes = ApprovalDecision(Answer.APPROVE)
        events = [event async for event in inside.go_on(yes)]
        assert events[-1].reason is StopReason.DONE
        assert inside.messages[-1].text == "said hi"
        found = await family.find(agent, session.id, child.id)
        assert (found.status, found.answer) == ("completed", "said hi")


def collecting(arguments: dict, child):
    """A parent that spawns once after a look, collects, and ends; `child` answers for the child."""

    def script(messages):
        if any(TASK in message.content for message in messages):
            return child(messages)
        answers = [message for message in messages if message.role is Role.TOOL]
        if not answers:
            return call(("exec", {"command": "echo the secret word is marmalade"}))
        if len(answers) == 1:
            return call(("sessions_spawn", {"task": "do it", **arguments}))
        if len(answers) == 2:
            run = json.loads(answers[1].content)["runId"]
            return call(("agents_wait", {"ids": [run]}))
        return say("end")

    return script


def collected(session) -> dict:
    [one] = json.loads(session.messages[-2].text)["completed"]
    return one


async def test_a_fork_knows_what_was_said_and_an_isolated_child_does_not(agent_of):
    def child(messages):
        said = " ".join(message.content for message in messages)
        calls = [one.name for message in messages for one in message.tool_calls]
        return say(f"{'marmalade' in said} {calls} {messages[-1].content.splitlines()[2]}")

    for context, answer in (("fork", "True ['exec'] do it"), ("isolated", "False [] do it")):
        async with agent_of(collecting({"context": context}, child)) as (agent, family):
            session = agent.new_session()
            await turn(session, "look")
            assert collected(session)["result"] == answer
            [known] = family.of(session.id)
            [info] = [info for info in agent.sessions() if info.id == known.id]
            assert info.spawned_by == session.id


async def test_a_fork_costs_what_it_says_itself(agent_of):
    script = collecting({"context": "fork"}, lambda messages: say("done"))
    async with agent_of(script) as (agent, family):
        session = agent.new_session()
        await turn(session, "look")
        with Store(agent.setup.state) as store:
            [child] = family.of(session.id)
            copied = store.entries("session = ? AND kind = 'message'", [child.id])
            assert [entry.message.type for entry in copied] == ["human", "ai"]


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


async def test_an_answer_that_does_not_fit_its_schema_is_sent_back(agent_of):
    told = []

    def child(messages):
        told.append(messages[-1].content)
        return say(["It is four.", '{"n": "four"}', '```json\n{"n": 4}\n```'][len(told) - 1])

    async with agent_of(collecting({"outputSchema": SCHEMA}, child)) as (agent, _):
        session = agent.new_session()
        await turn(session)
        report = collected(session)
    assert (report["status"], report["structured"]) == ("completed", {"n": 4})
    assert '"required"' in told[0]
    assert "it is no JSON" in told[1]
    assert "$.n: 'four' is not of type 'integer'" in told[2]


async def test_a_child_that_cannot_keep_to_its_schema_has_failed(agent_of):
    script = collecting({"outputSchema": SCHEMA}, lambda messages: say("[1, NaN]"))
    async with agent_of(script) as (agent, _):
        session = agent.new_session()
        await turn(session)
        report = collected(session)
    assert report["status"] == "failed"
    assert "does not fit outputSchema" in report["reason"]
    assert "structured" not in report


async def test_what_is_no_schema_is_said_at_once(agent_of):
    script = collecting({"outputSchema": {"type": "nothing"}}, None)

    def parent(messages):
        said = [message.content for message in messages if message.role is Role.TOOL]
        return say(said[-1]) if len(said) == 2 else script(messages)

    async with agent_of(parent) as (agent, family):
        session = agent.new_session()
        await turn(session)
        assert "outputSchema is no JSON Schema" in session.messages[-1].text
        assert family.of(session.id) == []


async def test_a_turn_is_not_undone_under_the_hands_of_its_children(agent_of):
    async with agent_of(spawning({})) as (agent, family):
        session = agent.new_session()
        await turn(session)
        [child] = family.of(session.id)
        with pytest.raises(UsageError, match=r"1 subagents .* are at work"):
            await session.undo()
        await family.cancel(child)
        await session.undo(force=True)
        assert session.messages == []
