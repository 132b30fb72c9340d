"""What was done: written before a call has effects and after, so that nothing is done twice.

A call is known by its reply and its position there, not by the id that the model gave it, which
small models repeat.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from langchain_core.messages import BaseMessage, ToolMessage
from pydantic import JsonValue

from clawgym.model import ToolRequest
from graph_agents.approval import Answer, ApprovalDecision, Scope
from graph_agents.journal.entries import Entry, Kind
from graph_agents.journal.line import note_body
from graph_agents.journal.saver import JournalSaver


@dataclass
class Done:
    """What the journal knows of a call: it was approved, it began, it was answered."""

    started: bool = False
    answer: ToolMessage | None = None
    decision: ApprovalDecision | None = None


class Ledger:
    """Reads and writes what happened to the calls of one thread."""

    def __init__(self, saver: JournalSaver, session: str, ns: str = "") -> None:
        self._line = saver.line(session, ns)
        self._store = saver.store

    def of(self, reply: str) -> Mapping[int, Done]:
        """What became of the calls of a reply, by their position."""
        # `;` is the character after `:`: this is a prefix search that the index answers.
        entries = self._store.entries("ref >= ? AND ref < ?", (f"{reply}:", f"{reply};"))
        found: dict[int, Done] = {}
        for entry in entries:
            assert entry.ref is not None
            done = found.setdefault(int(entry.ref.rpartition(":")[2]), Done())
            self._learn(done, entry)
        return found

    def _learn(self, done: Done, entry: Entry) -> None:
        if entry.kind is Kind.TOOL_STARTED:
            done.started = True
        elif entry.kind is Kind.APPROVAL:
            done.decision = _decision(entry)
        elif entry.kind is Kind.MESSAGE:
            done.answer = cast("ToolMessage", self._line.recall(entry))

    def start(self, reply: str, position: int, call: ToolRequest) -> None:
        """Commit that a call is about to have effects."""
        self._line.note(
            Kind.TOOL_STARTED, note_body(call=call.id, name=call.name), f"{reply}:{position}"
        )

    def finish(self, reply: str, position: int, answer: ToolMessage) -> None:
        """Commit what a call has answered."""
        self._line.add_ahead(answer, f"{reply}:{position}")

    def decided(self, reply: str, position: int, decision: ApprovalDecision) -> None:
        """Commit what a person has answered."""
        arguments = dict(decision.arguments) if decision.arguments is not None else None
        self._line.note(
            Kind.APPROVAL,
            note_body(
                answer=decision.answer.value,
                scope=decision.scope.value,
                arguments=arguments,
                message=decision.message,
            ),
            f"{reply}:{position}",
        )

    def note(self, kind: Kind, /, **values: object) -> None:
        """Append something that is no message."""
        self._line.note(kind, note_body(**values))

    def compacted(self, summary: BaseMessage, kept: int, tokens_before: int) -> None:
        """Append a summary, after which the last `kept` messages of the state follow."""
        self._line.compact(summary, kept, tokens_before)


def _decision(entry: Entry) -> ApprovalDecision:
    body = entry.body
    return ApprovalDecision(
        Answer(str(body["answer"])),
        Scope(str(body["scope"])),
        cast("dict[str, JsonValue] | None", body["arguments"]),
        str(body["message"]),
    )
