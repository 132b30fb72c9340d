"""The engine: the two nodes of the graph, over a thread that is kept between its steps."""

# langgraph is a namespace package whose marker pyright does not find, with generics left open:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from collections.abc import Generator
from contextlib import contextmanager

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import StreamWriter

from clawgym.errors import ClawGymError
from graph_agents.acting import Acting
from graph_agents.events import OnEvent, listener, listening
from graph_agents.journal.ledger import Ledger
from graph_agents.journal.saver import JournalSaver
from graph_agents.state import AgentState
from graph_agents.step import Step
from graph_agents.thread import Kit, Threads, at_work, thread_key


class Engine:
    """`ask` asks the model, `act` answers its calls.

    Args:
        kit: what every thread works with.
        saver: where calls are written down before and after; without it a crash may repeat one.
    """

    def __init__(self, kit: Kit, saver: JournalSaver | None = None) -> None:
        self._kit = kit
        self._saver = saver
        self.threads = Threads(kit, saver.store if saver else None)

    async def ask(
        self, state: AgentState, *, config: RunnableConfig, writer: StreamWriter
    ) -> AgentState:
        """Ask the model, unless something says that the turn is over."""
        thread = await self.threads.of(config)
        with listening(self._listener(writer)), self._clean_failures(), at_work(thread.budget):
            return await Step(thread, state, self._ledger(config)).take()

    async def act(
        self, state: AgentState, *, config: RunnableConfig, writer: StreamWriter
    ) -> AgentState:
        """Answer the calls of the last reply, each in its place."""
        messages = state.get("messages", [])
        reply, thread = messages[-1], await self.threads.of(config)
        assert isinstance(reply, AIMessage)
        thread.conversation.follow(messages)
        acting = Acting(
            session=thread.session,
            reply=reply,
            tools={tool.name: tool for tool in thread.tools()},
            parts=self._kit.parts,
            loops=thread.loops(),
            budget=thread.budget,
            ledger=self._ledger(config),
            left=self._kit.limits.max_tool_calls - thread.conversation.calls,
            can_wait=bool(config.get("configurable", {}).get("__pregel_checkpointer")),
        )
        with listening(self._listener(writer)), self._clean_failures(), at_work(thread.budget):
            answers, reason = await acting.answers()
        return {"messages": list[AnyMessage](answers), "stop_reason": reason and reason.value}

    async def compact(self, state: AgentState, config: RunnableConfig) -> AgentState:
        """Summarise a thread that is not running; the change of its state, if there is one."""
        thread = await self.threads.of(config)
        with self._clean_failures(), at_work(thread.budget):
            return await Step(thread, state, self._ledger(config)).compact()

    @contextmanager
    def _clean_failures(self) -> Generator[None]:
        """LangGraph keeps what a node raises; an endpoint may repeat what it was sent."""
        try:
            yield
        except ClawGymError as error:
            if redactor := self._kit.parts.redactor:
                error.args = tuple(redactor.redact(str(part)) for part in error.args)
            raise

    def _listener(self, writer: StreamWriter) -> OnEvent:
        return self._kit.parts.on_event or listener() or writer

    def _ledger(self, config: RunnableConfig) -> Ledger | None:
        return Ledger(self._saver, *thread_key(config)) if self._saver else None
