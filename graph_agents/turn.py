"""One turn as it happens: the graph runs in a task, its events come out here."""

# langgraph leaves some of its generics open, and pyright does not find its marker:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, Interrupt

from clawgym.errors import (
    BudgetExceededError,
    ClawGymError,
    ContextOverflowError,
    ProviderError,
    SandboxError,
)
from clawgym.model import Usage
from graph_agents.asking import request_from
from graph_agents.chat_model import usage_of
from graph_agents.events import (
    AgentEvent,
    ApprovalAsked,
    Compacted,
    ModelReplied,
    StopReason,
    ToolEnded,
    TurnEnded,
    emit,
    listening,
)
from graph_agents.journal import Kind
from graph_agents.journal.ledger import Ledger
from graph_agents.journal.saver import JournalSaver
from graph_agents.parts import Parts
from graph_agents.state import AgentLimits, AgentState
from graph_agents.steering import Steering, steered_by
from graph_agents.turnstile import inside

_REASONS: tuple[tuple[type[ClawGymError], StopReason], ...] = (
    (ContextOverflowError, StopReason.CONTEXT),
    (BudgetExceededError, StopReason.BUDGET),
    (ProviderError, StopReason.MODEL_FAILED),
    (SandboxError, StopReason.SANDBOX_FAILED),
)


class Running(Protocol):
    """What a turn needs of the agent."""

    @property
    def graph(self) -> CompiledStateGraph[AgentState]:
        """The compiled graph."""
        ...

    @property
    def saver(self) -> JournalSaver:
        """Its checkpointer."""
        ...

    @property
    def parts(self) -> Parts:
        """Who listens, and what tokens cost."""
        ...

    @property
    def limits(self) -> AgentLimits:
        """When to stop."""
        ...

    @property
    def model(self) -> str:
        """The model that is asked."""
        ...


Given = AgentState | Command[Any] | None


async def run_turn(
    running: Running,
    config: RunnableConfig,
    given: Given,
    steering: Steering,
    news: Sequence[AgentEvent],
) -> AsyncGenerator[AgentEvent]:
    """Run the graph until it stops; `news` are told first, `TurnEnded` comes last.

    Closing the generator cancels the run. What is no failure of model or sandbox is raised.
    """
    queue: asyncio.Queue[AgentEvent | None] = asyncio.Queue()
    tally = _Tally(running, queue.put_nowait)
    task = asyncio.create_task(_drive(running, config, given, steering, tally))
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        for event in news:
            yield event
        while (event := await queue.get()) is not None:
            yield event
        await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class _Tally:
    """Passes events on and adds up what the turn has cost."""

    def __init__(self, running: Running, pass_on: Any) -> None:  # noqa: ANN401
        self._running = running
        self._pass_on = pass_on
        self.usage = Usage()
        self.cost: float | None = None
        self.calls = 0

    def __call__(self, event: AgentEvent) -> None:
        if isinstance(event, ModelReplied):
            named = event.message.response_metadata.get("model_name")
            self._add(usage_of(event.message), str(named or self._running.model))
        elif isinstance(event, Compacted):
            self._add(event.usage, self._running.model)
        elif isinstance(event, ToolEnded):
            self.calls += 1
        if self._running.parts.on_event:
            self._running.parts.on_event(event)
        self._pass_on(event)

    def _add(self, usage: Usage, model: str) -> None:
        self.usage += usage
        price = self._running.parts.price
        if price and (cost := price(model, usage)) is not None:
            self.cost = (self.cost or 0.0) + cost


async def _drive(
    running: Running, config: RunnableConfig, given: Given, steering: Steering, tally: _Tally
) -> None:
    session = str(config.get("configurable", {})["thread_id"])
    with listening(tally), steered_by(steering):
        reason, error = await _outcome(running, config, given)
        Ledger(running.saver, session).note(
            Kind.STOP,
            reason=reason.value,
            error=error,
            usage=asdict(tally.usage),
            cost=tally.cost,
            calls=tally.calls,
        )
        emit(TurnEnded(reason, tally.usage, tally.cost, error))


async def _outcome(
    running: Running, config: RunnableConfig, given: Given
) -> tuple[StopReason, str | None]:
    try:
        async with asyncio.timeout(running.limits.wall_seconds), inside():
            waiting, reason = await _played(running, config, given)
    except TimeoutError:
        return StopReason.TIME, None
    except ClawGymError as error:
        for kind, reason in _REASONS:
            if isinstance(error, kind):
                return reason, str(error)
        raise
    for interrupt in waiting:
        for request in interrupt.value["approvals"]:
            emit(ApprovalAsked(request_from(request)))
    if waiting:
        return StopReason.APPROVAL, None
    return reason, None


async def _played(
    running: Running, config: RunnableConfig, given: Given
) -> tuple[Sequence[Interrupt], StopReason]:
    """What the graph waits for at its end, and why it has stopped.

    It is told only what changed: to copy the whole state at each step costs more than the step.
    """
    waiting: Sequence[Interrupt] = ()
    reason = StopReason.APPROVAL.value
    changes = running.graph.astream(given, config, stream_mode="updates", durability="sync")
    async for change in changes:
        for node, update in change.items():
            if node == "__interrupt__":
                waiting = update
            elif update:
                reason = update.get("stop_reason") or reason
    return waiting, StopReason(reason)
