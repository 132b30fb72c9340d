"""The bar on the verifiers of our own tasks: what they take that they should refuse, and back.

    python benchmarks/verifier_cards.py                  # 120 tasks from 5 seeds, as the bar says
    python benchmarks/verifier_cards.py --seeds 1 --tasks 4 --mutants 20

Makes tasks, examines the verifier of each in full, prints the table with its intervals and the
verdict on each bar; exit code 1 when one is missed.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from clawgym.dataset import Dataset
from clawgym.sandbox import Backend, open_backend
from synth import Recipe, choose_skills, synthesise
from synth.sources import skill_sources
from verify.attempts import Family
from verify.cards import Card, Depth
from verify.proof import Proof, prove_dataset
from verify.rates import crashes, false_accepts, false_rejects, rate
from verify.summary import print_proof

LAZY_BAR = 0.01


def main() -> int:
    """Make, examine, print, judge."""
    options = read_options()
    backend = open_backend(options.sandbox)
    cards: list[Card] = []
    started = time.perf_counter()
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        cards += examine_seed(seed, options, backend)
        seconds = time.perf_counter() - started
        attempts = sum(len(card.outcomes) for card in cards)
        print(
            f"seed {seed}: {len(cards)} tasks, {attempts:,} grades, {seconds:.0f} s, "
            f"{1000 * seconds / attempts:.1f} ms a grade",
            flush=True,
        )
    proof = Proof(tuple(cards))
    print_proof(proof, Console(width=200))
    return judge(proof)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds (5)")
    parser.add_argument("--first-seed", type=int, default=101, help="the first of them (101)")
    parser.add_argument("--tasks", type=int, default=24, help="tasks of each seed (24)")
    parser.add_argument("--mutants", type=int, default=60, help="mutants of each task (60)")
    parser.add_argument("--jobs", type=int, default=2, help="sandboxes at a time (2)")
    parser.add_argument(
        "--sandbox", default="auto", help="auto, bwrap, docker, landlock or local (auto)"
    )
    return parser.parse_args()


def examine_seed(seed: int, options: argparse.Namespace, backend: Backend) -> tuple[Card, ...]:
    """The full cards of the tasks of one seed."""
    recipe = Recipe(choose_skills(skill_sources(None), []), seed)
    depth = Depth(mutants=options.mutants, seed=seed)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "set")
        synthesise(recipe, options.tasks, path, gates="none")
        proving = prove_dataset(Dataset(path), backend, jobs=options.jobs, depth=depth)
        return asyncio.run(proving).cards


def judge(proof: Proof) -> int:
    """Print whether each bar is met; 0 when all are."""
    cards = proof.cards
    mutants = rate("mutants", (o for card in cards for o in card.of(Family.MUTANT)))
    accepts, rejects = false_accepts(cards), false_rejects(cards)
    bars = {
        f"the lazy panel earns at most {LAZY_BAR}: {proof.lazy_mean}": (
            proof.lazy_mean.value <= LAZY_BAR
        ),
        f"every mutant is killed: {mutants.graded - mutants.wrong} of {mutants.graded}": (
            mutants.wrong == 0 < mutants.graded
        ),
        f"no crash under fuzz: {crashes(cards)}": crashes(cards) == 0,
        f"every attempt is graded: {accepts.coverage:.3f}, {rejects.coverage:.3f}": (
            accepts.ungraded + rejects.ungraded == 0
        ),
        f"no wrong work is taken: {accepts.wrong} of {accepts.graded}": accepts.wrong == 0,
        f"no right work is refused: {rejects.wrong} of {rejects.graded}": rejects.wrong == 0,
        f"{len(proof.findings)} findings": not proof.findings,
    }
    for bar, met in bars.items():
        print("met   " if met else "MISSED", bar)
    return 0 if all(bars.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
