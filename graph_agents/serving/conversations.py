"""Which session a request belongs to.

A client that names its conversation (`X-Clawgym-Session`, `metadata.session`, `user`) always gets
that session, and of what it sends only the last message counts. Other clients send the whole
history each time: it is recognised by its digest. A client that goes back (another answer, an
edited message) is recognised as well, and goes on in a fork from there.
"""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from weakref import WeakValueDictionary

from clawgym.errors import UsageError
from graph_agents.agent import Agent, AgentSession
from graph_agents.serving.shapes import ApiError, ChatRequest

HEADER = "x-clawgym-session"
_TITLE = "over HTTP"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    key TEXT PRIMARY KEY,      -- a name that a client gave, or the digest of a history
    session TEXT NOT NULL,
    head TEXT                  -- the entry that the history ends with; null for names
) STRICT
"""


@dataclass(frozen=True)
class Asked:
    """A request, taken apart: what went before, and what is new."""

    name: str | None
    history: tuple[tuple[str, str], ...]
    instructions: str
    prompt: str


def take_apart(request: ChatRequest, header: str | None) -> Asked:
    """What a request asks.

    Raises:
        ApiError: it does not end with a message of the user's.
    """
    instructions = [m.text for m in request.messages if m.role in {"system", "developer"}]
    said = [m for m in request.messages if m.role in {"user", "assistant"}]
    new = len(said)
    while new and said[new - 1].role == "user":
        new -= 1
    prompt = "\n\n".join(m.text for m in said[new:])
    if request.messages[-1].role != "user" or not prompt.strip():
        raise ApiError("the last message has to be one of the user, with text", param="messages")
    return Asked(
        name=_name(request, header),
        history=tuple((m.role, m.text) for m in said[:new]),
        instructions="\n\n".join(filter(None, instructions)),
        prompt=prompt,
    )


class Conversations:
    """The sessions of clients, in a small SQLite file beside the journal.

    Raises:
        UsageError: the file cannot be opened.
    """

    def __init__(self, agent: Agent, file: Path) -> None:
        self._agent = agent
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot open {file}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @asynccontextmanager
    async def session(self, asked: Asked) -> AsyncGenerator[tuple[AgentSession, str]]:
        """The session of a request and the message to send; nobody else uses it meanwhile."""
        key = _key(asked)
        if key is None:
            yield self._agent.new_session(_TITLE), _first_message(asked)
            return
        async with self._locks.setdefault(key, asyncio.Lock()):
            found = self._find(key)
            session = await self._open(found, named=asked.name is not None)
            if found is None and asked.name is not None:
                self._keep(key, session.id, None)
            async with self._locks.setdefault(session.id, asyncio.Lock()):
                yield session, _first_message(asked) if found is None else asked.prompt

    def answered(self, asked: Asked, answer: str, session: AgentSession) -> None:
        """Remember what the client will send as history the next time."""
        if asked.name is None:
            history = (*asked.history, ("user", asked.prompt), ("assistant", answer))
            entries = session.entries()
            self._keep(_digest(history), session.id, entries[-1].id if entries else None)

    async def _open(self, found: tuple[str, str | None] | None, *, named: bool) -> AgentSession:
        if found is None:
            return self._agent.new_session(_TITLE)
        session = await self._agent.resume(found[0])
        entries = session.entries()
        at_head = not entries or entries[-1].id == found[1]
        return session if named or at_head else await session.fork(found[1])

    def _find(self, key: str) -> tuple[str, str | None] | None:
        row = self._db.execute("SELECT session, head FROM conversations WHERE key = ?", [key])
        return cast("tuple[str, str | None] | None", row.fetchone())

    def _keep(self, key: str, session: str, head: str | None) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO conversations VALUES (?, ?, ?)", [key, session, head]
        )


def _name(request: ChatRequest, header: str | None) -> str | None:
    in_metadata = (request.metadata or {}).get("session")
    return header or in_metadata or request.user or None


def _key(asked: Asked) -> str | None:
    """What the conversation is known by; None where it begins."""
    if asked.name is not None:
        return f"name {asked.name}"
    return _digest(asked.history) if asked.history else None


def _digest(history: Sequence[tuple[str, str]]) -> str:
    """Of what both sides said; clients strip blanks at the ends."""
    plain = json.dumps([(role, text.strip()) for role, text in history])
    return f"history {hashlib.sha256(plain.encode()).hexdigest()}"


def _first_message(asked: Asked) -> str:
    """The first message of a session, with what the client had said before to somebody else."""
    parts: list[str] = []
    if asked.instructions:
        parts.append(f"Instructions of the program that I use:\n{asked.instructions}")
    if asked.history:
        said = "\n\n".join(f"{role}: {text}" for role, text in asked.history)
        parts.append(f"What was said before, in a conversation that you did not see:\n{said}")
    return "\n\n---\n\n".join([*parts, asked.prompt])
