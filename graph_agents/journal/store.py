"""The journal's file: one SQLite connection a process, in WAL mode, behind one lock.

A commit survives the death of the process at once, and a power cut as of the last WAL checkpoint:
that is `synchronous=NORMAL`. A statement takes tens of microseconds, so the asynchronous callers do
not leave their event loop for it.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Self, cast

from clawgym.errors import ClawGymError, UsageError
from graph_agents.journal.entries import Entry, JsonObject, Kind

SCHEMA_VERSION = 1


class JournalError(ClawGymError):
    """The journal cannot be read or written any more: its disk, or the file, needs care."""


Row = tuple[object, ...]
Values = Sequence[str | int | float | bytes | None]

_UP = """
WITH RECURSIVE up(seq, session, parent, kind, at, ref, body) AS (
    SELECT seq, session, parent, kind, at, ref, body FROM entries WHERE seq = ?
    UNION ALL
    SELECT e.seq, e.session, e.parent, e.kind, e.at, e.ref, e.body
    FROM entries e JOIN up ON e.seq = up.parent
)
SELECT * FROM up ORDER BY seq
"""


def default_state() -> Path:
    """Where the journal is unless the user says otherwise."""
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "clawgym" / "agent.sqlite"


class Store:
    """Reads and writes rows."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where it is missing.

        Raises:
            UsageError: it cannot be opened, is no journal, or is of a newer version.
        """
        self.path = path
        self.lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=10.0, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            if "malformed" in str(error):
                raise self._broken(error) from error
            raise UsageError(
                f"cannot open the journal {path}: {error}; name another file with --state"
            ) from error

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        # Folding the log into the file waits for the disk, and all agents of the process with it.
        self._connection.execute("PRAGMA wal_autocheckpoint=8000")
        # The system keeps the pages as well; SQLite's own 2 MiB are hardly ever read.
        self._connection.execute("PRAGMA cache_size=-256")
        schema = files("graph_agents.journal").joinpath("schema.sql").read_text(encoding="utf-8")
        self._connection.executescript(schema)
        row = self.one("SELECT schema_version FROM meta")
        if row is None:
            self.execute("INSERT INTO meta SELECT ? WHERE NOT EXISTS (SELECT 1 FROM meta)", [1])
        elif row[0] != SCHEMA_VERSION:
            self.close()
            raise UsageError(
                f"the journal {self.path} is of version {row[0]}, this program reads version "
                f"{SCHEMA_VERSION}: update clawgym, or name another file with --state"
            )

    @property
    def in_transaction(self) -> bool:
        """Whether one is open."""
        return self._connection.in_transaction

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        with self.lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, statement: str, values: Values = ()) -> int:
        """Run one statement in a transaction of its own; returns the row id of an insert."""
        try:
            with self.lock:
                return self._connection.execute(statement, values).lastrowid or 0
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def execute_many(self, statement: str, rows: Iterable[Values]) -> None:
        """Run one statement for each row; inside a transaction."""
        try:
            with self.lock:
                self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def transaction(self) -> "_Transaction":
        """Several statements that are committed together, or not at all."""
        return _Transaction(self)

    def one(self, statement: str, values: Values = ()) -> Row | None:
        """The first row."""
        try:
            with self.lock:
                return cast("Row | None", self._connection.execute(statement, values).fetchone())
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def all(self, statement: str, values: Values = ()) -> list[Row]:
        """Every row."""
        try:
            with self.lock:
                return cast("list[Row]", self._connection.execute(statement, values).fetchall())
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> Exception:
        """What a failure of the database means; one of our own making stays what it is."""
        if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
            return error
        remedy = "make room on its disk, or name another file with --state"
        if "malformed" in str(error) or "not a database" in str(error):
            remedy = (
                "the file is damaged. Copy it away, save what can be read with `sqlite3 "
                f"{self.path} .recover | sqlite3 new.sqlite`, and give --state new.sqlite; or "
                "begin anew with another --state"
            )
        elif "locked" in str(error):
            remedy = "another program keeps it locked: end that, and try again"
        return JournalError(f"cannot use the journal {self.path}: {error}; {remedy}")

    def append(
        self, session: str, parent: int | None, kind: Kind, body: str, ref: str | None = None
    ) -> int:
        """Add an entry; returns its number."""
        return self.execute(
            "INSERT INTO entries (session, parent, kind, at, ref, body) VALUES (?, ?, ?, ?, ?, ?)",
            (session, parent, kind.value, round(time.time(), 3), ref, body),
        )

    def path_to(self, head: int | None) -> list[Entry]:
        """The entries from the root of the tree to an entry, oldest first."""
        if head is None:
            return []
        return [as_entry(row) for row in self.all(_UP, [head])]

    def entry(self, seq: int) -> Entry | None:
        """One entry."""
        found = self.entries("seq = ?", [seq])
        return found[0] if found else None

    def entries(self, where: str, values: Values) -> list[Entry]:
        """The entries that a condition holds for, oldest first. The condition is our own text."""
        columns = "seq, session, parent, kind, at, ref, body"
        rows = self.all(f"SELECT {columns} FROM entries WHERE {where} ORDER BY seq", values)  # noqa: S608
        return [as_entry(row) for row in rows]


class _Transaction:
    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> None:
        self._store.lock.acquire()
        try:
            self._store.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._store.lock.release()
            raise

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._store.execute("COMMIT")
            elif self._store.in_transaction:  # SQLite itself rolls back where the disk is full
                self._store.execute("ROLLBACK")
        finally:
            self._store.lock.release()


def as_entry(row: Row) -> Entry:
    """A row of `entries`."""
    seq, session, parent, kind, at, ref, body = row
    return Entry(
        cast("int", seq),
        str(session),
        cast("int | None", parent),
        Kind(str(kind)),
        cast("float", at),
        cast("str | None", ref),
        cast("JsonObject", json.loads(str(body))),
    )


def marks(values: Iterable[object]) -> str:
    """As many question marks as there are values, for an IN clause."""
    return ", ".join("?" for _ in values)
