"""The loop: what is due runs, one run at a time in a workspace, and a restart goes on."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime
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
                await asyncio.sleep(self._until_next())
        finally:
            for task in self._at_work.values():
                task.cancel()
            await asyncio.gather(*self._at_work.values(), return_exceptions=True)

    def _next_times(self, now: datetime) -> dict[str, datetime | None]:
        """When each job is due next."""
        return {
            name: job.schedule.next((record := self._ledger.record(name, now)).since, record.last)
            for name, job in self._jobs.items()
        }

    def _start_due(self) -> None:
        now = self._clock()
        due = self._next_times(now)
        for name, job in self._jobs.items():
            record, at = self._ledger.record(name, now), due[name]
            cut_short = record.running is not None
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
                self.outcomes.append(error)
                self._reporter.failed(job, error)
                self._ledger.skip(job.name, self._clock())
                self._ledger.end(job.name, f"error: {error}")

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
        self.outcomes.append(reason)
        self._ledger.end(job.name, reason.value)


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
