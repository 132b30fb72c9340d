"""Answers that were paid for: one SQLite file, safe for several processes at once."""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clawgym.errors import UsageError
from clawgym.model.protocol import Message, ToolSchema, Usage

_BUSY_SECONDS = 30.0
_CREATE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    vote INTEGER NOT NULL,
    reply TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    answered_at TEXT NOT NULL
)
"""


@dataclass(frozen=True)
class AnswerKey:
    """Everything that decides an answer: the key of the cache is its digest.

    The messages hold the template and the material, filled in; `vote` keeps repetitions of the same
    question apart.
    """

    model: str
    sampling: str
    messages: tuple[Message, ...]
    schema: ToolSchema
    vote: int

    @property
    def digest(self) -> str:
        """A SHA-256 in hexadecimal."""
        said = [[message.role.value, message.content] for message in self.messages]
        content = [self.model, self.sampling, said, self.schema, self.vote]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class AnswerCache:
    """Raw replies of a model by the digest of the question. None as a path is in memory.

    `advice` says in an error message how the user chooses another place.

    Raises:
        UsageError: the file cannot be used.
    """

    def __init__(self, path: Path | None, *, advice: str = "choose another place") -> None:
        self._path = path
        self._advice = advice
        with self._usable():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path or ":memory:", timeout=_BUSY_SECONDS)
            if path is not None:
                self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(_CREATE)
            self._connection.commit()

    def get(self, key: AnswerKey) -> str | None:
        """The reply, if the question was answered before."""
        with self._usable():
            query = "SELECT reply FROM answers WHERE key = ?"
            rows = self._connection.execute(query, [key.digest]).fetchall()
        return rows[0][0] if rows else None

    def put(self, key: AnswerKey, reply: str, usage: Usage) -> None:
        """Keep a reply that was found good; a later one replaces it."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        tokens = (usage.prompt_tokens, usage.completion_tokens)
        row = (key.digest, key.model, key.vote, reply, *tokens, now)
        with self._usable(), self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _usable(self) -> Generator[None]:
        try:
            yield
        except (OSError, sqlite3.DatabaseError) as error:
            raise UsageError(
                f"cannot use {self._path} as a cache of answers: {error}; {self._advice}"
            ) from error
