"""Requests per minute, for each caller: ClawHub's limits and its headers."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["read", "write", "download"]
_WINDOW = 60
_MAX_CALLERS = 10_000


@dataclass(frozen=True)
class RateLimits:
    """How many requests a caller has in a minute (clawhub:docs/http-api.md)."""

    read: int = 3_000
    write: int = 300
    download: int = 1_200

    def of(self, kind: Kind) -> int:
        """The limit on one kind of request."""
        return {"read": self.read, "write": self.write, "download": self.download}[kind]


@dataclass(frozen=True)
class Allowance:
    """What one request was told; `reset` in seconds from now, `until` in Unix seconds."""

    limit: int
    remaining: int
    reset: int
    until: int
    granted: bool

    def headers(self) -> dict[str, str]:
        """The old and the standard headers."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.until),
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }
        return headers if self.granted else {**headers, "Retry-After": str(self.reset)}


class RateLimiter:
    """Counts requests in windows of one minute, in memory."""

    def __init__(self, limits: RateLimits, clock: Callable[[], float] = time.time) -> None:
        self._limits = limits
        self._clock = clock
        self._counts: dict[tuple[Kind, str], int] = {}
        self._window = 0
        self._lock = threading.Lock()

    def take(self, kind: Kind, caller: str) -> Allowance:
        """Count one request of a caller."""
        now = self._clock()
        window, limit = int(now // _WINDOW), self._limits.of(kind)
        with self._lock:
            if window != self._window or len(self._counts) > _MAX_CALLERS:
                self._window = window
                self._counts.clear()
            used = self._counts.get((kind, caller), 0) + 1
            self._counts[kind, caller] = used
        until = (window + 1) * _WINDOW
        return Allowance(
            limit, max(0, limit - used), max(1, int(until - now + 0.999)), until, used <= limit
        )
