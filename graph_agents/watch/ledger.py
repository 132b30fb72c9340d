"""What ran when, and what was cut short: one small JSON file for each file of jobs.

A run is written down before its first effect and again after its last one, so a process that dies
in between leaves a run to go on with, and none that is done twice.
"""

import fcntl
import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from clawgym.atomic import write_atomic
from clawgym.errors import UsageError
from clawgym.invalid import explain
from graph_agents.watch.schedule import Schedule


class Run(BaseModel):
    """A run that has begun. `head` is the session's last entry before it, None at its beginning."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: AwareDatetime
    session: str
    prompt: str
    head: str | None = None


class Record(BaseModel):
    """What is known of a job."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime
    """When it was first seen."""
    last: AwareDatetime | None = None
    """When its last run began."""
    outcome: str | None = None
    """The reason for which that ended."""
    session: str | None = None
    """The conversation that it goes on with."""
    running: Run | None = None
    retry: AwareDatetime | None = None
    """When a run that failed is tried again, in place of the schedule; `running` goes on then."""
    tries: int = 0
    """How often it has failed so far."""

    def due(self, schedule: Schedule) -> datetime | None:
        """When it runs next; None where it never does again."""
        return self.retry or schedule.next(self.since, self.last)


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: int = 1
    jobs: dict[str, Record] = {}


class Ledger:
    """The records of one file of jobs. While it is open, no other process has it.

    Args:
        home: the directory for ledgers.
        jobs: the file of jobs, which names the ledger.

    Raises:
        UsageError: another watch has it open, or the file is malformed.
    """

    def __init__(self, home: Path, jobs: Path) -> None:
        name = hashlib.sha256(str(jobs.resolve()).encode()).hexdigest()[:16]
        self._file = home / f"{name}.json"
        self._lock = _locked(home / f"{name}.lock", jobs)
        self._state = _load(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    def record(self, job: str, now: datetime) -> Record:
        """What is known of a job; a new one is seen now."""
        if job not in self._state.jobs:
            self._state.jobs[job] = Record(since=now)
            self._save()
        return self._state.jobs[job]

    def begin(self, job: str, run: Run) -> None:
        """A run begins."""
        record = self._state.jobs[job]
        record.last, record.session, record.running = run.at, run.session, run
        record.outcome = record.retry = None
        self._save()

    def end(self, job: str, outcome: str) -> None:
        """The run has ended."""
        record = self._state.jobs[job]
        record.running, record.outcome = None, outcome
        record.retry, record.tries = None, 0
        self._save()

    def fail(self, job: str, outcome: str, now: datetime, retry: datetime) -> None:
        """The run has failed, and is tried again."""
        record = self._state.jobs[job]
        record.last, record.outcome = now, outcome
        record.retry, record.tries = retry, record.tries + 1
        self._save()

    def skip(self, job: str, at: datetime) -> None:
        """There was nothing to do."""
        self._state.jobs[job].last = at
        self._save()

    def _save(self) -> None:
        write_atomic(self._file, self._state.model_dump_json(indent=1).encode())


def _locked(path: Path, jobs: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"cannot keep a ledger in {path.parent}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise UsageError(f"{jobs} is being watched by another process; stop that first") from error
    return descriptor


def _load(path: Path) -> _State:
    try:
        return _State.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return _State()
    except ValidationError as error:
        raise UsageError(
            f"the ledger {path} is malformed: {explain(error, 'ledger')}; mend it, or remove it to "
            "begin anew"
        ) from error
