"""One seed in, the same bytes out: whatever the worker count, the process or the hash seed."""

import os
import subprocess
import sys
from pathlib import Path

from clawgym.dataset import Dataset
from clawgym.files import Files
from synth import synthesise
from synth.routes import draw
from tests.synth.examples import recipe

NUMBER = 20


def written(path: Path, seed: int, workers: int) -> Files:
    synthesise(recipe(seed), NUMBER, path, gates="none", workers=workers)
    return Files.read_from(path, skip=is_journal)


def test_the_same_seed_writes_the_same_bytes_for_one_and_two_workers(tmp_path: Path) -> None:
    one = written(tmp_path / "one" / "set", 5, workers=1)
    two = written(tmp_path / "two" / "set", 5, workers=2)
    assert one == two
    assert len(Dataset(tmp_path / "one" / "set")) == NUMBER


def test_a_fresh_process_with_another_hash_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for hash_seed in ("1", "2"):
        argv = [sys.executable, "-m", "clawgym", "synth", "run", "--no-prove", "--seed", "5"]
        argv += ["--workers", hash_seed, "-n", str(NUMBER)]
        subprocess.run(
            [*argv, "-o", str(tmp_path / hash_seed / "set")],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": f"Etc/GMT-{hash_seed}"},
            check=True,
            capture_output=True,
            timeout=60,
        )
    one, two = (Files.read_from(tmp_path / seed / "set", skip=is_journal) for seed in ("1", "2"))
    assert one == two
    assert len(Dataset(tmp_path / "1" / "set")) == NUMBER


def is_journal(path: str) -> bool:
    """What the run keeps for itself: it tells when things happened."""
    return path.startswith(".")


def test_a_task_depends_on_its_seed_and_index_alone() -> None:
    drawn = [draw(recipe(5), index).task for index in range(6)]
    assert [draw(recipe(5), index).task for index in (5, 4, 3, 2, 1, 0)] == drawn[::-1]


def test_another_seed_makes_other_tasks() -> None:
    one, two = ([draw(recipe(seed), index).task for index in range(8)] for seed in (5, 6))
    assert all(a and b and a.workspace != b.workspace for a, b in zip(one, two, strict=True))


def test_more_tasks_begin_with_the_same_ones(tmp_path: Path) -> None:
    few = synthesise(recipe(5), 5, tmp_path / "few", gates="none")
    many = synthesise(recipe(5), 12, tmp_path / "many", gates="none")
    assert list(many.tasks.items())[:5] == list(few.tasks.items())
