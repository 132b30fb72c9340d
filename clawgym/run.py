"""Run directories: the durable record of trials, and what makes a run resumable.

run.json              the plan; the same plan on the same directory resumes
trials.sqlite         one row a finished trial: the source of truth
trajectories/*.json   ATIF, one file a trial, written before its row
"""

import contextlib
import fcntl
import hashlib
import os
import re
import sqlite3
from collections.abc import Generator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from clawgym.atomic import write_atomic
from clawgym.errors import TaskFormatError, UsageError
from clawgym.invalid import explain
from clawgym.reward import Reward, Ungraded
from clawgym.trajectory import Trajectory

_REWARD: TypeAdapter[Reward] = TypeAdapter(Reward)


@dataclass(frozen=True, order=True)
class TrialKey:
    """One attempt (from 1) of one harness at one task."""

    harness: str
    task_id: str
    attempt: int

    @property
    def file_name(self) -> str:
        """The trajectory's file name, unique within the run and safe in a path."""
        return f"{_file_part(self.harness)}.{_file_part(self.task_id)}.{self.attempt}.json"


class RunPlan(BaseModel):
    """`run.json`: everything that decides what the trials of this run are.

    `dataset` says where the tasks were, `dataset_digest` which ones they are: moving them makes no
    other plan. `judge` is the model that scores rubrics.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    dataset: str
    dataset_digest: str
    task_ids: tuple[str, ...]
    harnesses: tuple[str, ...]
    attempts: int
    seed: int
    sandbox: str
    model: str | None = None
    base_url: str | None = None
    judge: str | None = None
    judge_votes: int | None = None
    code_only: bool = False
    clawgym_version: str

    def trial_keys(self) -> list[TrialKey]:
        """Every trial of the plan, in the order in which they run."""
        return [
            TrialKey(harness, task_id, attempt)
            for attempt in range(1, self.attempts + 1)
            for harness in self.harnesses
            for task_id in self.task_ids
        ]


class Trial(BaseModel):
    """One row of `trials.sqlite`. Times are ISO 8601 in UTC; tokens count the whole trial."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    harness: str
    task_id: str
    attempt: int
    task_digest: str
    reward: Reward
    turns: int = 0
    tool_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    started_at: str
    seconds: float

    @property
    def key(self) -> TrialKey:
        """What identifies the trial within its run."""
        return TrialKey(self.harness, self.task_id, self.attempt)


class RunDirectory:
    """A run on disk. Make one with `create_or_resume`, or `open` an existing one to read."""

    def __init__(self, path: Path, plan: RunPlan) -> None:
        self.path = path
        self.plan = plan
        self._database = _open_database(path / "trials.sqlite")

    @classmethod
    def create_or_resume(cls, path: Path, plan: RunPlan) -> "RunDirectory":
        """Start a run, or go on with the one that has the same plan.

        Raises:
            UsageError: the directory holds another run, or cannot be written to.
        """
        stored = _read_plan(path)
        if stored is None:
            write_atomic(path / "run.json", plan.model_dump_json(indent=1).encode() + b"\n")
            return cls(path, plan)
        if differing := _differing(stored, plan):
            raise UsageError(
                f"{path} holds a run with another plan (different {', '.join(differing)}); "
                "repeat that run's command to resume it, or choose another directory"
            )
        return cls(path, stored)

    @classmethod
    def open(cls, path: Path) -> "RunDirectory":
        """Open a run to read it.

        Raises:
            UsageError: there is no run.
        """
        plan = _read_plan(path)
        if plan is None:
            raise UsageError(f"{path} is no run directory: it has no run.json")
        return cls(path, plan)

    @contextlib.contextmanager
    def locked(self) -> Generator[None]:
        """Keep other processes from working on the same run; the kernel frees it on a crash.

        Raises:
            UsageError: another process is at it.
        """
        handle = os.open(self.path / "run.json", os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"another process is working on {self.path}; wait for it"
                ) from error
            yield
        finally:
            os.close(handle)

    def trials(self) -> list[Trial]:
        """Every recorded trial, by key."""
        columns = [name for name in Trial.model_fields if name != "reward"]
        query = (
            f"SELECT reward, {', '.join(columns)} FROM trials ORDER BY harness, task_id, attempt"  # noqa: S608
        )
        return [
            Trial(reward=_REWARD.validate_json(reward), **dict(zip(columns, rest, strict=True)))
            for reward, *rest in self._database.execute(query)
        ]

    def missing(self) -> list[TrialKey]:
        """The trials of the plan that have no grade yet, ungraded ones included."""
        graded = {trial.key for trial in self.trials() if not isinstance(trial.reward, Ungraded)}
        return [key for key in self.plan.trial_keys() if key not in graded]

    def record(self, trial: Trial, trajectory: Trajectory | None) -> None:
        """Save the trajectory, then the row: a row never points at a file that is not there.

        A graded trial is final; recording it again raises `sqlite3.IntegrityError`.
        """
        row = trial.model_dump(mode="json")
        row |= {
            "reward": trial.reward.model_dump_json(),
            "score": None if isinstance(trial.reward, Ungraded) else trial.reward.score,
        }
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute(
                "DELETE FROM trials WHERE score IS NULL AND harness = :harness "
                "AND task_id = :task_id AND attempt = :attempt",
                row,
            )
            self._database.execute(f"INSERT INTO trials ({names}) VALUES ({marks})", row)  # noqa: S608
            self._save_trajectory(trial.key, trajectory)

    def _save_trajectory(self, key: TrialKey, trajectory: Trajectory | None) -> None:
        """Within the transaction, so that a refused row leaves the file of the first alone."""
        if trajectory:
            trajectory.save(self.trajectory_path(key))
        else:
            self.trajectory_path(key).unlink(missing_ok=True)

    def trajectory_path(self, key: TrialKey) -> Path:
        """Where the trajectory of a trial is or would be."""
        return self.path / "trajectories" / key.file_name

    def trajectory(self, key: TrialKey) -> Trajectory | None:
        """The trajectory of a trial; None for harnesses that leave none."""
        path = self.trajectory_path(key)
        return Trajectory.load(path) if path.exists() else None

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _open_database(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(files("clawgym").joinpath("trials.sql").read_text())
    except sqlite3.DatabaseError as error:
        raise UsageError(
            f"cannot use {path}: {error}; choose another directory, or one that you may write to"
        ) from error
    return database


def _file_part(name: str) -> str:
    """The name as far as a path can bear it; a digest stands for what had to be left out."""
    plain = re.sub(r"[^\w-]", "-", name, flags=re.ASCII)[:60]
    return plain if plain == name else f"{plain}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _read_plan(path: Path) -> RunPlan | None:
    try:
        return RunPlan.model_validate_json((path / "run.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TaskFormatError(f"{path / 'run.json'} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise TaskFormatError(
            f"{path / 'run.json'} is not a valid run plan: {explain(error)}"
        ) from error


def _differing(stored: RunPlan, wanted: RunPlan) -> list[str]:
    left, right = stored.model_dump(exclude={"dataset"}), wanted.model_dump(exclude={"dataset"})
    return [name for name in left if left[name] != right[name]]
