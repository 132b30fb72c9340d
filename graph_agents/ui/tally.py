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
        self._before = (0, 0)
        self._used = Usage()
        self.turn = ""
        """What the last turn that ended has taken, in words."""

    def begin(self, history: Iterable[Entry] = ()) -> None:
        """Start the clock, with what the session took in earlier processes."""
        for entry in history:
            message = entry.message
            if isinstance(message, AIMessage):
                self._replied(message)
        self._began = time.monotonic()
        self._mark()

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
                self._use(usage)
            case ToolEnded(again=False):
                self.calls += 1
            case TurnEnded(cost=cost):
                if cost is not None:
                    self.cost = (self.cost or 0.0) + cost
                replies, calls = self._before
                self.turn = _words(self.replies - replies, self.calls - calls, self._used, cost)
                self._mark()
            case Subagent(event=inner) if not isinstance(inner, TurnEnded):
                self.saw(inner)
            case _:
                pass

    @property
    def tokens(self) -> str:
        """`1,234 tokens (1,000 cached)`, and the price where it is known."""
        return _tokens(self.usage, self.cost)

    @property
    def words(self) -> str:
        """All of it in a line."""
        return _words(self.replies, self.calls, self.usage, self.cost)

    def _mark(self) -> None:
        """A turn of the user's begins here."""
        self._before, self._used = (self.replies, self.calls), Usage()

    def _replied(self, message: AIMessage) -> None:
        self.replies += 1
        self._use(usage_of(message))

    def _use(self, usage: Usage) -> None:
        self.usage += usage
        self._used += usage


def _tokens(usage: Usage, cost: float | None) -> str:
    number = usage.prompt_tokens + usage.completion_tokens
    cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
    price = f" · ${cost:.4f}" if cost is not None else ""
    return f"{counted(number, 'token')}{cached}{price}"


def _words(replies: int, calls: int, usage: Usage, cost: float | None) -> str:
    return f"{counted(replies, 'turn')} · {counted(calls, 'tool call')} · {_tokens(usage, cost)}"
