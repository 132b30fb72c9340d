"""The agent in a terminal: what is finished scrolls away above, what goes on is drawn below.

The part below is the line that is being written, the tools that run with the end of their output,
an open question, a status line and the input. It is a `rich` live display, so the scrollback is the
terminal's own and keeps everything. The terminal reads keys one by one and echoes none.
"""

import asyncio
import contextlib
import os
import signal
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from rich.cells import cell_len, chop_cells
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from clawgym.model import ToolRequest
from graph_agents.events import (
    AgentEvent,
    ApprovalDecided,
    FilesChanged,
    ModelReplied,
    ReasoningDelta,
    TextDelta,
    ToolEnded,
    ToolOutput,
    ToolStarted,
    TurnEnded,
    TurnStarted,
)
from graph_agents.ui.editor import Complete, LineEditor
from graph_agents.ui.front import End, Line, Stop, Typed
from graph_agents.ui.keys import KeyReader
from graph_agents.ui.printable import drop_controls, one_line
from graph_agents.ui.render import (
    ASKED_LINES,
    call_text,
    diff_text,
    ending_text,
    note_text,
    prompt_text,
    result_text,
    tail_text,
)
from graph_agents.ui.tally import Tally

_TICK = 0.08
_KEPT_OUTPUT = 4_000
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_INPUT_ROWS = 8


@dataclass
class _Running:
    call: ToolRequest
    began: float
    output: str = ""


class Screen:
    """A terminal with its input.

    Args:
        status: what the status line says of the session.
        tally: counts along.
        complete: finishes slash commands.
        console: where to draw; by default, stdout.
    """

    can_ask = True

    def __init__(
        self,
        status: Callable[[], str],
        tally: Tally,
        *,
        complete: Complete | None = None,
        console: Console | None = None,
    ) -> None:
        self._status = status
        self._tally = tally
        self._console = console or Console(highlight=False)
        self.editor = LineEditor(complete)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._keyboard = _Keyboard(self._typed)
        self._queue: asyncio.Queue[Typed] = asyncio.Queue()
        self._running: dict[str, _Running] = {}
        self._question: Text | None = None
        self._seen: dict[str, str] = {}
        self._stashed = ""
        self._partial = ""
        self._fresh = True
        self._style = ""
        self._busy_since: float | None = None
        self._dirty = True
        self._ticker: asyncio.Task[None] | None = None

    def show(self, event: AgentEvent) -> None:
        """Show one event."""
        self._tally.saw(event)
        match event:
            case TextDelta(text):
                self._write(text, "default")
            case ReasoningDelta(text):
                self._write(text, "dim italic")
            case ModelReplied():
                self._end_line()
                self._fresh = True
            case TurnStarted(_, prompt):
                self.say(prompt_text(prompt))
            case ToolStarted() | ToolOutput() | ToolEnded():
                self._show_tool(event)
            case ApprovalDecided() | FilesChanged():
                self._show_diff(event)
            case TurnEnded():
                self._running.clear()
                self._seen.clear()
                self.say(ending_text(event, self._tally.turn))
            case _:
                if note := note_text(event):
                    self.say(note)
        self._dirty = True

    def _show_diff(self, event: ApprovalDecided | FilesChanged) -> None:
        """What a call has changed, unless it was shown whole when it was asked about."""
        if isinstance(event, FilesChanged):
            if event.diff.strip() not in self._seen.pop(event.call.id, ""):
                self.say(diff_text(event.diff))
        elif len((asked := event.request).preview.splitlines()) <= ASKED_LINES:
            self._seen[asked.call.id] = asked.preview

    def say(self, text: Text | str) -> None:
        """Add to what scrolls away."""
        self._end_line()
        self._console.print(text)

    def ask(self, question: Text | None) -> None:
        """Show a question above the input; what was half written comes back afterwards."""
        if question is not None and self._question is None:
            self._stashed = self.editor.stash()
        elif question is None and self._question is not None:
            self.editor.restore(self._stashed)
        self._question = question
        self._draw()

    def busy(self, running: bool) -> None:
        """Show that a turn runs."""
        self._busy_since = time.monotonic() if running else None
        self._draw()

    async def next(self, *, during_turn: bool = False) -> Typed:
        """What is typed next; `End` for ever at the end."""
        del during_turn
        typed = await self._queue.get()
        if isinstance(typed, End):
            self._queue.put_nowait(typed)
        return typed

    async def __aenter__(self) -> Self:
        self._keyboard.open()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupted)
        loop.add_signal_handler(signal.SIGCONT, self._keyboard.settle)
        self._live.start()
        self._draw()
        self._ticker = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._ticker is not None
        self._ticker.cancel()
        self._end_line()
        self._live.update(Text(""), refresh=True)
        self._live.stop()
        loop = asyncio.get_running_loop()
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGCONT)
        self._keyboard.close()

    def _typed(self, data: bytes) -> None:
        if not data:
            self._queue.put_nowait(End())
            return
        for key in self._keyboard.reader.feed(data):
            if key.name == "eof" and not self.editor.text:
                self._queue.put_nowait(End())
            elif key.name == "redraw":
                self._console.clear()
            elif (line := self.editor.press(key)) is not None:
                self._queue.put_nowait(Line(line))
        self._draw()

    def _interrupted(self) -> None:
        """Ctrl-C: first for what is half written, then for the conversation."""
        written = self.editor.stash()
        if not written or self._busy_since is not None:
            self._queue.put_nowait(Stop())
        self._draw()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            if self._dirty or self._busy_since is not None:
                self._draw()

    def _draw(self) -> None:
        self._dirty = False
        self._live.update(Group(*self.rows()), refresh=True)

    def rows(self) -> list[Text]:
        """What is drawn below: what goes on, a question, the status, the input."""
        width = self._console.width
        rows: list[Text] = []
        if self._partial:
            rows.append(Text(self._partial, style=self._style, no_wrap=True))
        frame = _SPINNER[int(time.monotonic() / 0.1) % len(_SPINNER)]
        for running in self._running.values():
            seconds = time.monotonic() - running.began
            head = Text(f"{frame} ", style="cyan").append_text(call_text(running.call)[2:])
            rows.append(head.append(f"  {seconds:.1f} s", style="dim"))
            if tail := tail_text(running.output):
                rows.append(tail)
        if self._question:
            rows.append(self._question)
        rows.append(self._status_row(frame, width))
        rows += _input_rows(self.editor, width)
        for row in rows:
            row.no_wrap, row.overflow = True, "ellipsis"
        return rows

    def _status_row(self, frame: str, width: int) -> Text:
        words = [self._tally.tokens, self._status()]
        if self._busy_since is not None:
            seconds = time.monotonic() - self._busy_since
            words = [f"{frame} {seconds:.0f} s", *words, "Ctrl-C interrupts, typing steers"]
        else:
            words.append("/help")
        return Text(one_line(" · ".join(filter(None, words)), max(width, 20)), style="dim")

    def _write(self, text: str, style: str) -> None:
        if self._partial and style != self._style:
            self._end_line()
        self._style = style
        text = text.lstrip() if self._fresh else text
        self._fresh = self._fresh and not text
        *whole, self._partial = (self._partial + drop_controls(text).expandtabs(4)).split("\n")
        for line in whole:
            self._console.print(Text(line, style=style))
        width = max(20, self._console.width - 1)
        if cell_len(self._partial) > width:
            *full, self._partial = _wrapped(self._partial, width)
            for line in full:
                self._console.print(Text(line, style=style))

    def _end_line(self) -> None:
        if self._partial:
            line, self._partial = self._partial, ""
            self._console.print(Text(line, style=self._style))

    def _show_tool(self, event: ToolStarted | ToolOutput | ToolEnded) -> None:
        call = event.call
        if isinstance(event, ToolStarted):
            self._end_line()
            self._running[call.id] = _Running(call, time.monotonic())
            return
        running = self._running.get(call.id) or _Running(call, time.monotonic())
        if isinstance(event, ToolOutput):
            running.output = (running.output + event.text)[-_KEPT_OUTPUT:]
            return
        self._running.pop(call.id, None)
        seconds, failed = time.monotonic() - running.began, event.message.status == "error"
        self.say(call_text(call))
        self.say(result_text(str(event.message.text), failed=failed, seconds=seconds))


def _wrapped(line: str, width: int) -> list[str]:
    """Rows of at most `width` cells, broken after a blank where there is one."""
    rows: list[str] = []
    while cell_len(line) > width:
        head = chop_cells(line, width)[0]
        blank = head.rfind(" ")
        end = blank + 1 if blank > 0 else len(head)
        rows.append(line[:end].rstrip())
        line = line[end:]
    return [*rows, line]


def _input_rows(editor: LineEditor, width: int) -> list[Text]:
    """The input with its cursor; of a long text, the rows around the cursor."""
    text = Text("> ", style="bold green")
    before, at, after = _parted(editor)
    text.append(before, style="default").append(at, style="reverse").append(after, style="default")
    rows = [row for line in text.split("\n", allow_blank=True) for row in _fold(line, width)]
    if len(rows) <= _INPUT_ROWS:
        return rows
    cursor = min(len(rows) - 1, (cell_len(before) + 2) // max(1, width - 1))
    first = max(0, min(cursor - _INPUT_ROWS // 2, len(rows) - _INPUT_ROWS))
    return rows[first : first + _INPUT_ROWS]


def _parted(editor: LineEditor) -> tuple[str, str, str]:
    at = editor.text[editor.cursor : editor.cursor + 1] or " "
    if at == "\n":
        return editor.text[: editor.cursor], " ", editor.text[editor.cursor :]
    return editor.text[: editor.cursor], at, editor.text[editor.cursor + 1 :]


def _fold(line: Text, width: int) -> list[Text]:
    pieces: list[Text] = []
    room = max(10, width - 1)
    while cell_len(line.plain) > room:
        at = len(chop_cells(line.plain, room)[0])
        pieces.append(line[:at])
        line = line[at:]
    return [*pieces, line]


class _Keyboard:
    """The terminal's keys, one by one and without echo, until it is closed."""

    def __init__(self, typed: Callable[[bytes], None]) -> None:
        self.reader = KeyReader()
        self._typed = typed
        self._fd = -1
        self._before: list[object] | None = None

    def open(self) -> None:
        self._fd = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._fd)
        self.settle()
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def settle(self) -> None:
        """Set the terminal up; also after the program was suspended."""
        attributes = termios.tcgetattr(self._fd)
        attributes[0] &= ~termios.ICRNL  # else a pasted end of line from Windows would be two
        attributes[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(self._fd, termios.TCSADRAIN, attributes)
        self._tell("\x1b[?2004h")  # pasted text comes in brackets

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        self._tell("\x1b[?2004l")
        termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before or [])  # pyright: ignore[reportArgumentType] - as `tcgetattr` gave it

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                data = b""  # the terminal is gone
            if not data:
                asyncio.get_running_loop().remove_reader(self._fd)
            self._typed(data)

    def _tell(self, sequence: str) -> None:
        with contextlib.suppress(OSError):
            sys.stdout.write(sequence)
            sys.stdout.flush()
