"""Events as lines of text, coloured for those who see colours."""

import json

from rich.text import Text

from clawgym.model import ToolRequest
from clawgym.terminal import counted
from graph_agents.chat_model import parse_arguments
from graph_agents.events import (
    AgentEvent,
    BudgetSeen,
    Compacted,
    FellBack,
    FilesChanged,
    LoopSeen,
    Nudged,
    Offloaded,
    Retried,
    SkillActivated,
    Steered,
    StopReason,
    Subagent,
    ToolStarted,
    TurnEnded,
)
from graph_agents.ui.printable import one_line, printable

PREVIEW_LINES = 3
PROMPT_LINES = 6
DIFF_LINES = 60
ASKED_LINES = 20
"""Of a diff that is asked about."""

_ENDS = {
    StopReason.LENGTH: "the reply was cut off at the model's output limit",
    StopReason.EMPTY_REPLY: "the model said nothing, twice",
    StopReason.MAX_TURNS: "stopped: as many turns as one message may take (--max-turns)",
    StopReason.MAX_TOOL_CALLS: "stopped: as many calls as one message may take (--max-tool-calls)",
    StopReason.TIME: "stopped: the time for one message is over (--max-seconds)",
    StopReason.BUDGET: "stopped: a limit of the session is reached",
    StopReason.MODEL_FAILED: "the model failed",
    StopReason.SANDBOX_FAILED: "the sandbox failed",
    StopReason.LOOP: "stopped: the same calls came again and again",
    StopReason.CONTEXT: "the conversation is too long for the model",
    StopReason.APPROVAL: "waits for an approval",
}

_TELLING = ("command", "path", "query", "name", "prompt", "task")
"""Arguments that say by themselves what a call is about."""


def prompt_text(prompt: str) -> Text:
    """What the user said, or its beginning where it is long."""
    lines = printable(prompt).splitlines()
    shown = [f"> {one_line(line)}" for line in lines[:PROMPT_LINES]]
    if hidden := len(lines) - len(shown):
        shown.append(f"  … {counted(hidden, 'more line')}")
    return Text("\n".join(shown), style="bold")


def call_text(call: ToolRequest) -> Text:
    """A call in a line: `▸ exec make test`."""
    line = Text("▸ ", style="cyan")
    line.append(one_line(call.name, 60), style="bold cyan")
    line.append(f" {one_line(_about(call))}", style="default")
    return line


def result_text(text: str, *, failed: bool, seconds: float | None = None) -> Text:
    """The beginning of what a tool answered, and how long it took where that was noticeable."""
    lines = printable(text).splitlines()
    shown = [f"  {one_line(line)}" for line in lines[:PREVIEW_LINES]]
    if hidden := len(lines) - len(shown):
        shown.append(f"  … {counted(hidden, 'more line')}")
    if seconds is not None and seconds >= 0.1:
        shown.append(f"  took {seconds:.1f} s")
    return Text("\n".join(shown), style="red" if failed else "dim")


def tail_text(output: str, lines: int = PREVIEW_LINES) -> Text:
    """The end of what a running tool has put out."""
    last = printable(output).splitlines()[-lines:]
    return Text("\n".join(f"  {one_line(line, 120)}" for line in last), style="dim")


def diff_text(diff: str, most: int | None = DIFF_LINES) -> Text:
    """A unified diff in colours; None shows all of it."""
    lines = printable(diff).splitlines()
    shown = lines if most is None else lines[:most]
    text = Text("\n").join(Text(f"  {line}", style=_diff_style(line)) for line in shown)
    if hidden := len(lines) - len(shown):
        text.append(f"\n  … {counted(hidden, 'more line')}", style="dim")
    return text


def note_text(event: AgentEvent) -> Text | None:
    """What is said of an event in passing; None where nothing is, or where it is shown at length.

    The words of models and tools that stand in it are made harmless.
    """
    if isinstance(event, Subagent):
        return _subagent(event.name, event.event)
    note = _about_the_model(event) or _about_the_session(event)
    return Text(one_line(note[0], 400), style=note[1]) if note else None


def _about_the_model(event: AgentEvent) -> tuple[str, str] | None:
    """Words and their style."""
    match event:
        case Nudged():
            return "the reply was empty; asked once more", "yellow"
        case Retried(what, why, delay):
            return f"{what}: {why}; asked again in {delay:.1f} s", "yellow"
        case FellBack(failed, to):
            return f"{failed} failed; {to} goes on", "yellow"
        case LoopSeen(pattern, stop):
            return f"going in circles: {pattern}", "bold red" if stop else "yellow"
        case _:
            return None


def _about_the_session(event: AgentEvent) -> tuple[str, str] | None:
    match event:
        case SkillActivated(name, digest):
            return f"✦ skill {name} ({digest.removeprefix('sha256:')[:12]})", "magenta"
        case Compacted(before, after):
            return f"conversation summarised: {before:,} → {after:,} tokens", "blue"
        case Offloaded(_, path):
            return f"  the result as the tool gave it is in {path}", "dim"
        case BudgetSeen(kind, used, limit):
            return _limit(kind, used, limit), "bold yellow"
        case Steered(text):
            return f"↳ {text}", "bold"
        case _:
            return None


def ending_text(ended: TurnEnded, words: str) -> Text:
    """The last line of a turn: the reason, what it took, and what failed."""
    if ended.reason is StopReason.DONE:
        style = "green"
    else:
        style = "bold red" if ended.error else "bold yellow"
    line = Text(f"{_ENDS.get(ended.reason, ended.reason.value)} · {words}", style=style)
    if ended.error:
        line.append(f"\nerror: {printable(ended.error)}", style="red")
    return line


def _limit(kind: str, used: float, limit: float) -> str:
    match kind:
        case "money":
            most, spent = _dollars(limit), f": {_dollars(used)} spent (--max-cost)"
        case "tokens":
            most, spent = counted(int(limit), "token"), f": {used:,.0f} used (--max-tokens)"
        case "calls":
            most, spent = counted(int(limit), "tool call"), ""
        case _:
            most, spent = f"{limit:,g} {kind}", f": {used:,.1f} taken"
    return f"the limit of {most} is reached{spent}"


def _dollars(amount: float) -> str:
    """`$12.50`, and more digits of what is less than a cent."""
    return f"${amount:,.2f}" if amount >= 0.1 or not amount else f"${amount:.6f}"


def _subagent(name: str, event: AgentEvent) -> Text | None:
    inner = call_text(event.call) if isinstance(event, ToolStarted) else note_text(event)
    if isinstance(event, TurnEnded):
        inner = Text(_ENDS.get(event.reason, event.reason.value), style="dim")
    if isinstance(event, FilesChanged) or inner is None:
        return None
    return Text(f"  [{one_line(name, 40)}] ", style="dim").append_text(inner)


def _diff_style(line: str) -> str:
    if line.startswith(("+++", "---", "diff ")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")


def _about(call: ToolRequest) -> str:
    """The one argument that says most, or all of them as they were written."""
    arguments = parse_arguments(call.arguments)
    if arguments is None:
        return call.arguments
    for name in _TELLING:
        if isinstance(value := arguments.get(name), str):
            return value
    return json.dumps(arguments, ensure_ascii=False)
