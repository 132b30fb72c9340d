"""Limits on what a session may spend: tokens, money, time and tool calls."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from clawgym.model import Usage
from graph_agents.events import BudgetSeen


@dataclass(frozen=True)
class Allowance:
    """The most of each; None is no limit. `tokens` counts prompt and completion together.

    `money` is in US dollars and can only be counted where the price of the model is known.
    """

    tokens: int | None = None
    money: float | None = None
    seconds: float | None = None
    calls: int | None = None


class SessionBudget:
    """What one session, and those that it spawned, have spent of their allowance.

    Time counts while at least one of them is at work: not between turns, and not twice where
    several work side by side.

    Args:
        allowance: the limits.
        clock: seconds that only grow; time that the process does not run does not count.
    """

    def __init__(self, allowance: Allowance, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowance = allowance
        self._clock = clock
        self._at_work = 0
        self._since = self._worked = 0.0
        self.tokens = 0
        self.money = 0.0
        self.calls = 0

    @property
    def seconds(self) -> float:
        """How long it has been at work."""
        return self._worked + (self._clock() - self._since if self._at_work else 0.0)

    @contextmanager
    def at_work(self) -> Generator[None]:
        """Time that is spent in this block counts; several blocks may be open at a time."""
        if self._at_work == 0:
            self._since = self._clock()
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            if self._at_work == 0:
                self._worked += self._clock() - self._since

    def charge(
        self, usage: Usage, cost: float | None = None, *, calls: int = 0, seconds: float = 0.0
    ) -> None:
        """Count an exchange with the model, calls of tools, or time of an earlier process."""
        self.tokens += usage.prompt_tokens + usage.completion_tokens
        self.money += cost or 0.0
        self.calls += calls
        self._worked += seconds

    def exceeded(self) -> BudgetSeen | None:
        """The first limit that is reached."""
        for kind in ("money", "tokens", "calls", "seconds"):
            limit: float | None = getattr(self._allowance, kind)
            used: float = getattr(self, kind)
            if limit is not None and used >= limit:
                return BudgetSeen(kind, used, limit)
        return None
