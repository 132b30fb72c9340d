"""Checkpoints for LangGraph that grow with the conversation, not with its square.

The usual savers write the whole list of messages into every checkpoint. Here a checkpoint is a row
of versions and a pointer into the journal's tree; messages are appended to the tree once, also for
the writes of a task that are kept until its step is complete. It works under any graph that has a
channel `messages` with a list of LangChain messages, and under others as an ordinary saver.
"""

# langgraph leaves its savers' configurations untyped, and pyright does not find its marker:
# pyright: reportMissingTypeStubs=false

import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, cast

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from graph_agents.journal.addressing import Thread, config_of, selection, thread_of
from graph_agents.journal.line import Line
from graph_agents.journal.sessions import Sessions, new_id
from graph_agents.journal.store import Row, Store

MESSAGES = "messages"
_COLUMNS = "id, parent, head, body, metadata"
_LINES = 512
"""How many threads are remembered; others are read again."""

_Known = dict[int, BaseMessage]


class JournalSaver(BaseCheckpointSaver[int]):
    """A checkpointer over the journal. The asynchronous methods do not wait for a thread."""

    def __init__(self, store: Store, serde: SerializerProtocol | None = None) -> None:
        """Save into a journal; `serde` is for the values of other channels than `messages`."""
        super().__init__(serde=serde)
        self.store = store
        self._lines: OrderedDict[Thread, Line] = OrderedDict()
        self._sessions = Sessions(store)

    def line(self, session: str, ns: str = "") -> Line:
        """The line that a thread is writing."""
        known = self._lines.get((session, ns))
        return known or self._line((session, ns), self._newest((session, ns)))

    def _newest(self, thread: Thread) -> str | None:
        row = self.store.one(
            "SELECT id FROM checkpoints WHERE session = ? AND ns = ? ORDER BY id DESC LIMIT 1",
            thread,
        )
        return str(row[0]) if row else None

    def _line(self, thread: Thread, checkpoint: str | None, known: _Known | None = None) -> Line:
        line = self._lines.get(thread)
        if line is None or line.checkpoint != checkpoint:
            row = self.store.one(
                "SELECT coalesce(h.entry, c.head) FROM checkpoints c LEFT JOIN heads h ON "
                "h.session = c.session AND h.ns = c.ns AND h.checkpoint = c.id "
                "WHERE c.session = ? AND c.ns = ? AND c.id = ?",
                (*thread, checkpoint),
            )
            head = cast("int | None", row[0]) if row else None
            line = Line.at(self.store, thread, checkpoint, head, known)
            self._lines[thread] = line
        self._lines.move_to_end(thread)
        if len(self._lines) > _LINES:
            self._lines.popitem(last=False)
        return line

    def forget(self, session: str) -> None:
        """Drop what is kept in memory of a session; it is read again when it is used."""
        for thread in [thread for thread in self._lines if thread[0] == session]:
            del self._lines[thread]

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that the configuration names, or the newest of its thread."""
        thread = thread_of(config)
        wanted = get_checkpoint_id(config) or self._newest(thread)
        row = self._row(thread, wanted) if wanted else None
        if row is None:
            return None
        newest = not get_checkpoint_id(config)
        return self._tuple(thread, row, self._line(thread, wanted) if newest else None, {})

    def _row(self, thread: Thread, checkpoint: str) -> Row | None:
        return self.store.one(
            f"SELECT {_COLUMNS} FROM checkpoints WHERE session = ? AND ns = ? AND id = ?",  # noqa: S608
            (*thread, checkpoint),
        )

    def _tuple(self, thread: Thread, row: Row, line: Line | None, known: _Known) -> CheckpointTuple:
        """`line` is the thread's own; without it the messages are read apart from that."""
        checkpoint_id, parent, head, body, metadata = row
        stored = json.loads(str(body))
        told: bool = stored.pop("told")
        values: dict[str, Any] = stored.pop("values")
        values |= self._values(thread, stored["channel_versions"])
        if line is None:
            here = self._lines.get(thread)
            line = (
                here
                if here and here.checkpoint == checkpoint_id
                else Line.at(
                    self.store, thread, str(checkpoint_id), cast("int | None", head), known
                )
            )
        if told:
            values[MESSAGES] = list(line.messages)
        checkpoint = cast("Checkpoint", {**stored, "channel_values": values})
        return CheckpointTuple(
            config=config_of(thread, str(checkpoint_id)),
            checkpoint=checkpoint,
            metadata=cast("CheckpointMetadata", self._loads("msgpack", metadata)),
            parent_config=config_of(thread, str(parent)) if parent else None,
            pending_writes=self._pending(thread, str(checkpoint_id), line),
        )

    def _values(self, thread: Thread, versions: ChannelVersions) -> dict[str, Any]:
        rows = self.store.all(
            "SELECT v.channel, v.type, v.value FROM channel_values v "
            "JOIN json_each(?) j ON v.channel = j.key AND v.version = j.value "
            "WHERE v.session = ? AND v.ns = ?",
            (json.dumps({k: str(v) for k, v in versions.items()}), *thread),
        )
        return {str(channel): self._loads(form, value) for channel, form, value in rows}

    def _loads(self, form: object, value: object) -> Any:  # noqa: ANN401 - whatever a graph keeps
        return self.serde.loads_typed((str(form), cast("bytes", value)))

    def _pending(self, thread: Thread, checkpoint: str, line: Line) -> list[PendingWrite]:
        rows = self.store.all(
            "SELECT task, channel, type, value FROM writes "
            "WHERE session = ? AND ns = ? AND checkpoint = ? ORDER BY path, task, idx",
            (*thread, checkpoint),
        )
        pending: list[PendingWrite] = []
        for task, channel, form, value in rows:
            if form in ("entries", "entry"):
                found = [self._recalled(line, seq) for seq in json.loads(cast("bytes", value))]
                pending.append((str(task), str(channel), found if form == "entries" else found[0]))
            else:
                pending.append((str(task), str(channel), self._loads(form, value)))
        return pending

    def _recalled(self, line: Line, seq: int) -> BaseMessage:
        if seq in line.entries:
            return line.messages[line.entries.index(seq)]
        entry = self.store.entry(seq)
        assert entry is not None
        return line.recall(entry)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """The checkpoints of a thread, or of all, newest first."""
        conditions, values = selection(config, before)
        # `conditions` is our own text with question marks in it.
        rows = self.store.all(
            f"SELECT session, ns, {_COLUMNS} FROM checkpoints WHERE {conditions} "  # noqa: S608
            "ORDER BY id DESC",
            values,
        )
        known: _Known = {}
        found = 0
        for session, ns, *row in rows:
            if limit is not None and found >= limit:
                return
            metadata = self._loads("msgpack", row[4])
            if filter and any(metadata.get(key) != value for key, value in filter.items()):
                continue
            found += 1
            yield self._tuple((str(session), str(ns)), tuple(row), None, known)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Append the messages that are new, and a row that points to the last of them."""
        thread = thread_of(config)
        parent = get_checkpoint_id(config)
        with self.store.lock:
            line = self._line(thread, parent)
            del self._lines[thread]  # A failed transaction leaves it ahead of the file.
            with self.store.transaction():
                values, told = self._tell(line, checkpoint)
                inline = self._put_values(thread, values, new_versions)
                self._put_row(thread, parent, line, checkpoint, metadata, config, inline, told)
            line.checkpoint = checkpoint["id"]
            self._lines[thread] = line
        return config_of(thread, checkpoint["id"])

    def _tell(self, line: Line, checkpoint: Checkpoint) -> tuple[dict[str, Any], bool]:
        """Bring the line up to the state; returns the values of the other channels."""
        values = dict(checkpoint["channel_values"])
        if not isinstance(values.get(MESSAGES), list):
            return values, False
        state = cast("list[BaseMessage]", values[MESSAGES])
        shared = line.shared(state)
        if not _is_conversation(state[shared:]):
            return values, False
        line.follow(values.pop(MESSAGES), shared)
        return values, True

    def _put_values(
        self, thread: Thread, values: dict[str, Any], new_versions: ChannelVersions
    ) -> dict[str, Any]:
        """Store the values that have a new version; returns those that the row can hold."""
        inline: dict[str, Any] = {}
        for channel, value in values.items():
            if value is None or type(value) in (bool, int, float, str):
                inline[channel] = value
            elif channel in new_versions:
                form, data = self.serde.dumps_typed(value)
                self.store.execute(
                    "INSERT OR REPLACE INTO channel_values VALUES (?, ?, ?, ?, ?, ?)",
                    (*thread, channel, str(new_versions[channel]), form, data),
                )
        return inline

    def _put_row(
        self,
        thread: Thread,
        parent: str | None,
        line: Line,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        config: RunnableConfig,
        inline: dict[str, Any],
        told: bool,
    ) -> None:
        if metadata.get("source") != "loop":  # not each step: the row holds a whole system prompt
            self._sessions.touch(thread[0])
        kept = {key: value for key, value in checkpoint.items() if key != "channel_values"}
        body = json.dumps({**kept, "values": inline, "told": told}, separators=(",", ":"))
        _, data = self.serde.dumps_typed(dict(get_checkpoint_metadata(config, metadata)))
        self.store.execute(
            "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*thread, checkpoint["id"], parent, line.tip, body, data),
        )
        self.store.execute(
            "INSERT OR REPLACE INTO heads VALUES (?, ?, ?, ?)",
            (*thread, checkpoint["id"], line.tip),
        )

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Keep what a task has produced, until its whole step is done."""
        thread = thread_of(config)
        checkpoint = get_checkpoint_id(config)
        assert checkpoint is not None
        with self.store.lock:
            line = self._line(thread, checkpoint)
            del self._lines[thread]
            with self.store.transaction():
                rows = [
                    (
                        *(*thread, checkpoint, task_id),
                        WRITES_IDX_MAP.get(channel, position),
                        *(task_path, channel, *self._as_write(line, channel, value)),
                    )
                    for position, (channel, value) in enumerate(writes)
                ]
                again = "REPLACE" if all(each[0] in WRITES_IDX_MAP for each in writes) else "IGNORE"
                self.store.execute_many(
                    f"INSERT OR {again} INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                    rows,
                )
            self._lines[thread] = line

    def _as_write(self, line: Line, channel: str, value: Any) -> tuple[str, bytes]:  # noqa: ANN401
        if channel == MESSAGES and value and _is_conversation(value):
            return "entries", json.dumps([_ahead(line, message) for message in value]).encode()
        if channel == MESSAGES and isinstance(value, BaseMessage):
            return "entry", json.dumps([_ahead(line, value)]).encode()
        return self.serde.dumps_typed(value)

    def delete_thread(self, thread_id: str) -> None:
        """Delete a session; entries that a fork of it needs stay."""
        self._sessions.delete(thread_id)
        self.forget(thread_id)

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Drop checkpoints but the newest of each thread, or with `delete` the whole thread."""
        if strategy not in ("keep_latest", "delete"):
            raise ValueError(f"strategy {strategy!r} is neither keep_latest nor delete")
        for thread in thread_ids:
            if strategy == "delete":
                self.delete_thread(thread)
            else:
                self._sessions.prune(thread)

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Drop the checkpoints of runs; what was said stays in the tree, as after an undo."""
        wanted = set(run_ids)
        rows = self.store.all("SELECT session, ns, id, metadata FROM checkpoints")
        found = [
            (str(session), str(ns), str(checkpoint))
            for session, ns, checkpoint, metadata in rows
            if self._loads("msgpack", metadata).get("run_id") in wanted
        ]
        self._sessions.drop(found)
        for session, _, _ in found:
            self.forget(session)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Give another thread the same past. Its entries are shared, not copied."""
        self._sessions.copy(source_thread_id, target_thread_id)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As `get_tuple`."""
        return self.get_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As `list`."""
        for found in self.list(config, filter=filter, before=before, limit=limit):
            yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As `put`."""
        return self.put(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """As `put_writes`."""
        self.put_writes(config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """As `delete_thread`."""
        self.delete_thread(thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """As `prune`."""
        self.prune(thread_ids, strategy=strategy)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """As `delete_for_runs`."""
        self.delete_for_runs(run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """As `copy_thread`."""
        self.copy_thread(source_thread_id, target_thread_id)


def _is_conversation(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(message, BaseMessage) for message in cast("list[object]", value)
    )


def _ahead(line: Line, message: BaseMessage) -> int:
    """Append a message; it needs an id that is stored with it, or a reducer would make one up."""
    if message.id is None:
        message.id = new_id()
    return line.add_ahead(message)
