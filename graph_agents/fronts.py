"""Which front a command has: a terminal where there is one, streams or JSON lines elsewhere."""

import sys
from collections.abc import Callable

from graph_agents.ui.editor import Complete
from graph_agents.ui.front import Front
from graph_agents.ui.lines import JsonLines
from graph_agents.ui.plain import Plain
from graph_agents.ui.screen import Screen
from graph_agents.ui.tally import Tally


def has_terminal() -> bool:
    """Whether somebody sits there, to read and to type."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def choose_front(
    tally: Tally,
    *,
    as_json: bool,
    reads: bool,
    status: Callable[[], str],
    complete: Complete | None = None,
) -> Front:
    """The front for this process.

    Args:
        tally: counts along.
        as_json: a program reads the output.
        reads: without a terminal, lines of stdin are messages.
        status: what a terminal says of the session.
        complete: finishes slash commands in a terminal.
    """
    if as_json:
        return JsonLines(tally, reads=reads)
    if has_terminal():
        return Screen(status, tally, complete=complete)
    return Plain(tally, reads=reads)
