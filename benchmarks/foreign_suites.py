"""The bars on foreign suites: everything loads, compat is the suite's own score, strict says why.

    python benchmarks/foreign_suites.py DIR…                  # every task, every workspace
    python benchmarks/foreign_suites.py DIR --limit 200 --out rows.jsonl   # in pieces; resumes

For each task and each workspace (nothing done, empty files, stubs, the prompt itself, …) the score
of `verify.grade` is compared with what the suite's own code says, bit for bit. A mismatch is listed
with both; one where the suite's own code does not agree with itself on a second run is marked.
Exit code 1 when a task does not load or a score differs.
"""

import argparse
import asyncio
import json
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.original_graders import Said, clawgym, pinchbench
from clawgym.files import File, Files
from clawgym.reward import Graded, Ungraded
from clawgym.sandbox import Backend, open_backend
from clawgym.task import Task
from clawgym.trajectory import (
    Agent,
    Observation,
    ObservationResult,
    Step,
    ToolCall,
    Trajectory,
)
from verify.grading import grade
from verify.panel import PANEL
from verify.suites import Refusal, Suite, floors, load_all, open_suite, strict
from verify.suites.strict import grader_problem

Row = dict[str, Any]
OUTPUTS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("pinchbench_outputs.toml").read_text(encoding="utf-8")
)
CLAWGYM_WORKSPACES = ("noop", "touch", "stub", "echo")


def main() -> int:
    """Compare, print, judge."""
    options = read_options()
    if not options.suites:
        print("nothing to compare: name directories with a foreign suite; we ship none")
        return 0
    backend = open_backend(options.sandbox)
    return max(check_suite(path, options, backend) for path in options.suites)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("suites", metavar="DIR", nargs="*", type=Path, help="suites to check")
    parser.add_argument("--limit", type=int, help="at most so many tasks in this run")
    parser.add_argument("--jobs", type=int, default=2, help="tasks at a time (2)")
    parser.add_argument("--sandbox", default="auto", help="the sandbox (auto)")
    parser.add_argument("--out", type=Path, help="keep a row a task here, and skip those it has")
    return parser.parse_args()


def check_suite(path: Path, options: argparse.Namespace, backend: Backend) -> int:
    """Load, compare and report one suite; 1 when something is amiss."""
    started = time.monotonic()
    suite = open_suite(path)
    loaded = list(load_all(suite))
    tasks = [task for task in loaded if isinstance(task, Task)]
    refused = [refusal for refusal in loaded if isinstance(refusal, Refusal)]
    print(f"{path}: {suite.kind}, {len(suite)} tasks, {len(tasks)} load, {len(refused)} refused")
    for refusal in refused:
        print(f"  {refusal.task_id}: {refusal.reason}")
    for code, count in Counter(repair.code for repair in suite.repairs).most_common():
        print(f"  repaired: {code} {count}")
    rows = asyncio.run(compare_all(suite, tasks, options, backend))
    mismatches = report(rows)
    print(f"  {len(rows)} tasks compared; {time.monotonic() - started:.0f} s in this run")
    return 1 if refused or mismatches else 0


async def compare_all(
    suite: Suite, tasks: Sequence[Task], options: argparse.Namespace, backend: Backend
) -> list[Row]:
    """A row a task, old ones included."""
    out: Path | None = options.out
    rows = kept_rows(out)
    done = {row["task"] for row in rows}
    waiting = [task for task in tasks if task.id not in done][: options.limit]
    free = asyncio.Semaphore(options.jobs)

    async def one(task: Task) -> None:
        async with free:
            rows.append(await compare(suite, task, backend))
            if out:
                with out.open("a") as stream:
                    stream.write(json.dumps(rows[-1]) + "\n")

    await asyncio.gather(*map(one, waiting))
    return sorted(rows, key=lambda row: row["task"])


def kept_rows(out: Path | None) -> list[Row]:
    """The rows of earlier runs."""
    return (
        [json.loads(line) for line in out.read_text().splitlines()] if out and out.exists() else []
    )


async def compare(suite: Suite, task: Task, backend: Backend) -> Row:
    """Our verdict and the suite's own on every workspace of one task."""
    names = CLAWGYM_WORKSPACES if suite.kind == "clawgym" else ("noop", *PANEL, "plausible")
    spaces = {name: workspace(task, name) for name in names}
    told = {
        name: None if suite.kind == "clawgym" else trajectory(task, spaces[name]) for name in names
    }
    ours = {
        name: await grade(task, spaces[name], backend, trajectory=told[name], code_only=True)
        for name in names
    }
    theirs = await original(suite, task, spaces, told, backend)
    differing = [name for name in names if not agree(ours[name], theirs[name])]
    again = await original(suite, task, spaces, told, backend) if differing else theirs
    floor = floors(reward for name, reward in ours.items() if name != "plausible")
    return {
        "task": task.id,
        "scores": {name: shown(reward) for name, reward in ours.items()},
        "originals": {name: said.score for name, said in theirs.items()},
        "problems": {name: said.problem for name, said in theirs.items() if said.problem},
        "crashed": {
            n: p
            for n, r in ours.items()
            if isinstance(r, Graded) and (p := grader_problem(r.checks))
        },
        "mismatches": differing,
        "unsteady": [name for name in differing if again[name].score != theirs[name].score],
        "leaks": [[leak.check, leak.floor, leak.why] for leak in floor.leaks],
        "earnable": floor.earnable or not floor.by_check,
        "judged": not floor.by_check,
        "strict": {name: shown(strict(reward, floor)) for name, reward in ours.items()},
    }


async def original(
    suite: Suite,
    task: Task,
    spaces: Mapping[str, Files],
    told: Mapping[str, Trajectory | None],
    backend: Backend,
) -> dict[str, Said]:
    """What the suite's own code says."""
    if suite.kind == "clawgym":
        return await clawgym(task, spaces, backend)
    return await pinchbench(suite.path, task, spaces, told, backend)


def workspace(task: Task, name: str) -> Files:
    """The task's files after somebody did nothing, or next to nothing."""
    entries: dict[str, File | bytes | str] = dict(task.workspace)
    for path, data in made(task, name).items():
        try:
            entries = dict(Files({**entries, path: data}))
        except ValueError:
            continue  # a name that is no place for a file; lazy hands move on
    return Files(entries)


def made(task: Task, name: str) -> Mapping[str, bytes]:
    """What somebody put into the workspace."""
    if name == "plausible":
        return {path: text.encode() for path, text in OUTPUTS.get(task.id, {}).items()}
    return PANEL[name](task) if name in PANEL else {}


def trajectory(task: Task, finished: Files) -> Trajectory:
    """A session that reads every input and writes whatever is there at the end."""
    calls = [("read", {"path": path}) for path in task.workspace]
    calls += [
        ("write", {"path": path, "content": file.data.decode(errors="replace")[:500]})
        for path, file in finished.items()
        if path not in task.workspace
    ]
    steps = [Step(step_id=1, source="user", message=task.instruction)]
    for number, (name, arguments) in enumerate(calls, 2):
        call = ToolCall(tool_call_id=f"c{number}", function_name=name, arguments=dict(arguments))
        seen = Observation(results=[ObservationResult(source_call_id=f"c{number}", content="ok")])
        steps.append(
            Step(step_id=number, source="agent", message="", tool_calls=[call], observation=seen)
        )
    last = "Done. I saved the result as asked; the image has been created. Hello, I'm ready!"
    steps.append(Step(step_id=len(steps) + 1, source="agent", message=last))
    return Trajectory(agent=Agent(name="recorded", version="1"), steps=steps)


def agree(ours: Graded | Ungraded, theirs: Said) -> bool:
    """Bit for bit; a score outside of [0, 1] is clamped by us alone."""
    return isinstance(ours, Graded) and ours.score == min(1.0, max(0.0, theirs.score))


def shown(reward: Graded | Ungraded) -> float | str:
    """The score, or why there is none."""
    return reward.score if isinstance(reward, Graded) else f"{reward.cause}: {reward.reason}"


def report(rows: Sequence[Row]) -> int:
    """Print what came out; the number of scores that differ and should not."""
    compared = sum(len(row["scores"]) for row in rows)
    print(f"  compat: {compared} scores compared with the suite's own code")
    wrong = 0
    for row in rows:
        for name in row["mismatches"]:
            unsteady = name in row["unsteady"]
            wrong += not unsteady
            mark = "UNSTEADY" if unsteady else "MISMATCH"
            both = f"{row['scores'][name]} and not {row['originals'][name]}"
            print(f"  {mark} {row['task']} {name}: {both} {row['problems'].get(name, '')}")
    print(f"  compat: {wrong} mismatches, {sum(len(row['unsteady']) for row in rows)} unsteady")
    print(f"  the suite's grader crashed on {sum(len(row['crashed']) for row in rows)} workspaces")
    report_means(rows)
    report_leaks(rows)
    return wrong


def report_means(rows: Sequence[Row]) -> None:
    """What each lazy workspace earns on average, by the suite's rule and by ours."""
    for name in rows[0]["scores"] if rows else ():
        compat = [row["scores"][name] for row in rows if not isinstance(row["scores"][name], str)]
        ours = [row["strict"][name] for row in rows if not isinstance(row["strict"][name], str)]
        half = sum(score >= 0.5 for score in compat)
        theirs = f"{fmean(compat or [0]):.3f} (≥ 0.5: {half}, {len(compat)} graded)"
        print(f"  {name:<12} compat mean {theirs}", end="   ")
        print(f"strict mean {fmean(ours or [0]):.3f} ({len(ours)} graded)")


def report_leaks(rows: Sequence[Row]) -> None:
    """How many tasks pay for nothing, and for what."""
    leaking = [row for row in rows if row["leaks"]]
    dead = [row["task"] for row in rows if not row["earnable"]]
    print(f"  strict: {len(leaking)} of {len(rows)} tasks pay for no work")
    if judged := sum(row.get("judged", False) for row in rows):
        print(f"    {judged} are judged by a rubric alone, or their grader always crashed")
    tasks, keys = Counter[str](), Counter[str]()
    for row in leaking:
        keys.update(why for _, _, why in row["leaks"])
        tasks.update({why for _, _, why in row["leaks"]})
    for why, count in keys.most_common():
        print(f"    {why:<20} {count:>6} keys in {tasks[why]:>5} tasks")
    if dead:
        print(f"    nothing can be earned in {len(dead)}: {', '.join(dead[:12])}")


if __name__ == "__main__":
    sys.exit(main())
