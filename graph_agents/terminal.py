"""How a run looks in a terminal: the agent's words on stdout, what happens around them on stderr.

So `clawgym agent run … > answer.txt` keeps the answer alone. Colours go away by themselves where
there is no terminal or `NO_COLOR` is set.
"""

import json
import re
import sys

from rich.console import Console
from rich.text import Text

from clawgym.model import ToolRequest
from clawgym.terminal import counted
from graph_agents.chat_model import parse_arguments
from graph_agents.events import AgentEvent, ModelReplied, Nudged, TextDelta, ToolEnded, ToolStarted
from graph_agents.session import AgentRun

_PREVIEW_LINES = 3
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Terminal:
    """Shows events as they come. Texts from models and tools cannot steer the terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._in_line = False

    def on_event(self, event: AgentEvent) -> None:
        """Show one event."""
        match event:
            case TextDelta(text):
                self._say(text)
            case ModelReplied():
                self._end_line()
            case Nudged():
                self._note("the reply was empty; asked once more", "yellow")
            case ToolStarted(call):
                self._show_call(call)
            case ToolEnded(_, message):
                self._show_result(str(message.text), failed=message.status == "error")

    def finish(self, run: AgentRun) -> None:
        """The last line: how it ended and what it took."""
        self._end_line()
        tokens = run.usage.prompt_tokens + run.usage.completion_tokens
        cached = f" ({run.usage.cached_tokens:,} cached)" if run.usage.cached_tokens else ""
        summary = (
            f"{run.stop_reason.value} · {counted(run.turns, 'turn')} · "
            f"{counted(run.tool_calls, 'tool call')} · {counted(tokens, 'token')}{cached}"
        )
        self._note(summary, "bold green" if run.stop_reason == "done" else "bold yellow")

    def _say(self, text: str) -> None:
        clean = _printable(text)
        sys.stdout.write(clean)
        sys.stdout.flush()
        if clean:
            self._in_line = not clean.endswith("\n")

    def _end_line(self) -> None:
        if self._in_line:
            self._say("\n")

    def _show_call(self, call: ToolRequest) -> None:
        self._end_line()
        line = Text()
        line.append("▸ ", style="cyan")
        line.append(_printable(call.name), style="bold cyan")
        line.append(f" {_shorten(_arguments(call))}")
        self._console.print(line)

    def _show_result(self, text: str, *, failed: bool) -> None:
        lines = _printable(text).splitlines()
        shown = [f"  {_shorten(line)}" for line in lines[:_PREVIEW_LINES]]
        if hidden := len(lines) - len(shown):
            shown.append(f"  … {counted(hidden, 'more line')}")
        self._note("\n".join(shown), "red" if failed else "dim")

    def _note(self, text: str, style: str) -> None:
        self._console.print(Text(text, style=style))


def _arguments(call: ToolRequest) -> str:
    """The one argument that says most, or all of them as they were written."""
    arguments = parse_arguments(call.arguments)
    if arguments is None:
        return _printable(call.arguments)
    for name in ("command", "path"):
        if isinstance(value := arguments.get(name), str):
            return _printable(value)
    return _printable(json.dumps(arguments, ensure_ascii=False))


def _shorten(text: str, width: int = 160) -> str:
    line = text.replace("\n", "⏎")
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _printable(text: str) -> str:
    """Without control characters: no file name and no reply may move the cursor."""
    return _CONTROL.sub("", text)
