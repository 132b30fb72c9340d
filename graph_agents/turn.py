"""One turn as it happens: the graph runs in a task, its events come out here."""

# langgraph leaves some of its generics open, and pyright does not find its marker:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, Interrupt

from clawgym.errors import (
    BudgetExceededError,
    ClawGymError,
    ContextOverflowError,
    ProviderError,
    SandboxError,
)
from graph_agents.asking import request_from
from graph_agents.events import (
    AgentEvent,
    ApprovalAsked,
    Charged,
    ModelReplied,
    StopReason,
    ToolEnded,
    TurnEnded,
    emit,
    listening,
)
from graph_agents.journal import Kind, Sessions
from graph_agents.journal.ledger import Ledger
from graph_agents.journal.saver import JournalSaver
from graph_agents.journal.spending import Spent, spent_on, spent_on_reply, uncounted
from graph_agents.journal.working import taken_by_turn
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


_LEG = 32
"""Steps of the graph, two for a reply with calls."""


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
    heard = _Heard()
    tally = _Tally(running, heard.put)
    task = asyncio.create_task(_drive(running, config, given, steering, tally))
    task.add_done_callback(heard.end)
    try:
        for event in news:
            yield event
        while events := await heard.take():
            for event in events:
                yield event
        await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            steering.interrupt()  # for the subagents that it has started


class _Heard:
    """The events that nobody has taken yet: a queue for one reader, smaller than asyncio's."""

    def __init__(self) -> None:
        self._events: list[AgentEvent] = []
        self._news: asyncio.Future[None] | None = None
        self._ended = False

    def put(self, event: AgentEvent) -> None:
        """Leave an event."""
        self._events.append(event)
        self._wake()

    def end(self, _: object) -> None:
        """There will be no other."""
        self._ended = True
        self._wake()

    async def take(self) -> list[AgentEvent]:
        """What was left since the last time; it waits for something, and is empty at the end."""
        if not self._events and not self._ended:
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        events, self._events = self._events, []
        return events

    def _wake(self) -> None:
        if self._news and not self._news.done():
            self._news.set_result(None)


class _Tally:
    """Passes events on and adds up what the turn has cost."""

    def __init__(self, running: Running, pass_on: Any) -> None:  # noqa: ANN401
        self._running = running
        self._pass_on = pass_on
        self.spent = Spent()

    def __call__(self, event: AgentEvent) -> None:
        price = self._running.parts.price
        if isinstance(event, ModelReplied):
            self.spent += spent_on_reply(event.message, self._running.model, price)
        elif isinstance(event, Charged):
            self.spent += spent_on(event.usage, event.model, price)
        elif isinstance(event, ToolEnded) and not event.again:
            self.spent += Spent(calls=1)
        if self._running.parts.on_event:
            self._running.parts.on_event(event)
        self._pass_on(event)


async def _drive(
    running: Running, config: RunnableConfig, given: Given, steering: Steering, tally: _Tally
) -> None:
    session, store = str(config.get("configurable", {})["thread_id"]), running.saver.store
    before = uncounted(store, session, running.model, running.parts.price)
    most = running.limits.wall_seconds
    left = None if most is None else max(0.0, most - taken_by_turn(store, session))
    with listening(tally), steered_by(steering):
        reason, error = await _outcome(running, config, given, left)
        Ledger(running.saver, session).note(
            Kind.STOP, reason=reason.value, error=error, **asdict(before + tally.spent)
        )
        Sessions(store).touch(session)
        emit(TurnEnded(reason, tally.spent.usage, tally.spent.cost, error))


async def _outcome(
    running: Running, config: RunnableConfig, given: Given, seconds: float | None
) -> tuple[StopReason, str | None]:
    try:
        async with asyncio.timeout(seconds), inside():
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
    seen = _Changes()
    while True:
        try:
            await _leg(running, config, given, seen)
        except GraphDrained:
            given = None
        else:
            return seen.waiting, StopReason(seen.reason)


async def _leg(running: Running, config: RunnableConfig, given: Given, seen: "_Changes") -> None:
    """So many steps of a run: LangGraph keeps something of each until the run ends.

    Raises:
        GraphDrained: it has stopped between two steps, and goes on from its checkpoint.
    """
    control = RunControl()
    changes = running.graph.astream(
        given, config, stream_mode="updates", durability="sync", control=control
    )
    number = 0
    async for change in changes:
        number += 1
        seen.take(change)
        if number == _LEG:
            control.request_drain("leg")


@dataclass
class _Changes:
    waiting: Sequence[Interrupt] = ()
    reason: str = StopReason.APPROVAL.value

    def take(self, change: dict[str, Any]) -> None:
        for node, update in change.items():
            if node == "__interrupt__":
                self.waiting = update
            elif update:
                self.reason = update.get("stop_reason") or self.reason
