"""A hundred expert-scripted tasks over a real HTTP endpoint, each with something that happens.

Every task is played by the whole agent, as the command line assembles it, against an endpoint on
loopback that speaks for an expert and, by plan, misbehaves. A task counts when what had to happen
was heard as an event, when every stop had its reason and could be gone on from, when no file beside
the task's own was touched, and when the task's own verifier gives the workspace everything.

    python benchmarks/agent_endpoint.py
    python benchmarks/agent_endpoint.py --tasks 100 --jobs 4 --only killed
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the scenarios live with the tests

from clawgym.dataset import Dataset  # noqa: E402
from clawgym.task import Task  # noqa: E402
from synth import Recipe, choose_skills, synthesise  # noqa: E402
from synth.sources import skill_sources  # noqa: E402
from tests.graph_agents.endpoint.driving import SECRET  # noqa: E402
from tests.graph_agents.endpoint.performing import Result, Scenario, perform  # noqa: E402
from tests.graph_agents.endpoint.scenarios import ALL, PATHS  # noqa: E402

SEED = 2026
_MANY = ("ToolStarted", "ToolEnded", "ModelReplied", "TextDelta", "TurnStarted", "TurnEnded")


def chosen(tasks: int, only: str) -> list[Scenario]:
    """A scenario for each task: all of them, then those of paths again, kills first."""
    again = sorted(PATHS, key=lambda each: "killed" not in each.name)
    fitting = [each for each in (*ALL, *again) if only in each.name]
    return [fitting[number % len(fitting)] for number in range(tasks)]


def synthesised(wanted: int, folder: Path) -> list[Task]:
    """Tasks of the bundled skills, but those with a web site: a folder has none."""
    recipe = Recipe(choose_skills(skill_sources(None), ()), seed=SEED)
    synthesise(recipe, wanted * 5 // 4 + 5, folder, gates="none")
    dataset = Dataset(folder)
    tasks = [task for task in map(dataset.load, dataset.task_ids) if not task.site]
    return tasks[:wanted]


async def play(
    tasks: list[Task], scenarios: list[Scenario], scratch: Path, jobs: int, box: str
) -> list[Result]:
    """Play them, `jobs` at a time; tells each result as it comes."""
    gate = asyncio.Semaphore(jobs)

    async def one(number: int, scenario: Scenario) -> Result:
        async with gate:
            result = await perform(tasks[number], scenario, scratch / str(number), box)
            print(line(number, result), flush=True)
            return result

    return await asyncio.gather(*(one(*each) for each in enumerate(scenarios)))


def line(number: int, result: Result) -> str:
    """One row of the table."""
    heard = " ".join(f"{k}:{n}" for k, n in sorted(result.heard.items()) if k not in _MANY)
    state = "FAILED" if result.problem else "ok"
    row = f"{number:3} {state:6} {result.task:28} {result.scenario:42} {result.outcome:42} {heard}"
    return f"{row}\n           {result.problem}" if result.problem else row


def main() -> int:
    """Print the table, what was used, and how many of the tasks are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--only", default="", help="scenarios whose name has this in it")
    parser.add_argument("--sandbox", default="auto")
    options = parser.parse_args()
    scenarios = chosen(options.tasks, options.only)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ |= {
            "HOME": scratch,
            "XDG_STATE_HOME": f"{scratch}/state",
            "XDG_CONFIG_HOME": f"{scratch}/config",
            "OPENAI_API_KEY": SECRET,
        }
        tasks = synthesised(options.tasks, folder / "tasks")
        results = asyncio.run(play(tasks, scenarios, folder, options.jobs, options.sandbox))
    heard = sum((Counter(result.heard) for result in results), Counter[str]())
    used = Counter(tool for result in results for tool in result.used)
    print(f"\n{len({each.name for each in scenarios})} scenarios, {time.monotonic() - began:.0f} s")
    print("events:", ", ".join(f"{name} {count}" for name, count in sorted(heard.items())))
    print("tools, by tasks:", ", ".join(f"{name} {count}" for name, count in sorted(used.items())))
    good = sum(not result.problem for result in results)
    print(f"{good} of {len(results)}")
    return 0 if good == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
