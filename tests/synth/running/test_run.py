"""A run makes the same dataset whatever happens to it on the way."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest

from clawgym.dataset import Dataset, DatasetIndex
from clawgym.errors import SandboxError, SandboxUnsupportedError, UsageError
from clawgym.files import Files
from clawgym.sandbox import open_backend
from synth.gates import FULL, PROFILES, QUICK, Candidate
from synth.running import LocalExecutor, Plan, open_executor, read_status, resume_or_start
from synth.running.journal import NAME, Journal
from synth.running.presets import preset, presets
from synth.running.run import partial
from tests.synth.gates.examples import Orders

UNPROVEN = PROFILES["none"]
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def sandbox() -> str:
    try:
        return open_backend("auto").name
    except SandboxUnsupportedError:
        return "local"


def make(output: Path, wanted: int = 30, workers: int = 1, **about: object) -> DatasetIndex:
    plan = Plan(wanted=wanted, **{"profile": UNPROVEN, **about})
    return resume_or_start(Orders(), plan, output, LocalExecutor(workers), sandbox="local")


def test_the_number_of_workers_changes_nothing(tmp_path: Path):
    made = {workers: make(tmp_path / f"by{workers}", 60, workers) for workers in (1, 3)}
    first = made[1]
    for workers, index in made.items():
        assert index == first.model_copy(update={"name": f"by{workers}"})
        assert Dataset(tmp_path / f"by{workers}").digest == first.digest


def test_the_funnel_adds_up_and_says_why(tmp_path: Path):
    index = make(tmp_path / "out", 40)
    assert index.funnel["accepted"] == len(index.tasks) == 40
    lost = sum(n for gate, n in index.funnel.items() if gate not in ("drawn", "accepted"))
    assert index.funnel["drawn"] == lost + 40
    assert index.reasons["composition"].keys() == {"none", "unlucky"}
    assert index.funnel["composition"] == sum(index.reasons["composition"].values())
    assert index.profile["name"] == "none"


def test_tasks_on_disk_are_those_of_the_index(tmp_path: Path):
    index = make(tmp_path / "out", 12)
    dataset = Dataset(tmp_path / "out")
    assert [task.digest for task in dataset] == list(index.tasks.values())
    assert dataset.digest == index.digest
    assert not partial(tmp_path / "out").exists()


def test_a_repeated_task_is_lost_once(tmp_path: Path):
    source = Orders(repeats=frozenset({2, 5, 9}))
    plan = Plan(wanted=20, profile=UNPROVEN)
    index = resume_or_start(source, plan, tmp_path / "out", LocalExecutor(1))
    assert index.reasons["novelty"] == {"same": 3}
    assert not {"orders-0002", "orders-0005", "orders-0009"} & index.tasks.keys()


def test_near_duplicates_are_lost(tmp_path: Path):
    source = Orders(echoes=frozenset({2, 6, 9}))
    for novelty, lost in ((0.7, {"novelty": {"near": 3}}), (None, {})):
        plan = Plan(wanted=15, profile=UNPROVEN.model_copy(update={"novelty": novelty}))
        index = resume_or_start(source, plan, tmp_path / f"{novelty}", LocalExecutor(1))
        assert {g: r for g, r in index.reasons.items() if g != "composition"} == lost


def test_labels_are_capped(tmp_path: Path):
    with pytest.raises(UsageError, match="balance"):
        make(tmp_path / "out", 40, caps={"team": 5})
    with closing(Journal.to_read(partial(tmp_path / "out") / NAME)) as journal:
        teams = [one.labels["team"] for one in journal.accepted()]
    assert sorted(teams) == sorted(["Ana", "Bo", "Cy"] * 5)


RUN = """
import sys
from pathlib import Path
from synth.running import LocalExecutor, Plan, resume_or_start
from synth.gates import PROFILES
from tests.synth.gates.examples import Orders

if __name__ == "__main__":
    plan = Plan(wanted=400, profile=PROFILES["none"])
    resume_or_start(Orders(), plan, Path(sys.argv[1]), LocalExecutor(int(sys.argv[2])))
"""


def kill_after(output: Path, tasks: int, workers: int, script: Path) -> None:
    """Start a run and kill it without warning when so many tasks stand there."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = subprocess.Popen([sys.executable, script, output, str(workers)], env=env)
    place = partial(output)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and started.poll() is None:
        if place.is_dir() and len(list(place.glob("orders-*"))) >= tasks:
            break
        time.sleep(0.002)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL


def test_a_run_that_was_killed_goes_on_to_the_same_digest(tmp_path: Path):
    script = tmp_path / "run.py"
    script.write_text(RUN)
    whole = make(tmp_path / "whole", 400)
    output = tmp_path / "killed"
    for tasks, workers in ((3, 1), (70, 2), (150, 1)):
        kill_after(output, tasks, workers, script)
        status = read_status(output)
        assert not status.complete
        assert tasks - 16 <= status.accepted < 400
        assert not output.exists()
    index = make(output, 400)
    assert index == whole.model_copy(update={"name": "killed"})
    assert [task.digest for task in Dataset(output)] == list(whole.tasks.values())


KILLS_ITSELF = """
import os, signal, sys
from pathlib import Path
from synth.running import LocalExecutor, Plan, resume_or_start
from synth.gates import PROFILES
from tests.synth.gates.examples import Orders

def end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    plan = Plan(wanted=400, profile=PROFILES["none"])
    resume_or_start(Orders(), plan, Path(sys.argv[1]), LocalExecutor(2), on_task=end)
"""


def test_the_workers_of_a_killed_run_end_with_it(tmp_path: Path):
    script = tmp_path / "run.py"
    script.write_text(KILLS_ITSELF)
    killed = subprocess.run(
        [sys.executable, script, tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,  # the pipes stay open until the last worker has ended
        timeout=30,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert read_status(tmp_path / "out").accepted == 0


def test_what_was_written_but_not_told_is_written_again(tmp_path: Path):
    output = tmp_path / "out"
    place = partial(output)
    (place / "orders-0000").mkdir(parents=True)
    (place / "orders-0000" / "half").write_text("of a task")
    assert make(output, 5).digest == make(tmp_path / "other", 5).digest
    assert not (output / "orders-0000" / "half").exists()


def test_the_same_command_again_does_nothing(tmp_path: Path):
    index = make(tmp_path / "out", 6)
    before = (tmp_path / "out" / "dataset.json").stat().st_mtime_ns
    assert make(tmp_path / "out", 6) == index
    assert (tmp_path / "out" / "dataset.json").stat().st_mtime_ns == before


def test_another_plan_does_not_go_on_with_a_run(tmp_path: Path):
    output = tmp_path / "out"
    with pytest.raises(UsageError):
        make(output, 40, caps={"team": 1})
    with pytest.raises(UsageError, match="other settings"):
        make(output, 40)
    make(tmp_path / "done", 4)
    with pytest.raises(UsageError, match="not empty"):
        make(tmp_path / "done", 5)


def test_two_runs_do_not_meet(tmp_path: Path):
    output = tmp_path / "out"
    seen: list[str] = []

    def meanwhile() -> None:
        if not seen:
            with pytest.raises(UsageError, match="another run") as error:
                make(output)
            seen.append(str(error.value))

    plan = Plan(wanted=30, profile=UNPROVEN)
    resume_or_start(Orders(), plan, output, LocalExecutor(1), on_task=meanwhile)
    assert seen


def test_progress_is_told_for_what_stands_there_already(tmp_path: Path):
    output, steps = tmp_path / "out", []
    with pytest.raises(KeyboardInterrupt):
        resume_or_start(
            Orders(),
            Plan(wanted=20, profile=UNPROVEN),
            output,
            LocalExecutor(1),
            on_task=lambda: interrupt_at(9, steps),
        )
    steps.clear()
    plan = Plan(wanted=20, profile=UNPROVEN)
    resume_or_start(Orders(), plan, output, LocalExecutor(1), on_task=lambda: steps.append(1))
    assert len(steps) == 20


def interrupt_at(count: int, steps: list[int]) -> None:
    steps.append(1)
    if len(steps) == count:
        raise KeyboardInterrupt


def test_tasks_are_proven_by_every_worker(tmp_path: Path, sandbox: str):
    plan = Plan(wanted=6, profile=QUICK)
    digests = {
        resume_or_start(
            Orders(), plan, tmp_path / f"by{workers}", LocalExecutor(workers), sandbox=sandbox
        ).digest
        for workers in (1, 2)
    }
    assert len(digests) == 1
    status = read_status(tmp_path / "by2")
    assert status.complete
    assert status.graded == {"no-op": 6, "oracle": 6}
    assert status.rate > 0


def test_a_worker_whose_sandbox_does_not_work_says_so(tmp_path: Path):
    plan = Plan(wanted=6, profile=QUICK)
    with pytest.raises(UsageError, match="no sandbox named"):
        resume_or_start(Orders(), plan, tmp_path / "out", LocalExecutor(2), sandbox="cellar")
    assert not multiprocessing.active_children()


def test_there_is_no_status_of_nothing(tmp_path: Path):
    with pytest.raises(UsageError, match="holds no synthesis"):
        read_status(tmp_path)


def test_presets_are_known_by_name():
    assert preset("clawgym-13k").number == 13_500
    assert preset("clawgym-13k").gates == "full"
    assert "clawgym-13k" in presets()
    with pytest.raises(UsageError, match="clawgym-13k"):
        preset("clawgym-14k")


@dataclass(frozen=True)
class FatalOnce(Orders):
    """Orders whose ninth draw kills the process that draws it, the first time."""

    flag: Path = Path()

    def draw(self, index: int) -> Candidate:
        if index == 9 and not self.flag.exists():
            self.flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().draw(index)


def test_a_worker_that_was_killed_ends_a_local_run_which_goes_on_when_repeated(tmp_path: Path):
    plan, fatal = Plan(wanted=30, profile=UNPROVEN), FatalOnce(flag=tmp_path / "killed")
    with pytest.raises(SandboxError, match="a worker was killed"):
        resume_or_start(fatal, plan, tmp_path / "out", LocalExecutor(2), sandbox="local")
    again = resume_or_start(fatal, plan, tmp_path / "out", LocalExecutor(2), sandbox="local")
    assert again.digest == make(tmp_path / "whole", 30).digest


@dataclass(frozen=True)
class Faulty(Orders):
    """Orders of which the ninth cannot be drawn: somebody made a mistake."""

    fault: Exception = field(default_factory=lambda: KeyError("colour"))

    def draw(self, index: int) -> Candidate:
        if index == 9:
            raise self.fault
        return super().draw(index)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_costs_its_index_alone_and_is_kept_for_a_person(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, workers: int
):
    plan, output = Plan(wanted=20, profile=UNPROVEN), tmp_path / "out"
    index = resume_or_start(Faulty(), plan, output, LocalExecutor(workers), sandbox="local")
    assert index.reasons["error"] == {"KeyError": 1}
    assert index.funnel["drawn"] == 20 + sum(n for r in index.reasons.values() for n in r.values())
    others = [name for name in make(tmp_path / "whole", 21).tasks if name != "orders-0009"]
    assert list(index.tasks) == others
    assert "index 9 of seed 7 is lost to KeyError, a mistake in ClawGym's own code" in caplog.text
    (detail,) = (about for gate, *_, about in read_status(output).examples if gate == "error")
    assert detail.startswith("Traceback")
    assert "KeyError: 'colour'" in detail


@pytest.mark.parametrize("fault", [OSError("disk full"), SandboxError("no room"), MemoryError()])
def test_no_index_is_lost_to_a_fault_of_the_machine(tmp_path: Path, fault: Exception):
    plan, output = Plan(wanted=20, profile=UNPROVEN), tmp_path / "out"
    with pytest.raises(type(fault)):
        resume_or_start(Faulty(fault=fault), plan, output, LocalExecutor(1))
    assert make(output, 20).digest == make(tmp_path / "whole", 20).digest


@dataclass(frozen=True)
class FaultyMistake(Orders):
    """Orders of which the third brings a mistake that no gate can grade."""

    def draw(self, index: int) -> Candidate:
        candidate = super().draw(index)
        return replace(candidate, mistakes={"odd": cast("Files", 7)} if index == 2 else {})


def test_an_error_in_a_gate_leaves_the_candidates_after_it_alone(tmp_path: Path, sandbox: str):
    plan = Plan(wanted=3, profile=FULL)
    index = resume_or_start(
        FaultyMistake(), plan, tmp_path / "out", LocalExecutor(1), sandbox=sandbox
    )
    assert index.reasons["error"] == {"AttributeError": 1}
    assert "orders-0002" not in index.tasks
    assert len(index.tasks) == 3


def test_errors_everywhere_are_named_when_a_run_gives_up(tmp_path: Path):
    with pytest.raises(UsageError, match="mend the errors"):
        resume_or_start(
            FaultyAlways(), Plan(wanted=3, profile=UNPROVEN), tmp_path / "out", LocalExecutor(1)
        )


class FaultyAlways(Orders):
    """Orders of which none can be drawn."""

    def draw(self, index: int) -> Candidate:
        raise KeyError(index)


@pytest.mark.skipif(find_spec("ray") is None, reason="needs the ray extra")
@pytest.mark.parametrize("kind", [Orders, FatalOnce])
def test_a_ray_cluster_makes_the_same_dataset(kind: type[Orders], tmp_path: Path):
    source = kind() if kind is Orders else FatalOnce(flag=tmp_path / "killed")
    plan = Plan(wanted=30, profile=UNPROVEN)
    index = resume_or_start(source, plan, tmp_path / "ray", open_executor("ray", 2))
    assert index.digest == make(tmp_path / "local", 30).digest
    assert (tmp_path / "killed").exists() == (kind is FatalOnce)


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_the_extra_is_named():
    with pytest.raises(UsageError, match=r"\[ray\]"):
        open_executor("ray", 2)
