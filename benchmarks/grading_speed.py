"""Isolated grading against bare scripts, on ClawGym RL task directories, paired in one run.

    python benchmarks/grading_speed.py DIRECTORY            # every task in it
    python benchmarks/grading_speed.py DIRECTORY --limit 200 --workers 2

Bare is what a task ships: `bash` runs `python3 check.py WORKSPACE | python3 -c MEAN`, in a
workspace that is there already; only that command is timed. The scripts were written by a language
model, so they run in one long-lived box, all of them, by a driver inside that starts each with
`subprocess`; their processes are as fast there as outside. Ours is everything from the files of a
finished workspace to a verdict: a fresh box for each task, its files written, the same `check.py`
and the same mean through our verifier, the reward read back, the box destroyed. Loading the task
and collecting the agent's files are in neither. The two take turns, block by block.

CPU time counts all processes: of bare, those that the driver starts; of ours, this process while it
grades, the keeper, the interpreter and all that runs in the boxes. Exit code 1 when ours is slower.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clawgym.reward import Graded
from clawgym.sandbox import Backend, BoxSpec, Limits, Sandbox, box, open_backend
from clawgym.task import Task
from verify.grading import grade
from verify.suites import open_suite

LIMITS = Limits(
    workspace_bytes=1024**3,
    workspace_files=200_000,
    memory_bytes=4 * 1024**3,
    processes=512,
    wall_seconds=600,
    output_bytes=16 * 1024**2,
)
EQUAL = 1e-9
DRIVER = Path(__file__).parent / "grading" / "bare.py"


@dataclass
class Side:
    """What one way of grading took, in seconds, and what it said of each task."""

    wall: float = 0.0
    cpu: float = 0.0
    scores: list[float | None] = field(default_factory=list[float | None])


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "directory", nargs="?", type=Path, help="a folder of ClawGym RL task directories"
    )
    parser.add_argument("--limit", type=int, help="how many tasks (all)")
    parser.add_argument("--workers", type=int, default=2, help="at a time, on each side (2)")
    parser.add_argument("--block", type=int, default=50, help="tasks until the other's turn (50)")
    options = parser.parse_args()
    if options.directory is None:
        print("nothing to measure: name a folder of ClawGym RL task directories; we ship none")
        return 0
    suite = open_suite(options.directory)
    tasks = [suite.load(name) for name in list(suite.task_ids)[: options.limit]]
    bare, ours = asyncio.run(measure(options, tasks))
    return judge(tasks, bare, ours)


async def measure(options: argparse.Namespace, tasks: Sequence[Task]) -> tuple[Side, Side]:
    """Both sides, taking turns."""
    backend = open_backend("bwrap")
    bare, ours = Side(), Side()
    await grade_all(tasks[: options.workers], backend, options.workers)
    await asyncio.sleep(1)  # the interpreter is warm, as in a long run
    spec = BoxSpec(mounts={"set": options.directory, "driver": DRIVER.parent}, limits=LIMITS)
    async with box(backend, spec) as shared:
        for block in blocks(tasks, options.block):
            await run_bare(block, shared, bare, options.workers)
            ours_before, started = cpu_seconds(), time.monotonic()
            ours.scores += await grade_all(block, backend, options.workers)
            ours.wall += time.monotonic() - started
            ours.cpu += cpu_seconds() - ours_before
    return bare, ours


async def run_bare(block: Sequence[Task], shared: Sandbox, side: Side, workers: int) -> None:
    """Have the driver run the shipped scripts of a block."""
    places = [shared.place(name) for name in ("driver", "set", "workspace")]
    words = ["python3", f"{places[0]}/bare.py", *places[1:], str(workers)]
    ran = await shared.exec([*words, *(task.id for task in block)])
    if ran.exit_code != 0:
        raise SystemExit(ran.stderr.decode(errors="replace"))
    told = json.loads(ran.stdout)
    side.wall += told["wall"]
    side.cpu += told["cpu"]
    side.scores += told["scores"]


async def grade_all(block: Sequence[Task], backend: Backend, workers: int) -> list[float | None]:
    """Grade the files of each task as they are, some at a time; None for what is ungraded."""
    free = asyncio.Semaphore(workers)

    async def one(task: Task) -> float | None:
        async with free:
            verdict = await grade(task, task.workspace, backend)
        return verdict.code if isinstance(verdict, Graded) else None

    return list(await asyncio.gather(*map(one, block)))


def cpu_seconds() -> float:
    """What this process and all that descend from it have used so far, the dead among them."""
    ticks, parents = dict[int, int](), dict[int, int]()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(") ")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        parents[int(name)] = int(fields[1])
        ticks[int(name)] = sum(map(int, fields[11:15]))
    found, pending = 0, [os.getpid()]
    while pending:
        pid = pending.pop()
        found += ticks.get(pid, 0)
        pending += [child for child, parent in parents.items() if parent == pid]
    return found / os.sysconf("SC_CLK_TCK")


def blocks(tasks: Sequence[Task], size: int) -> Iterator[Sequence[Task]]:
    """The tasks, so many at a time."""
    return (tasks[at : at + size] for at in range(0, len(tasks), size))


def judge(tasks: Sequence[Task], bare: Side, ours: Side) -> int:
    """Print both sides and the ratios; exit code 1 when ours takes longer."""
    count = len(tasks)
    print(f"{count} tasks  {'wall s':>8} {'CPU s':>8} {'ms a task':>10}")
    for name, side in (("bare", bare), ("ours", ours)):
        print(f"{name:11} {side.wall:8.2f} {side.cpu:8.2f} {side.wall / count * 1000:10.2f}")
    print(f"ratio wall {ours.wall / bare.wall:.2f}, CPU {ours.cpu / bare.cpu:.2f} (bar: 1.00)")
    different = [
        f"  {task.id}: bare {theirs}, ours {mine}"
        for task, theirs, mine in zip(tasks, bare.scores, ours.scores, strict=True)
        if theirs is None or mine is None or abs(theirs - mine) >= EQUAL
    ]
    print("\n".join([f"equal scores {count - len(different)}/{count}", *different]))
    return int(ours.wall > bare.wall)


if __name__ == "__main__":
    sys.exit(main())
