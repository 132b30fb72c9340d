"""The agent as a LangGraph program: a model node and a tools node, in turns until one says stop.

Against the defaults of the usual agent constructors: a malformed call, an unknown tool and a tool
that raises become answers that the model can react to; every end has its reason in the state; the
calls of one reply all run, in their order; no call is left without an answer; and with a journal,
no call with effects is made twice.
"""

# langgraph is a namespace package whose marker pyright does not find, with generics left open:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from clawgym.errors import UsageError
from graph_agents.chat_model import AnyChatModel, tool_requests
from graph_agents.conversation import marked
from graph_agents.engine import Engine
from graph_agents.events import OnEvent
from graph_agents.journal.saver import JournalSaver
from graph_agents.parts import Parts
from graph_agents.state import AgentLimits, AgentState
from graph_agents.thread import Kit, SystemPrompt
from mcp_servers.toolkit import Tool

__all__ = ["AgentLimits", "AgentState", "is_nudge", "make_agent"]


def make_agent(
    model: AnyChatModel,
    tools: Sequence[Tool[Any]],
    *,
    system_prompt: SystemPrompt,
    limits: AgentLimits | None = None,
    stream: bool = False,
    on_event: OnEvent | None = None,
    parts: Parts | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> CompiledStateGraph[AgentState]:
    """Build the agent: `await agent.ainvoke({"messages": [("user", "…")]})`.

    It is asynchronous only: `ainvoke` and `astream`, not `invoke` and `stream`.

    Args:
        model: ours, or any LangChain chat model.
        tools: what it may call.
        system_prompt: stands before the conversation in every request, not in the state; or what
            gives the prompt for a thread id, at once or as a coroutine.
        limits: when to stop it.
        stream: ask the model for its reply piece by piece, for `TextDelta` events.
        on_event: is called with each event; without it they go to whoever is `listening`, or to
            LangGraph's `custom` stream.
        parts: policy, budgets, compaction and the rest.
        checkpointer: any of LangGraph's. With a `JournalSaver`, and `durability="sync"`, a crash
            at any moment neither loses nor repeats a call with effects.

    Returns:
        A graph over `AgentState`. Invoking it raises `ProviderError` or `BudgetExceededError` when
        the model cannot be asked, `SandboxError` when the sandbox is broken, and nothing else.

    Raises:
        UsageError: `model` is no model.
    """
    if not (isinstance(model, BaseChatModel) or hasattr(model, "complete")):
        raise UsageError(
            f"make_agent takes a model, not {model!r}: give a LangChain chat model, as "
            "ChatOpenAI(model=…), or one of clawgym.model, as OpenAIModel(name, base_url, key)"
        )
    limits, parts = limits or AgentLimits(), parts or Parts()
    if on_event:
        parts = replace(parts, on_event=on_event)
    kit = Kit(model, tuple(tools), system_prompt, limits, parts, stream)
    saver = checkpointer if isinstance(checkpointer, JournalSaver) else None
    return compile_graph(Engine(kit, saver), limits, checkpointer)


def compile_graph(
    engine: Engine, limits: AgentLimits, checkpointer: BaseCheckpointSaver[Any] | None
) -> CompiledStateGraph[AgentState]:
    """The graph over an engine."""
    graph = StateGraph(AgentState)
    graph.add_node("model", engine.ask)
    graph.add_node("tools", engine.act)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", _Route(_after_model), ["model", "tools", END])
    graph.add_conditional_edges("tools", _Route(_after_tools), ["model", END])
    agent = graph.compile(name="clawgym", checkpointer=checkpointer)
    return agent.with_config(recursion_limit=4 * limits.max_turns + 10)


def is_nudge(message: BaseMessage) -> bool:
    """Whether a user message was written by the agent itself, after an empty reply."""
    return marked(message, "nudge")


class _Route(Runnable[AgentState, str]):
    """A condition. LangGraph would trace a plain function, or send it to a thread, at each step."""

    def __init__(self, choose: Callable[[AgentState], str]) -> None:
        self.name = choose.__name__
        self._choose = choose

    def invoke(self, input: AgentState, config: RunnableConfig | None = None, **_: object) -> str:
        return self._choose(input)

    async def ainvoke(
        self, input: AgentState, config: RunnableConfig | None = None, **_: object
    ) -> str:
        return self._choose(input)


def _after_model(state: AgentState) -> str:
    if state.get("stop_reason"):
        return END
    last = state.get("messages", [])[-1]
    return "tools" if isinstance(last, AIMessage) and tool_requests(last) else "model"


def _after_tools(state: AgentState) -> str:
    return END if state.get("stop_reason") else "model"
