"""From what the user asked for to an open agent: every part in its place."""

import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from clawgym.errors import SandboxError
from clawgym.model import ChatModel
from clawgym.model.patience import Patience
from clawgym.sandbox import BoxSpec, Sandbox, box, open_backend
from clawgym.sandbox.protocol import WORKSPACE
from graph_agents.agent import Agent, AgentSetup, open_agent
from graph_agents.approval import Approve
from graph_agents.context.compaction import SummaryCompactor
from graph_agents.context.notes import note_tool
from graph_agents.context.offload import WorkspaceOffload
from graph_agents.context.prompt import WorkspacePrompt
from graph_agents.context.tokens import TokenEstimate
from graph_agents.control.approvals import StandingPolicy
from graph_agents.control.loops import CircleWatch
from graph_agents.control.naming import check_names
from graph_agents.control.redaction import Redactor
from graph_agents.control.snapshots import KeptWorkspaces
from graph_agents.control.spending import SessionBudget
from graph_agents.control.steady import SteadyModel
from graph_agents.control.undoing import CopyUndo, FolderUndo
from graph_agents.diffs import preview, with_diff
from graph_agents.journal import default_state
from graph_agents.model_choice import check_model, open_model, window_of
from graph_agents.offline import offline_model
from graph_agents.options import AgentOptions
from graph_agents.parts import Parts, Policy, Snapshots
from graph_agents.skill_choice import chosen_source
from graph_agents.skilled.offers import SkillSource
from graph_agents.skilled.opening import skilled_box
from graph_agents.skilled.remembering import SkillPolicy
from graph_agents.skilled.shelf import Shelf
from graph_agents.skilled.skillset import SEARCH, Skillset
from graph_agents.skilled.trust import Trust
from graph_agents.tools.family import Family
from graph_agents.tools.progress_card import card_tool
from graph_agents.tools.server_config import load_servers
from graph_agents.tools.subagents import subagent_tools
from mcp_servers.toolkit import Tool
from mcp_servers.workspace import workspace_tools

_CHANGE_NOTHING = ("progress_card", "agents_wait")
"""Tools of the agent's own that a policy need not care about."""

_OF_FAMILY = ("sessions_spawn", "agents_wait", "subagents")


@dataclass(frozen=True)
class Assembled:
    """An open agent with what a front wants to know of it.

    `skills` are the names and descriptions of what the user may call.
    """

    agent: Agent
    sandbox: Sandbox
    skills: tuple[tuple[str, str], ...]


@asynccontextmanager
async def assemble(
    options: AgentOptions, approve: Approve | None = None
) -> AsyncGenerator[Assembled]:
    """Open everything that the options ask for.

    Raises:
        UsageError: no model is named, a skill or policy is unknown, the journal cannot be opened.
        SandboxError: this machine cannot make the box.
    """
    rules = options.rules()  # before anything is opened: it may be wrong
    async with AsyncExitStack() as stack:
        source = stack.enter_context(_source(options))
        models = await _models(options, stack)
        sandbox, shelf = await _box(options, source, stack)
        family = Family()
        skillset = _skillset(options, source, sandbox, shelf, family)
        tools = [
            *(with_diff(tool, sandbox) for tool in workspace_tools(sandbox)),
            note_tool(sandbox),
            card_tool(),
            *(skillset.tools() if skillset else ()),
            *await _servers(options, stack),
        ]
        check_names(rules, options.said_rules(), _names(tools, source))
        policy = StandingPolicy(
            rules,
            read_only=[*_CHANGE_NOTHING, *(tool.name for tool in tools if tool.read_only)],
            workspace=sandbox.place(WORKSPACE),
            kept_in=_home(options.state) / "approvals" / f"{_short(options.workspace)}.json",
        )
        window = options.window or await window_of(models)
        parts = _Parts(options, sandbox, skillset, family, window)
        setup = AgentSetup(
            workspace=options.workspace,
            model=SteadyModel(models, _patience(options)),
            sandbox=sandbox,
            state=options.state,
            tools=tools,
            more_tools=lambda agent: subagent_tools(family, agent),
            limits=options.limits,
            parts=parts.made(policy, approve, tools),
        )
        agent = await stack.enter_async_context(open_agent(setup))
        await stack.enter_async_context(family)  # children end before the agent that runs them
        yield Assembled(agent, sandbox, _callable(source))


def check_options(options: AgentOptions) -> None:
    """See whether `assemble` would refuse the options, as far as files and settings tell.

    Raises:
        UsageError: as `assemble`.
    """
    check_model(options.settings)
    servers = load_servers(options.mcp_config) if options.mcp_config else {}
    nowhere = cast("Sandbox", _NoBox())
    tools = [*workspace_tools(nowhere), note_tool(nowhere), card_tool()]
    with _source(options) as source:
        names = [*_names(tools, source), *(f"{label}__*" for label in servers)]
        check_names(options.rules(), options.said_rules(), names)


def _names(tools: Sequence[Tool[Any]], source: SkillSource | None) -> list[str]:
    """The tools that a rule may speak of; those that a skill brings, by the name of the skill."""
    skills = (offer.public.replace("-", "_") for offer in (source.offers() if source else ()))
    own = [*(tool.name for tool in tools), *_OF_FAMILY, SEARCH]
    return [*dict.fromkeys(own), *(f"{skill}__*" for skill in skills)]


@asynccontextmanager
async def without_model(workspace: Path, state: Path | None = None) -> AsyncGenerator[Agent]:
    """An agent for what needs neither model nor box: undoing, forking, exporting.

    Raises:
        UsageError: the journal cannot be opened.
    """
    parts = Parts(snapshots=FolderUndo(kept_workspaces(state), workspace))
    nowhere = cast("Sandbox", _NoBox())
    setup = AgentSetup(workspace, offline_model(), nowhere, state, tools=(), parts=parts)
    async with open_agent(setup) as agent:
        yield agent


class _NoBox:
    """In the place of a sandbox that nothing may ask for."""

    def __getattr__(self, name: str) -> object:
        raise SandboxError(f"{name} was asked of an agent that has no box")


def _source(options: AgentOptions) -> AbstractContextManager[SkillSource | None]:
    return chosen_source(
        options.skills, catalogue=options.settings.catalog, workspace=options.workspace
    )


async def _models(options: AgentOptions, stack: AsyncExitStack) -> Sequence[ChatModel]:
    """The model and its fallbacks, all at the same endpoint."""
    return [
        await stack.enter_async_context(
            open_model(options.settings.model_copy(update={"model": name}), max_retries=0)
        )
        for name in (options.settings.model, *options.fallback_models)
    ]


def _patience(options: AgentOptions) -> Patience:
    return Patience(attempts=options.retries + 1, first_wait=0.5, longest_wait=30.0)


async def _box(
    options: AgentOptions, source: SkillSource | None, stack: AsyncExitStack
) -> tuple[Sandbox, Shelf | None]:
    live = BoxSpec(workspace_dir=options.workspace)
    spec = BoxSpec(base=options.workspace) if options.dry_run else live
    backend = open_backend(options.settings.sandbox)
    if source is None:
        return await stack.enter_async_context(box(backend, spec)), None
    opened = await stack.enter_async_context(skilled_box(backend, source, spec))
    return opened.sandbox, opened.shelf


def _skillset(
    options: AgentOptions,
    source: SkillSource | None,
    sandbox: Sandbox,
    shelf: Shelf | None,
    family: Family,
) -> Skillset | None:
    if source is None or shelf is None:
        return None
    trust = Trust(_home(options.state) / "trusted-skills.json")
    return Skillset(
        source, sandbox, shelf, pinned=options.pinned, trust=trust, root_of=family.root_of
    )


async def _servers(options: AgentOptions, stack: AsyncExitStack) -> Sequence[Tool[Any]]:
    if options.mcp_config is None:
        return ()
    from graph_agents.tools.servers import server_tools  # the MCP library loads slowly

    known = _home(options.state) / "mcp-tools.json"
    servers = server_tools(load_servers(options.mcp_config), known=known)
    return await stack.enter_async_context(servers)


@dataclass(frozen=True)
class _Parts:
    """Makes the parts of an agent."""

    options: AgentOptions
    sandbox: Sandbox
    skillset: Skillset | None
    family: Family
    window: int | None

    def made(
        self, policy: StandingPolicy, approve: Approve | None, tools: Sequence[Tool[Any]]
    ) -> Parts:
        options = self.options
        return Parts(
            policy=self._policy(policy),
            approve=approve,
            preview=partial(preview, self.sandbox),
            budget_of=self._budgets(),
            price=options.prices,
            loops=CircleWatch,
            redactor=Redactor.of_environment(also=[options.settings.api_key_env]),
            snapshots=self._snapshots() if options.undo else None,
            prompt=self._prompt(tools),
            tokens=TokenEstimate(),
            compactor=SummaryCompactor(),
            window=self.window,
            offload=WorkspaceOffload(self.sandbox),
            skills=self.skillset,
        )

    def _snapshots(self) -> Snapshots:
        if self.options.dry_run:
            return CopyUndo(self.sandbox)
        return FolderUndo(kept_workspaces(self.options.state), self.options.workspace)

    def _policy(self, policy: StandingPolicy) -> Policy:
        return SkillPolicy(self.skillset, policy) if self.skillset else policy

    def _prompt(self, tools: Sequence[Tool[Any]]) -> WorkspacePrompt:
        names = [*(tool.name for tool in tools), *_OF_FAMILY]
        prompt = WorkspacePrompt(
            self.options.workspace, self.sandbox, names, detail=self.family.detail
        )
        return replace(prompt, skills=self.skillset.section) if self.skillset else prompt

    def _budgets(self) -> Callable[[str], SessionBudget]:
        """One budget for a session and all that it spawns."""
        budgets: dict[str, SessionBudget] = {}

        def of(session: str) -> SessionBudget:
            root = self.family.root_of(session)
            if root not in budgets:
                budgets[root] = SessionBudget(self.options.allowance)
            return budgets[root]

        return of


def _callable(source: SkillSource | None) -> tuple[tuple[str, str], ...]:
    offers = source.offers() if source else ()
    return tuple(
        (offer.public, offer.description)
        for offer in offers
        if offer.user_invocable and not offer.refused
    )


def kept_workspaces(state: Path | None = None) -> KeptWorkspaces:
    """The snapshots that belong to a journal."""
    return KeptWorkspaces(_home(state) / "workspaces", journal=state or default_state())


def _home(state: Path | None) -> Path:
    """Where everything is kept that belongs to a journal."""
    return (state or default_state()).parent


def _short(path: Path) -> str:
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
