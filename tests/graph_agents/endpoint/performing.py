"""Playing a task, and judging how it went."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from clawgym.task import Task
from tests.graph_agents.endpoint.server import Mishap
from tests.graph_agents.endpoint.stage import Setting, Stage, staged

Drive = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """One way to play a task.

    Attributes:
        name: what the table shows.
        drive: plays it.
        setting: what it needs.
        heard: kinds of events that must have come.
        used: tools that must have answered well.
        fails: whether calls of the expert's may fail.
        outcome: what becomes of what goes wrong, in a word for the table.
    """

    name: str
    drive: Drive
    setting: Setting = field(default_factory=Setting)
    heard: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    fails: bool = False
    outcome: str = ""


@dataclass(frozen=True)
class Result:
    """What came of it; without `problem` all is as it should be."""

    scenario: str
    task: str
    outcome: str
    heard: dict[str, int]
    used: frozenset[str]
    problem: str = ""


async def perform(task: Task, scenario: Scenario, folder: Path, sandbox: str) -> Result:
    """Play a task, then look at what was heard and what the workspace is worth."""
    async with staged(task, folder, scenario.setting, sandbox) as stage:
        try:
            async with asyncio.timeout(120):
                await scenario.drive(stage)
                await _check(stage, scenario)
            problem = ""
        except (AssertionError, TimeoutError) as error:
            problem = " ".join(str(error).split())[:600] or type(error).__name__
        except Exception as error:  # noqa: BLE001 - it is what the benchmark looks for
            problem = f"RAISED {error!r}"[:600]
        kinds, used = dict(stage.kinds()), frozenset(stage.used())
    return Result(scenario.name, task.id, scenario.outcome, kinds, used, problem)


async def _check(stage: Stage, scenario: Scenario) -> None:
    problems = [*stage.player.problems, *stage.served.problems]
    assert not problems, f"the expert stumbled: {problems}"
    kinds = stage.kinds()
    missing = [kind for kind in scenario.heard if kind not in kinds]
    assert not missing, f"never heard: {missing} in {dict(kinds)}"
    unused = set(scenario.used) - stage.used()
    assert not unused, f"tools not used: {unused}"
    assert scenario.fails or not stage.failures(), f"unexpected errors: {stage.failures()}"
    planned = [mishap for _, mishap in scenario.setting.mishaps]
    given = [name for name in stage.served.given if name]
    assert all(mishap.name in given for mishap in planned), f"mishaps served: {given}"
    _check_bad_calls(stage, planned)
    score = await stage.score()
    assert score == 1.0, f"the verifier gives {score}"


def _check_bad_calls(stage: Stage, planned: list[Mishap]) -> None:
    """Every call of a mishap is answered, in its place, with an error."""
    wanted = [call.id for each in planned if each.message for call in each.message.tool_calls]
    bad = [each for each in stage.answers() if each.call.id.startswith("bad_")]
    assert [each.call.id for each in bad] == wanted, "bad calls were answered otherwise"
    fine = [each.call for each in bad if each.message.status != "error"]
    assert not fine, f"answered without an error: {fine}"
