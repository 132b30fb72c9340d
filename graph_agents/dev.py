"""The agent for `langgraph dev`, LangGraph Studio and LangGraph's own servers.

    {"dependencies": ["."], "graphs": {"clawgym": "graph_agents.dev:make_graph"}}

is the whole of a `langgraph.json`. The server keeps threads and checkpoints itself, so there is no
journal here, and what a policy asks about interrupts the graph: resume it with `true`, `false` or
`{"answer": "approve"}`. Model and sandbox come from the usual settings.

| variable | what it says |
|---|---|
| CLAWGYM_AGENT_WORKSPACE | the folder to work in; default: the one that the server runs in |
| CLAWGYM_AGENT_POLICY | a policy's name or file; default: `careful` |
"""

# langgraph is a namespace package whose marker pyright does not find:
# pyright: reportMissingTypeStubs=false

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph

from clawgym.sandbox import Sandbox, open_backend
from clawgym.sandbox.protocol import WORKSPACE
from clawgym.settings import Settings, load
from clawgym_skills.bundle import bundled_directory
from graph_agents.context.compaction import SummaryCompactor
from graph_agents.context.notes import note_tool
from graph_agents.context.offload import WorkspaceOffload
from graph_agents.context.prompt import WorkspacePrompt
from graph_agents.context.tokens import TokenEstimate
from graph_agents.control.approvals import StandingPolicy
from graph_agents.control.loops import CircleWatch
from graph_agents.control.policy import Rules
from graph_agents.control.redaction import Redactor
from graph_agents.diffs import preview
from graph_agents.graph import make_agent
from graph_agents.model_choice import open_model, window_of
from graph_agents.parts import Parts
from graph_agents.skilled.opening import skilled_box
from graph_agents.skilled.remembering import SkillPolicy
from graph_agents.skilled.skillset import Skillset
from graph_agents.skilled.sources import folder_source
from graph_agents.state import AgentState
from graph_agents.tools.progress_card import card_tool
from mcp_servers.toolkit import Tool
from mcp_servers.workspace import workspace_tools


@asynccontextmanager
async def make_graph(config: RunnableConfig) -> AsyncGenerator[CompiledStateGraph[AgentState]]:
    """The agent for one run; its box, and what runs there, ends with the run.

    Raises:
        UsageError: no model is named, or the settings or the policy are wrong.
        SandboxError: this machine cannot make the box.
    """
    thread = str(config.get("configurable", {}).get("thread_id") or "")
    settings, workspace, rules = await asyncio.to_thread(_wanted)
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(open_model(settings))
        source = folder_source(bundled_directory(), trusted=True)
        backend = await asyncio.to_thread(open_backend, settings.sandbox)
        opened = await stack.enter_async_context(skilled_box(backend, source, folder=workspace))
        box = opened.sandbox
        skills = await asyncio.to_thread(Skillset, source, box, opened.shelf)
        tools = [*workspace_tools(box), note_tool(box), card_tool(), *skills.tools()]
        names = [tool.name for tool in tools]
        offered = await asyncio.to_thread(skills.section, thread)
        prompt = WorkspacePrompt(workspace, box, names, skills=lambda _: offered)
        system = await prompt.system(thread)
        parts = _parts(rules, box, skills, tools, settings)
        parts = replace(parts, window=await window_of([model]))
        yield make_agent(model, tools, system_prompt=system, stream=True, parts=parts)


def _wanted() -> tuple[Settings, Path, Rules]:
    """What the environment asks for."""
    workspace = Path(os.environ.get("CLAWGYM_AGENT_WORKSPACE") or Path.cwd()).resolve()
    policy = os.environ.get("CLAWGYM_AGENT_POLICY") or "careful"
    return load({}).settings, workspace, Rules.load(policy)


def _parts(
    rules: Rules, box: Sandbox, skills: Skillset, tools: list[Tool[Any]], settings: Settings
) -> Parts:
    looking = ["progress_card", *(tool.name for tool in tools if tool.read_only)]
    policy = StandingPolicy(rules, read_only=looking, workspace=box.place(WORKSPACE))
    return Parts(
        policy=SkillPolicy(skills, policy),
        preview=partial(preview, box),
        loops=CircleWatch,
        redactor=Redactor.of_environment(also=[settings.api_key_env]),
        tokens=TokenEstimate(),
        compactor=SummaryCompactor(),
        offload=WorkspaceOffload(box),
        skills=skills,
    )
