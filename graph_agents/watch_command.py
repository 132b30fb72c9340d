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
from graph_agents.assembly import assemble
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
from graph_agents.watch.watch import Watch

_FAILED = {StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED, StopReason.CONTEXT}


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
        UsageError: the file cannot be used, or is being watched already.
    """
    jobs = load_jobs(request.file)
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
        UsageError: as `run_watch`.
    """
    jobs = load_jobs(request.file)
    with Ledger(request.ledgers, request.file) as ledger:
        now = datetime.now(UTC)
        for job in jobs:
            record = ledger.record(job.name, now)
            due = job.schedule.next(record.since, record.last) if job.enabled else None
            words = [job.name, f"next {_when(due)}"]
            if record.last:
                outcome = "running" if record.running else record.outcome or "skipped"
                words.append(f"last {_when(record.last)} ({outcome})")
            yield "  ".join(words)


@asynccontextmanager
async def _opened(job: Job, options: AgentOptions) -> AsyncGenerator[Agent]:
    model = {"model": job.model} if job.model else {}
    own = replace(
        options,
        workspace=job.workspace,
        settings=options.settings.model_copy(update=model),
        policy=job.policy or options.policy,
        skills=options.skills if job.skills is None else ",".join(job.skills) or "none",
        limits=replace(options.limits, wall_seconds=job.max_seconds or options.limits.wall_seconds),
    )
    async with assemble(own, _refuse) as assembled:
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
    if any(isinstance(each, ClawGymError) or each in _FAILED for each in watch.outcomes):
        return ExitCode.INFRASTRUCTURE
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
        Plain().show(TextDelta(f"[{job.name}] {answer.strip()}\n"))

    def failed(self, job: Job, error: ClawGymError) -> None:
        """Show why it could not be run."""
        Plain().say(Text(f"{job.name}: error: {error}", "red"))


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


def _when(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "never"
