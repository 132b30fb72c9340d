"""What `clawgym agent watch` does, once its options are parsed."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from clawgym.errors import ClawGymError, ExitCode
from graph_agents.agent import Agent
from graph_agents.approval import ApprovalDecision, ApprovalRequest
from graph_agents.assembly import assemble, check_options
from graph_agents.events import (
    AgentEvent,
    ReasoningDelta,
    StopReason,
    TextDelta,
    event_json,
)
from graph_agents.journal import default_state
from graph_agents.options import AgentOptions
from graph_agents.ui.asking import refuse
from graph_agents.ui.lines import write_line
from graph_agents.ui.plain import Plain
from graph_agents.watch.jobs import Job, load_jobs
from graph_agents.watch.ledger import Ledger
from graph_agents.watch.watch import FAILED, Watch


@dataclass(frozen=True)
class WatchRequest:
    """One call of the command; `options` hold for jobs that do not say otherwise."""

    file: Path
    options: AgentOptions
    once: bool = False
    as_json: bool = False

    @property
    def ledgers(self) -> Path:
        """Where it is kept what ran."""
        return (self.options.state or default_state()).parent / "watch"


async def run_watch(request: WatchRequest) -> int:
    """Run what is due, for ever or once; the exit code.

    Raises:
        UsageError: the file or the options cannot be used, or it is being watched already.
    """
    jobs = load_jobs(request.file)
    for job in jobs:
        if job.enabled:
            check_options(_options(job, request.options))
    reporter = JsonReporter() if request.as_json else TextReporter()
    with Ledger(request.ledgers, request.file) as ledger:
        watch = Watch(jobs, ledger, lambda job: _opened(job, request.options), reporter)
        if request.once:
            await watch.once()
        else:
            await _until_stopped(watch)
    return _exit_code(watch) if request.once else ExitCode.DONE


def list_jobs(request: WatchRequest) -> Iterator[str]:
    """When each job is due next and how it went last, a line each.

    Raises:
        UsageError: the file cannot be used, or is being watched.
    """
    jobs = load_jobs(request.file)
    with Ledger(request.ledgers, request.file) as ledger:
        now = datetime.now(UTC)
        for job in jobs:
            record = ledger.record(job.name, now)
            due = record.due(job.schedule) if job.enabled else None
            words = [job.name, f"next {_when(due)}"]
            if record.last:
                running = record.running and not record.retry
                outcome = "running" if running else record.outcome or "skipped"
                words.append(f"last {_when(record.last)} ({outcome})")
            yield "  ".join(words)


def _options(job: Job, options: AgentOptions) -> AgentOptions:
    """The options of one job."""
    model = {"model": job.model} if job.model else {}
    return replace(
        options,
        workspace=job.workspace,
        settings=options.settings.model_copy(update=model),
        policy=job.policy or options.policy,
        skills=options.skills if job.skills is None else ",".join(job.skills) or "none",
        limits=replace(options.limits, wall_seconds=job.max_seconds or options.limits.wall_seconds),
    )


@asynccontextmanager
async def _opened(job: Job, options: AgentOptions) -> AsyncGenerator[Agent]:
    async with assemble(_options(job, options), _refuse) as assembled:
        yield assembled.agent


async def _refuse(request: ApprovalRequest) -> ApprovalDecision:
    return refuse(request)


async def _until_stopped(watch: Watch) -> None:
    """Watch until SIGINT or SIGTERM; runs that are cut short go on the next time."""
    loop = asyncio.get_running_loop()
    watching = asyncio.ensure_future(watch.forever())
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, watching.cancel)
    with suppress(asyncio.CancelledError):
        await watching


def _exit_code(watch: Watch) -> int:
    errors = [each.exit_code for each in watch.outcomes if isinstance(each, ClawGymError)]
    errors += [ExitCode.INFRASTRUCTURE for each in watch.outcomes if each in FAILED]
    if errors:
        return max(errors)
    stopped = any(each is not StopReason.DONE for each in watch.outcomes)
    return ExitCode.FINDINGS if stopped else ExitCode.DONE


class TextReporter:
    """Answers on stdout under the name of their job, what happens around them on stderr."""

    def __init__(self) -> None:
        self._fronts: dict[str, Plain] = {}

    def began(self, job: Job, session: str, *, again: bool) -> None:
        """Say which job runs."""
        front = self._fronts[job.name] = Plain()
        words = "goes on" if again else "begins"
        front.say(Text(f"{_when(datetime.now(UTC))} {job.name} {words}: session {session}", "bold"))

    def event(self, job: Job, event: AgentEvent) -> None:
        """Show what it does; what it says is shown once it is known not to mean silence."""
        if not isinstance(event, TextDelta | ReasoningDelta):
            self._fronts[job.name].show(event)

    def answered(self, job: Job, answer: str) -> None:
        """Show what it says."""
        Plain().answer(f"[{job.name}] {answer.strip()}\n")

    def failed(self, job: Job, error: ClawGymError) -> None:
        """Show why it could not be run."""
        Plain().say(Text(f"{job.name}: error: {error}", "red"))

    def retries(self, job: Job, at: datetime | None) -> None:
        """Say when a job that failed is tried again."""
        words = f"it is tried again at {_when(at)}" if at else "given up: it has failed too often"
        Plain().say(Text(f"{job.name}: {words}", "yellow"))

    def waits(self, job: str | None, until: datetime | None) -> None:
        """Say what runs next."""
        words = f"next: {job} at {_when(until)}" if job else "no job of the file is due again"
        Plain().say(Text(f"{words}; Ctrl-C leaves", "dim"))


class JsonReporter:
    """The same, a JSON object a line, with the name of the job."""

    def began(self, job: Job, session: str, *, again: bool) -> None:
        """Write that a run begins."""
        write_line({"job": job.name, "type": "run", "session": session, "again": again})

    def event(self, job: Job, event: AgentEvent) -> None:
        """Write an event."""
        write_line({"job": job.name, **event_json(event)})

    def answered(self, job: Job, answer: str) -> None:
        """Write an answer."""
        write_line({"job": job.name, "type": "answer", "text": answer})

    def failed(self, job: Job, error: ClawGymError) -> None:
        """Write an error."""
        write_line({"job": job.name, "type": "error", "text": str(error)})

    def retries(self, job: Job, at: datetime | None) -> None:
        """Write when a job that failed is tried again, null where it is given up."""
        write_line({"job": job.name, "type": "retry", "at": at and at.isoformat()})

    def waits(self, job: str | None, until: datetime | None) -> None:
        """Write what runs next."""
        write_line({"job": job, "type": "wait", "until": until and until.isoformat()})


def _when(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "never"
