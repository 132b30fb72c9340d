"""The agent for a program: one JSON object a line on stdout, for each event as it happens."""

import json
import sys
from typing import Self

from pydantic import JsonValue
from rich.text import Text

from graph_agents.events import AgentEvent, event_json
from graph_agents.ui.front import Typed
from graph_agents.ui.plain import StreamInput
from graph_agents.ui.printable import printable
from graph_agents.ui.tally import Tally


class JsonLines:
    """Writes events; what a conversation says of its own is a `note`.

    `reads` says whether lines of stdin are wanted; each is a turn of its own.
    """

    can_ask = False

    def __init__(self, tally: Tally, *, reads: bool = False) -> None:
        self._tally = tally
        self._input = StreamInput(lines=reads)

    def show(self, event: AgentEvent) -> None:
        """Write one event."""
        self._tally.saw(event)
        write_line(event_json(event))

    def say(self, text: Text | str) -> None:
        """Write a note."""
        write_line({"type": "note", "text": printable(str(text))})

    def ask(self, question: Text | None) -> None:
        """Programs are not asked."""

    def busy(self, running: bool) -> None:
        """A turn begins or ends: an interrupt is for it."""
        self._input.busy = running

    async def next(self, *, during_turn: bool = False) -> Typed:
        """The next line of stdin, or Ctrl-C."""
        return await self._input.next(during_turn=during_turn)

    async def __aenter__(self) -> Self:
        self._input.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._input.close()


def write_line(value: JsonValue) -> None:
    """One line of JSON, at once; ASCII, so that no text in it can break a line or a stream."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
