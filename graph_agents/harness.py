"""Harnesses: whatever turns a task and a sandbox into a finished workspace.

The calibration runs are harnesses like any other: `oracle`, `noop` and `lazy:*` act without a
model, `expert` and `expert:flawed` drive the LangGraph agent from the task's graph, `langgraph`
drives it with a real model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from random import Random
from typing import Protocol

from clawgym.errors import UsageError
from clawgym.reward import Cause, Ungraded
from clawgym.sandbox import Sandbox, scratch_directory
from clawgym.task import Task
from clawgym.trajectory import Trajectory
from clawgym_skills.reading import read_skill
from clawgym_skills.skill import Skill
from graph_agents.chat_model import AnyChatModel
from graph_agents.events import StopReason
from graph_agents.expert import ExpertModel
from graph_agents.graph import AgentLimits
from graph_agents.one_shot import run_agent
from mcp_servers.workspace import workspace_tools
from verify.probes import PROBES, Probe


@dataclass(frozen=True)
class Outcome:
    """What a harness did. `failure` is set when the work cannot be judged, and says why."""

    trajectory: Trajectory | None = None
    turns: int = 0
    tool_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failure: Ungraded | None = None


class Harness(Protocol):
    """A way to work on tasks."""

    @property
    def name(self) -> str:
        """What the user calls it and the report shows."""
        ...

    @property
    def needs_solution(self) -> bool:
        """Whether the reference solution is mounted: for the oracle alone."""
        ...

    async def work(self, task: Task, sandbox: Sandbox, seed: int) -> Outcome:
        """Do the task in the sandbox, whose mount `skills` holds the task's skills.

        Raises:
            ClawGymError: our side failed; the trial stays ungraded.
        """
        ...


class ProbeHarness:
    """Oracle, no-op and lazy panel."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.name = probe.name
        self.needs_solution = probe.needs_solution

    async def work(self, task: Task, sandbox: Sandbox, seed: int) -> Outcome:
        """Act as the probe does."""
        del seed
        await self._probe.act(task, sandbox)
        return Outcome()


ModelFactory = Callable[[Task, Random], AnyChatModel]
"""Makes the model for one trial; the generator is the trial's own."""


_BLAME = {StopReason.MODEL_FAILED: Cause.PROVIDER, StopReason.SANDBOX_FAILED: Cause.SANDBOX}
"""Why a run cannot be judged; every other way to stop is the agent's own, and is graded."""


class AgentHarness:
    """The LangGraph agent with some model."""

    needs_solution = False

    def __init__(self, name: str, model: ModelFactory) -> None:
        self.name = name
        self._model = model

    async def work(self, task: Task, sandbox: Sandbox, seed: int) -> Outcome:
        """Run the agent until it stops or the task's time is up."""
        run = await run_agent(
            task.instruction,
            model=self._model(task, Random(seed)),
            sandbox=sandbox,
            tools=workspace_tools(sandbox),
            skills=task_skills(task),
            limits=AgentLimits(wall_seconds=task.config.agent.timeout_sec),
        )
        blame = _BLAME.get(run.stop_reason)
        return Outcome(
            trajectory=run.trajectory,
            turns=run.turns,
            tool_calls=run.tool_calls,
            prompt_tokens=run.usage.prompt_tokens,
            completion_tokens=run.usage.completion_tokens,
            failure=Ungraded(cause=blame, reason=str(run.error)) if blame else None,
        )


def _expert(task: Task, rng: Random) -> AnyChatModel:
    del rng
    return ExpertModel(task)


def _flawed_expert(task: Task, rng: Random) -> AnyChatModel:
    return ExpertModel(task, rng)


_FIXED: dict[str, Callable[[], Harness]] = {
    **{name: lambda probe=probe: ProbeHarness(probe) for name, probe in PROBES.items()},
    "expert": lambda: AgentHarness("expert", _expert),
    "expert:flawed": lambda: AgentHarness("expert:flawed", _flawed_expert),
}
_ALIASES = {"lazy": tuple(name for name in PROBES if name.startswith("lazy:"))}


def make_harnesses(names: Sequence[str], model: ModelFactory | None = None) -> dict[str, Harness]:
    """The harnesses of these names, in order; `lazy` stands for the whole lazy panel.

    Args:
        names: `oracle`, `noop`, `lazy`, `lazy:touch|echo|copy`, `expert`, `expert:flawed`,
            `langgraph`.
        model: what `langgraph` asks; needed for it alone.

    Raises:
        UsageError: a name is unknown, with the nearest known one, or `langgraph` has no model.
    """
    made: dict[str, Harness] = {}
    for name in (each for given in names for each in _ALIASES.get(given, (given,))):
        if name in _FIXED:
            made[name] = _FIXED[name]()
        elif name != "langgraph":
            near = get_close_matches(name, [*_FIXED, *_ALIASES, "langgraph"], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            known = ", ".join([*_FIXED, *_ALIASES, "langgraph"])
            raise UsageError(f"unknown harness {name!r}{hint} (known: {known})")
        elif model is None:
            raise UsageError(
                "the harness 'langgraph' needs --model (and --base-url for your endpoint)"
            )
        else:
            made[name] = AgentHarness(name, model)
    return made


def task_skills(task: Task) -> list[Skill]:
    """The skills that a task offers, read from its own files."""
    with scratch_directory() as scratch:
        task.skills.write_to(scratch)
        return [read_skill(folder) for folder in sorted(scratch.iterdir())]
