"""The agent as a LangGraph program: a model node and a tools node, in turns until one says stop.

Against the defaults of the usual agent constructors: a malformed call, an unknown tool and a tool
that raises become answers that the model can react to; every end has its reason in the state; the
calls of one reply all run, in their order; and no call is left without an answer.
"""

# langgraph is a namespace package whose marker pyright does not find, with generics left open:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict, cast

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
)
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from clawgym.errors import SandboxError
from clawgym.model import ToolRequest
from graph_agents.chat_model import AnyChatModel, Respond, responder, tool_requests
from graph_agents.events import (
    ModelReplied,
    Nudged,
    OnEvent,
    StopReason,
    TextDelta,
    ToolEnded,
    ToolStarted,
)
from mcp_servers.toolkit import Tool, ToolResult

_log = logging.getLogger(__name__)

_NUDGE_MARK = {"clawgym": "nudge"}
_NUDGE = (
    "Your last reply was empty. Go on with the task by calling a tool, or, if it is finished, say "
    "in a sentence what you did."
)


@dataclass(frozen=True)
class AgentLimits:
    """How far one answer to one instruction may go.

    A turn is one reply of the model. The calls of the last turn still run; calls beyond
    `max_tool_calls` are answered, but not run. `wall_seconds` is enforced by `run_agent`.
    """

    max_turns: int = 50
    max_tool_calls: int = 200
    wall_seconds: float | None = None


def _append(left: list[AnyMessage], right: object) -> list[AnyMessage]:
    """Add messages; unlike LangGraph's own reducer it does not search the history for ids."""
    new = cast("list[AnyMessage]", right if isinstance(right, list) else [right])
    return [*left, *cast("list[AnyMessage]", convert_to_messages(new))]


class AgentState(TypedDict, total=False):
    """The conversation without its system prompt, and why the run stopped, once it has."""

    messages: Annotated[list[AnyMessage], _append]
    stop_reason: StopReason | None


def make_agent(
    model: AnyChatModel,
    tools: Sequence[Tool[Any]],
    *,
    system_prompt: str,
    limits: AgentLimits | None = None,
    stream: bool = False,
    on_event: OnEvent | None = None,
) -> CompiledStateGraph[AgentState]:
    """Build the agent: `await agent.ainvoke({"messages": [("user", "…")]})`.

    Args:
        model: ours, or any LangChain chat model.
        tools: what it may call.
        system_prompt: stands before the conversation in every request; not kept in the state.
        limits: when to stop it.
        stream: ask the model for its reply piece by piece, for `TextDelta` events.
        on_event: is called with each event; without it they go to LangGraph's `custom` stream.

    Returns:
        A graph over `AgentState`. Invoking it raises `ProviderError` or `BudgetExceededError` when
        the model cannot be asked, and nothing else.
    """
    limits = limits or AgentLimits()
    respond = responder(model, [tool.schema for tool in tools])
    nodes = _Nodes(
        respond=respond,
        system=SystemMessage(system_prompt),
        tools={tool.name: tool for tool in tools},
        limits=limits,
        stream=stream,
        on_event=on_event,
    )
    graph = StateGraph(AgentState)
    graph.add_node("model", nodes.ask_model)
    graph.add_node("tools", nodes.run_tools)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", _after_model, ["model", "tools", END])
    graph.add_conditional_edges("tools", _after_tools, ["model", END])
    agent = graph.compile(name="clawgym")
    return agent.with_config(recursion_limit=4 * limits.max_turns + 10)


@dataclass(frozen=True)
class _Nodes:
    respond: Respond
    system: SystemMessage
    tools: Mapping[str, Tool[Any]]
    limits: AgentLimits
    stream: bool
    on_event: OnEvent | None

    async def ask_model(self, state: AgentState, runtime: Runtime) -> AgentState:
        messages = state.get("messages", [])
        if _turns(messages) >= self.limits.max_turns:
            return {"stop_reason": StopReason.MAX_TURNS}
        emit = self._emitter(runtime)

        def on_delta(text: str) -> None:
            emit(TextDelta(text))

        conversation = [self.system, *messages]
        reply = await self.respond(conversation, on_delta if self.stream else None)
        emit(ModelReplied(reply))
        if tool_requests(reply):
            return {"messages": [reply], "stop_reason": None}
        if reply.text:
            cut_off = reply.response_metadata.get("finish_reason") == "length"
            reason = StopReason.LENGTH if cut_off else StopReason.DONE
            return {"messages": [reply], "stop_reason": reason}
        if messages and is_nudge(messages[-1]):
            return {"messages": [reply], "stop_reason": StopReason.EMPTY_REPLY}
        nudge = HumanMessage(_NUDGE, additional_kwargs=_NUDGE_MARK)
        emit(Nudged(nudge))
        return {"messages": [reply, nudge], "stop_reason": None}

    async def run_tools(self, state: AgentState, runtime: Runtime) -> AgentState:
        messages = state.get("messages", [])
        reply = messages[-1]
        assert isinstance(reply, AIMessage)
        emit = self._emitter(runtime)
        calls = tool_requests(reply)
        left = self.limits.max_tool_calls - _tool_calls(messages[:-1])
        answers: list[AnyMessage] = []
        for position, call in enumerate(calls):
            emit(ToolStarted(call))
            result = await self._call(call) if position < left else _NOT_RUN
            answers.append(answer := _answer(call, result))
            emit(ToolEnded(call, answer))
        reason = StopReason.MAX_TOOL_CALLS if len(calls) > left else None
        return {"messages": answers, "stop_reason": reason}

    async def _call(self, call: ToolRequest) -> ToolResult:
        tool = self.tools.get(call.name)
        if tool is None:
            names = ", ".join(self.tools) or "none"
            return ToolResult(
                f"Error: there is no tool {call.name!r}; there are: {names}", is_error=True
            )
        try:
            return await tool.call(call.arguments)
        except SandboxError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in a tool must not end the conversation
            _log.warning("tool %s raised", call.name, exc_info=True)
            return ToolResult(f"Error: {call.name} failed: {error!r}", is_error=True)

    def _emitter(self, runtime: Runtime) -> OnEvent:
        return self.on_event or runtime.stream_writer


_NOT_RUN = ToolResult(
    "Error: not run, because the limit on tool calls for this task is reached", is_error=True
)


def _answer(call: ToolRequest, result: ToolResult) -> ToolMessage:
    return ToolMessage(
        content=result.text,
        tool_call_id=call.id,
        name=call.name,
        status="error" if result.is_error else "success",
    )


def is_nudge(message: BaseMessage) -> bool:
    """Whether a user message was written by the agent itself, after an empty reply."""
    return message.additional_kwargs.get("clawgym") == "nudge"


def _turns(messages: Sequence[BaseMessage]) -> int:
    return sum(isinstance(message, AIMessage) for message in _since_instruction(messages))


def _tool_calls(messages: Sequence[BaseMessage]) -> int:
    return sum(isinstance(message, ToolMessage) for message in _since_instruction(messages))


def _since_instruction(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """What followed the user's last message: limits hold for one instruction, not for a thread."""
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], HumanMessage) and not is_nudge(messages[index]):
            return messages[index + 1 :]
    return messages


def _after_model(state: AgentState) -> str:
    if state.get("stop_reason"):
        return END
    return "tools" if isinstance(state.get("messages", [])[-1], AIMessage) else "model"


def _after_tools(state: AgentState) -> str:
    return END if state.get("stop_reason") else "model"
