"""The agent on plain streams: its words on stdout, what happens around them on stderr.

Where stdout is no terminal, only the answer that ends a turn goes there, so that
`$(clawgym agent run …)` is that answer; what the agent says on the way goes to stderr. Colours go
away by themselves where there is no terminal or `NO_COLOR` is set.
"""

import asyncio
import contextlib
import signal
import sys
import threading
import time
from typing import Self

from rich.console import Console
from rich.text import Text

from graph_agents.events import (
    AgentEvent,
    FellBack,
    FilesChanged,
    ModelReplied,
    Nudged,
    ReasoningDelta,
    Retried,
    Steered,
    StopReason,
    TextDelta,
    ToolEnded,
    ToolStarted,
    TurnEnded,
)
from graph_agents.ui.front import End, Line, Stop, Typed
from graph_agents.ui.printable import drop_controls
from graph_agents.ui.render import call_text, diff_text, ending_text, note_text, result_text
from graph_agents.ui.tally import Tally

_GOES_ON = (TextDelta, ReasoningDelta, ToolStarted, Nudged, Steered)
"""After one of these, the reply before it was not the last one."""

_ANSWERED = frozenset({StopReason.DONE, StopReason.LENGTH})


class Plain:
    """Shows events as they come.

    Args:
        tally: counts along, for the last line of a turn.
        reads: whether lines of stdin are wanted; each is then a turn of its own.
    """

    can_ask = False

    def __init__(self, tally: Tally | None = None, *, reads: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._tally = tally or Tally()
        self._input = StreamInput(lines=reads)
        self._started: dict[str, float] = {}
        self._in_line = False
        self._reasoning = False
        self._live = sys.stdout.isatty()
        self._coming = self._reply = ""

    def show(self, event: AgentEvent) -> None:
        """Show one event."""
        self._tally.saw(event)
        if self._reply and isinstance(event, _GOES_ON):
            self._say_aside()
        match event:
            case TextDelta() | ReasoningDelta():
                self._hear(event)
            case ModelReplied():
                self._end_line()
                self._reply, self._coming = self._coming, ""
            case ToolStarted() | ToolEnded():
                self._show_tool(event)
            case FilesChanged(_, diff):
                self.say(diff_text(diff))
            case TurnEnded():
                self._end_turn(event)
            case _:
                self._note(event)

    def _hear(self, event: TextDelta | ReasoningDelta) -> None:
        if isinstance(event, ReasoningDelta):
            self._reason(event.text)
        elif self._live:
            self._say(event.text)
        else:
            self._coming += event.text

    def _show_tool(self, event: ToolStarted | ToolEnded) -> None:
        call = event.call
        if isinstance(event, ToolStarted):
            self._started[call.id] = time.monotonic()
            self.say(call_text(call))
            return
        seconds = time.monotonic() - self._started.pop(call.id, time.monotonic())
        failed = event.message.status == "error"
        self.say(result_text(str(event.message.text), failed=failed, seconds=seconds))

    def _end_turn(self, ended: TurnEnded) -> None:
        if ended.reason in _ANSWERED:
            self.answer(self._reply)
            self._reply = ""
        self._say_aside()
        self.say(ending_text(ended, self._tally.turn))

    def _note(self, event: AgentEvent) -> None:
        if isinstance(event, Retried | FellBack):
            self._coming = ""  # the reply begins anew
        if note := note_text(event):
            self.say(note)

    def answer(self, text: str) -> None:
        """An answer on stdout."""
        if text:
            self._say(text)
            self._end_line()

    def say(self, text: Text | str) -> None:
        """A line on stderr."""
        self._end_line()
        self._console.print(text)

    def ask(self, question: Text | None) -> None:
        """Nobody is asked on plain streams."""

    def busy(self, running: bool) -> None:
        """A turn begins or ends: Ctrl-C is for it."""
        self._input.busy = running

    async def next(self, *, during_turn: bool = False) -> Typed:
        """The next line of stdin, or Ctrl-C."""
        return await self._input.next(during_turn=during_turn)

    async def __aenter__(self) -> Self:
        self._input.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._say_aside()
        self._end_line()
        self._input.close()

    def _say(self, text: str) -> None:
        if self._reasoning:
            self._end_line()
        clean = drop_controls(text)
        sys.stdout.write(clean)
        sys.stdout.flush()
        if clean:
            self._in_line = not clean.endswith("\n")

    def _say_aside(self) -> None:
        """What was said on the way to the answer."""
        aside, self._reply, self._coming = self._reply + self._coming, "", ""
        if aside.strip():
            self.say(Text(drop_controls(aside).strip("\n")))

    def _reason(self, text: str) -> None:
        if not self._reasoning:
            self._end_line()
        self._reasoning = True
        self._console.print(Text(drop_controls(text), style="dim italic"), end="")

    def _end_line(self) -> None:
        if self._reasoning:
            self._console.print()
            self._reasoning = False
        if self._in_line:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._in_line = False


class StreamInput:
    """Lines of stdin, and Ctrl-C, for a front that has no terminal.

    While `busy`, Ctrl-C goes to the turn, and lines wait for their own. Without `lines`, stdin is
    left alone.
    """

    def __init__(self, *, lines: bool) -> None:
        self.busy = False
        self._reads = lines
        self._lines: asyncio.Queue[Typed] = asyncio.Queue()
        self._stops: asyncio.Queue[Typed] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Begin to read."""
        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(ValueError, RuntimeError):  # only the main thread may
            self._loop.add_signal_handler(signal.SIGINT, self._interrupted)
        if not self._reads:
            self._lines.put_nowait(End())
            return
        # A read of stdin cannot be called off: the thread must not be waited for at the end.
        threading.Thread(target=self._pump, args=(self._loop,), daemon=True).start()

    def close(self) -> None:
        """Give Ctrl-C back."""
        if self._loop:
            with contextlib.suppress(ValueError, RuntimeError):
                self._loop.remove_signal_handler(signal.SIGINT)

    async def next(self, *, during_turn: bool) -> Typed:
        """What comes next; `End` for ever at the end."""
        typed = await (self._stops if during_turn else self._lines).get()
        if isinstance(typed, End):
            self._lines.put_nowait(typed)
        return typed

    def _interrupted(self) -> None:
        (self._stops if self.busy else self._lines).put_nowait(Stop())

    def _pump(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError, ValueError):  # the loop is closed, or stdin is
            for line in sys.stdin:
                loop.call_soon_threadsafe(self._lines.put_nowait, Line(line.rstrip("\n")))
            loop.call_soon_threadsafe(self._lines.put_nowait, End())
