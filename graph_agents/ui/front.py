"""What a conversation needs of the place where it is held."""

from dataclasses import dataclass
from typing import Protocol, Self

from rich.text import Text

from graph_agents.events import AgentEvent


@dataclass(frozen=True)
class Line:
    """Something was entered."""

    text: str


@dataclass(frozen=True)
class Stop:
    """Ctrl-C was pressed."""


@dataclass(frozen=True)
class End:
    """There will be no more input."""


Typed = Line | Stop | End


class Front(Protocol):
    """Shows what happens and hands on what is typed; open it as an asynchronous context."""

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there who sees a question and can answer it while a turn runs."""
        ...

    def show(self, event: AgentEvent) -> None:
        """Show an event."""
        ...

    def say(self, text: Text | str) -> None:
        """Show something of the conversation's own."""
        ...

    def ask(self, question: Text | None) -> None:
        """Keep a question in sight until it is taken away with None."""
        ...

    def busy(self, running: bool) -> None:
        """A turn begins or ends."""
        ...

    async def next(self, *, during_turn: bool = False) -> Typed:
        """Wait for what is typed next.

        Where lines are turns of their own (`can_ask` is false), they stay where they are during a
        turn, and only `Stop` comes.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...
