"""What a session has spent before, in this process and in others."""

import json
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.messages import AIMessage, ToolMessage

from clawgym.model import Usage
from graph_agents.chat_model import usage_of
from graph_agents.journal.entries import Kind
from graph_agents.journal.sessions import Sessions
from graph_agents.journal.store import Store

_FAMILY = """
WITH RECURSIVE family(id) AS (
    SELECT ? UNION SELECT s.id FROM sessions s JOIN family f ON s.spawned_by = f.id
)
SELECT id FROM family
"""
_TURNS = "SELECT body FROM entries WHERE session = ? AND kind = 'stop'"


@dataclass(frozen=True)
class Spent:
    """Tokens, US dollars as far as prices were known, and calls of tools."""

    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    calls: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.usage + other.usage, self.cost + other.cost, self.calls + other.calls)


def family(store: Store, session: str) -> list[str]:
    """A session and all that it spawned, and those, and so on."""
    return [str(row[0]) for row in store.all(_FAMILY, [session])]


def spent_by(store: Store, session: str) -> Spent:
    """What one session has spent: its turns, undone ones too, and what was cut off by a crash."""
    turns = [
        cast("dict[str, Any]", json.loads(str(row[0]))) for row in store.all(_TURNS, [session])
    ]
    whole = [
        Spent(Usage(**turn.get("usage", {})), turn.get("cost") or 0.0, turn.get("calls", 0))
        for turn in turns
    ]
    return sum(whole, _cut_off(store, session))


def _cut_off(store: Store, session: str) -> Spent:
    """Of the turn whose process died; its price is not known."""
    spent = Spent()
    for entry in reversed(Sessions(store).entries(session)):
        if entry.kind is Kind.STOP or entry.session != session:
            break
        message = entry.message
        if isinstance(message, AIMessage):
            spent += Spent(usage_of(message))
        elif isinstance(message, ToolMessage):
            spent += Spent(calls=1)
    return spent
