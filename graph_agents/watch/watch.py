"""The loop: what is due runs, one run at a time in a workspace, and a restart goes on."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from langchain_core.messages import AIMessage

from clawgym.errors import ClawGymError, SessionBusyError
from graph_agents.agent import Agent, AgentSession
from graph_agents.events import AgentEvent, StopReason, TurnEnded
from graph_agents.journal import Entry
from graph_agents.watch.heartbeat import heartbeat_prompt, is_silence
from graph_agents.watch.jobs import Job
from graph_agents.watch.ledger import Ledger, Record, Run

_log = logging.getLogger(__name__)

_LONGEST_SLEEP = 20.0
"""Seconds; clocks are set and machines sleep, so the time is looked at again."""

_BUSY_AGAIN = 30.0

_WAITS = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 240))
"""After a failure of a job that comes only once; then it is given up."""

FAILED = frozenset({StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED, StopReason.CONTEXT})
"""Ends that are not the agent's own."""

Opener = Callable[[Job], AbstractAsyncContextManager[Agent]]
"""Opens the agent that a job wants."""


class Reporter(Protocol):
    """Is told what happens."""

    def began(self, job: Job, session: str, *, again: bool) -> None:
        """A run begins, or goes on after a restart."""
        ...

    def event(self, job: Job, event: AgentEvent) -> None:
        """Something happens in it."""
        ...

    def answered(self, job: Job, answer: str) -> None:
        """It has something to say."""
        ...

    def failed(self, job: Job, error: ClawGymError) -> None:
        """It could not be run at all."""
        ...

    def retries(self, job: Job, at: datetime | None) -> None:
        """A job that comes once has failed: it is tried again then, or, with None, given up."""
        ...

    def waits(self, job: str | None, until: datetime | None) -> None:
        """Nothing runs until this job does; None where no job is due again."""
        ...


def _now() -> datetime:
    return datetime.now(UTC)


class Watch:
    """Runs the jobs of a file.

    Args:
        jobs: what to run when.
        ledger: what ran so far.
        opener: opens agents.
        reporter: is told what happens.
        clock: the time, aware.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        ledger: Ledger,
        opener: Opener,
        reporter: Reporter,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._jobs = {job.name: job for job in jobs if job.enabled}
        self._ledger = ledger
        self._opener = opener
        self._reporter = reporter
        self._clock = clock
        self._workspaces: dict[Path, asyncio.Lock] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._not_before: dict[str, datetime] = {}
        self._told: tuple[str | None, datetime | None] | None = None
        self.outcomes: list[StopReason | ClawGymError] = []

    async def once(self) -> None:
        """Go on with what was cut short, run what is due now, and wait for all of it."""
        self._start_due()
        await asyncio.gather(*self._at_work.values())

    async def forever(self) -> None:
        """Run what is due until cancelled; runs are then cut short, and go on after a restart."""
        try:
            while True:
                self._start_due()
                self._tell_next()
                await asyncio.sleep(self._until_next())
        finally:
            for task in self._at_work.values():
                task.cancel()
            await asyncio.gather(*self._at_work.values(), return_exceptions=True)

    def _next_times(self, now: datetime) -> dict[str, datetime | None]:
        """When each job is due next."""
        return {
            name: self._ledger.record(name, now).due(job.schedule)
            for name, job in self._jobs.items()
        }

    def _tell_next(self) -> None:
        """Say what is waited for, where nothing runs and that was not said yet."""
        if self._at_work:
            return
        times = [(at, name) for name, at in self._next_times(self._clock()).items() if at]
        at, name = min(times, default=(None, None))
        if (name, at) != self._told:
            self._told = (name, at)
            self._reporter.waits(name, at)

    def _start_due(self) -> None:
        now = self._clock()
        due = self._next_times(now)
        for name, job in self._jobs.items():
            record, at = self._ledger.record(name, now), due[name]
            cut_short = record.running is not None and record.retry is None
            if name in self._at_work or now < self._not_before.get(name, now):
                continue
            if cut_short or (at is not None and at <= now):
                task = asyncio.create_task(self._run(job, record), name=f"job {name}")
                task.add_done_callback(lambda _, name=name: self._at_work.pop(name, None))
                self._at_work[name] = task

    def _until_next(self) -> float:
        now = self._clock()
        times = [
            max(at, self._not_before.get(name, at))
            for name, at in self._next_times(now).items()
            if at is not None and name not in self._at_work
        ]
        soonest = min(((at - now).total_seconds() for at in times), default=_LONGEST_SLEEP)
        return min(_LONGEST_SLEEP, max(0.05, soonest))

    async def _run(self, job: Job, record: Record) -> None:
        lock = self._workspaces.setdefault(job.workspace, asyncio.Lock())
        async with lock:
            try:
                await self._run_alone(job, record)
            except SessionBusyError as error:
                _log.info("job %s waits: %s", job.name, error)
                later = self._clock().timestamp() + _BUSY_AGAIN
                self._not_before[job.name] = datetime.fromtimestamp(later, UTC)
            except ClawGymError as error:
                self._reporter.failed(job, error)
                self._ledger.skip(job.name, self._clock())
                self._end(job, error, f"error: {error}")

    async def _run_alone(self, job: Job, record: Record) -> None:
        again = record.running
        prompt = again.prompt if again else _prompt(job)
        if prompt is None:
            self._ledger.skip(job.name, self._clock())
            return
        async with self._opener(job) as agent:
            known = again.session if again else record.session if job.session == "same" else None
            session = await agent.resume(known) if known else agent.new_session(job.name)
            run = again or Run(
                at=self._clock(), session=session.id, prompt=prompt, head=_head(session)
            )
            if again is None:
                self._ledger.begin(job.name, run)
            self._reporter.began(job, session.id, again=again is not None)
            await self._finish(job, session, run)

    async def _finish(self, job: Job, session: AgentSession, run: Run) -> None:
        """Do what is left of a run: all of it, the rest, or nothing but to say how it ended."""
        reason = StopReason.DONE
        events = _rest(session, run)
        if events is not None:
            async with aclosing(events) as turn:
                async for event in turn:
                    self._reporter.event(job, event)
                    if isinstance(event, TurnEnded):
                        reason = event.reason
        answer = _answer(session, run)
        if not is_silence(answer):
            self._reporter.answered(job, answer)
        self._end(job, reason, reason.value)

    def _end(self, job: Job, outcome: StopReason | ClawGymError, words: str) -> None:
        """Write down how a run ended; what comes only once is tried again where it failed."""
        self.outcomes.append(outcome)
        failed = isinstance(outcome, ClawGymError) or outcome in FAILED
        if job.at is None or not failed:
            self._ledger.end(job.name, words)
            return
        now = self._clock()
        tries = self._ledger.record(job.name, now).tries
        at = now + _WAITS[tries] if tries < len(_WAITS) else None
        if at:
            self._ledger.fail(job.name, words, now, at)
        else:
            self._ledger.end(job.name, f"{words}, given up")
        self._reporter.retries(job, at)


def _prompt(job: Job) -> str | None:
    return heartbeat_prompt(job.workspace) if job.heartbeat else job.prompt


def _rest(session: AgentSession, run: Run) -> AsyncGenerator[AgentEvent] | None:
    """What is left of a run: None where its turn has ended."""
    if not any(entry.message is not None for entry in _since(session, run)):
        return session.send(run.prompt)  # what is unfinished is of an earlier run, which has failed
    return session.go_on() if session.unfinished else None


def _head(session: AgentSession) -> str | None:
    entries = session.entries()
    return entries[-1].id if entries else None


def _since(session: AgentSession, run: Run) -> list[Entry]:
    """The entries of the run."""
    entries = session.entries()
    begun = next((at for at, entry in enumerate(entries, 1) if entry.id == run.head), 0)
    return entries[begun:]


def _answer(session: AgentSession, run: Run) -> str:
    """The last words of the run."""
    replies = (entry.message for entry in reversed(_since(session, run)))
    return next((str(each.text) for each in replies if isinstance(each, AIMessage)), "")
