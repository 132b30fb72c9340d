"""The file that `clawgym agent watch` reads."""

import tomllib
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clawgym.errors import UsageError
from clawgym.invalid import explain
from graph_agents.watch.cron import Cron
from graph_agents.watch.schedule import ByCron, Every, Once, Schedule, read_interval


class Job(BaseModel):
    """A prompt, and when it is sent.

    Attributes:
        name: unique in the file; what the ledger knows it by, so that it may be moved.
        prompt: what the agent is told.
        heartbeat: follow the workspace's `HEARTBEAT.md` instead; nothing runs while that is empty.
        every: an interval such as `30m`.
        cron: a cron expression such as `0 8 * * mon-fri`.
        at: a moment; without an offset, in `timezone`.
        timezone: an IANA name such as `Europe/Berlin`; default: this machine's.
        workspace: the folder to work in, relative to the file.
        session: `new` begins a conversation each time, `same` goes on with one.
        model: model id; default: as on the command line.
        policy: as `--policy`; default: as on the command line.
        skills: names of skills; default: as on the command line.
        max_seconds: the longest that a run may take.
        enabled: false keeps a job without running it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[\w.-]{1,80}$")
    prompt: str = ""
    heartbeat: bool = False
    every: str | None = None
    cron: str | None = None
    at: datetime | None = None
    timezone: str | None = None
    workspace: Path = Path()
    session: Literal["new", "same"] = "new"
    model: str | None = None
    policy: str | None = None
    skills: tuple[str, ...] | None = None
    max_seconds: float | None = Field(None, gt=0)
    enabled: bool = True

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        given = [name for name in ("every", "cron", "at") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("say when: exactly one of every, cron and at")
        if bool(self.prompt.strip()) == self.heartbeat:
            raise ValueError("say what: a prompt, or heartbeat = true")
        assert self.schedule
        return self

    @cached_property
    def schedule(self) -> Schedule:
        """When it is due."""
        if self.every is not None:
            return Every(read_interval(self.every))
        if self.cron is not None:
            return ByCron(Cron.parse(self.cron), self._zone)
        assert self.at is not None
        at = self.at if self.at.tzinfo else self.at.replace(tzinfo=self._zone)
        return Once(at.astimezone(UTC))

    @property
    def _zone(self) -> tzinfo:
        if self.timezone is None:
            return _local_zone()
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {self.timezone!r}") from error


class _JobsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    job: tuple[Job, ...]


def load_jobs(path: Path) -> list[Job]:
    """The jobs of a file; their workspaces are absolute and exist.

    Raises:
        UsageError: the file cannot be read, or a job in it cannot be.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        jobs = _JobsFile.model_validate(data).job
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise UsageError(f"{path} cannot be used: {explain(error, 'file')}") from error
    names = [job.name for job in jobs]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"{path}: several jobs are called {doubled[0]!r}; names are unique")
    return [_placed(job, path) for job in jobs]


def _placed(job: Job, path: Path) -> Job:
    workspace = (path.parent / job.workspace.expanduser()).resolve()
    if not workspace.is_dir():
        raise UsageError(f"{path}: the workspace of {job.name!r}, {workspace}, is no folder")
    return job.model_copy(update={"workspace": workspace})


def _local_zone() -> tzinfo:
    """This machine's zone with its rules, where its name is known; else its offset of today."""
    link = Path("/etc/localtime").resolve()
    _, found, name = str(link).partition("/zoneinfo/")
    if found:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            pass
    return datetime.now().astimezone().tzinfo or UTC
