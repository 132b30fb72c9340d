"""A rollout that is killed or interrupted loses nothing, leaves nothing and grades nothing twice.

These are real processes, in a session and a temporary directory of their own.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clawgym.reward import Graded, Ungraded
from clawgym.run import RunDirectory
from clawgym.trajectory import Trajectory

TRIALS = 24
"""A dozen tasks, two harnesses."""

Row = tuple[object, ...]


class Machine:
    """Runs one `clawgym rollout` command again and again, in a temporary directory of its own."""

    def __init__(self, place: Path, dataset: Path, sandbox: str) -> None:
        self.output, self.temporary = place / "run", place / "tmp"
        self.temporary.mkdir()
        harnesses = ("--harness", "noop", "--harness", "expert")
        options = ("-o", str(self.output), "-j", "2", "--sandbox", sandbox)
        self._command = [sys.executable, "-m", "clawgym", "rollout", str(dataset)]
        self._command += [*harnesses, *options]

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(self.temporary)},
            start_new_session=True,
        )

    def finish(self) -> subprocess.CompletedProcess[str]:
        with self.start() as process:
            try:
                out, err = process.communicate(timeout=120)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(self._command, process.returncode, out, err)

    def stop(self, how: signal.Signals, *, after: int, delay: float) -> tuple[int, str]:
        """Send a signal to the whole group once there are `after` rows and `delay` s have passed.

        Returns the exit code and what was said on stderr, once nothing of it is left.
        """
        with self.start() as process:
            try:
                self._wait_for_rows(after, process)
                time.sleep(delay)
                family = _descendants(process.pid)
            finally:
                os.killpg(process.pid, how)
            _, err = process.communicate(timeout=30)
        _wait_until_gone(family)
        return process.returncode, err

    def rows(self) -> dict[Row, Row]:
        """Each row of the database by its key, as it stands there."""
        if not (self.output / "trials.sqlite").exists():
            return {}
        with closing(sqlite3.connect(self.output / "trials.sqlite", timeout=20)) as database:
            found = database.execute("SELECT harness, task_id, attempt, * FROM trials").fetchall()
        return {row[:3]: row[3:] for row in found}

    def trajectories(self) -> dict[str, bytes]:
        """The files of recorded trials; one that was being recorded may have more."""
        with closing(RunDirectory.open(self.output)) as run:
            paths = [run.trajectory_path(trial.key) for trial in run.trials()]
        return {path.name: path.read_bytes() for path in paths if path.exists()}

    def litter(self) -> list[Path]:
        """Whatever is left of boxes and of what went into them."""
        kept = {self.temporary / f"clawgym-{os.getuid()}"}
        kept |= {place / "boxes" for place in kept}
        return [path for path in self.temporary.rglob("*") if path not in kept]

    def _wait_for_rows(self, number: int, process: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + 60
        while _count(self.output / "trials.sqlite") < number:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def machine(dataset, backend, tmp_path) -> Machine:
    return Machine(tmp_path, dataset.path, backend.name)


def _count(path: Path) -> int:
    """How many rows there are; 0 while the database is being made."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute("SELECT count(*) FROM trials").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def _processes() -> Iterator[tuple[int, int, str]]:
    """Process id, parent and start time of every process that is no zombie."""
    for entry in Path("/proc").iterdir():
        try:
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and after_name[0] not in "ZX":
            yield int(entry.name), int(after_name[1]), after_name[19]


def _descendants(root: int) -> set[tuple[int, str]]:
    """The process and all that it started, as process id and start time."""
    everyone = list(_processes())
    found = {root}
    while more := {pid for pid, parent, _ in everyone if parent in found} - found:
        found |= more
    return {(pid, start) for pid, _, start in everyone if pid in found}


def _wait_until_gone(family: set[tuple[int, str]]) -> None:
    deadline = time.monotonic() + 20
    while left := family & {(pid, start) for pid, _, start in _processes()}:
        assert time.monotonic() < deadline, f"processes survived: {left}"
        time.sleep(0.02)


def assert_consistent(machine: Machine) -> None:
    """What a reader finds between two runs: a sound database, and a trajectory for each expert."""
    with closing(sqlite3.connect(machine.output / "trials.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(RunDirectory.open(machine.output)) as run:
        trials = run.trials()
        assert {trial.key for trial in trials} <= set(run.plan.trial_keys())
        assert len(run.missing()) == TRIALS - len(trials)
        for trial in trials:
            assert isinstance(trial.reward, Graded)
            if trial.harness == "expert":
                assert Trajectory.load(run.trajectory_path(trial.key)).steps


def assert_whole(machine: Machine) -> None:
    """The end of every story: each trial once, the expert right, nothing left behind."""
    assert_consistent(machine)
    with closing(RunDirectory.open(machine.output)) as run:
        scores = {trial.key: trial.reward for trial in run.trials()}
        assert len(scores) == TRIALS
        for key, reward in scores.items():
            assert not isinstance(reward, Ungraded)
            assert reward.score == (1.0 if key.harness == "expert" else 0.0)
    assert machine.litter() == []


def test_a_rollout_that_is_killed_again_and_again_ends_as_if_it_had_not_been(machine):
    seed = random.randrange(10**6)
    print("the moments come from", seed)  # the whole of it is shown when the test fails
    moments = random.Random(seed)
    for _ in range(3):
        before, files = machine.rows(), machine.trajectories() if machine.rows() else {}
        after, delay = len(before) + moments.randint(1, 4), moments.uniform(0.0, 0.08)
        code, _ = machine.stop(signal.SIGKILL, after=after, delay=delay)
        assert code == -signal.SIGKILL
        assert_consistent(machine)
        assert before.items() <= machine.rows().items()
        assert files.items() <= machine.trajectories().items()
    before, files = machine.rows(), machine.trajectories()
    assert len(before) < TRIALS

    done = machine.finish()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("(12/12 graded)") == 2
    assert before.items() <= machine.rows().items()
    assert files.items() <= machine.trajectories().items()
    assert_whole(machine)


def test_ctrl_c_says_how_to_go_on_and_leaves_nothing_half_done(machine):
    code, said = machine.stop(signal.SIGINT, after=14, delay=0.1)
    assert code == 130
    assert (
        said == "interrupted: a run keeps what was finished, and the same command goes on with it\n"
    )
    assert machine.litter() == []
    assert_consistent(machine)
    before = machine.rows()
    assert 14 <= len(before) < TRIALS

    assert machine.finish().returncode == 0
    assert before.items() <= machine.rows().items()
    assert_whole(machine)
