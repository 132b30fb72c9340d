"""Answers that were paid for: one SQLite file, safe for several processes at once."""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from clawgym.errors import UsageError
from clawgym.model import Message, ToolSchema, Usage

_BUSY_SECONDS = 30.0
_TABLE = "answers"


@dataclass(frozen=True)
class AnswerKey:
    """Everything that decides an answer: the key of the cache is its digest.

    The messages hold the template, the rubric and the deliverable, filled in; `vote` keeps
    repetitions of the same question apart.
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
    """Raw replies of a judge by the digest of the question. None as a path is in memory.

    Raises:
        UsageError: the file cannot be used.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        with self._usable():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path or ":memory:", timeout=_BUSY_SECONDS)
            self._database = Database(self._connection)
            if path is not None:
                self._database.enable_wal()
            self._make_table()

    def get(self, key: AnswerKey) -> str | None:
        """The reply, if the question was answered before."""
        query = f"SELECT reply FROM {_TABLE} WHERE key = ?"  # noqa: S608 - a constant
        with self._usable():
            rows = self._connection.execute(query, [key.digest]).fetchall()
        return rows[0][0] if rows else None

    def put(self, key: AnswerKey, reply: str, usage: Usage) -> None:
        """Keep a reply that was found good; a later one replaces it."""
        row = {
            "key": key.digest,
            "model": key.model,
            "vote": key.vote,
            "reply": reply,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "answered_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._usable():
            self._database.table(_TABLE).insert(row, pk="key", replace=True)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _make_table(self) -> None:
        columns = {
            "key": str,
            "model": str,
            "vote": int,
            "reply": str,
            "prompt_tokens": int,
            "completion_tokens": int,
            "answered_at": str,
        }
        self._database.table(_TABLE).create(columns, pk="key", if_not_exists=True)

    @contextlib.contextmanager
    def _usable(self) -> Generator[None]:
        try:
            yield
        except (OSError, sqlite3.DatabaseError) as error:
            raise UsageError(
                f"cannot use {self._path} as a cache of judgements: {error}; choose another place "
                "with CLAWGYM_JUDGE_CACHE"
            ) from error
