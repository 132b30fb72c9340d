"""What is kept of a thread between two steps; losing it costs time, never correctness."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from langchain_core.runnables import RunnableConfig

from graph_agents.chat_model import AnyChatModel, Respond, model_name, responder
from graph_agents.conversation import Conversation
from graph_agents.journal.spending import Spent, family, spent_by
from graph_agents.journal.store import Store
from graph_agents.journal.working import worked
from graph_agents.parts import Budget, LoopWatch, Parts
from graph_agents.state import AgentLimits
from mcp_servers.toolkit import Tool

_KEPT = 512
"""How many threads are kept."""


SystemPrompt = str | Callable[[str], str | Awaitable[str]]
"""The prompt, or what writes the prompt of a session."""


@dataclass(frozen=True)
class Kit:
    """What every thread of a graph works with.

    `stream` says whether replies are asked for piece by piece.
    """

    model: AnyChatModel
    tools: tuple[Tool[Any], ...]
    system: SystemPrompt
    limits: AgentLimits
    parts: Parts
    stream: bool


@dataclass
class Thread:
    """One thread of a graph."""

    kit: Kit
    session: str
    system: str
    respond: Respond
    offered: tuple[Tool[Any], ...]
    budget: Budget | None
    conversation: Conversation = field(default_factory=Conversation)
    refused: int | None = None
    """The tokens of the conversation when it could not be summarised in time."""
    _loops: LoopWatch | None = None
    _loops_of: int = 0

    def tools(self) -> tuple[Tool[Any], ...]:
        """The tools of the session at the moment; those that a skill disclosed come last."""
        skills = self.kit.parts.skills
        more = skills.disclosed(self.session) if skills else ()
        offered = (*self.kit.tools, *more) if more else self.kit.tools
        if offered != self.offered:
            self.offered = offered
            self.respond = responder(self.kit.model, [tool.schema for tool in offered])
        return offered

    def loops(self) -> LoopWatch | None:
        """The watch of the current turn."""
        begun = self.conversation.begun
        if self.kit.parts.loops and (self._loops is None or begun != self._loops_of):
            self._loops = self.kit.parts.loops()
        self._loops_of = begun
        return self._loops


class Threads:
    """The threads that a graph has seen lately."""

    def __init__(self, kit: Kit, store: Store | None = None) -> None:
        self._kit = kit
        self._store = store
        self._budgets: dict[str, Budget] = {}
        self._counted: set[str] = set()
        self._known: OrderedDict[tuple[str, str], Thread] = OrderedDict()
        self._respond = responder(kit.model, [tool.schema for tool in kit.tools])

    async def of(self, config: RunnableConfig) -> Thread:
        """The thread of a configuration; without a name, one that has just begun."""
        key = thread_key(config)
        if not key[0]:
            return await self._make("")
        if key not in self._known:
            made = await self._make(key[0])
            self._known.setdefault(key, made)  # another part of the graph may have been faster
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    async def _make(self, session: str) -> Thread:
        kit = self._kit
        given = kit.system if isinstance(kit.system, str) else kit.system(session)
        system = given if isinstance(given, str) else await given
        return Thread(kit, session, system, self._respond, kit.tools, self._budget(session))

    def _budget(self, session: str) -> Budget | None:
        """The budget of a session, less what it and those that it spawned have spent before."""
        if self._kit.parts.budget_of is None:
            return None
        if session not in self._budgets:
            budget = self._budgets[session] = self._kit.parts.budget_of(session)
            if self._store and session:
                self._count(budget, self._store, session)
        return self._budgets[session]

    def _count(self, budget: Budget, store: Store, session: str) -> None:
        # A child may be counted with its parent, and be resumed afterwards.
        new = [each for each in family(store, session) if each not in self._counted]
        self._counted.update(new)
        asked, price = model_name(self._kit.model), self._kit.parts.price
        spent = sum((spent_by(store, each, asked, price) for each in new), Spent())
        seconds = worked(store, new)
        budget.charge(spent.usage, spent.cost, calls=spent.calls, seconds=seconds)


def at_work(budget: Budget | None) -> AbstractContextManager[None]:
    """Time that is spent in this block counts."""
    return budget.at_work() if budget else nullcontext()


def thread_key(config: RunnableConfig) -> tuple[str, str]:
    """The thread and the graph within it that a node runs in, from the node's configuration."""
    named = config.get("configurable", {})
    # The last part is the node's own task.
    levels = str(named.get("checkpoint_ns", "")).split("|")[:-1]
    return str(named.get("thread_id") or ""), "|".join(levels)
