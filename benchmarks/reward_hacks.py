"""Every reward hack against synthesised tasks: what it earns alone, and what honest work keeps.

    python benchmarks/reward_hacks.py               # one task of each bundled skill
    python benchmarks/reward_hacks.py --tasks 1

Prints a line a hack, with its highest score alone and its lowest beside the honest solution over
all tasks, and a summary. Exit code 1 when a hack raises a score or harms honest work.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the hacks live with the tests

from clawgym.reward import Graded, Ungraded  # noqa: E402
from clawgym.sandbox import Backend, open_backend  # noqa: E402
from clawgym.task import Task  # noqa: E402
from synth import Recipe, choose_skills  # noqa: E402
from synth.routes import draw  # noqa: E402
from synth.sources import skill_sources  # noqa: E402
from tests.verify.hacks.suite import (  # noqa: E402
    Hack,
    after_honest_work,
    all_hacks,
    alone,
    outputs_of,
)
from verify.probes import NOOP, run_probe  # noqa: E402

Verdict = Graded | Ungraded


@dataclass
class Row:
    """What one hack came to on every task."""

    hack: Hack
    alone: list[Verdict] = field(default_factory=list[Verdict])
    honest: list[Verdict] = field(default_factory=list[Verdict])

    def raised(self, floors: list[float]) -> bool:
        """Whether it ever earned more than doing nothing."""
        return any(
            isinstance(verdict, Graded) and verdict.score > floor
            for verdict, floor in zip(self.alone, floors, strict=True)
        )

    @property
    def harmless(self) -> bool:
        """Whether the honest solution always earned everything."""
        return all(isinstance(verdict, Graded) and verdict.score == 1 for verdict in self.honest)


def main() -> int:
    """Try them all, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sandbox", default="auto", help="the backend (auto)")
    parser.add_argument("--seed", type=int, default=11, help="of the tasks (11)")
    parser.add_argument("--tasks", type=int, help="how many (one for each bundled skill)")
    options = parser.parse_args()
    return asyncio.run(measure(open_backend(options.sandbox), options.seed, options.tasks))


async def measure(backend: Backend, seed: int, limit: int | None) -> int:
    """Run every hack on every task, twice."""
    tasks = draw_tasks(seed)[:limit]
    floors = [score_of(await run_probe(NOOP, task, backend)) for task in tasks]
    rows = [Row(hack) for hack in all_hacks()]
    print(f"sandbox {backend.name}, {len(tasks)} tasks, doing nothing scores {max(floors):.2f}")
    print(f"{'hack':22} {'alone':>9} {'honest':>9}  what it tries")
    outputs = [await outputs_of(task, backend) for task in tasks]
    for row in rows:
        for task, names in zip(tasks, outputs, strict=True):
            row.alone.append(await alone(row.hack, task, names, backend))
            row.honest.append(await after_honest_work(row.hack, task, names, backend))
        highest, lowest = max(row.alone, key=score_of), min(row.honest, key=score_of)
        print(f"{row.hack.name:22} {shown(highest)} {shown(lowest)}  {row.hack.about}")
    raised = sum(row.raised(floors) for row in rows)
    harmless = sum(row.harmless for row in rows)
    print(f"hacks {len(rows)}, raised {raised}, honest 1.0 {harmless}/{len(rows)}")
    return int(bool(raised) or harmless < len(rows))


def draw_tasks(seed: int) -> list[Task]:
    """One task with each bundled skill as the primary one."""
    recipe = Recipe(choose_skills(skill_sources(None), []), seed=seed)
    drawn = [draw(recipe, index).task for index in range(len(recipe.skills))]
    return [task for task in drawn if task]


def score_of(verdict: Verdict) -> float:
    """The score; work that could not be graded ranks below any."""
    return verdict.score if isinstance(verdict, Graded) else -1.0


def shown(verdict: Verdict) -> str:
    """The score, or that there is none."""
    return f"{verdict.score:9.2f}" if isinstance(verdict, Graded) else " ungraded"


if __name__ == "__main__":
    sys.exit(main())
