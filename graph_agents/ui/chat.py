"""The conversation: lines become turns, lines during a turn steer it, Ctrl-C stops it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any

from rich.text import Text

from clawgym.errors import ClawGymError
from graph_agents.approval import ApprovalDecision
from graph_agents.events import AgentEvent, StopReason, TurnEnded
from graph_agents.ui.asking import Asker
from graph_agents.ui.front import End, Front, Line, Stop, Typed
from graph_agents.ui.slash import CONTINUE, QUIT, Command, Talk, find


class Chat:
    """One conversation at a front.

    Args:
        talk: the agent, its session, and where they are shown.
        asker: asks for approvals; the same that the agent was given as `approve`.
    """

    def __init__(self, talk: Talk, asker: Asker) -> None:
        self._talk = talk
        self._asker = asker
        self._leave = False
        self._conversing = False
        self._stopped_idle = False
        self._ended = False
        self._early: list[Typed] = []
        self.last: TurnEnded | None = None
        self.failure: ClawGymError | None = None

    async def converse(self, first: str | None = None, *, go_on: bool = False) -> None:
        """Talk until the user leaves.

        Args:
            first: a message to begin with.
            go_on: continue the turn that a crash or a question cut short, before anything else.
        """
        self._conversing = True
        if go_on:
            await self.go_on()
        if first is not None and not self._leave:
            await self.say(first)
        while not self._leave:
            await self._take(self._early.pop(0) if self._early else await self._front.next())

    async def say(self, prompt: str) -> None:
        """One turn."""
        await self._turn(self._talk.session.send(prompt))

    async def go_on(self) -> None:
        """Continue a turn that was cut short, after asking what it waits for."""
        session = self._talk.session
        if not session.asked:
            await self._turn(session.go_on())
            return
        decisions: dict[str, ApprovalDecision] = {}
        for request in session.asked:
            answering = asyncio.ensure_future(self._asker(request))
            await self._attend(answering)
            if self._leave:
                return
            decisions[request.id] = answering.result()
        await self._turn(session.go_on(decisions))

    @property
    def _front(self) -> Front:
        return self._talk.front

    async def _take(self, typed: Typed) -> None:
        """What is typed between turns."""
        stopped, self._stopped_idle = self._stopped_idle, isinstance(typed, Stop)
        match typed:
            case Line(text) if text.strip():
                await self._command_or_turn(text.strip())
            case Stop() if not stopped:
                self._front.say(Text("once more leaves", style="dim"))
            case Stop() | End():
                self._leave = True
            case Line():
                pass

    async def _command_or_turn(self, text: str) -> None:
        try:
            found = find(text, self._talk.skills)
            if found is None:
                await self.say(text)
                return
            command, arguments = found
            if command.name == QUIT:
                self._leave = True
            elif command.name == CONTINUE:
                await self.go_on()
            else:
                await self._run(command, arguments)
        except ClawGymError as error:
            self._complain(error)

    async def _run(self, command: Command, arguments: str) -> None:
        """A command; a summary is interrupted by Ctrl-C, and whatever it is, a second one leaves.

        What is typed meanwhile is for afterwards.
        """
        work, stopped = asyncio.ensure_future(command.run(self._talk, arguments)), False
        self._front.busy(True)
        try:
            while not (work.done() or self._leave):
                typed = await _first(self._front.next(during_turn=True), work)
                if isinstance(typed, Stop):
                    self._talk.session.interrupt()
                    stopped, self._leave = True, stopped
                elif typed is not None:
                    self._early.append(typed)
                if isinstance(typed, End):
                    break
            if not self._leave:
                await work
        finally:
            self._front.busy(False)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _turn(self, events: AsyncGenerator[AgentEvent]) -> None:
        self._front.busy(True)
        self._ended = False
        try:
            await self._attend(asyncio.ensure_future(self._follow(events)))
        except ClawGymError as error:
            self.failure = error
            if self._conversing:
                self._complain(error)
        finally:
            self._front.busy(False)
        interrupted = self.last and self.last.reason is StopReason.INTERRUPTED
        if interrupted and self._conversing and not self._leave:
            self._front.say(Text("/continue goes on, or say what to do instead", style="dim"))

    async def _follow(self, events: AsyncGenerator[AgentEvent]) -> None:
        async with aclosing(events) as turn:
            async for event in turn:
                if isinstance(event, TurnEnded):
                    self.last, self._ended = event, True
                self._front.show(event)

    async def _attend(self, work: "asyncio.Future[Any]") -> None:
        """Wait for something while taking what is typed."""
        stopped = False
        try:
            while not work.done():
                typed = await _first(self._front.next(during_turn=True), work)
                if typed is not None and self._ended:
                    self._early.append(typed)  # it is for what comes after the turn
                elif isinstance(typed, Line):
                    await self._typed_during_turn(typed.text.strip())
                elif isinstance(typed, Stop) and not (stopped or self._leave):
                    stopped = True
                    self._interrupt()
                elif typed is not None:
                    self._leave = True
                    return
        finally:
            if not work.done():
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
        if not work.cancelled():
            work.result()

    def _interrupt(self) -> None:
        if self._asker.waits:
            self._asker.give_up()
        self._talk.session.interrupt()
        self._front.say(Text("stopping; Ctrl-C leaves at once", style="dim"))

    async def _typed_during_turn(self, text: str) -> None:
        if self._asker.waits:
            self._asker.answer(text)
            return
        try:
            found = find(text, self._talk.skills) if text else None
            if found is None:
                if text:
                    self._talk.session.steer(text)
            elif found[0].name == QUIT:
                self._interrupt()
                self._leave = True
            elif found[0].always:
                await found[0].run(self._talk, found[1])
            else:
                self._front.say(f"/{found[0].name} has to wait until the turn has ended")
        except ClawGymError as error:
            self._complain(error)

    def _complain(self, error: ClawGymError) -> None:
        self._front.say(Text(f"error: {error}", style="red"))


async def _first(typed: Coroutine[Any, Any, Typed], work: "asyncio.Future[Any]") -> Typed | None:
    """What is typed before the work is done; None when it is done first."""
    reading = asyncio.ensure_future(typed)
    try:
        await asyncio.wait([reading, work], return_when=asyncio.FIRST_COMPLETED)
        return reading.result() if reading.done() else None
    finally:
        if not reading.done():
            reading.cancel()
