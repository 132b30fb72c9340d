"""Beside its turns: summaries on demand, children in the journal, one turn at a time."""

import asyncio

import pytest

from clawgym.errors import ProviderError, SessionBusyError, UsageError
from graph_agents.approval import Answer, ApprovalDecision
from graph_agents.control.redaction import Redactor
from graph_agents.control.spending import Allowance, SessionBudget
from graph_agents.events import Compacted, StopReason
from graph_agents.journal import Kind, Sessions, Store
from graph_agents.parts import Parts
from graph_agents.state import AgentLimits
from graph_agents.steering import steering
from mcp_servers.toolkit import Arguments, Tool
from tests.graph_agents.engine_parts import Talker, Workshop, agent_with, call, played, say
from tests.graph_agents.test_agent_session import texts
from tests.graph_agents.test_engine import Counter, Rules, Shortener


async def test_a_session_is_summarised_on_demand_and_stays_so(tmp_path):
    parts = Parts(compactor=Shortener())
    async with agent_with(tmp_path, Talker(say("1"), say("2")), [], parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        await played(session.send("two"))
        assert await session.compact() == Compacted(4, 3)
        assert texts(session) == ["summary", "two", "2"]
        assert not session.unfinished
    async with agent_with(tmp_path, Talker(say("3")), [], parts=parts) as agent:
        session = await agent.resume("last")
        await played(session.send("three"))
        assert texts(session) == ["summary", "two", "2", "three", "3"]


async def test_a_summary_that_fails_changes_nothing(tmp_path):
    parts = Parts(compactor=Shortener(works=False))
    async with agent_with(tmp_path, Talker(say("1")), [], parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        assert await session.compact() is None
        assert texts(session) == ["one", "1"]


async def test_there_is_no_summary_while_a_person_is_asked_or_without_a_compactor(tmp_path):
    parts = Parts(compactor=Shortener(), policy=Rules([]))
    model = Talker(call(("make", {"name": "risky"})))
    async with agent_with(tmp_path, model, Workshop().tools(), parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        with pytest.raises(UsageError, match="waits for an answer"):
            await session.compact()
    async with agent_with(tmp_path, model, []) as agent:
        with pytest.raises(UsageError, match="no compactor"):
            await agent.new_session().compact()


async def test_a_failure_to_summarise_says_no_secret(tmp_path):
    class Asker(Shortener):
        async def compact(self, messages, model, flush):
            await model.complete([])

    parts = Parts(compactor=Asker(), redactor=Redactor({"KEY": "tOpSeCrEt-4711"}))
    model = Talker(say("1"), ProviderError("refused: tOpSeCrEt-4711"))
    async with agent_with(tmp_path, model, [], parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        with pytest.raises(ProviderError, match=r"^refused: \[secret KEY\]$"):
            await session.compact()


class Folder:
    """Snapshots that only say what they were asked for."""

    def __init__(self):
        self.restored = []

    async def begin(self):
        return "as it was"

    async def stop(self, snapshot):
        pass

    async def undo(self, snapshot, spawned, *, force):
        self.restored.append(snapshot)


async def test_a_turn_before_which_everything_was_pruned_is_not_undone_by_half(tmp_path):
    folder = Folder()
    parts = Parts(snapshots=folder)
    async with agent_with(tmp_path, Talker(say("1"), say("2")), [], parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        await played(session.send("two"))
        with Store(tmp_path / "state.sqlite") as store:
            Sessions(store).prune(session.id)
        with pytest.raises(UsageError, match="was pruned"):
            await session.undo()
        assert folder.restored == []
        assert texts(session) == ["one", "1", "two", "2"]


async def test_a_session_that_goes_on_was_used_last(tmp_path):
    parts = Parts(policy=Rules([]))
    model = Talker(call(("make", {"name": "risky"})), say("other"), say("ok"))
    async with agent_with(tmp_path, model, Workshop().tools(), parts=parts) as agent:
        session, other = agent.new_session(), agent.new_session()
        await played(session.send("go"))
        await played(other.send("go"))
        await asyncio.sleep(0.002)  # times are kept in milliseconds
        await played(session.go_on(ApprovalDecision(Answer.APPROVE)))
        assert [info.id for info in agent.sessions()] == [session.id, other.id]


async def test_a_crash_between_a_summary_and_its_checkpoint_loses_nothing(tmp_path):
    class Crash(BaseException):
        pass

    def crash(event):
        if isinstance(event, Compacted):
            raise Crash

    replies = [call(("make", {"name": name})) for name in "ab"]
    shop = Workshop()
    wanted = Parts(compactor=Shortener(wanted=True), window=3, tokens=Length())
    parts = Parts(compactor=wanted.compactor, window=3, tokens=Length(), on_event=crash)
    async with agent_with(tmp_path, Talker(*replies), shop.tools(), parts=parts) as agent:
        session = agent.new_session()
        with pytest.raises(Crash):
            await played(session.send("go"))
    async with agent_with(tmp_path, Talker(say("done")), shop.tools(), parts=wanted) as agent:
        session = await agent.resume("last")
        assert texts(session) == ["summary", "", "made b"]  # it was written down: it holds
        events = await played(session.go_on())
        assert events[-1].reason is StopReason.DONE
        assert texts(session)[0] == "summary"
        assert texts(session)[-1] == "done"
        before = session.messages
    async with agent_with(tmp_path, Talker(), [], parts=wanted) as agent:
        assert (await agent.resume("last")).messages == before
    assert shop.log == ["make a", "make b"]


class Length:
    def count(self, messages):
        return len(messages)


async def test_a_session_names_the_children_that_it_spawned(tmp_path):
    shop, spawned = Workshop(), []

    async def make(arguments):
        spawned.append(agent.new_session(arguments.name, parent=parent.id).id)
        return "begun"

    shop.make = make
    model = Talker(call(("make", {"name": "a"}), ("make", {"name": "b"})), say("ok"))
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        parent = agent.new_session()
        await played(parent.send("go"))
        assert texts(parent) == ["go", "", "begun", "begun", "ok"]
    with Store(tmp_path / "state.sqlite") as store:
        bodies = [entry.body for entry in store.entries("kind = 'subagent'", [])]
        assert bodies == [{"session": spawned[i], "name": name} for i, name in enumerate("ab")]
        branch = [entry.kind for entry in store.path_to(Sessions(store).head(parent.id))]
    assert branch.count(Kind.SUBAGENT) == 2


async def test_two_handles_of_one_session_do_not_run_at_the_same_time(tmp_path):
    shop = Workshop()
    shop.hold = asyncio.Event()
    model = Talker(call(("make", {"name": "slow"})), say("one"), say("two"))
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        session = agent.new_session()
        turn = asyncio.create_task(played(session.send("go")))
        await shop.held.wait()
        other = await agent.resume(session.id)
        with pytest.raises(SessionBusyError, match="another part of this program"):
            await played(other.send("me too"))
        shop.hold.set()
        await turn
        await played(other.send("now"))
        assert texts(session) == texts(other) == ["go", "", "made slow", "one", "now", "two"]


async def test_the_time_that_a_turn_took_before_it_was_cut_off_counts(tmp_path):
    """For the session's budget, and for the turn's own limit."""
    shop = Workshop()
    shop.hold = asyncio.Event()
    async with agent_with(
        tmp_path, Talker(call(("make", {"name": "slow"}))), shop.tools()
    ) as agent:
        session = agent.new_session()
        turn = asyncio.create_task(played(session.send("go")))
        await shop.held.wait()
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
    with Store(tmp_path / "state.sqlite") as store:  # it began a minute earlier
        store.execute("UPDATE entries SET at = at - 60 WHERE kind = 'start'")
    shop.hold, budget = None, SessionBudget(Allowance(seconds=60))
    parts, limits = Parts(budget_of=lambda session: budget), AgentLimits(wall_seconds=60)
    async with agent_with(tmp_path, Talker(), shop.tools(), limits=limits) as agent:
        session = await agent.resume(session.id)
        assert (await played(session.go_on()))[-1].reason is StopReason.TIME
    async with agent_with(tmp_path, Talker(), shop.tools(), parts=parts) as agent:
        session = await agent.resume(session.id)
        assert (await played(session.go_on()))[-1].reason is StopReason.BUDGET
    assert budget.seconds >= 60


async def test_time_between_turns_is_the_users(tmp_path):
    now = [0.0]
    budget = SessionBudget(Allowance(seconds=60), clock=lambda: now[0])
    parts = Parts(budget_of=lambda session: budget)
    async with agent_with(tmp_path, Talker(say("1"), say("2")), [], parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        now[0] = 3600.0
        assert (await played(session.send("on")))[-1].reason is StopReason.DONE


async def test_an_undo_writes_nothing_twice(tmp_path):
    async with agent_with(tmp_path, Talker(say("1"), say("2")), []) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        await played(session.send("two"))
        await session.undo(force=True)
        assert texts(session) == ["one", "1"]
        with Store(tmp_path / "state.sqlite") as store:
            assert len(store.entries("kind = ?", ["message"])) == 4


class Eager(Shortener):
    """Always wants to summarise, and cannot where a conversation begins with `one`."""

    def __init__(self):
        super().__init__()
        self.tried = 0

    def wanted(self, tokens, window):
        return True

    async def compact(self, messages, model, flush):
        self.tried += 1
        self._works = messages[0].text != "one"
        return await super().compact(messages, model, flush)


async def test_a_summary_that_failed_is_not_tried_again_at_once_nor_kept_from_others(tmp_path):
    compactor, model = Eager(), Talker(*[say("ok")] * 5)
    parts = Parts(compactor=compactor, tokens=Counter(), window=64)  # of messages
    async with agent_with(tmp_path, model, [], parts=parts) as agent:
        first, second = agent.new_session(), agent.new_session()
        tried = []
        for word in ("one", "two", "three"):
            await played(first.send(word))
            tried.append(compactor.tried)
        assert tried == [1, 1, 2]
        await played(second.send("hello"))
        await played(second.send("again"))
        assert texts(second) == ["summary", "ok", "again", "ok"]


async def test_cancelling_a_turn_tells_those_who_work_for_it(tmp_path):
    heard = []

    async def start(arguments):
        heard.append(steering())
        return "it works beside you"

    shop = Workshop()
    shop.hold = asyncio.Event()
    tools = [*shop.tools(), Tool("start", "Start a child.", Arguments, start)]
    model = Talker(call(("start", {}), ("make", {"name": "slow"})))
    async with agent_with(tmp_path, model, tools) as agent:
        turn = asyncio.create_task(played(agent.new_session().send("go")))
        await shop.held.wait()
        assert not heard[0].interrupted
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
    assert heard[0].interrupted
