"""What `clawgym agent run` does, once its options are parsed."""

import json
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path

from clawgym.atomic import check_writable
from clawgym.errors import UsageError
from clawgym.sandbox import open_backend
from clawgym.settings import Settings
from clawgym_skills.bundle import bundled_skills
from clawgym_skills.skill import Skill
from graph_agents.graph import AgentLimits
from graph_agents.model_choice import open_model
from graph_agents.session import AgentRun, run_agent
from graph_agents.terminal import Terminal
from graph_agents.workbench import workbench
from mcp_servers.workspace import workspace_tools


@dataclass(frozen=True)
class RunRequest:
    """One call of the command. `skills`: names as typed, `none`, or None for all bundled ones."""

    instruction: str
    workspace: Path
    settings: Settings
    skills: str | None
    limits: AgentLimits
    save_to: Path | None


async def carry_out(request: RunRequest, *, show: bool) -> AgentRun:
    """Run the agent; `show` says whether the terminal is told.

    Raises:
        UsageError: no model is named, a skill is unknown, the trajectory cannot be written.
        SandboxError: this machine cannot make the box.
    """
    skills = _skills(request.skills)
    if request.save_to:
        check_writable(request.save_to)
    terminal = Terminal() if show else None
    async with (
        open_model(request.settings) as model,
        workbench(request.workspace, skills, open_backend(request.settings.sandbox)) as sandbox,
    ):
        run = await run_agent(
            request.instruction,
            model=model,
            sandbox=sandbox,
            tools=workspace_tools(sandbox),
            skills=skills,
            limits=request.limits,
            on_event=terminal.on_event if terminal else None,
            save_to=request.save_to,
        )
    if terminal:
        terminal.finish(run)
    return run


def as_json_text(run: AgentRun) -> str:
    """The result for a program to read."""
    result = {
        "stop_reason": run.stop_reason.value,
        "answer": run.answer,
        "turns": run.turns,
        "tool_calls": run.tool_calls,
        "usage": asdict(run.usage),
        "error": str(run.error) if run.error else None,
    }
    return json.dumps(result, ensure_ascii=False, indent=1)


def _skills(wanted: str | None) -> list[Skill]:
    if wanted == "none":
        return []
    found = bundled_skills()
    if wanted is None:
        return found
    by_name = {skill.name: skill for skill in found}
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    return [_pick(name, by_name) for name in names]


def _pick(name: str, by_name: dict[str, Skill]) -> Skill:
    if name in by_name:
        return by_name[name]
    similar = get_close_matches(name, by_name, 1)
    hint = f"did you mean {similar[0]!r}?" if similar else f"there are: {', '.join(by_name)}"
    raise UsageError(f"there is no bundled skill {name!r}; {hint}")
