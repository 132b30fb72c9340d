"""Noticing that an agent goes round in circles.

Four patterns, after OpenHands' stuck detector and OpenClaw's loop guard: the same call with the
same answer over and over, the same failing call, two calls in turn, and many failures in a row.
First the model is told; when it goes on all the same, the run is stopped. Asking whether something
has ended, which still runs, may be repeated more often: a build may be silent for long.
"""

import hashlib
from collections import deque
from dataclasses import dataclass

from clawgym.model import ToolRequest
from graph_agents.events import LoopSeen
from mcp_servers.toolkit import ToolResult

_WINDOW = 40

_SAME_FAILING = (
    "{tool} failed {count} times with the same arguments in the same way; read its error, and "
    "change the call or the approach"
)
_SAME = (
    "{tool} was called {count} times with the same arguments and gave the same answer; use what it "
    "said, or do something else"
)
_WAITING = (
    "{tool} was asked {count} times about something that still runs, and had nothing new to tell; "
    "wait longer at a time, do other work meanwhile, or look whether it hangs"
)
_ALTERNATING = (
    "the same two calls were made in turn, {count} times each; step back and choose another way"
)
_FAILURES = (
    "the last {count} calls all failed; look at what is really there before going on, or say "
    "plainly what is in the way"
)


@dataclass(frozen=True)
class LoopLimits:
    """How often something may happen in a row before it counts as going in circles."""

    same: int = 4
    same_failing: int = 3
    alternating: int = 4
    failures: int = 8
    waiting: int = 20
    warnings: int = 2


@dataclass(frozen=True)
class _Seen:
    call: str
    answer: str
    failed: bool
    waits: bool


class CircleWatch:
    """Watches the calls of one turn."""

    def __init__(self, limits: LoopLimits | None = None) -> None:
        self._limits = limits or LoopLimits()
        self._seen: deque[_Seen] = deque(maxlen=_WINDOW)
        self._warnings = 0

    def saw(self, call: ToolRequest, result: ToolResult) -> LoopSeen | None:
        """Take note of a call and what came of it; what it completes, if it completes a pattern."""
        made, answer = _digest(call.name, call.arguments), _digest(result.text)
        self._seen.append(_Seen(made, answer, result.is_error, _waits(result)))
        pattern = self._pattern(call.name)
        if pattern is None:
            return None
        self._warnings += 1
        stop = self._warnings > self._limits.warnings
        if not stop:
            self._seen.clear()
        return LoopSeen(pattern, stop)

    def _pattern(self, tool: str) -> str | None:
        limits = self._limits
        last = list(self._seen)[-limits.failures :]
        if self._repeats(limits.same_failing, failing=True):
            return _SAME_FAILING.format(tool=tool, count=limits.same_failing)
        if self._seen[-1].waits:
            stuck = self._repeats(limits.waiting)
            return _WAITING.format(tool=tool, count=limits.waiting) if stuck else None
        if self._repeats(limits.same):
            return _SAME.format(tool=tool, count=limits.same)
        if self._alternates(limits.alternating):
            return _ALTERNATING.format(count=limits.alternating)
        if len(last) == limits.failures and all(seen.failed for seen in last):
            return _FAILURES.format(count=limits.failures)
        return None

    def _repeats(self, count: int, *, failing: bool = False) -> bool:
        last = list(self._seen)[-count:]
        return len(last) == count and len(set(last)) == 1 and (last[0].failed or not failing)

    def _alternates(self, count: int) -> bool:
        last = list(self._seen)[-2 * count :]
        if len(last) < 2 * count:
            return False
        return len(set(last[::2])) == 1 == len(set(last[1::2])) and last[0] != last[1]


def _waits(result: ToolResult) -> bool:
    """Whether it says that something still runs: a background command, or subagents."""
    return result.details.get("status") == "running" or bool(result.details.get("pending"))


def _digest(*texts: str) -> str:
    return hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=12).hexdigest()
