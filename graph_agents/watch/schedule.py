"""When a job is due: at intervals, by cron, or once."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from graph_agents.watch.cron import Cron

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_INTERVAL = re.compile(r"(?:\d+[smhdw])+")


@dataclass(frozen=True)
class Every:
    """At intervals of so many seconds, from the first time on, which is at once."""

    seconds: int

    def next(self, since: datetime, last: datetime | None) -> datetime | None:
        """The next time of the grid that begins at `since`."""
        if last is None:
            return since
        passed = int((last - since).total_seconds() // self.seconds)
        return datetime.fromtimestamp(since.timestamp() + (passed + 1) * self.seconds, UTC)


@dataclass(frozen=True)
class ByCron:
    """Whenever a cron expression says, in the wall time of a zone."""

    cron: Cron
    zone: tzinfo

    def next(self, since: datetime, last: datetime | None) -> datetime | None:
        """The first time after it last ran, or after it was first seen."""
        return self.cron.next(last or since, self.zone)


@dataclass(frozen=True)
class Once:
    """At one moment; later where the moment was missed."""

    at: datetime

    def next(self, since: datetime, last: datetime | None) -> datetime | None:
        """That moment, until it ran; it may have been moved since."""
        del since
        return self.at if last is None or last < self.at else None


Schedule = Every | ByCron | Once
"""`next(since, last)` says when a job is due that was first seen at `since` and last ran at `last`;
None where it never is again. Whatever was missed in between is one run, not many."""


def read_interval(text: str) -> int:
    """Seconds of an interval such as `90s`, `30m` or `1h30m`.

    Raises:
        ValueError: it is none.
    """
    plain = text.replace(" ", "").lower()
    if not _INTERVAL.fullmatch(plain):
        raise ValueError(f"{text!r} is no interval: write 90s, 30m, 1h30m, 1d or 1w")
    seconds = sum(
        int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhdw])", plain)
    )
    if seconds < 1:
        raise ValueError("an interval has at least one second")
    return seconds
