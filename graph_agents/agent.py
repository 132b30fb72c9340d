"""An agent on a folder, with sessions that outlive the process.

async with open_agent(AgentSetup(workspace=folder, model=model, sandbox=box)) as agent:
session = agent.new_session()
async for event in session.send("do this"):
...
"""

# langgraph is a namespace package whose marker pyright does not find, with generics left open:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from clawgym.sandbox.protocol import Sandbox
from clawgym_skills.skill import Skill
from graph_agents.agent_session import AgentSession, Bench
from graph_agents.chat_model import AnyChatModel, model_name
from graph_agents.engine import Engine
from graph_agents.events import SkillActivated
from graph_agents.graph import compile_graph
from graph_agents.journal import Kind, Leases, SessionInfo, Sessions, Store, default_state
from graph_agents.journal.ledger import Ledger
from graph_agents.journal.saver import JournalSaver
from graph_agents.parts import Parts
from graph_agents.prompting import system_prompt
from graph_agents.state import AgentLimits
from graph_agents.thread import Kit
from graph_agents.turnstile import outside
from mcp_servers.toolkit import Tool
from mcp_servers.workspace import workspace_tools

__all__ = ["Agent", "AgentSession", "AgentSetup", "open_agent"]

_BEAT_SECONDS = 15.0


@dataclass(frozen=True)
class AgentSetup:
    """What an agent is made of.

    `sandbox` is open, and its workspace is `workspace`. `state` is the journal's file, by default
    `$XDG_STATE_HOME/clawgym/agent.sqlite`. `tools` are the workspace's unless given; `more_tools`
    is called with the open agent, for tools that need it (subagents). `skills` are for the plain
    prompt that is written where `parts.prompt` is not given.
    """

    workspace: Path
    model: AnyChatModel
    sandbox: Sandbox
    state: Path | None = None
    tools: Sequence[Tool[Any]] | None = None
    more_tools: "Callable[[Agent], Sequence[Tool[Any]]] | None" = None
    skills: Sequence[Skill] = ()
    limits: AgentLimits = field(default_factory=AgentLimits)
    parts: Parts = field(default_factory=Parts)
    stream: bool = True


@contextlib.asynccontextmanager
async def open_agent(setup: AgentSetup) -> AsyncGenerator["Agent"]:
    """An agent, until the block ends; its sessions stay in the journal.

    Raises:
        UsageError: the journal cannot be opened.
    """
    with Store(setup.state or default_state()) as store:
        agent = Agent(setup, store)
        beating = asyncio.create_task(agent.keep_leases())
        try:
            yield agent
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            agent.release()


class Agent:
    """Makes, lists and resumes sessions. `setup` is what it was made from.

    `graph` is the compiled LangGraph program; a session is its thread of the same id.
    """

    def __init__(self, setup: AgentSetup, store: Store) -> None:
        self.setup = setup
        self._sessions = Sessions(store)
        self._leases = Leases(store)
        self._prompts: dict[str, str] = {}
        tools = workspace_tools(setup.sandbox) if setup.tools is None else setup.tools
        more = setup.more_tools(self) if setup.more_tools else ()
        self.tools: tuple[Tool[Any], ...] = (*tools, *more)
        # Nothing else than LangChain's own types is made from what the file says.
        saver = JournalSaver(store, JsonPlusSerializer(allowed_msgpack_modules=None))
        # A session has listeners of its own; one that hears every session is told by it.
        parts = replace(setup.parts, on_event=None)
        kit = Kit(setup.model, self.tools, self._system, setup.limits, parts, setup.stream)
        engine = Engine(kit, saver)
        self.graph = compile_graph(engine, setup.limits, saver)
        self._bench = Bench(
            self.graph,
            engine,
            saver,
            setup.parts,
            setup.limits,
            setup.workspace,
            model_name(setup.model),
        )

    async def _system(self, session: str) -> str:
        """The prompt of a session; sessions with the same one share it."""
        text = await self._prompt(session)
        return self._prompts.setdefault(text, text)

    async def _prompt(self, session: str) -> str:
        """The prompt that the session began with: it never changes, so its cache stays good."""
        info = self._sessions.get(session)
        if info.system is not None:
            return info.system
        prompt, redactor = self.setup.parts.prompt, self.setup.parts.redactor
        sandbox, skills = self.setup.sandbox, self.setup.skills
        if prompt:
            async with outside():
                text = await prompt.system(session)
        else:
            text = system_prompt(sandbox, skills)
        text = redactor.redact(text) if redactor else text
        schemas = json.dumps([tool.schema for tool in self.tools], ensure_ascii=False)
        self._sessions.describe(session, system=text, tools=schemas)
        return text

    def new_session(self, title: str | None = None, *, parent: str | None = None) -> AgentSession:
        """A session with an empty conversation; `parent` is the session that spawned it."""
        info = self._sessions.create(
            title=title,
            workspace=str(self.setup.workspace),
            model=model_name(self.setup.model),
            spawned_by=parent,
        )
        if parent:
            self._note_subagent(parent, info.id, title)
        return self._open(info.id)

    async def fork_session(self, parent: str, title: str) -> AgentSession:
        """A session for a subagent that knows what its parent's conversation has said so far."""
        made = await AgentSession(parent, self._bench, self._with_past).spawn(title)
        self._note_subagent(parent, made.id, title)
        return made

    def _note_subagent(self, parent: str, child: str, title: str | None) -> None:
        Ledger(self._bench.saver, parent).note(Kind.SUBAGENT, session=child, name=title)

    def _open(self, session: str) -> AgentSession:
        self._leases.take(session)
        return AgentSession(session, self._bench, self._with_past)

    def _with_past(self, session: str) -> AgentSession:
        """A session that has a past; the skills that are in use there, are."""
        opened = self._open(session)
        if self.setup.parts.skills:
            used = [
                SkillActivated(str(entry.body["name"]), str(entry.body["digest"]))
                for entry in opened.entries()
                if entry.kind is Kind.SKILL
            ]
            self.setup.parts.skills.restore(session, used)
        return opened

    async def resume(self, session_id: str) -> AgentSession:
        """A session of the journal, by its id or an unambiguous beginning of it, or `last`.

        Raises:
            UsageError: there is none.
            SessionBusyError: another process is at work on it.
        """
        info = self._sessions.find(session_id, str(self.setup.workspace))
        session = self._with_past(info.id)
        self._bench.saver.forget(info.id)
        return session

    def sessions(self) -> list[SessionInfo]:
        """What the journal has for this workspace, newest first."""
        return self._sessions.all(str(self.setup.workspace))

    async def keep_leases(self) -> None:
        """Show that this process lives, until cancelled."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            self._leases.beat()

    def release(self) -> None:
        """Give back the leases of all sessions."""
        self._leases.release()
