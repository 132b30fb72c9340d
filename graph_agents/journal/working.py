"""How long sessions have been at work, in this process and in others.

A leg of work begins with a START and ends with a STOP; one that was cut off, with the last entry
that it wrote. What a killed process did after that, nobody knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from graph_agents.events import StopReason
from graph_agents.journal.entries import Entry, Kind
from graph_agents.journal.store import Store


class Why(StrEnum):
    """What a leg was begun for."""

    SEND = "send"
    GO_ON = "go_on"
    COMPACT = "compact"


@dataclass(frozen=True)
class _Leg:
    """`stop` is the reason that it ended with, None where it was cut off."""

    began: float
    ended: float
    why: str
    stop: str | None

    @property
    def seconds(self) -> float:
        return max(0.0, self.ended - self.began)


def worked(store: Store, sessions: Sequence[str]) -> float:
    """The seconds in which at least one of the sessions was at work."""
    seconds, until = 0.0, float("-inf")
    legs = [leg for session in sessions for leg in _legs(store, session)]
    for leg in sorted(legs, key=lambda leg: leg.began):
        seconds += max(0.0, leg.ended - max(leg.began, until))
        until = max(until, leg.ended)
    return seconds


def taken_by_turn(store: Store, session: str) -> float:
    """The seconds that the turn has taken before its present leg, which has begun.

    A turn that was stopped for its time, and that somebody lets go on, has as much time again.
    """
    seconds = 0.0
    *before, present = _legs(store, session)
    if present.why == Why.SEND:
        return seconds
    for leg in reversed(before):
        if leg.stop == StopReason.TIME:
            break
        seconds += leg.seconds if leg.why != Why.COMPACT else 0.0
        if leg.why == Why.SEND:
            break
    return seconds


def is_at_work(store: Store, session: str) -> bool:
    """Whether the last leg of a turn has no end: it goes on, if whoever began it lives."""
    legs = [leg for leg in _legs(store, session) if leg.why != Why.COMPACT]
    return bool(legs) and legs[-1].stop is None


def _legs(store: Store, session: str) -> list[_Leg]:
    """All legs of a session, oldest first."""
    marks = [
        entry
        for kind in ("start", "stop")  # one by one: each has an index
        for entry in store.entries(f"session = ? AND kind = '{kind}'", [session])
    ]
    legs: list[_Leg] = []
    after = 2**63 - 1
    stop: Entry | None = None
    for mark in sorted(marks, key=lambda mark: mark.seq, reverse=True):
        if mark.kind is Kind.STOP:
            stop = mark
            continue
        ended = stop.at if stop else _last_sign(store, mark, after)
        reason = str(stop.body["reason"]) if stop else None
        legs.insert(0, _Leg(mark.at, ended, str(mark.body["why"]), reason))
        after, stop = mark.seq, None
    return legs


def _last_sign(store: Store, start: Entry, after: int) -> float:
    """When a leg that has no end wrote something for the last time; an undo comes after it."""
    row = store.one(
        "SELECT coalesce(max(at), 0) FROM entries "
        "WHERE seq >= ? AND seq < ? AND session = ? AND kind != 'undo'",
        (start.seq, after, start.session),
    )
    return cast("float", row[0]) if row else start.at
