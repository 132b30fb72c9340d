"""What has to change in a workspace so that a turn is undone, and nothing else is.

A turn is known by its legs: what was there when it began to work and when it stopped. A path that
it changed is put back if it still is as the turn has left it. If anybody has changed it since, or
may have changed it meanwhile, it is contested.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from graph_agents.control.scanning import Entry, Scan, differences, same

_SINCE = "was changed by somebody else, too"
_MEANWHILE = "was changed while another session was at work in the folder"
_LOST = "was changed, but the turn was cut off, so nobody knows by whom"


class Leg(BaseModel):
    """Work from one time to another (nanoseconds), and every path that was changed meanwhile.

    `ended` is None where it was cut off, so that nobody knows what it has changed.
    """

    model_config = ConfigDict(extra="forbid")

    begun: int
    ended: int | None = None
    touched: dict[str, tuple[Entry | None, Entry | None]] = {}

    def meets(self, other: "Leg") -> bool:
        """Whether there was a time at which both were at work."""
        if self.ended is None or other.ended is None:
            return False
        return self.begun < other.ended and other.begun < self.ended


@dataclass
class Reversal:
    """What is to be at each path that has to change: an entry, or nothing."""

    wanted: dict[str, Entry | None] = field(default_factory=dict[str, Entry | None])
    contested: dict[str, str] = field(default_factory=dict[str, str])
    """Why a path should not be changed."""


def reversal(before: Scan, now: Scan, legs: Sequence[Leg], others: Iterable[Leg]) -> Reversal:
    """How to undo a turn.

    Args:
        before: the workspace before the turn.
        now: the workspace as it is.
        legs: the turn's, and those of what it has spawned.
        others: what others did in the same workspace.
    """
    touched = _touched(legs)
    foreign = _foreign(legs, others)
    found = Reversal()
    lost = any(leg.ended is None for leg in legs) or not legs
    for path in differences(before, now, None if lost else touched):
        found.wanted[path] = before.entries.get(path)
        changes = touched.get(path, [])
        if path in foreign:
            found.contested[path] = _MEANWHILE
        elif not changes:
            found.contested[path] = _LOST
        elif not _unbroken(path, changes, before, now):
            found.contested[path] = _SINCE
    _make_way(found, before, now)
    return found


def _touched(legs: Iterable[Leg]) -> Mapping[str, list[Leg]]:
    found: dict[str, list[Leg]] = {}
    for leg in sorted(legs, key=lambda leg: leg.begun):
        for path in leg.touched:
            found.setdefault(path, []).append(leg)
    return found


def _foreign(legs: Sequence[Leg], others: Iterable[Leg]) -> set[str]:
    """What somebody else changed, too, while the turn was at work."""
    return {
        path
        for other in others
        for leg in legs
        if leg.meets(other)
        for path in leg.touched.keys() & other.touched.keys()
    }


def _unbroken(path: str, changes: Sequence[Leg], before: Scan, now: Scan) -> bool:
    """Whether each leg found what the one before it had left, and the last one's is there now."""
    state, until = before.entries.get(path), 0
    for leg in changes:
        first, last = leg.touched[path]
        if leg.begun >= until and not same(first, state):
            return False
        if leg.ended is not None and leg.ended > until:
            state, until = last, leg.ended
    return same(state, now.entries.get(path))


def _make_way(found: Reversal, before: Scan, now: Scan) -> None:
    """See to it that each path has the directories that it lies in, and that those may go.

    A directory that somebody has put something into stays; if a file has to take its place, what is
    in it is contested.
    """
    for path in [path for path, entry in found.wanted.items() if entry]:
        for place in _above(path):
            there = now.entries.get(place)
            if place not in found.wanted and (there is None or there.kind != "directory"):
                found.wanted[place] = before.entries.get(place)
                found.contested[place] = _SINCE
    kept = [path for path in now.entries if path not in found.wanted]
    kept += [path for path, entry in found.wanted.items() if entry]
    needed = {place for path in kept for place in _above(path)}
    for place in sorted(needed & found.wanted.keys()):
        there, entry = now.entries.get(place), found.wanted[place]
        if entry is None and there and there.kind == "directory":
            del found.wanted[place]
            found.contested.pop(place, None)
    _clear(found, now)


def _clear(found: Reversal, now: Scan) -> None:
    """Contest what lies in a directory that gives way to a file or link."""
    replaced = {
        path
        for path, entry in found.wanted.items()
        if entry and entry.kind != "directory" and path in now.entries
        if now.entries[path].kind == "directory"
    }
    for path in now.entries.keys() - found.wanted.keys() if replaced else ():
        if replaced.intersection(_above(path)):
            found.wanted[path] = None
            found.contested[path] = _SINCE


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
