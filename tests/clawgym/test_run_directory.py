"""Run directories: the same plan resumes, every grade is final, and one process works at a time."""

import contextlib
import re
import sqlite3
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import TaskFormatError, UsageError
from clawgym.reward import Cause, CheckResult, CheckRole, Graded, Reward, Ungraded
from clawgym.run import RunDirectory, RunPlan, Trial, TrialKey
from clawgym.trajectory import Agent, Step, Trajectory
from tests.clawgym.strategies import NAMES

KEY = TrialKey("lazy:echo", "ant", 1)
GRADED = Graded(
    score=0.5,
    code=0.5,
    checks=(CheckResult(id="c", role=CheckRole.CORE, passed=True, node="n1", found="7 rows"),),
)
UNGRADED = Ungraded(cause=Cause.PROVIDER, reason="connection refused")


def plan(**changes: object) -> RunPlan:
    fields = {
        "dataset": "tasks",
        "dataset_digest": "0" * 64,
        "task_ids": ("ant", "mule"),
        "harnesses": ("lazy:echo", "expert"),
        "attempts": 2,
        "seed": 7,
        "sandbox": "local",
        "clawgym_version": "0.1.0",
    }
    return RunPlan.model_validate(fields | changes)


def trial(key: TrialKey = KEY, reward: Reward = GRADED, seconds: float = 1.5) -> Trial:
    return Trial(
        harness=key.harness,
        task_id=key.task_id,
        attempt=key.attempt,
        task_digest="0" * 64,
        reward=reward,
        turns=3,
        started_at="2026-03-01T12:00:00+00:00",
        seconds=seconds,
    )


def saying(message: str) -> Trajectory:
    step = Step(step_id=1, source="agent", message=message)
    return Trajectory(agent=Agent(name="test", version="1"), steps=[step])


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDirectory]:
    with contextlib.closing(RunDirectory.create_or_resume(tmp_path / "run", plan())) as run:
        yield run


def test_a_plan_lists_its_trials_attempt_by_attempt() -> None:
    assert plan(task_ids=("ant",)).trial_keys() == [
        TrialKey("lazy:echo", "ant", 1),
        TrialKey("expert", "ant", 1),
        TrialKey("lazy:echo", "ant", 2),
        TrialKey("expert", "ant", 2),
    ]


def test_the_same_plan_resumes(run: RunDirectory) -> None:
    run.record(trial(), saying("done"))
    again = RunDirectory.create_or_resume(run.path, plan())
    assert again.trials() == [trial()]
    assert again.trajectory(KEY) == saying("done")
    assert again.missing() == [key for key in plan().trial_keys() if key != KEY]


def test_another_plan_is_refused_with_what_differs(run: RunDirectory) -> None:
    with pytest.raises(
        UsageError, match=r"\(different attempts, seed\); repeat that run's command"
    ):
        RunDirectory.create_or_resume(run.path, plan(seed=8, attempts=1))
    assert RunDirectory.open(run.path).plan == plan()


def test_a_dataset_that_moved_makes_no_other_plan(run: RunDirectory) -> None:
    run.record(trial(), None)
    again = RunDirectory.create_or_resume(run.path, plan(dataset="elsewhere/tasks"))
    assert again.trials() == [trial()]
    assert again.plan == plan()


def test_an_existing_run_is_opened_with_its_plan(run: RunDirectory) -> None:
    assert RunDirectory.open(run.path).plan == plan()


def test_what_is_no_run_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no run directory: it has no run\.json"):
        RunDirectory.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in ("file", "file/below"):
        with pytest.raises(UsageError, match=r"cannot write .*run\.json"):
            RunDirectory.create_or_resume(tmp_path / place, plan())


def test_a_malformed_plan_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"schema_version": 1}')
    with pytest.raises(TaskFormatError, match=r"run\.json is not a valid run plan"):
        RunDirectory.create_or_resume(tmp_path, plan())


def test_everything_about_a_trial_is_kept(run: RunDirectory) -> None:
    other = TrialKey("expert", "mule", 2)
    run.record(trial(), None)
    run.record(trial(other, UNGRADED), None)
    assert run.trials() == [trial(other, UNGRADED), trial()]


def test_a_trial_without_a_grade_is_still_missing(run: RunDirectory) -> None:
    run.record(trial(reward=UNGRADED), None)
    assert KEY in run.missing()
    run.record(trial(), None)
    assert KEY not in run.missing()
    assert run.trials() == [trial()]


def test_a_grade_is_final_and_so_is_its_trajectory(run: RunDirectory) -> None:
    run.record(trial(), saying("first"))
    for reward in (GRADED, UNGRADED):
        with pytest.raises(sqlite3.IntegrityError):
            run.record(trial(reward=reward, seconds=9), saying("second"))
    assert run.trials() == [trial()]
    assert run.trajectory(KEY) == saying("first")


def test_a_new_try_never_wears_the_trajectory_of_the_old_one(run: RunDirectory) -> None:
    run.record(trial(reward=UNGRADED), saying("cut short"))
    run.record(trial(), None)
    assert run.trajectory(KEY) is None


def test_a_trajectory_that_cannot_be_saved_leaves_no_row(run: RunDirectory) -> None:
    (run.path / "trajectories").write_text("in the way")
    with pytest.raises(UsageError, match="cannot write"):
        run.record(trial(), saying("lost"))
    assert run.trials() == []
    (run.path / "trajectories").unlink()
    run.record(trial(), saying("kept"))
    assert run.trajectory(KEY) == saying("kept")


def test_two_writers_do_not_lose_each_others_rows(run: RunDirectory) -> None:
    other = RunDirectory.open(run.path)
    run.record(trial(), None)
    other.record(trial(TrialKey("expert", "ant", 1)), None)
    assert run.trials() == other.trials()
    assert len(run.trials()) == 2


def test_scores_can_be_read_with_plain_sql(run: RunDirectory) -> None:
    run.record(trial(), None)
    run.record(trial(TrialKey("expert", "ant", 1), UNGRADED), None)
    rows = sqlite3.connect(run.path / "trials.sqlite").execute(
        "SELECT harness, score FROM trials ORDER BY harness"
    )
    assert rows.fetchall() == [("expert", None), ("lazy:echo", 0.5)]


HARNESSES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)
KEYS = st.builds(TrialKey, HARNESSES, NAMES, st.integers(1, 30))


@given(KEYS)
def test_a_file_name_is_safe_whatever_the_harness_is_called(key: TrialKey) -> None:
    assert re.fullmatch(r"[\w.~-]{1,200}\.json", key.file_name, re.ASCII)


@given(KEYS, KEYS)
def test_different_trials_have_different_file_names(left: TrialKey, right: TrialKey) -> None:
    assert (left == right) == (left.file_name == right.file_name)


def test_a_plain_name_stays_as_it_is() -> None:
    assert TrialKey("langgraph", "sum-amounts", 2).file_name == "langgraph.sum-amounts.2.json"


def test_a_colon_becomes_a_dash_and_a_digest() -> None:
    assert KEY.file_name == "lazy-echo~67221fe6.ant.1.json"


@pytest.mark.parametrize("other", ["lazy-echo", "lazy_echo", "lazy/echo", "lazy.echo"])
def test_harnesses_with_similar_names_do_not_share_a_file(other: str) -> None:
    assert TrialKey(other, "ant", 1).file_name != KEY.file_name


def test_a_dot_does_not_move_a_trial_to_another_task() -> None:
    assert TrialKey("a.b", "c", 1).file_name != TrialKey("a", "b.c", 1).file_name


_HOLD = """
import sys
from pathlib import Path
from clawgym.run import RunDirectory

with RunDirectory.open(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def holder(run: RunDirectory) -> Generator[subprocess.Popen[str]]:
    """Another process that works on the run until its standard input is closed."""
    command = [sys.executable, "-c", _HOLD, str(run.path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        yield process


def test_a_second_process_is_kept_out_until_the_first_ends(run: RunDirectory) -> None:
    with holder(run):
        with pytest.raises(UsageError, match=r"another process is working on .*run; wait for it"):
            run.locked().__enter__()
        assert run.trials() == []
    with run.locked():
        pass


def test_a_killed_process_frees_the_run(run: RunDirectory) -> None:
    with holder(run) as process:
        process.kill()
        process.wait()
        with run.locked():
            run.record(trial(), None)
    assert run.trials() == [trial()]


def test_an_error_frees_the_run(run: RunDirectory) -> None:
    with pytest.raises(RuntimeError), run.locked():
        raise RuntimeError
    with run.locked():
        pass
