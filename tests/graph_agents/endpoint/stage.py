"""Where a task is played: a folder, an endpoint with an expert behind it, and the whole agent."""

import contextlib
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clawgym.files import Files
from clawgym.reward import Graded
from clawgym.sandbox import open_backend
from clawgym.settings import Settings
from clawgym.task import Task
from graph_agents.agent import Agent
from graph_agents.approval import Approve
from graph_agents.assembly import assemble
from graph_agents.events import (
    AgentEvent,
    ModelReplied,
    StopReason,
    Subagent,
    ToolEnded,
    TurnEnded,
)
from graph_agents.options import AgentOptions
from tests.graph_agents.endpoint.detours import Detour
from tests.graph_agents.endpoint.player import ExpertPlayer
from tests.graph_agents.endpoint.server import Mishap, Served, serving
from tests.graph_agents.skilled.conftest import SCRIPT, write_skill
from tests.graph_agents.tools.conftest import MCP_SERVER
from verify.grading import grade

OURS = ("memory/", "MEMORY.md", ".clawgym/", "skills/", "secret.env", "AGENTS.md")
"""What scenarios put into the workspace beside the task's files."""


@dataclass(frozen=True)
class Setting:
    """What is particular about a stage; the rest is as a user has it by default.

    `options` are replaced in `AgentOptions`; `window` is the endpoint's own limit in tokens.
    """

    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    detours: Mapping[int, Callable[[], Detour]] = field(
        default_factory=dict[int, Callable[[], Detour]]
    )
    mishaps: tuple[tuple[int, Mishap], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    approve: Approve | None = None
    window: int | None = None
    crowd: bool = False
    server: bool = False
    own_skills: bool = False


@dataclass
class Stage:
    """One task being played. `events` is everything that was heard, in order."""

    task: Task
    folder: Path
    setting: Setting
    player: ExpertPlayer
    served: Served
    sandbox: str
    events: list[AgentEvent] = field(default_factory=list[AgentEvent])

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def state(self) -> Path:
        return self.folder / "state" / "agent.sqlite"

    @property
    def instruction(self) -> str:
        return self.task.instruction

    @property
    def options(self) -> AgentOptions:
        settings = Settings(model="expert", base_url=self.served.base_url, sandbox=self.sandbox)
        options = AgentOptions(
            self.workspace, settings, skills=f"{self.folder / 'skills'}/", state=self.state
        )
        if self.setting.own_skills:
            options = replace(options, skills="openclaw")
        if self.setting.server:
            options = replace(options, mcp_config=self.folder / "mcp.json")
        return replace(options, **self.setting.options)

    @contextlib.asynccontextmanager
    async def opened(self, **changed: object) -> AsyncGenerator[Agent]:
        """The agent, as the command line assembles it."""
        async with assemble(replace(self.options, **changed), self.setting.approve) as assembled:
            yield assembled.agent

    async def play(self, turn: AsyncGenerator[AgentEvent]) -> TurnEnded:
        """Hear a turn to its end."""
        async for event in turn:
            self.events.append(event)
        last = self.events[-1]
        assert isinstance(last, TurnEnded), f"the turn ended with {last}"
        return last

    async def done(self, turn: AsyncGenerator[AgentEvent]) -> None:
        """Hear a turn that the agent finishes."""
        ended = await self.play(turn)
        assert ended.reason is StopReason.DONE, f"stopped: {ended.reason.value} ({ended.error})"

    async def stopped(self, turn: AsyncGenerator[AgentEvent], reason: StopReason) -> TurnEnded:
        """Hear a turn that has to stop for a reason."""
        ended = await self.play(turn)
        assert ended.reason is reason, f"stopped: {ended.reason.value} ({ended.error})"
        return ended

    def files(self) -> Files:
        """The task's part of the workspace as it is now."""
        return Files.read_from(self.workspace, skip=lambda path: path.startswith(OURS))

    def kinds(self) -> Counter[str]:
        """How often each kind of event was heard, those of children as well."""
        inner = [event.event for event in self.events if isinstance(event, Subagent)]
        return Counter(type(event).__name__ for event in [*self.events, *inner])

    def answers(self) -> list[ToolEnded]:
        """The answers of the agent's own tools."""
        return [event for event in self.events if isinstance(event, ToolEnded)]

    def used(self) -> set[str]:
        """The tools that answered without an error."""
        return {each.call.name for each in self.answers() if each.message.status != "error"}

    def replies(self) -> list[ModelReplied]:
        return [event for event in self.events if isinstance(event, ModelReplied)]

    def failures(self) -> list[str]:
        """Answers that are errors, but those to calls that had to fail.

        The expert looks at every file, and is told which ones are not text.
        """
        return [
            f"{each.call.name}: {each.message.text[:200]}"
            for each in self.answers()
            if each.message.status == "error"
            and not each.call.id.startswith("bad_")
            and "is not UTF-8 text" not in str(each.message.text)
        ]

    async def score(self) -> float:
        """What the task's own verifier says of the workspace."""
        graded = await grade(self.task, self.files(), open_backend(self.sandbox), code_only=True)
        assert isinstance(graded, Graded), f"not graded: {graded}"
        return graded.score


@contextlib.asynccontextmanager
async def staged(task: Task, folder: Path, setting: Setting, sandbox: str) -> AsyncGenerator[Stage]:
    """Lay everything out and serve the endpoint."""
    workspace = folder / "workspace"
    workspace.mkdir(parents=True)
    task.workspace.write_to(workspace)
    _write(workspace, setting.files.items())
    skills = workspace / "skills" if setting.own_skills else folder / "skills"
    skills.mkdir()
    task.skills.write_to(skills)
    if setting.crowd:
        _crowd(skills)
    if setting.server:
        (folder / "server.py").write_text(MCP_SERVER)
        command = f'{{"command": "{sys.executable}", "args": ["{folder}/server.py"]}}'
        (folder / "mcp.json").write_text(f'{{"mcpServers": {{"calc": {command}}}}}')
    player = ExpertPlayer(task, setting.detours, setting.mishaps)
    async with serving(player, window=setting.window) as served:
        yield Stage(task, folder, setting, player, served, sandbox)


def _write(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    for name, text in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _crowd(skills: Path) -> None:
    """More skills than a prompt names, so that one of them has to be looked for."""
    for number in range(150):
        write_skill(skills, f"zz-{number:03}")
    scripts = f"metadata:\n  clawgym-scripts: {json.dumps(json.dumps([SCRIPT]))}"
    write_skill(skills, "zz-telescope", "Point it at the sky.", metadata=scripts)
