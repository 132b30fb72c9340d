"""One conversation with an agent: turns, and what can be done between them."""

# langgraph is a namespace package whose marker pyright does not find, with generics left open:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.base.id import uuid6
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, Overwrite

from clawgym.errors import SessionBusyError, UsageError
from graph_agents.acting import settled
from graph_agents.approval import ApprovalDecision, ApprovalRequest
from graph_agents.asking import decision_json, request_from
from graph_agents.chat_model import storable, tool_requests
from graph_agents.conversation import mark
from graph_agents.engine import Engine
from graph_agents.events import AgentEvent, Compacted, StopReason, TurnStarted, listening
from graph_agents.journal import Entry, Kind, SessionInfo, Sessions
from graph_agents.journal.export import export
from graph_agents.journal.ledger import Ledger
from graph_agents.journal.saver import JournalSaver
from graph_agents.journal.sessions import new_id
from graph_agents.journal.working import Why
from graph_agents.parts import Parts, Undone
from graph_agents.state import AgentLimits, AgentState
from graph_agents.steering import Steering
from graph_agents.turn import run_turn
from graph_agents.undo import check_nobody_works, keeping, undo_files, way_back

_TITLE = 60
_GO_ON = "Go on."
_AT_A_LIMIT = {StopReason.MAX_TURNS, StopReason.MAX_TOOL_CALLS, StopReason.LOOP, StopReason.LENGTH}
"""Where a turn goes on that has come this far, it is granted as much again."""


@dataclass(frozen=True)
class Bench:
    """What all sessions of an agent share."""

    graph: CompiledStateGraph[AgentState]
    engine: Engine
    saver: JournalSaver
    parts: Parts
    limits: AgentLimits
    workspace: Path
    model: str
    running: set[str] = field(default_factory=set[str])
    """The sessions in which a turn is running."""


class AgentSession:
    """One conversation. One turn runs at a time."""

    def __init__(self, id: str, bench: Bench, open_other: "Callable[[str], AgentSession]") -> None:
        self.id = id
        self._bench = bench
        self._open_other = open_other
        self._sessions = Sessions(bench.saver.store)
        self._config: RunnableConfig = {"configurable": {"thread_id": id}}
        self._steering: Steering | None = None

    @property
    def info(self) -> SessionInfo:
        """Title, model, times."""
        return self._sessions.get(self.id)

    @property
    def running(self) -> bool:
        """Whether a turn is running."""
        return self._steering is not None

    @property
    def messages(self) -> list[BaseMessage]:
        """The conversation as the model is shown it, without the system prompt."""
        return list(self._state().get("messages", []))

    def _state(self) -> AgentState:
        found = self._bench.saver.get_tuple(self._config)
        return cast("AgentState", found.checkpoint["channel_values"] if found else {})

    @property
    def unfinished(self) -> bool:
        """Whether the last turn was cut short, and `go_on` would continue it."""
        state = self._state()
        return bool(state.get("messages")) and not state.get("stop_reason")

    @property
    def asked(self) -> tuple[ApprovalRequest, ...]:
        """The approvals that the session waits for."""
        found = self._bench.saver.get_tuple(self._config)
        for _, channel, value in (found.pending_writes or []) if found else []:
            if channel == "__interrupt__":
                return tuple(request_from(each) for each in value[0].value["approvals"])
        return ()

    async def send(self, prompt: str) -> AsyncGenerator[AgentEvent]:
        """One turn: the user's message, then everything that happens until it stops.

        The last event is `TurnEnded`; failures of model and sandbox are its reason, not exceptions.
        Closing the generator cancels the turn.

        Raises:
            UsageError: a turn is running.
        """
        with self._turn() as steering:
            async with keeping(self._bench.parts.snapshots) as snapshot:
                self._start(Why.SEND)
                await self._settle()
                text, activated = self._expanded(prompt)
                number = self._begin(prompt, snapshot)
                message = HumanMessage(text, id=new_id())
                news: list[AgentEvent] = [TurnStarted(number, text), *activated]
                state = AgentState(messages=[message], stop_reason=None)
                async for event in run_turn(self._bench, self._config, state, steering, news):
                    yield event

    async def go_on(
        self, decision: ApprovalDecision | Mapping[str, ApprovalDecision] | None = None
    ) -> AsyncGenerator[AgentEvent]:
        """Continue the last turn: after a crash, an interrupt, or with the answer it waits for.

        Args:
            decision: for every approval in `asked`, or one for each by its id.

        Raises:
            UsageError: a turn is running, there is nothing to continue, or a decision is missing.
        """
        with self._turn() as steering:
            resumption = self._answer(decision) if self.asked else await self._reopened()
            async with keeping(self._bench.parts.snapshots, self._last_begun()):
                self._start(Why.GO_ON)
                async for event in run_turn(self._bench, self._config, resumption, steering, []):
                    yield event

    def _answer(
        self, decision: ApprovalDecision | Mapping[str, ApprovalDecision] | None
    ) -> Command[Any]:
        given = decision if isinstance(decision, Mapping) else dict[str, ApprovalDecision]()
        if isinstance(decision, ApprovalDecision):
            given = {request.id: decision for request in self.asked}
        missing = [request.call.name for request in self.asked if request.id not in given]
        if missing:
            raise UsageError(
                f"session {self.id} waits for an answer about: {', '.join(missing)}; give one"
            )
        return Command(resume={name: decision_json(each) for name, each in given.items()})

    async def _reopened(self) -> None:
        """Make the graph go on where it stands: it had a reason to stop, or none."""
        state = self._state()
        messages, reason = state.get("messages", []), state.get("stop_reason")
        if not messages or reason in (StopReason.DONE, StopReason.EMPTY_REPLY):
            raise UsageError(f"session {self.id} has no turn to continue; send it a message")
        if reason:
            word = HumanMessage(_GO_ON, additional_kwargs=mark("go_on"), id=new_id())
            change = AgentState(messages=[word] if reason in _AT_A_LIMIT else [], stop_reason=None)
            await self._bench.graph.aupdate_state(self._config, change, as_node="tools")

    def _turn(self) -> "_Turn":
        return _Turn(self)

    def hold(self, steering: Steering | None) -> None:
        """Note which turn is running; for the turn itself."""
        if steering and self._steering:
            raise UsageError(f"a turn of session {self.id} is running; wait, steer or interrupt it")
        if steering and self.id in self._bench.running:
            raise SessionBusyError(
                f"a turn of session {self.id} is running in another part of this program; wait for "
                "it, or fork the session"
            )
        self._steering = steering
        (self._bench.running.add if steering else self._bench.running.discard)(self.id)

    def _ledger(self) -> Ledger:
        return Ledger(self._bench.saver, self.id)

    def _start(self, why: Why) -> None:
        """Write down that the session is at work from now on."""
        self._ledger().note(Kind.START, why=why.value)

    async def _settle(self) -> None:
        """Answer the calls that a cut turn has left open, from what the journal knows of them."""
        messages = self._state().get("messages", [])
        last = messages[-1] if messages else None
        if isinstance(last, AIMessage) and (answers := settled(last, self._ledger())):
            await self._bench.graph.aupdate_state(
                self._config, {"messages": answers, "stop_reason": None}, as_node="tools"
            )

    def _expanded(self, prompt: str) -> tuple[str, list[AgentEvent]]:
        text, skills = self._clean(prompt), self._bench.parts.skills
        if skills is None:
            return text, []
        text, used = skills.expand(self.id, text)
        for each in used:
            self._ledger().note(Kind.SKILL, name=each.name, digest=each.digest)
        return text, list(used)

    def _clean(self, text: str) -> str:
        redactor = self._bench.parts.redactor
        return storable(redactor.redact(text) if redactor else text)

    def _last_begun(self) -> Entry | None:
        begun = [entry for entry in self.entries() if entry.kind is Kind.SNAPSHOT]
        return begun[-1] if begun else None

    def _begin(self, prompt: str, kept: str | None) -> int:
        """Note that a turn begins, and the way back from it; returns the turn's number."""
        found = self._bench.saver.get_tuple(self._config)
        checkpoint = found.checkpoint["id"] if found else None
        turn = 1 + sum(entry.kind is Kind.SNAPSHOT for entry in self.entries())
        self._ledger().note(Kind.SNAPSHOT, turn=turn, snapshot=kept, checkpoint=checkpoint)
        if self.info.title is None:
            words = " ".join(self._clean(prompt).split())
            self._sessions.rename(self.id, words[:_TITLE])
        return turn

    def steer(self, text: str) -> None:
        """Say something to the running turn; it is taken before the next model call.

        Raises:
            UsageError: no turn is running.
        """
        if self._steering is None:
            raise UsageError(f"no turn of session {self.id} is running; send it the message")
        self._steering.say(text)

    def interrupt(self) -> None:
        """End the running turn: the model is cut off, a running call is waited for."""
        if self._steering:
            self._steering.interrupt()

    async def compact(self) -> Compacted | None:
        """Put a summary in the place of the older part of the conversation, now.

        Returns:
            What it has changed; None where there is nothing to summarise, no summary passed its
            checks, or it was interrupted: the conversation is then as it was.

        Raises:
            UsageError: a turn is running, an approval is waited for, or no compactor is there.
            ProviderError: the model that summarises cannot be asked.
        """
        with self._turn() as steering:
            if self._bench.parts.compactor is None:
                raise UsageError("this agent has no compactor: nothing can summarise")
            if self.asked:
                raise UsageError(f"session {self.id} waits for an answer; give it first")
            self._start(Why.COMPACT)
            await self._settle()
            told: list[AgentEvent] = []
            with listening(told.append):
                work = self._bench.engine.compact(self._state(), self._config)
                change = await steering.asking(work)
            if change:
                await self._bench.graph.aupdate_state(self._config, change, as_node="tools")
            return next((each for each in told if isinstance(each, Compacted)), None)

    async def undo(self, *, force: bool = False) -> Undone | None:
        """Take back the last turn: what it has changed in the workspace, and the conversation.

        What somebody else has changed in the workspace is left alone.

        Args:
            force: put back also what was changed again since, do not mind other sessions at work,
                and take back the conversation alone where the workspace was not kept.

        Returns:
            What was put back; None if it is the conversation alone.

        Raises:
            UsageError: there is no turn to undo, the way back to before it was pruned or never
                kept, somebody else has changed the same files since, or something is at work in the
                workspace; nothing has changed then.
            ClawGymError: what was kept is damaged.
        """
        with self._turn():
            store, begun = self._bench.saver.store, self._last_begun()
            if begun is None:
                raise UsageError(f"session {self.id} has no turn to undo")
            running = self._bench.running
            check_nobody_works(store, self.id, self._bench.workspace, running, force=force)
            then = way_back(self._bench.saver, self.id, begun.body["checkpoint"])
            snapshots = self._bench.parts.snapshots
            undone = await undo_files(snapshots, store, begun, self.id, force=force)
            await self._back_to(then)
            self._ledger().note(Kind.UNDO)
            return undone

    async def _back_to(self, then: CheckpointTuple | None) -> None:
        if then is None:
            empty: Any = Overwrite([])
            await self._bench.graph.aupdate_state(
                self._config,
                {"messages": empty, "stop_reason": StopReason.DONE.value},
                as_node="tools",
            )
            return
        # Not by `as_node="__copy__"`: that copy follows the parent of `then`, so that the journal
        # would have the last message twice.
        step = then.metadata.get("step", 0) + 1
        copy: Checkpoint = {**then.checkpoint, "id": str(uuid6(clock_seq=step))}
        metadata = CheckpointMetadata(source="fork", step=step, parents={})
        self._bench.saver.put(then.config, copy, metadata, {})

    async def fork(
        self, entry: str | None = None, title: str | None = None, *, spawned: bool = False
    ) -> "AgentSession":
        """A new session that shares the history up to an entry; by default, all of it.

        An entry within a round of tools stands for the end of that round. The workspace is shared,
        too, and stays as it is. `spawned` says that this session is its parent, as of a subagent.

        Raises:
            UsageError: the session has no such entry.
        """
        checkpoint = self._checkpoint_at(entry) if entry else None
        info = self.info
        made = self._sessions.create(
            title=title or info.title,
            workspace=info.workspace,
            model=info.model,
            parent=self.id,
            parent_entry=int(entry, 16) if entry else self._sessions.head(self.id),
            spawned_by=self.id if spawned else None,
        )
        if info.system is not None:
            self._sessions.describe(made.id, system=info.system, tools=info.tools or "[]")
        self._sessions.copy(self.id, made.id, checkpoint)
        return self._open_other(made.id)

    async def spawn(self, title: str) -> "AgentSession":
        """A fork for a subagent, without the reply of this session that is being acted upon."""
        made = await self.fork(title=title, spawned=True)
        self._sessions.prune(made.id)
        *before, last = made.messages
        if isinstance(last, AIMessage) and tool_requests(last):
            rest: Any = Overwrite(before)
            await self._bench.graph.aupdate_state(
                {"configurable": {"thread_id": made.id}}, {"messages": rest}, as_node="tools"
            )
        return made

    def _checkpoint_at(self, entry: str) -> str:
        store = self._bench.saver.store
        try:
            seq = int(entry, 16)
        except ValueError as error:
            raise UsageError(f"{entry!r} is no id of an entry") from error
        for checkpoint, head in store.all(
            "SELECT id, head FROM checkpoints WHERE session = ? AND ns = '' AND head >= ? "
            "ORDER BY id",
            (self.id, seq),
        ):
            if any(each.seq == seq for each in store.path_to(cast("int", head))):
                return str(checkpoint)
        raise UsageError(f"session {self.id} has no entry {entry!r}")

    def entries(self) -> list[Entry]:
        """The entries of the current branch, oldest first."""
        return self._sessions.entries(self.id)

    def export(self, form: Literal["openclaw", "atif"], path: Path) -> None:
        """Write the current branch as OpenClaw's JSONL transcript, or as an ATIF trajectory.

        Raises:
            UsageError: nothing was said yet.
        """
        export(self.info, self.entries(), form, path)


class _Turn:
    """Holds a session while one of its turns runs."""

    def __init__(self, session: AgentSession) -> None:
        self._session = session

    def __enter__(self) -> Steering:
        steering = Steering()
        self._session.hold(steering)
        return steering

    def __exit__(self, *_: object) -> None:
        self._session.hold(None)
