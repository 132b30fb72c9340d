"""Checkpoints over the journal: LangGraph's semantics, at the price of the new messages."""

from typing import Annotated, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.channels import DeltaChannel
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, Overwrite, Send, interrupt

from graph_agents.journal import Kind, Sessions, Store
from graph_agents.journal.saver import JournalSaver


def chatter(saver, rounds: int = 3, state=MessagesState):
    """A graph that answers itself for a few rounds, with one call and its answer in each."""

    def model(state):
        n = sum(isinstance(m, AIMessage) for m in state["messages"])
        call = {"name": "look", "args": {"n": n}, "id": f"c{n}"}
        return {"messages": [AIMessage(f"round {n}", tool_calls=[call] if n < rounds else [])]}

    def tools(state):
        [call] = state["messages"][-1].tool_calls
        return {"messages": [ToolMessage(f"saw {call['args']}", tool_call_id=call["id"])]}

    graph = StateGraph(state)
    graph.add_node("model", model)
    graph.add_node("tools", tools)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", lambda s: "tools" if s["messages"][-1].tool_calls else END)
    graph.add_edge("tools", "model")
    return graph.compile(checkpointer=saver)


def thread(name: str = "t", **more):
    return {"configurable": {"thread_id": name, **more}}


def told(state) -> list[tuple[str, str]]:
    return [(message.type, message.text) for message in state.values["messages"]]


def history(graph, config):
    return [
        (told(s) if s.values else [], s.next, s.metadata["source"], s.metadata["step"])
        for s in graph.get_state_history(config)
    ]


async def run(graph, config, text="go"):
    return await graph.ainvoke({"messages": [HumanMessage(text)]}, config, durability="sync")


async def test_a_run_and_its_history_are_those_of_the_savers_that_langgraph_ships(saver):
    ours, theirs = chatter(saver), chatter(InMemorySaver())
    for graph in (ours, theirs):
        await run(graph, thread())
        await run(graph, thread(), "again")
    assert history(ours, thread()) == history(theirs, thread())


async def test_another_process_finds_the_same_state(saver, store):
    graph = chatter(saver)
    await run(graph, thread())
    with Store(store.path) as reopened:
        again = chatter(JournalSaver(reopened))
        assert again.get_state(thread()).values == graph.get_state(thread()).values
        assert history(again, thread()) == history(graph, thread())


async def test_a_message_is_stored_once(saver, store):
    graph = chatter(saver, rounds=20)
    await run(graph, thread())
    messages = graph.get_state(thread()).values["messages"]
    assert store.one("SELECT count(*) FROM entries") == (len(messages),)
    [secret] = store.all("SELECT count(*) FROM entries WHERE body LIKE '%saw {''n'': 7}%'")
    assert secret == (1,)


async def test_the_file_grows_with_the_conversation_not_with_its_square(saver, store):
    async def size(name, rounds):
        await chatter(saver, rounds).ainvoke(
            {"messages": [HumanMessage("x")]}, {**thread(name), "recursion_limit": 9999}
        )
        tables = ("entries", "checkpoints", "writes", "channel_values")
        columns = {
            "entries": "body",
            "checkpoints": "body || metadata",
            "writes": "value",
            "channel_values": "value",
        }
        return sum(
            store.one(f"SELECT total(length({columns[t]})) FROM {t} WHERE session = ?", (name,))[0]
            for t in tables
        )

    assert await size("long", 200) < 10.5 * await size("short", 20)


@pytest.mark.parametrize("where", range(4))
async def test_a_fork_from_an_older_checkpoint_leaves_the_first_branch_as_it_was(saver, where):
    graph = chatter(saver)
    await run(graph, thread())
    states = list(graph.get_state_history(thread()))
    state = [s for s in states if s.next == ("model",)][where]
    before = {s.config["configurable"]["checkpoint_id"]: s.values for s in states}
    forked = await graph.aupdate_state(state.config, {"messages": [HumanMessage("or rather")]})
    await graph.ainvoke(None, forked)
    assert ("human", "or rather") in told(graph.get_state(thread()))
    after = {s.config["configurable"]["checkpoint_id"]: s.values for s in saver_history(graph)}
    assert all(after[name] == values for name, values in before.items())


def saver_history(graph):
    return list(graph.get_state_history(thread()))


async def test_a_replay_from_an_older_checkpoint_runs_what_follows_it(saver):
    graph = chatter(saver)
    await run(graph, thread())
    whole = told(graph.get_state(thread()))
    [*_, first] = [s for s in graph.get_state_history(thread()) if s.next == ("model",)]
    await graph.ainvoke(None, first.config)
    assert told(graph.get_state(thread())) == whole


async def test_messages_that_a_reducer_changes_or_removes_are_right_after_a_restart(saver, store):
    graph = chatter(saver)
    await run(graph, thread())
    messages = graph.get_state(thread()).values["messages"]
    graph.update_state(thread(), {"messages": [RemoveMessage(messages[2].id)]}, as_node="tools")
    graph.update_state(
        thread(), {"messages": [AIMessage("better", id=messages[1].id)]}, as_node="tools"
    )
    now = graph.get_state(thread()).values["messages"]
    assert now[1].text == "better"
    assert len(now) == len(messages) - 1
    with Store(store.path) as reopened:
        assert chatter(JournalSaver(reopened)).get_state(thread()).values["messages"] == now


async def test_a_state_that_is_overwritten_branches_off(saver, store):
    class Plain(TypedDict):
        messages: Annotated[list, lambda a, b: [*a, *b]]

    graph = chatter(saver, state=Plain)
    await run(graph, thread())
    kept = graph.get_state(thread()).values["messages"][-2:]
    graph.update_state(
        thread(), {"messages": Overwrite([HumanMessage("summary"), *kept])}, as_node="model"
    )
    with Store(store.path) as reopened:
        state = chatter(JournalSaver(reopened), state=Plain).get_state(thread())
    assert state.values["messages"] == graph.get_state(thread()).values["messages"]
    assert told(state)[0] == ("human", "summary")


async def test_a_step_that_fails_keeps_what_its_other_tasks_have_written(saver, store):
    ran = []

    def worker(state):
        ran.append(state["n"])
        if state["n"] == 1 and ran.count(1) == 1:
            raise RuntimeError("broken")
        return {"messages": [AIMessage(f"worker {state['n']}")]}

    def build(saver):
        graph = StateGraph(MessagesState)
        graph.add_node("worker", worker)
        graph.add_conditional_edges(START, lambda _: [Send("worker", {"n": n}) for n in range(3)])
        return graph.compile(checkpointer=saver)

    with pytest.raises(RuntimeError):
        await run(build(saver), thread())
    with Store(store.path) as reopened:
        state = await build(JournalSaver(reopened)).ainvoke(None, thread())
        again = build(JournalSaver(reopened)).get_state(thread()).values["messages"]
    assert [m.text for m in state["messages"]] == ["go", "worker 0", "worker 1", "worker 2"]
    assert again == state["messages"]
    assert ran.count(1) == 2


async def test_an_interrupt_waits_across_processes(saver, store):
    def ask(state):
        return {"messages": [AIMessage(f"you said {interrupt('what?')}")]}

    def build(saver):
        graph = StateGraph(MessagesState)
        graph.add_node("ask", ask)
        graph.add_edge(START, "ask")
        return graph.compile(checkpointer=saver)

    await run(build(saver), thread())
    with Store(store.path) as reopened:
        graph = build(JournalSaver(reopened))
        [waiting] = graph.get_state(thread()).interrupts
        assert waiting.value == "what?"
        state = await graph.ainvoke(Command(resume="yes"), thread())
    assert state["messages"][-1].text == "you said yes"


async def test_subgraphs_have_lines_of_their_own(saver):
    inner = StateGraph(MessagesState)
    inner.add_node("speak", lambda _: {"messages": [AIMessage("inner")]})
    inner.add_edge(START, "speak")
    outer = StateGraph(MessagesState)
    outer.add_node("agent", inner.compile(checkpointer=True))
    outer.add_edge(START, "agent")
    graph = outer.compile(checkpointer=saver)
    await run(graph, thread())
    await run(graph, thread(), "again")
    expected = ["go", "inner", "again", "inner"]
    assert [m.text for m in graph.get_state(thread()).values["messages"]] == expected


async def test_other_channels_are_stored_when_they_change(saver, store):
    class State(MessagesState):
        big: list[int]
        count: Annotated[int, lambda a, b: a + b]

    graph = StateGraph(State)
    graph.add_node("step", lambda _: {"count": 1})
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", lambda s: "step" if s["count"] < 10 else END)
    app = graph.compile(checkpointer=saver)
    big = list(range(5000))
    await app.ainvoke({"messages": [("user", "x")], "big": big}, thread())
    [row] = store.all("SELECT count(*) FROM channel_values WHERE channel = 'big'")
    assert row == (1,)
    assert app.get_state(thread()).values["big"] == big
    assert app.get_state(thread()).values["count"] == 10


async def test_delta_channels_work(saver, store):
    class State(TypedDict):
        log: Annotated[list, DeltaChannel(lambda a, bs: [*a, *(x for b in bs for x in b)])]

    def build(saver):
        graph = StateGraph(State)
        graph.add_node("step", lambda s: {"log": [len(s["log"])]})
        graph.add_edge(START, "step")
        graph.add_conditional_edges("step", lambda s: "step" if len(s["log"]) < 9 else END)
        return graph.compile(checkpointer=saver)

    await build(saver).ainvoke({"log": [0]}, thread())
    with Store(store.path) as reopened:
        state = build(JournalSaver(reopened)).get_state(thread())
    assert state.values["log"] == [0, *range(1, 9)]


async def test_checkpoints_can_be_listed_by_thread_time_and_metadata(saver):
    graph = chatter(saver)
    for name in "ab":
        await run(graph, thread(name))
    every = list(saver.list(thread("a", checkpoint_ns="")))
    ids = [each.checkpoint["id"] for each in every]
    assert ids == sorted(ids, reverse=True)
    assert len(list(saver.list(None))) == 2 * len(ids)
    assert [c.checkpoint["id"] for c in saver.list(thread("a"), limit=2)] == ids[:2]
    older = saver.list(thread("a"), before=every[1].config)
    assert [c.checkpoint["id"] for c in older] == ids[2:]
    inputs = list(saver.list(thread("a"), filter={"source": "input"}))
    assert [c.metadata["step"] for c in inputs] == [-1]


async def test_a_copy_has_the_same_past_and_a_future_of_its_own(saver, store):
    graph = chatter(saver)
    await run(graph, thread())
    entries = store.one("SELECT count(*) FROM entries")
    saver.copy_thread("t", "u")
    assert told(graph.get_state(thread("u"))) == told(graph.get_state(thread()))
    assert store.one("SELECT count(*) FROM entries") == entries
    await run(graph, thread("u"), "more")
    assert len(told(graph.get_state(thread("u")))) > len(told(graph.get_state(thread())))


async def test_deleting_a_session_leaves_what_its_fork_goes_on_from(saver, store):
    graph = chatter(saver)
    await run(graph, thread())
    saver.copy_thread("t", "u")
    await run(graph, thread(), "more")
    before = told(graph.get_state(thread("u")))
    saver.delete_thread("t")
    assert told(graph.get_state(thread("u"))) == before
    assert graph.get_state(thread()).values == {}
    saver.delete_thread("u")
    assert store.one("SELECT count(*) FROM entries") == (0,)


async def test_deleting_a_run_takes_its_thread_back_to_the_run_before(saver, store):
    graph = chatter(saver)
    await run(graph, {**thread(), "metadata": {"run_id": "first"}})
    before = told(graph.get_state(thread()))
    await run(graph, {**thread(), "metadata": {"run_id": "second"}}, "more")
    await run(graph, {**thread("u"), "metadata": {"run_id": "third"}})
    await saver.adelete_for_runs(["second", "third", "none"])
    assert told(graph.get_state(thread())) == before
    assert graph.get_state(thread("u")).values == {}
    runs = {found.metadata["run_id"] for found in saver.list(None)}
    assert runs == {"first"}
    assert store.one("SELECT count(*) FROM writes WHERE session = 'u'") == (0,)
    await run(graph, thread(), "again")
    assert told(graph.get_state(thread()))[: len(before) + 1] == [*before, ("human", "again")]


async def test_a_thread_that_nobody_announced_becomes_a_session(saver, store):
    await run(chatter(saver), thread("somebody"))
    assert [info.id for info in Sessions(store).all()] == ["somebody"]
    kinds = {entry.kind for entry in Sessions(store).entries("somebody")}
    assert kinds == {Kind.MESSAGE}


async def test_pruning_keeps_the_conversation_and_what_a_fork_needs(tmp_path):
    from tests.graph_agents.engine_parts import Talker, agent_with, played, say

    async with agent_with(tmp_path, Talker(*map(say, "1234")), []) as agent:
        session = agent.new_session()
        await played(session.send("one"))
        fork = await session.fork()
        await played(session.send("two"))
        said = [message.text for message in session.messages]
        saver = agent.graph.checkpointer
        saver.prune([session.id])
        config = {"configurable": {"thread_id": session.id}}
        assert len(list(saver.list(config))) == 1
        saver.forget(session.id)
        assert [message.text for message in session.messages] == said
        await played(session.send("three"))
        assert [message.text for message in session.messages] == [*said, "three", "3"]
        await saver.aprune([session.id], strategy="delete")
        assert list(saver.list(config)) == []
        assert [message.text for message in fork.messages] == ["one", "1"]
        with pytest.raises(ValueError, match="neither"):
            saver.prune([fork.id], strategy="some")
