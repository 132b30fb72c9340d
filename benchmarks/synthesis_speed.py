"""How fast candidates are proven: CPU by gate, tasks a second, and today's slow way beside it.

    python benchmarks/synthesis_speed.py [--tasks 60] [--paired 4] [--seed 1]

CPU is that of the worker and of the hosts in its box, in milliseconds a task. `--paired` examines
so many of the same tasks by `verify` as well, a box for each grading.
"""

import argparse
import asyncio
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

from clawgym.sandbox import Backend, open_backend
from synth.gates import FULL, Candidate, Lost, Source
from synth.gates.exam import Exam
from synth.gates.warm_prover import WarmProver, is_ours
from synth.routes import Recipe, choose_skills
from synth.running.recipe_source import RecipeSource
from synth.sources import skill_sources
from verify.cards import Depth
from verify.proof import prove_task

BAR = 1000 * 2 * 1200 / 13_500
"""Milliseconds of one core that a task may take: 13,500 tasks, 20 minutes, 2 cores."""


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--tasks", type=int, default=60)
    wanted.add_argument("--paired", type=int, default=4)
    wanted.add_argument("--seed", type=int, default=1)
    asked = wanted.parse_args()
    source = RecipeSource(Recipe(choose_skills(skill_sources(None), []), asked.seed))
    candidates = drawn(source, asked.tasks)
    backend = open_backend()
    by_gate(candidates, backend)
    paired(candidates[: asked.paired], backend)


def drawn(source: Source, number: int) -> list[Candidate]:
    """That many candidates with a task, and what drawing them took."""
    source.draw(0)  # what is loaded once is not counted
    found: list[Candidate] = []
    started, index = time.process_time(), 0
    while len(found) < number:
        candidate = source.draw(index)
        found += [candidate] if candidate.task else []
        index += 1
    took = time.process_time() - started
    print(f"drawing {1000 * took / number:.1f} ms a task, {index} indices for {number} tasks")
    packing = time.process_time()
    sizes = [len(c.task.files()) for c in found if c.task and c.task.digest]
    took = time.process_time() - packing
    print(f"packing {1000 * took / number:.1f} ms a task, {sum(sizes) / number:.0f} files")
    return found


def by_gate(candidates: Sequence[Candidate], backend: Backend) -> None:
    """Put candidates through the gates, and print what each gate took."""
    prover, gates = WarmProver(backend), FULL.gates()
    worker: defaultdict[str, float] = defaultdict(float)
    hosts: defaultdict[str, float] = defaultdict(float)
    graded: Counter[str] = Counter()
    lost: list[Lost] = []
    ours = [c for c in candidates if c.task and is_ours(c.task)]
    started = time.perf_counter()
    for candidate in ours:
        assert candidate.task
        exam = Exam(candidate, candidate.task, prover)
        for gate in gates:
            before = time.process_time(), prover.cpu_seconds()
            verdict = gate.judge(exam)
            worker[gate.name] += 1000 * (time.process_time() - before[0])
            hosts[gate.name] += 1000 * (prover.cpu_seconds() - before[1])
            if verdict:
                lost.append(verdict)
                break
        graded += exam.attempts
    wall = time.perf_counter() - started
    prover.close()
    count = len(ours)
    print(f"\n{count} tasks of {len(candidates)} are ours to the byte; {len(lost)} lost")
    print(f"{'gate':14}{'worker ms':>11}{'hosts ms':>10}{'graded':>8}")
    for gate in gates:
        name = gate.name
        print(
            f"{name:14}{worker[name] / count:11.2f}{hosts[name] / count:10.2f}"
            f"{graded[name] / count:8.1f}"
        )
    total = (sum(worker.values()) + sum(hosts.values())) / count
    print(f"{'all':14}{sum(worker.values()) / count:11.2f}{sum(hosts.values()) / count:10.2f}")
    print(f"{total:.1f} ms of CPU a task; the bar, with all else, is {BAR:.0f} ms")
    print(f"{count / wall:.1f} tasks/s by the clock with one worker")
    print(f"worker's memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    for reason, times in Counter((one.gate, one.reason) for one in lost).most_common():
        print(f"  lost at {': '.join(reason)}: {times}")


def paired(candidates: Sequence[Candidate], backend: Backend) -> None:
    """The same tasks by `verify`, with the same number of mutants."""
    if not candidates:
        return
    depth = Depth(oracle_runs=1, mutants=FULL.mutants)
    started = time.perf_counter()
    graded = 0
    for candidate in candidates:
        assert candidate.task
        card = asyncio.run(prove_task(candidate.task, backend, depth=depth))
        graded += len(card.outcomes)
    wall = time.perf_counter() - started
    each = 1000 * wall / len(candidates)
    print(
        f"\nverify's way: {each:.0f} ms a task by the clock, {graded / len(candidates):.0f} graded"
    )


if __name__ == "__main__":
    main()
