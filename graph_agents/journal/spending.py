"""What a session has spent before, in this process and in others.

Whatever was written down counts, on whichever branch it stands and whether a checkpoint has it yet:
a step's messages are committed before the checkpoint that points to them, and a process may die
in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.messages import AIMessage, ToolMessage

from clawgym.model import Usage
from graph_agents.chat_model import usage_of
from graph_agents.journal.entries import Entry, JsonObject, Kind
from graph_agents.journal.store import Store
from graph_agents.parts import Price

_FAMILY = """
WITH RECURSIVE family(id) AS (
    SELECT ? UNION SELECT s.id FROM sessions s JOIN family f ON s.spawned_by = f.id
)
SELECT id FROM family
"""
_LAST_STOP = "SELECT coalesce(max(seq), 0) FROM entries WHERE session = ?1 AND kind = 'stop'"
# Sessions start before they spend, and starts are found by an index; other graphs have none.
_NOT_STOPPED = (
    f"seq > coalesce((SELECT min(seq) FROM entries WHERE session = ?1 AND kind = 'start' "  # noqa: S608
    f"AND seq > ({_LAST_STOP})), ({_LAST_STOP})) AND session = ?1 AND kind IN ('message', 'charge')"
)


@dataclass(frozen=True)
class Spent:
    """Tokens, US dollars as far as prices were known, and calls of tools."""

    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    calls: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        cost = sum(costs) if costs else None
        return Spent(self.usage + other.usage, cost, self.calls + other.calls)


def spent_on(usage: Usage, model: str, price: Price | None) -> Spent:
    """What an exchange with a model has cost."""
    return Spent(usage, price(model, usage) if price else None)


def spent_on_reply(reply: AIMessage, asked: str, price: Price | None) -> Spent:
    """What a reply has cost; `asked` is the model's name where the reply has none."""
    answered = str(reply.response_metadata.get("model_name") or asked)
    return spent_on(usage_of(reply), answered, price)


def family(store: Store, session: str) -> list[str]:
    """A session and all that it spawned, and those, and so on."""
    return [str(row[0]) for row in store.all(_FAMILY, [session])]


def spent_by(store: Store, session: str, asked: str = "", price: Price | None = None) -> Spent:
    """What one session has spent: its turns, undone ones too, and what no turn has counted yet.

    Args:
        store: the journal.
        session: its id.
        asked: the model whose price it is where a reply does not name one.
        price: for what no turn has counted.
    """
    stops = store.entries("session = ? AND kind = 'stop'", [session])
    counted = sum((_noted(stop.body) for stop in stops), Spent())
    return counted + uncounted(store, session, asked, price)


def uncounted(store: Store, session: str, asked: str = "", price: Price | None = None) -> Spent:
    """What was spent since the last turn stopped: in one that a crash cut off, or beside turns.

    The next STOP of the session has to count it.
    """
    spent = Spent()
    for entry in _since_last_stop(store, session):
        message = entry.message
        if entry.kind is Kind.CHARGE:
            spent += _noted(entry.body)
        elif isinstance(message, AIMessage):
            spent += spent_on_reply(message, asked, price)
        elif isinstance(message, ToolMessage):
            spent += Spent(calls=1)
    return spent


def _since_last_stop(store: Store, session: str) -> Iterator[Entry]:
    """What was said and charged; a message that a change of the state has copied, once."""
    seen: set[str] = set()
    for entry in store.entries(_NOT_STOPPED, [session]):
        name = entry.body.get("id")
        if isinstance(name, str):
            if name in seen:
                continue
            seen.add(name)
        yield entry


def _noted(body: JsonObject) -> Spent:
    """What a STOP or a CHARGE says."""
    noted = cast("dict[str, Any]", body)
    return Spent(Usage(**noted.get("usage", {})), noted.get("cost"), noted.get("calls", 0))
