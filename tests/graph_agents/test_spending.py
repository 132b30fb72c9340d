"""What a session may spend: everything counts, in this process, before it, and beside its turns."""

import asyncio

import pytest
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.language_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, HumanMessage

from clawgym.errors import ProviderError
from clawgym.model import Usage
from graph_agents.chat_model import metered
from graph_agents.context.compaction import SummaryCompactor
from graph_agents.control.spending import Allowance, SessionBudget
from graph_agents.events import Charged, StopReason, ToolEnded, emit
from graph_agents.journal import Kind, Store
from graph_agents.journal.saver import JournalSaver
from graph_agents.journal.spending import Spent, spent_by
from graph_agents.parts import Compaction, Parts
from graph_agents.state import AgentLimits
from tests.graph_agents.engine_parts import Talker, Workshop, agent_with, call, played, say


def budgeted(budget: SessionBudget, **parts) -> Parts:
    return Parts(budget_of=lambda session: budget, price=lambda name, usage: 0.5, **parts)


async def test_a_resumed_session_has_spent_what_the_journal_says(tmp_path):
    model = Talker(call(("make", {"name": "a"})), say("one"))
    async with agent_with(
        tmp_path, model, Workshop().tools(), parts=budgeted(SessionBudget(Allowance()))
    ) as agent:
        await played(agent.new_session().send("go"))
    budget = SessionBudget(Allowance(tokens=40))
    async with agent_with(tmp_path, Talker(say("two")), [], parts=budgeted(budget)) as agent:
        session = await agent.resume("last")
        await played(session.send("on"))
        assert (budget.tokens, budget.money, budget.calls) == (45, 1.5, 1)
        events = await played(session.send("more"))
        assert events[-1].reason is StopReason.BUDGET
        await played((await agent.resume(session.id)).send("and more"))
        assert budget.tokens == 45


async def test_a_turn_that_was_undone_or_cut_off_was_paid_for(tmp_path):
    shop = Workshop()
    shop.hold = asyncio.Event()
    model = Talker(say("one"), call(("make", {"name": "slow"})))
    async with agent_with(tmp_path, model, shop.tools()) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        await session.undo(force=True)
        turn = asyncio.create_task(played(session.send("again")))
        await shop.held.wait()
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
    with Store(tmp_path / "state.sqlite") as store:
        assert spent_by(store, session.id).usage == Usage(20, 10, 4)
    shop.hold = None
    budget, model = SessionBudget(Allowance()), Talker(say("two"), say("three"))
    async with agent_with(tmp_path, model, shop.tools(), parts=budgeted(budget)) as agent:
        session = await agent.resume(session.id)
        events = await played(session.go_on())
        assert events[-1].usage == Usage(10, 5, 2)
        assert (budget.tokens, budget.money, budget.calls) == (45, 1.0, 1)
        with Store(tmp_path / "state.sqlite") as store:
            # The first turn had no price; the reply that was cut off has one now.
            assert spent_by(store, session.id) == Spent(Usage(30, 15, 6), 1.0, 1)
            await played(session.send("more"))
            await session.undo(force=True)
            await session.undo(force=True)
            assert spent_by(store, session.id) == Spent(Usage(40, 20, 8), 1.5, 1)


async def test_an_undo_does_not_forget_the_turn_that_was_cut_off(tmp_path):
    model = Talker(say("one"), call(("make", {})), RuntimeError("a bug"))
    async with agent_with(tmp_path, model, []) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        with pytest.raises(RuntimeError):
            await played(session.send("again"))
        await session.undo(force=True)
    budget = SessionBudget(Allowance())
    async with agent_with(tmp_path, Talker(say("two")), [], parts=budgeted(budget)) as agent:
        session = await agent.resume(session.id)
        await played(session.send("on"))
        # The reply that was cut off has a price now, as in the test before.
        assert (budget.tokens, budget.money) == (45, 1.0)
        with Store(tmp_path / "state.sqlite") as store:
            assert spent_by(store, session.id).usage == Usage(30, 15, 6)


async def test_what_subagents_spent_before_counts_once(tmp_path):
    async with agent_with(tmp_path, Talker(say("child"), say("parent")), []) as agent:
        parent = agent.new_session()
        child = agent.new_session(parent=parent.id)
        await played(child.send("help"))
        await played(parent.send("go"))
    budget = SessionBudget(Allowance())
    model = Talker(say("on"), say("on"))
    async with agent_with(tmp_path, model, [], parts=budgeted(budget)) as agent:
        await played((await agent.resume(parent.id)).send("on"))
        assert budget.tokens == 45
        await played((await agent.resume(child.id)).send("on"))
        assert budget.tokens == 60


class Summariser:
    """Asks the model for notes and for a summary, like the real one."""

    def __init__(self, *, works: bool = True) -> None:
        self._works = works

    def wanted(self, tokens, window):
        return False

    async def compact(self, messages, model, flush):
        await flush("save what matters", [])
        reply = await model.complete([])
        if not self._works:
            return None
        emit(Charged(Usage(1, 1), "another"))
        return Compaction(HumanMessage(reply.message.content), len(messages) - 1, 9, 3)


@pytest.mark.parametrize(("works", "tokens"), [(True, 62), (False, 60)])
async def test_summaries_and_the_notes_before_them_are_charged(tmp_path, works, tokens):
    budget = SessionBudget(Allowance())
    parts = budgeted(budget, compactor=Summariser(works=works))
    model = Talker(
        say("1"), ProviderError("prompt is too long"), say("noted"), say("summary"), say("2")
    )
    async with agent_with(tmp_path, model, [], parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        events = await played(session.send("on"))
        if not works:
            assert events[-1].reason is StopReason.CONTEXT
            await played(session.go_on())
        else:
            charged = [event.usage for event in events if isinstance(event, Charged)]
            assert charged == [Usage(1, 1), Usage(20, 10, 4)]
            assert events[-1].usage == Usage(31, 16, 6)
    assert budget.tokens == tokens
    with Store(tmp_path / "state.sqlite") as store:
        usage = spent_by(store, session.id).usage
        assert usage.prompt_tokens + usage.completion_tokens == tokens


@pytest.mark.parametrize("works", [True, False])
async def test_a_summary_on_demand_stands_in_the_journal(tmp_path, works):
    budget = SessionBudget(Allowance())
    parts = budgeted(budget, compactor=Summariser(works=works))
    model = Talker(say("1"), say("noted"), say("summary"), say("2"))
    async with agent_with(tmp_path, model, [], parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        await session.compact()
        spent = Spent(Usage(31, 16, 6), 1.5) if works else Spent(Usage(30, 15, 6), 1.0)
        with Store(tmp_path / "state.sqlite") as store:
            assert spent_by(store, session.id) == spent
            events = await played(session.send("on"))
            assert (events[-1].usage, events[-1].cost) == (Usage(10, 5, 2), 0.5)
            spent += Spent(Usage(10, 5, 2), 0.5)
            assert spent_by(store, session.id) == spent
            await session.undo(force=True)
            assert spent_by(store, session.id) == spent
    assert budget.money == spent.cost


async def test_a_summary_costs_what_the_model_that_wrote_it_costs(tmp_path):
    budget, writer = SessionBudget(Allowance()), Talker(say("no"), say("no"), say("no"))
    writer.name = "cheap"
    parts = Parts(
        budget_of=lambda session: budget,
        price=lambda name, usage: {"talker": 0.002, "cheap": 0.001}[name] * usage.prompt_tokens,
        compactor=SummaryCompactor(model=writer, flush_tools=()),
    )
    model = Talker(say("1"), ProviderError("prompt is too long"))
    async with agent_with(tmp_path, model, [], parts=parts) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        events = await played(session.send("on"))
        assert events[-1].reason is StopReason.CONTEXT
        assert events[-1].cost == pytest.approx(0.03)
        with Store(tmp_path / "state.sqlite") as store:
            assert spent_by(store, session.id).cost == pytest.approx(0.05)
    assert budget.money == pytest.approx(0.05)


COUNTED = AIMessage("hi", usage_metadata={"input_tokens": 7, "output_tokens": 2, "total_tokens": 9})


async def test_a_model_of_langchain_is_metered_too():
    used = []
    model = metered(FakeMessagesListChatModel(responses=[COUNTED]), used.append)
    await model.ainvoke("hello")
    assert used == [Usage(7, 2)]


class Listener(BaseCallbackHandler):
    """What somebody else has put on the model."""

    heard = 0

    def on_llm_end(self, response, **kwargs):
        self.heard += 1


@pytest.mark.parametrize("given", [list, CallbackManager])
async def test_who_listens_to_a_model_of_langchain_goes_on_listening(given):
    used, listener = [], Listener()
    model = FakeMessagesListChatModel(responses=[COUNTED], callbacks=given([listener]))
    await metered(model, used.append).ainvoke("hello")
    assert (listener.heard, used) == (1, [Usage(7, 2)])
    await model.ainvoke("hello")
    assert (listener.heard, len(used)) == (2, 1)


async def test_a_stop_says_what_the_turn_has_cost(tmp_path):
    model = Talker(call(("look", {"name": "a"})), say("ok"))
    async with agent_with(tmp_path, model, Workshop().tools()) as agent:
        session = agent.new_session()
        await played(session.send("go"))
        [stop] = [entry.body for entry in session.entries() if entry.kind is Kind.STOP]
    assert stop["usage"] == {"prompt_tokens": 20, "completion_tokens": 10, "cached_tokens": 4}
    assert (stop["calls"], stop["cost"]) == (1, None)


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize(("checkpoint", "calls"), [(3, 1), (4, 1), (5, 1)])
async def test_a_kill_before_the_checkpoint_of_a_step_forgets_nothing_of_what_it_cost(
    tmp_path, monkeypatch, checkpoint, calls
):
    """A step is kept by two commits: first what its task has said, then the checkpoint."""
    written, put = [], JournalSaver.put

    def dying(self, *values):
        written.append(values)
        if len(written) == checkpoint:
            raise Killed
        return put(self, *values)

    shop = Workshop()
    replies = [call(("make", {"name": "a"})), say("one")]
    monkeypatch.setattr(JournalSaver, "put", dying)
    async with agent_with(tmp_path, Talker(*replies), shop.tools()) as agent:
        session = agent.new_session()
        with pytest.raises(Killed):
            await played(session.send("go"))
    budget = SessionBudget(Allowance())
    said_before = 1 if checkpoint < 5 else 2
    model = Talker(*[say("one")] * (2 - said_before))
    async with agent_with(tmp_path, model, shop.tools(), parts=budgeted(budget)) as agent:
        await played((await agent.resume(session.id)).go_on())
    assert model.replies == []
    assert shop.log == ["make a"]
    with Store(tmp_path / "state.sqlite") as store:
        spent = spent_by(store, session.id)
    assert (spent.usage, spent.calls) == (Usage(20, 10, 4), calls)
    if said_before == 1:  # where nothing is left to do, nobody asks for the budget
        assert (budget.tokens, budget.calls) == (30, calls)


async def test_an_answer_that_is_kept_from_before_counts_once(tmp_path):
    shop = Workshop()
    shop.hold = asyncio.Event()
    both = call(("make", {"name": "quick"}), ("make", {"name": "slow"}))
    limits = AgentLimits(wall_seconds=0.3)
    async with agent_with(tmp_path, Talker(both), shop.tools(), limits=limits) as agent:
        session = agent.new_session()
        events = await played(session.send("go"))
        assert events[-1].reason is StopReason.TIME
    budget = SessionBudget(Allowance())
    async with agent_with(
        tmp_path, Talker(say("ok")), shop.tools(), parts=budgeted(budget)
    ) as agent:
        session = await agent.resume(session.id)
        events = await played(session.go_on())
        assert [each.again for each in events if isinstance(each, ToolEnded)] == [True, False]
    with Store(tmp_path / "state.sqlite") as store:
        assert spent_by(store, session.id).calls == budget.calls == 2
