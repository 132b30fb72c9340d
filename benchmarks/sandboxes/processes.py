"""Processes as `/proc` shows them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One line of the table: `state` is a letter, `Z` for a zombie."""

    pid: int
    parent: int
    name: str
    state: str

    def __str__(self) -> str:
        return f"{self.pid} {self.state} {self.name}: {self.words!r}"

    @property
    def words(self) -> bytes:
        """The command line; empty for a zombie, or if it is gone."""
        with suppress(OSError):
            return Path(f"/proc/{self.pid}/cmdline").read_bytes()
        return b""

    @property
    def pss(self) -> int:
        """Bytes of memory, shared pages divided by those who share them; 0 if we may not know."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
        return 0

    @property
    def descriptors(self) -> int | None:
        """How many files it has open; None if we may not know."""
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except OSError:
            return None


def processes() -> Iterator[Process]:
    """All that can be seen from here."""
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with suppress(OSError):
                yield _parse(Path(f"/proc/{entry}/stat").read_text(errors="replace"))


def descendants(root: int) -> list[Process]:
    """What descends from a process, itself not included."""
    children: dict[int, list[Process]] = {}
    for process in processes():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    pending = [root]
    while pending:
        below = children.get(pending.pop(), [])
        found += below
        pending += [process.pid for process in below]
    return found


def _parse(line: str) -> Process:
    pid, _, rest = line.partition(" (")
    name, _, rest = rest.rpartition(") ")
    state, parent = rest.split()[:2]
    return Process(int(pid), int(parent), name, state)
