"""Sessions that a session has spawned: started, watched, waited for, cancelled.

A child is a session like any other: it has its own conversation, stands in the journal, and is
resumed by its id. Here is only what runs at the moment.
"""

# langgraph is a namespace package whose marker pyright does not find:
# pyright: reportMissingTypeStubs=false

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from contextvars import Context
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Self

from langchain_core.messages import AIMessage
from langgraph.config import get_config
from pydantic import JsonValue

from clawgym.errors import ClawGymError, UsageError
from clawgym.model import Usage
from graph_agents.context.prompt import Detail
from graph_agents.events import (
    AgentEvent,
    ModelReplied,
    OnEvent,
    StopReason,
    Subagent,
    TurnEnded,
    listener,
)
from graph_agents.steering import Steering, steering
from graph_agents.tools.shaped import CORRECTIONS, MisfitError, Shape, correction

if TYPE_CHECKING:
    from graph_agents.agent import Agent, AgentSession

_TICK = 0.2
_log = logging.getLogger(__name__)


class Status(StrEnum):
    """How a child stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    NEEDS_APPROVAL = "needs_approval"
    """It waits for a person: whoever answers resumes the child's session."""


@dataclass(frozen=True)
class FamilyLimits:
    """How many children there may be, with OpenClaw's numbers.

    `depth` counts generations below the user's session, `children` those of one session that run,
    `running` those of all sessions.
    """

    depth: int = 5
    children: int = 5
    running: int = 8


@dataclass
class Child:
    """One run of a child; its id is that of its session.

    `structured` is the value of an answer that has to have a `shape`.
    """

    id: str
    name: str
    parent: str
    task: str
    started: float = field(default_factory=time.time)
    ended: float | None = None
    status: Status = Status.RUNNING
    reason: str = ""
    answer: str = ""
    shape: Shape | None = None
    structured: JsonValue = None
    usage: Usage = field(default_factory=Usage)
    work: "asyncio.Task[None] | None" = None

    def finish(self, status: Status, reason: str = "") -> None:
        """Note how it ended."""
        self.status, self.reason, self.ended = status, reason, time.time()

    def misfit(self) -> MisfitError | None:
        """Why the answer of a child that is done has not its shape."""
        if self.shape and self.status is Status.COMPLETED:
            try:
                self.structured = self.shape.read(self.answer)
            except MisfitError as problem:
                return problem
        return None


class Family:
    """The children of an agent's sessions, cancelled when the block ends.

    family = Family()
    setup = AgentSetup(…, more_tools=lambda agent: subagent_tools(family, agent))
    async with open_agent(setup) as agent, family: …
    """

    def __init__(self, limits: FamilyLimits | None = None) -> None:
        self.limits = limits or FamilyLimits()
        self._children: dict[str, Child] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for child in self._children.values():
            self._end(child)
        work = [child.work for child in self._children.values() if child.work]
        await asyncio.gather(*work, return_exceptions=True)

    def detail(self, session: str) -> Detail:
        """What the prompt of a session says: children are told less."""
        return Detail.MINIMAL if session in self._children else Detail.FULL

    def root_of(self, session: str) -> str:
        """The user's session above one, for what a whole family shares, such as a budget."""
        while session in self._children:
            session = self._children[session].parent
        return session

    def depth(self, session: str) -> int:
        """How many generations a session is below the user's."""
        child = self._children.get(session)
        return 1 + self.depth(child.parent) if child else 0

    def of(self, parent: str) -> list[Child]:
        """The children of a session, oldest first."""
        return [child for child in self._children.values() if child.parent == parent]

    async def spawn(
        self,
        agent: "Agent",
        parent: str,
        prompt: str,
        *,
        name: str,
        seconds: float | None = None,
        forked: bool = False,
        shape: Shape | None = None,
    ) -> Child:
        """Start a child; what happens in it goes, as `Subagent`, to whoever listens here.

        Args:
            agent: runs it.
            parent: the session that wants it; '' where none does.
            prompt: what it is to do.
            name: what people call it.
            seconds: how long it may take.
            forked: it begins with what the parent's conversation has said so far.
            shape: what its answer has to be; one that is not is sent back.

        Raises:
            UsageError: a limit is reached.
        """
        self._check(parent)
        if forked and parent:
            session = await agent.fork_session(parent, name)
        else:
            session = agent.new_session(name, parent=parent or None)
        child = Child(session.id, name, parent, prompt, shape=shape)
        self._children[child.id] = child
        self._start(child, session, session.send(prompt), seconds)
        return child

    async def find(self, agent: "Agent", parent: str, id: str) -> Child | None:
        """A child by its id; one that a former process spawned goes on where it stood."""
        child = self._children.get(id)
        if child is None:
            known = {info.id for info in agent.sessions() if info.spawned_by == parent}
            child = await self._adopt(agent, parent, id) if id in known else None
        elif child.status is Status.NEEDS_APPROVAL:
            _settle(child, await agent.resume(id))
        return child if child and child.parent == parent else None

    async def wait(self, children: list[Child], seconds: float) -> None:
        """Until all have ended, the time is over, or the user has something to say."""
        control, until = steering(), time.monotonic() + seconds
        while True:
            work = [child.work for child in children if child.work and not child.work.done()]
            left = until - time.monotonic()
            if not work or left <= 0:
                return
            if control and (control.interrupted or control.waiting):
                return
            await asyncio.wait(work, timeout=min(left, _TICK))

    async def cancel(self, child: Child) -> None:
        """Stop a child; what it has done stays."""
        self._end(child)
        if child.work:
            await asyncio.gather(child.work, return_exceptions=True)

    def _end(self, child: Child) -> None:
        if child.work and not child.work.done():
            child.work.cancel()

    def _check(self, parent: str) -> None:
        limits = self.limits
        if self.depth(parent) >= limits.depth:
            raise UsageError(
                f"subagents may be nested {limits.depth} deep, and this one is the deepest: do the "
                "work here"
            )
        running = [child for child in self._children.values() if child.status is Status.RUNNING]
        own = sum(child.parent == parent for child in running)
        if own >= limits.children or len(running) >= limits.running:
            raise UsageError(
                f"{own} subagents of this session and {len(running)} in all are running, which is "
                "the limit: wait for one with agents_wait"
            )

    async def _adopt(self, agent: "Agent", parent: str, id: str) -> Child:
        session = await agent.resume(id)
        child = Child(id, session.info.title or id, parent, "")
        self._children[id] = child
        if session.asked:
            child.finish(Status.NEEDS_APPROVAL)
        elif session.unfinished:
            self._start(child, session, session.go_on(), None)
        else:
            _settle(child, session)
        return child

    def _start(
        self,
        child: Child,
        session: "AgentSession",
        turn: AsyncGenerator[AgentEvent],
        seconds: float | None,
    ) -> None:
        run = self._run(child, session, turn, seconds, listener(), steering())
        # A context of its own: the graph of the child is no part of the one that called this tool.
        child.work = asyncio.get_running_loop().create_task(run, context=Context())

    async def _run(
        self,
        child: Child,
        session: "AgentSession",
        turn: AsyncGenerator[AgentEvent],
        seconds: float | None,
        tell: OnEvent | None,
        parent: Steering | None,
    ) -> None:
        obeying = asyncio.create_task(_obey(session, parent)) if parent else None
        try:
            async with asyncio.timeout(seconds):
                for _ in range(CORRECTIONS):
                    await _play(child, turn, tell)
                    if (problem := child.misfit()) is None:
                        return
                    child.status, child.ended = Status.RUNNING, None
                    turn = session.send(correction(problem))
                await _play(child, turn, tell)
                if problem := child.misfit():
                    child.finish(Status.FAILED, f"its answer does not fit outputSchema: {problem}")
        except TimeoutError:
            child.finish(Status.TIMED_OUT, f"stopped after {seconds:g} seconds")
        except asyncio.CancelledError:
            child.finish(Status.CANCELLED)
            raise
        except ClawGymError as error:
            child.finish(Status.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - a bug in a child must not hang its parent
            _log.warning("the subagent %s failed", child.name, exc_info=True)
            child.finish(Status.FAILED, repr(error))
        finally:
            if obeying:
                obeying.cancel()


def current_session() -> str:
    """The session whose graph calls this; '' outside any.

    LangGraph tells it to whatever runs inside a node.
    """
    try:
        return str(get_config().get("configurable", {}).get("thread_id") or "")
    except RuntimeError:
        return ""


async def _play(child: Child, turn: AsyncGenerator[AgentEvent], tell: OnEvent | None) -> None:
    async with aclosing(turn) as events:
        async for event in events:
            _take(child, event)
            if tell:
                tell(Subagent(child.name, event))


def _take(child: Child, event: AgentEvent) -> None:
    if isinstance(event, ModelReplied) and (text := str(event.message.text)):
        child.answer = text
    if isinstance(event, TurnEnded):
        child.usage += event.usage
        if event.reason is StopReason.DONE:
            child.finish(Status.COMPLETED)
        elif event.reason is StopReason.APPROVAL:
            child.finish(Status.NEEDS_APPROVAL)
        elif event.reason is StopReason.INTERRUPTED:
            child.finish(Status.CANCELLED, "interrupted by the user")
        else:
            child.finish(Status.FAILED, event.error or event.reason.value)


def _settle(child: Child, session: "AgentSession") -> None:
    """Take the outcome of a turn that ran elsewhere, once it is over."""
    if session.asked or session.unfinished:
        return
    said = [message for message in session.messages if isinstance(message, AIMessage)]
    child.answer = str(said[-1].text) if said else ""
    child.finish(Status.COMPLETED if said else Status.FAILED, "" if said else "it said nothing")


async def _obey(session: "AgentSession", parent: Steering) -> None:
    """Stop the child when the user stops the turn that spawned it."""
    while not parent.interrupted:  # noqa: ASYNC110 - steering has no event to wait for
        await asyncio.sleep(_TICK)
    session.interrupt()
