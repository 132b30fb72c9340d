"""The sessions of a journal: made, listed, found, copied, deleted."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import fields
from typing import cast

from clawgym.errors import UsageError
from graph_agents.journal.entries import Entry, SessionInfo
from graph_agents.journal.store import Store

_COLUMNS = ", ".join(field.name for field in fields(SessionInfo))


def new_id() -> str:
    """A name for a session or a message: twelve hexadecimal digits."""
    return secrets.token_hex(6)


class Sessions:
    """The table of sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self,
        *,
        title: str | None = None,
        workspace: str | None = None,
        model: str | None = None,
        parent: str | None = None,
        parent_entry: int | None = None,
        spawned_by: str | None = None,
        id: str | None = None,
    ) -> SessionInfo:
        """A session with an empty conversation."""
        now = round(time.time(), 3)
        info = SessionInfo(
            id or new_id(),
            title,
            workspace,
            model,
            now,
            now,
            parent,
            parent_entry,
            spawned_by,
        )
        row = tuple(getattr(info, field.name) for field in fields(SessionInfo))
        marks = ", ".join("?" for _ in row)
        self._store.execute(f"INSERT INTO sessions ({_COLUMNS}) VALUES ({marks})", row)  # noqa: S608
        return info

    def touch(self, session: str) -> None:
        """Note that something happened; a thread that nobody has announced becomes a session."""
        now = round(time.time(), 3)
        self._store.execute(
            "INSERT INTO sessions (id, created, updated) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET updated = excluded.updated",
            (session, now, now),
        )

    def describe(self, session: str, *, system: str, tools: str) -> None:
        """Keep the system prompt and the tool schemas (JSON) that the session began with."""
        self._store.execute(
            "UPDATE sessions SET system = ?, tools = ? WHERE id = ?", (system, tools, session)
        )

    def rename(self, session: str, title: str) -> None:
        """Give a session a title."""
        self._store.execute("UPDATE sessions SET title = ? WHERE id = ?", (title, session))

    def all(self, workspace: str | None = None) -> list[SessionInfo]:
        """The sessions of a workspace, or of all, newest first."""
        where = "" if workspace is None else "WHERE workspace = ?"
        rows = self._store.all(
            f"SELECT {_COLUMNS} FROM sessions {where} ORDER BY updated DESC, id",  # noqa: S608
            () if workspace is None else (workspace,),
        )
        return [SessionInfo(*row) for row in cast("list[tuple[str, ...]]", rows)]  # pyright: ignore[reportArgumentType] - the columns are the fields

    def get(self, session: str) -> SessionInfo:
        """The session of exactly that id.

        Raises:
            UsageError: there is none.
        """
        row = self._store.one(f"SELECT {_COLUMNS} FROM sessions WHERE id = ?", (session,))  # noqa: S608
        if row is None:
            raise UsageError(f"there is no session {session!r}")
        return SessionInfo(*cast("tuple[str, ...]", row))  # pyright: ignore[reportArgumentType] - the columns are the fields

    def find(self, name: str, workspace: str | None = None) -> SessionInfo:
        """The session of that id, of an id that begins so, or `last`: the one used last.

        Raises:
            UsageError: there is none, or there are several.
        """
        sessions = self.all(workspace)
        if name == "last":
            # What a subagent did is not what the user means.
            found = [info for info in sessions if info.spawned_by is None][:1]
        else:
            exact = [info for info in sessions if info.id == name]
            found = exact or [info for info in sessions if info.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        what = "there is no session" if not found else f"{len(found)} sessions begin with"
        raise UsageError(f"{what} {name!r}; `clawgym agent sessions` lists them")

    def head(self, session: str) -> int | None:
        """The entry that the session ends with."""
        row = self._store.one("SELECT entry FROM heads WHERE session = ? AND ns = ''", (session,))
        return cast("int | None", row[0]) if row else None

    def entries(self, session: str) -> list[Entry]:
        """The entries of the session's branch, oldest first, those before a fork included."""
        return self._store.path_to(self.head(session))

    def delete(self, session: str) -> list[str]:
        """Delete a session; entries stay where another session goes on from them.

        Returns:
            The snapshots of workspaces that nothing refers to any more.
        """
        with self._store.transaction():
            for table in ("checkpoints", "channel_values", "writes", "heads", "leases"):
                self._store.execute(f"DELETE FROM {table} WHERE session = ?", (session,))  # noqa: S608
            self._store.execute("DELETE FROM sessions WHERE id = ?", (session,))
            before = self._snapshots()
            self._store.execute(
                "WITH RECURSIVE needed(seq) AS ("
                " SELECT entry FROM heads UNION SELECT head FROM checkpoints"
                " UNION SELECT parent FROM entries e JOIN needed n ON e.seq = n.seq) "
                "DELETE FROM entries WHERE session NOT IN (SELECT id FROM sessions) "
                "AND seq NOT IN (SELECT seq FROM needed WHERE seq IS NOT NULL)"
            )
            return sorted(before - self._snapshots())

    def _snapshots(self) -> set[str]:
        rows = self._store.all(
            "SELECT json_extract(body, '$.snapshot') FROM entries WHERE kind = 'snapshot'"
        )
        return {str(row[0]) for row in rows if row[0] is not None}

    def prune(self, session: str) -> None:
        """Keep only the newest checkpoint; the conversation stays, ways back into it do not."""
        newest = "SELECT checkpoint FROM heads h WHERE h.session = ? AND h.ns = {}.ns"
        with self._store.transaction():
            for table, column in (("checkpoints", "id"), ("writes", "checkpoint")):
                self._store.execute(
                    f"DELETE FROM {table} WHERE session = ? "  # noqa: S608
                    f"AND {column} NOT IN ({newest.format(table)})",
                    (session, session),
                )
            self._drop_values(session)

    def drop(self, checkpoints: Sequence[tuple[str, str, str]]) -> None:
        """Delete checkpoints: session, namespace, id. Sessions stand at the newest that is left."""
        with self._store.transaction():
            for table, column in (
                ("checkpoints", "id"),
                ("writes", "checkpoint"),
                ("heads", "checkpoint"),
            ):
                self._store.execute_many(
                    f"DELETE FROM {table} WHERE session = ? AND ns = ? AND {column} = ?",  # noqa: S608
                    checkpoints,
                )
            for session in {session for session, _, _ in checkpoints}:
                self._store.execute(
                    "INSERT OR IGNORE INTO heads SELECT session, ns, max(id), head "
                    "FROM checkpoints WHERE session = ? GROUP BY ns",
                    (session,),
                )
                self._drop_values(session)

    def _drop_values(self, session: str) -> None:
        """Delete the values that no checkpoint names any more."""
        self._store.execute(
            "DELETE FROM channel_values AS v WHERE session = ? AND NOT EXISTS ("
            " SELECT 1 FROM checkpoints c, json_each(c.body, '$.channel_versions') j"
            " WHERE c.session = v.session AND c.ns = v.ns"
            " AND j.key = v.channel AND j.value = v.version)",
            (session,),
        )

    def copy(self, source: str, target: str, checkpoint: str | None = None) -> None:
        """Give `target` the checkpoints of `source`, up to one of them; entries are shared."""
        limit = checkpoint or "~"
        with self._store.transaction():
            self.touch(target)
            self._store.execute(
                "INSERT OR REPLACE INTO checkpoints SELECT ?, ns, id, parent, head, body, metadata "
                "FROM checkpoints WHERE session = ? AND id <= ?",
                (target, source, limit),
            )
            self._store.execute(
                "INSERT OR REPLACE INTO channel_values SELECT ?, ns, channel, version, type, value "
                "FROM channel_values WHERE session = ?",
                (target, source),
            )
            # What followed the last checkpoint in the source does not follow it in the copy.
            self._store.execute(
                "INSERT OR REPLACE INTO writes SELECT ?, ns, checkpoint, task, idx, path, channel, "
                "type, value FROM writes WHERE session = ? AND checkpoint < ?",
                (target, source, limit),
            )
            self._store.execute(
                "INSERT OR REPLACE INTO heads SELECT session, ns, max(id), head FROM checkpoints "
                "WHERE session = ? GROUP BY ns",
                (target,),
            )
