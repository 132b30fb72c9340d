"""One instruction, carried out: what the command line and the rollouts call."""

# langgraph leaves some of its generics open, and pyright does not find its marker:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langgraph.graph.state import CompiledStateGraph

from clawgym.errors import BudgetExceededError, ClawGymError, ProviderError, SandboxError
from clawgym.model import Usage
from clawgym.sandbox.protocol import Sandbox
from clawgym.trajectory import Trajectory
from clawgym_skills.skill import Skill
from graph_agents.chat_model import AnyChatModel, model_name
from graph_agents.events import AgentEvent, ModelReplied, Nudged, OnEvent, StopReason, ToolEnded
from graph_agents.graph import AgentLimits, AgentState, make_agent
from graph_agents.prompting import system_prompt
from graph_agents.recording import Recorder, describe_agent
from mcp_servers.toolkit import Tool

AGENT_NAME = "clawgym"


@dataclass(frozen=True)
class AgentRun:
    """How it went. `messages` begins with the system prompt.

    `error` is set exactly when `stop_reason` is `model_failed`, `budget` or `sandbox_failed`: what
    was done until then is in the messages and the trajectory.
    """

    messages: tuple[BaseMessage, ...]
    trajectory: Trajectory
    stop_reason: StopReason
    usage: Usage
    turns: int
    tool_calls: int
    error: ClawGymError | None = None

    @property
    def answer(self) -> str:
        """The last words of the agent."""
        last = self.messages[-1]
        return str(last.text) if isinstance(last, AIMessage) else ""


async def run_agent(
    instruction: str,
    *,
    model: AnyChatModel,
    sandbox: Sandbox,
    tools: Sequence[Tool[Any]],
    skills: Sequence[Skill] = (),
    limits: AgentLimits | None = None,
    on_event: OnEvent | None = None,
    save_to: Path | None = None,
) -> AgentRun:
    """Let the agent work on the workspace of a sandbox until it stops.

    Args:
        instruction: what the user wants.
        model: ours, or any LangChain chat model.
        sandbox: says where the workspace and the mount `skills` are, for the system prompt.
        tools: what the agent may call.
        skills: what the prompt offers; each must be at `skills/<id>` in the sandbox.
        limits: when to stop it.
        on_event: is told what happens; giving it makes the model stream.
        save_to: where the trajectory is written, also when the run is cancelled or crashes.

    Raises:
        UsageError: the trajectory cannot be written. A failing model is no exception but data.
    """
    limits = limits or AgentLimits()
    prompt, user = system_prompt(sandbox, skills), HumanMessage(instruction)
    recorder = Recorder(
        describe_agent(AGENT_NAME, model_name(model), [tool.schema for tool in tools])
    )
    recorder.add(SystemMessage(prompt))
    recorder.add(user)
    graph = make_agent(
        model,
        tools,
        system_prompt=prompt,
        limits=limits,
        stream=on_event is not None,
        on_event=_observer(recorder, on_event),
    )
    try:
        outcome = await _drive(graph, user, limits.wall_seconds)
        recorder.stop_reason = outcome.reason
    finally:
        if save_to:
            recorder.trajectory().save(save_to)
    return AgentRun(
        messages=tuple(recorder.messages),
        trajectory=recorder.trajectory(),
        stop_reason=outcome.reason,
        usage=recorder.usage,
        turns=recorder.turns,
        tool_calls=recorder.tool_calls,
        error=outcome.error,
    )


@dataclass(frozen=True)
class _Outcome:
    reason: StopReason
    error: ClawGymError | None = None


def _observer(recorder: Recorder, on_event: OnEvent | None) -> OnEvent:
    """Record as it happens, so that nothing is lost when the run is cancelled."""

    def observe(event: AgentEvent) -> None:
        if isinstance(event, ModelReplied | Nudged | ToolEnded):
            recorder.add(event.message)
        if on_event:
            on_event(event)

    return observe


async def _drive(
    graph: CompiledStateGraph[AgentState], user: HumanMessage, seconds: float | None
) -> _Outcome:
    try:
        async with asyncio.timeout(seconds):
            final = await graph.ainvoke(AgentState(messages=[user]))
    except TimeoutError:
        return _Outcome(StopReason.TIME)
    except BudgetExceededError as error:
        return _Outcome(StopReason.BUDGET, error)
    except ProviderError as error:
        return _Outcome(StopReason.MODEL_FAILED, error)
    except SandboxError as error:
        return _Outcome(StopReason.SANDBOX_FAILED, error)
    return _Outcome(StopReason(final["stop_reason"]))
