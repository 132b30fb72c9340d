"""What is kept of a thread between two steps; losing it costs time, never correctness."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.runnables import RunnableConfig

from graph_agents.chat_model import AnyChatModel, Respond, model_name, responder
from graph_agents.conversation import Conversation
from graph_agents.journal.spending import family, spent_by
from graph_agents.journal.store import Store
from graph_agents.parts import Budget, LoopWatch, Parts
from graph_agents.state import AgentLimits
from mcp_servers.toolkit import Tool

_KEPT = 512
"""How many threads are kept."""


@dataclass(frozen=True)
class Kit:
    """What every thread of a graph works with.

    `system` is the prompt, or what gives the prompt of a session. `stream` says whether replies are
    asked for piece by piece.
    """

    model: AnyChatModel
    tools: tuple[Tool[Any], ...]
    system: str | Callable[[str], str]
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
    _loops: LoopWatch | None = None
    _loops_at: int = 0

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
        turns = self.conversation.turns
        if self.kit.parts.loops and (self._loops is None or turns < self._loops_at):
            self._loops = self.kit.parts.loops()
        self._loops_at = turns
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

    def of(self, config: RunnableConfig) -> Thread:
        """The thread of a configuration; without a name, one that has just begun."""
        key = thread_key(config)
        if not key[0]:
            return self._make("")
        if key not in self._known:
            self._known[key] = self._make(key[0])
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _make(self, session: str) -> Thread:
        kit = self._kit
        system = kit.system if isinstance(kit.system, str) else kit.system(session)
        return Thread(kit, session, system, self._respond, kit.tools, self._budget(session))

    def _budget(self, session: str) -> Budget | None:
        """The budget of a session, less what it and those that it spawned have spent before."""
        if self._kit.parts.budget_of is None:
            return None
        if session not in self._budgets:
            budget = self._budgets[session] = self._kit.parts.budget_of(session)
            for each in family(self._store, session) if self._store and session else ():
                self._count(budget, each)
        return self._budgets[session]

    def _count(self, budget: Budget, session: str) -> None:
        # A child may be counted with its parent, and be resumed afterwards.
        if self._store and session not in self._counted:
            self._counted.add(session)
            asked, price = model_name(self._kit.model), self._kit.parts.price
            spent = spent_by(self._store, session, asked, price)
            budget.charge(spent.usage, spent.cost, calls=spent.calls)


def thread_key(config: RunnableConfig) -> tuple[str, str]:
    """The thread and the graph within it that a node runs in, from the node's configuration."""
    named = config.get("configurable", {})
    # The last part is the node's own task.
    levels = str(named.get("checkpoint_ns", "")).split("|")[:-1]
    return str(named.get("thread_id") or ""), "|".join(levels)
