"""What a session has taken so far, in words."""

import time
from collections.abc import Iterable

from langchain_core.messages import AIMessage

from clawgym.model import Usage
from clawgym.terminal import counted
from graph_agents.chat_model import usage_of
from graph_agents.events import AgentEvent, Charged, ModelReplied, Subagent, ToolEnded, TurnEnded
from graph_agents.journal import Entry


class Tally:
    """Counts along with the events."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.cost: float | None = None
        self.replies = 0
        self.calls = 0
        self._began = time.monotonic()

    def begin(self, history: Iterable[Entry] = ()) -> None:
        """Start the clock, with what the session took in earlier processes."""
        for entry in history:
            message = entry.message
            if isinstance(message, AIMessage):
                self._replied(message)
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning of the turn or session."""
        return time.monotonic() - self._began

    def saw(self, event: AgentEvent) -> None:
        """Count an event."""
        match event:
            case ModelReplied(message):
                self._replied(message)
            case Charged(usage):
                self.usage += usage
            case ToolEnded(again=False):
                self.calls += 1
            case TurnEnded(cost=cost) if cost is not None:
                self.cost = (self.cost or 0.0) + cost
            case Subagent(event=inner) if not isinstance(inner, TurnEnded):
                self.saw(inner)
            case _:
                pass

    @property
    def tokens(self) -> str:
        """`1,234 tokens (1,000 cached)`, and the price where it is known."""
        number = self.usage.prompt_tokens + self.usage.completion_tokens
        cached = f" ({self.usage.cached_tokens:,} cached)" if self.usage.cached_tokens else ""
        price = f" · ${self.cost:.4f}" if self.cost is not None else ""
        return f"{counted(number, 'token')}{cached}{price}"

    @property
    def words(self) -> str:
        """All of it in a line."""
        return (
            f"{counted(self.replies, 'turn')} · {counted(self.calls, 'tool call')} · {self.tokens}"
        )

    def _replied(self, message: AIMessage) -> None:
        self.replies += 1
        self.usage += usage_of(message)
