"""One process at a time writes a session.

A lease names a process by its id and start time on one boot of one machine, so a dead holder is
recognised at once; from elsewhere, by a heart-beat that has stopped.
"""

import secrets
import socket
import time
from pathlib import Path
from typing import cast

from clawgym.errors import SessionBusyError
from graph_agents.journal.store import Store

STALE = 60.0
"""Seconds without a beat after which a holder on another machine counts as dead."""


class Leases:
    """The leases that this object holds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._holder = secrets.token_hex(8)
        self._boot = _boot()
        self._held: set[str] = set()

    def take(self, session: str) -> None:
        """Take the lease of a session; taking it again is fine.

        Raises:
            SessionBusyError: somebody alive has it.
        """
        with self._store.transaction():
            row = self._store.one(
                "SELECT holder, boot, pid, started, beat FROM leases WHERE session = ?", (session,)
            )
            if row and row[0] != self._holder and self._alive(*row[1:]):
                raise SessionBusyError(
                    f"session {session} is in use by process {row[2]}; wait for it, stop it, or "
                    "fork the session"
                )
            pid = _own_pid()
            self._store.execute(
                "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?)",
                (session, self._holder, self._boot, pid, _started(pid) or 0, time.time()),
            )
        self._held.add(session)

    def elsewhere(self) -> list[str]:
        """The sessions that another living process has."""
        rows = self._store.all("SELECT session, boot, pid, started, beat FROM leases")
        ours = (self._boot, _own_pid())
        return [str(row[0]) for row in rows if row[1:3] != ours and self._alive(*row[1:])]

    def beat(self) -> None:
        """Say that this process lives."""
        self._store.execute(
            "UPDATE leases SET beat = ? WHERE holder = ?", (time.time(), self._holder)
        )

    def release(self, session: str | None = None) -> None:
        """Give back one lease, or all."""
        released = {session} if session else set(self._held)
        for each in released & self._held:
            self._store.execute(
                "DELETE FROM leases WHERE session = ? AND holder = ?", (each, self._holder)
            )
        self._held -= released

    def _alive(self, boot: object, pid: object, started: object, beat: object) -> bool:
        if boot == self._boot:
            return _started(cast("int", pid)) == started
        return time.time() - cast("float", beat) < STALE


def _own_pid() -> int:
    return int(Path("/proc/self").readlink().name)


def _boot() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    # Two containers on one boot see different processes under the same numbers.
    namespace = Path("/proc/self/ns/pid").readlink().name
    return f"{socket.gethostname()} {boot} {namespace}"


def _started(pid: int) -> int | None:
    """When a process began, in clock ticks since the boot; None where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
