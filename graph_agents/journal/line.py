"""A line: the branch of the tree that one thread of a graph is writing at the moment.

It knows which entry each message of the state is, so that a checkpoint appends the new tail and
nothing else. Where the state departs from what is on the line (an undo, a fork, a summary that was
not announced), the line branches off at the last message that both share.
"""

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import is_

from langchain_core.messages import BaseMessage

from graph_agents.journal.entries import Entry, Kind, entry_id, message_body
from graph_agents.journal.store import Store


@dataclass(frozen=True)
class _Ahead:
    """A message that has an entry, but is not in the state of a checkpoint yet.

    `after` is the message entry that it follows. `kept` is set on a summary: how many of the last
    messages follow it.
    """

    message: BaseMessage
    entry: int
    after: int | None
    kept: int | None = None


@dataclass
class Line:
    """Where a thread stands. `messages` and `entries` are as long as each other.

    `last` is the entry that the next message has to follow, `tip` the newest entry above it, and
    `tip_last` the newest message or summary below the tip, which differ while calls are running.
    """

    store: Store
    session: str
    ns: str
    checkpoint: str | None = None
    messages: list[BaseMessage] = field(default_factory=list[BaseMessage])
    entries: "array[int]" = field(default_factory=lambda: array("q"))
    last: int | None = None
    tip: int | None = None
    tip_last: int | None = None
    base: int = 0
    """How many messages at the beginning stand for a summary and what was kept with it."""
    _ahead: dict[int, _Ahead] = field(default_factory=dict[int, _Ahead])

    @classmethod
    def at(
        cls,
        store: Store,
        thread: tuple[str, str],
        checkpoint: str | None,
        head: int | None,
        known: dict[int, BaseMessage] | None = None,
    ) -> "Line":
        """The line that ends with an entry; `known` are messages that were read before."""
        line = cls(store, *thread, checkpoint)
        for entry in store.path_to(head):
            line._replay(entry, {} if known is None else known)
        line.tip, line.tip_last = head, line.last
        return line

    def _replay(self, entry: Entry, known: dict[int, BaseMessage]) -> None:
        if entry.seq not in known:
            message = entry.message
            if message is None:
                return
            known[entry.seq] = message
        message = known[entry.seq]
        if entry.kind is Kind.COMPACTION:
            first = int(str(entry.body["first_kept"]), 16)
            at = self.entries.index(first) if first in self.entries else len(self.entries)
            self.messages = [message, *self.messages[at:]]
            self.entries = array("q", [entry.seq, *self.entries[at:]])
            self.base = len(self.entries)
        else:
            self.messages.append(message)
            self.entries.append(entry.seq)
        self.last = entry.seq

    def note(self, kind: Kind, body: str, ref: str | None = None) -> int:
        """Append something that is no message."""
        with self.store.transaction():
            tip = self.store.append(self.session, self.tip, kind, body, ref)
            if self.tip_last == self.last:
                # Nothing said is on the way, so a restart may go on from here.
                self.store.execute(
                    "UPDATE heads SET entry = ? WHERE session = ? AND ns = ? AND checkpoint = ?",
                    (tip, self.session, self.ns, self.checkpoint),
                )
        self.tip = tip
        return tip

    def add_ahead(self, message: BaseMessage, ref: str | None = None) -> int:
        """Append a message before a checkpoint has it; one that is there keeps its entry."""
        if ahead := self._ahead.get(id(message)):
            return ahead.entry
        after = self.tip_last
        body = message_body(message)
        seq = self.store.append(self.session, self.tip, Kind.MESSAGE, body, ref)
        self._ahead[id(message)] = _Ahead(message, seq, after)
        self.tip = self.tip_last = seq
        return seq

    def recall(self, entry: Entry) -> BaseMessage:
        """The message of an entry beyond the checkpoint, which will keep that entry."""
        for ahead in self._ahead.values():
            if ahead.entry == entry.seq:
                return ahead.message
        message = entry.message
        assert message is not None
        *before, _ = self.store.path_to(entry.seq)
        after = next((e.seq for e in reversed(before) if _spoken(e)), None)
        self._ahead[id(message)] = _Ahead(message, entry.seq, after)
        if after == self.tip_last:
            self.tip = self.tip_last = entry.seq
        return message

    def entry_of(self, message: BaseMessage) -> int | None:
        """The entry of a message that is on the line or ahead of it."""
        if ahead := self._ahead.get(id(message)):
            return ahead.entry
        for known, entry in zip(reversed(self.messages), reversed(self.entries), strict=True):
            if known is message:
                return entry
        return None

    def compact(self, summary: BaseMessage, kept: int, tokens_before: int) -> int:
        """Append a summary; the last `kept` messages follow it."""
        first = self.entries[-kept] if kept else None
        head = "null" if first is None else f'"{entry_id(first)}"'
        body = (
            f'{{"summary":{message_body(summary)},"first_kept":{head},'
            f'"tokens_before":{tokens_before}}}'
        )
        after = self.tip_last
        seq = self.note(Kind.COMPACTION, body)
        self._ahead[id(summary)] = _Ahead(summary, seq, after, kept)
        self.tip_last = seq
        return seq

    def follow(self, state: Sequence[BaseMessage], shared: int) -> None:
        """Make the line end with these messages, of which it has the first `shared`."""
        if shared < len(self.messages):
            shared = self._cut(state, shared)
        for message in state[shared:]:
            self._take(message)
        self._ahead.clear()
        if self.tip_last != self.last:
            self.tip = self.tip_last = self.last

    def shared(self, state: Sequence[BaseMessage]) -> int:
        """How many messages at the beginning of a state are those of the line."""
        limit = min(len(state), len(self.messages))
        mine = self.messages
        if all(map(is_, mine, state)):
            return limit
        for position in range(limit):
            if state[position] is not mine[position] and state[position] != mine[position]:
                return position
        return limit

    def _cut(self, state: Sequence[BaseMessage], shared: int) -> int:
        """Leave out what the state no longer has; returns how many messages are on the line."""
        summary = self._ahead.get(id(state[0])) if shared == 0 and state else None
        if summary and (kept := self._kept(summary, state)) is not None:
            return kept
        if shared < self.base:
            shared = 0
        del self.messages[shared:]
        del self.entries[shared:]
        if shared == 0:
            self.base = 0
        self.last = self.entries[-1] if shared > self.base else None
        if shared and shared == self.base:
            self.last = self.entries[0]
        return shared

    def _kept(self, summary: _Ahead, state: Sequence[BaseMessage]) -> int | None:
        """Take over a summary that was announced; None where something else follows it."""
        if summary.kept is None or summary.after != self.last:
            return None
        tail = self.messages[len(self.messages) - summary.kept :]
        if len(state) <= summary.kept or any(
            mine is not theirs for mine, theirs in zip(tail, state[1:], strict=False)
        ):
            return None
        entries = self.entries[len(self.entries) - summary.kept :]
        self.messages = [summary.message, *tail]
        self.entries = array("q", [summary.entry, *entries])
        self.base, self.last = len(self.entries), summary.entry
        return self.base

    def _take(self, message: BaseMessage) -> None:
        ahead = self._ahead.get(id(message))
        if ahead is None or ahead.after != self.last:
            parent = self.tip if self.tip_last == self.last else self.last
            body = message_body(message)
            seq = self.store.append(self.session, parent, Kind.MESSAGE, body)
            self.tip = self.tip_last = seq
        else:
            seq = ahead.entry
        self.messages.append(message)
        self.entries.append(seq)
        self.last = seq


def _spoken(entry: Entry) -> bool:
    return entry.kind in (Kind.MESSAGE, Kind.COMPACTION)


def note_body(**values: object) -> str:
    """The body of an entry that is no message."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
