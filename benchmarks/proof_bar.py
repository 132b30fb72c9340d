"""The bar on synthesised tasks, measured: solvable, steady, not solved by next to nothing.

    python benchmarks/proof_bar.py                 # 200 tasks from 5 seeds, as the bar says
    python benchmarks/proof_bar.py --seeds 1 --tasks 10 --oracle-runs 2

Prints one line a seed and the verdict on each bar; exit code 1 when one is missed.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clawgym.dataset import Dataset
from clawgym.files import Files
from clawgym.sandbox import Backend, open_backend
from synth import Recipe, choose_skills, synthesise
from synth.running.journal import NAME
from synth.sources import skill_sources
from verify.cards import Depth
from verify.proof import LAZY_LIMIT, Proof, prove_dataset


@dataclass(frozen=True)
class Measured:
    """What one seed came to; times are in seconds."""

    seed: int
    same_bytes: bool
    proof: Proof
    synthesis_seconds: float
    proof_seconds: float


def main() -> int:
    """Measure, print, judge."""
    options = read_options()
    backend = open_backend(options.sandbox)
    print(f"sandbox {backend.name}, {options.jobs} boxes at a time")
    print("seed   bytes   oracle     noop     lazy findings  synthesis    proof")
    measured: list[Measured] = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        measured.append(measure(seed, options, backend))
        print_row(measured[-1])
    return judge(measured, options)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds (5)")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them (1)")
    parser.add_argument("--tasks", type=int, default=40, help="tasks of each seed (40)")
    parser.add_argument("--oracle-runs", type=int, default=3, help="runs of each solution (3)")
    parser.add_argument("--workers", type=int, default=2, help="processes to compare with 1 (2)")
    parser.add_argument("--jobs", type=int, default=2, help="sandboxes at a time (2)")
    parser.add_argument(
        "--sandbox", default="auto", help="auto, bwrap, docker, landlock or local (auto)"
    )
    return parser.parse_args()


def measure(seed: int, options: argparse.Namespace, backend: Backend) -> Measured:
    """Make the tasks of one seed twice, with one worker and with several, and prove them."""
    recipe = Recipe(choose_skills(skill_sources(None), []), seed)
    with tempfile.TemporaryDirectory() as scratch:
        one, many = Path(scratch, "one", "set"), Path(scratch, "many", "set")
        started = time.perf_counter()
        synthesise(recipe, options.tasks, one, gates="none")
        made = time.perf_counter()
        synthesise(recipe, options.tasks, many, gates="none", workers=options.workers)
        same_bytes = bytes_of(one) == bytes_of(many)
        proving = time.perf_counter()
        depth = Depth(quick=True, oracle_runs=options.oracle_runs)
        proof = asyncio.run(prove_dataset(Dataset(one), backend, jobs=options.jobs, depth=depth))
        return Measured(seed, same_bytes, proof, made - started, time.perf_counter() - proving)


def bytes_of(dataset: Path) -> Files:
    """All its files but the journal, which tells when things happened."""
    return Files.read_from(dataset, skip=lambda path: path == NAME)


def print_row(row: Measured) -> None:
    """One line of the table."""
    proof = row.proof
    means = [proof.mean("oracle"), proof.mean("noop"), proof.lazy_mean]
    print(f"{row.seed:>4} {'same' if row.same_bytes else 'DIFFER':>7}", end=" ")
    print(*(f"{mean.value:>8.4f}" for mean in means), f"{len(proof.findings):>8}", end=" ")
    print(f"{row.synthesis_seconds:>8.1f} s {row.proof_seconds:>6.1f} s", flush=True)
    for finding in proof.findings:
        print(f"     {finding.task_id or 'dataset'}: {finding.rule}: {finding.message}")


def judge(measured: Sequence[Measured], options: argparse.Namespace) -> int:
    """Print whether each bar is met; 0 when all are."""
    proof = Proof(tuple(card for row in measured for card in row.proof.cards))
    oracle, noop, lazy = proof.mean("oracle"), proof.mean("noop"), proof.lazy_mean
    wanted = options.seeds * options.tasks
    unsteady = sum(finding.rule == "oracle-unsteady" for finding in proof.findings)
    bars = {
        f"{wanted} tasks": len(proof.cards) == wanted,
        f"the oracle earns 1 every time: {oracle}": oracle.value == 1.0,
        f"its breakdown never varies: {unsteady} tasks do": unsteady == 0,
        f"doing nothing earns 0: {noop}": noop.value == 0.0,
        f"the lazy panel earns at most {LAZY_LIMIT}: {lazy}": lazy.value <= LAZY_LIMIT,
        "every run is graded": [oracle.graded, noop.graded, lazy.coverage]
        == [wanted * options.oracle_runs, wanted, 1.0],
        f"same bytes for 1 and {options.workers} workers": all(row.same_bytes for row in measured),
        f"{len(proof.findings)} findings": not proof.findings,
    }
    for bar, met in bars.items():
        print("met   " if met else "MISSED", bar)
    return 0 if all(bars.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
