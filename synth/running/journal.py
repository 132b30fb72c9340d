"""The journal of a run: an SQLite file beside the tasks, from which a killed run goes on.

Whatever it says was accepted stands on disk: a batch is written first, and then told here in one
transaction. `lost` keeps the first candidate of each reason, for whoever wants to look.
"""

import json
import sqlite3
import time
from array import array
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from clawgym.errors import UsageError
from synth.dataset.similarity import Fingerprint
from synth.gates import Lost
from synth.running.station import Drawn, Proven

NAME = ".synthesis.sqlite"


@dataclass(frozen=True)
class Accepted:
    """One accepted task, as far as the journal knows it; the rest stands in its directory."""

    task_id: str
    digest: str
    skills: tuple[str, ...]
    labels: dict[str, str]
    content: str
    fingerprint: Fingerprint


@dataclass
class Batch:
    """What one batch came to: to be told in one transaction. `elapsed` is in seconds."""

    next_index: int = 0
    accepted: list[Proven] = field(default_factory=list[Proven])
    lost: list[tuple[int, Lost]] = field(default_factory=list[tuple[int, Lost]])
    graded: Counter[str] = field(default_factory=Counter[str])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    elapsed: float = 0.0

    def note(self, drawn: Drawn) -> None:
        """Take in what became of one index, before it is accepted or not."""
        self.next_index = drawn.index + 1
        self.lost += [(drawn.index, lost) for lost in drawn.lost]
        self.graded.update(drawn.attempts)
        for gate, seconds in drawn.seconds.items():
            self.seconds[gate] = self.seconds.get(gate, 0.0) + seconds


class Journal:
    """An open journal.

    Raises:
        UsageError: the file is none, or cannot be used.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        try:
            if read_only:
                where = f"{path.resolve().as_uri()}?mode=ro"
                self._database = sqlite3.connect(where, uri=True, isolation_level=None)
                self._database.execute("SELECT count(*) FROM facts")
                return
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            schema = files("synth.running").joinpath("journal.sql").read_text(encoding="utf-8")
            self._database.executescript(schema)
        except sqlite3.Error as error:
            raise UsageError(f"{path} cannot be used as a journal: {error}; remove it") from error

    @classmethod
    def to_read(cls, path: Path) -> "Journal":
        """A journal that another process may be writing.

        Raises:
            UsageError: there is none.
        """
        if not path.is_file():
            raise UsageError(f"{path.parent} holds no synthesis: there is no {path.name} in it")
        return cls(path, read_only=True)

    def close(self) -> None:
        """Put everything into the one file and close it."""
        if not self._read_only:
            self._database.execute("PRAGMA journal_mode=DELETE")
        self._database.close()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def fact(self, name: str, default: str = "") -> str:
        """A fact about the run, such as `fingerprint`, `wanted` or `next`."""
        found = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,))
        row = found.fetchone()
        return row[0] if row else default

    def tell(self, **facts: str) -> None:
        """Note facts."""
        with self._transaction() as database:
            database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def add(self, batch: Batch) -> None:
        """Note a batch whose accepted tasks stand on disk."""
        elapsed = float(self.fact("elapsed", "0")) + batch.elapsed
        facts = {"next": str(batch.next_index), "elapsed": repr(elapsed)}
        facts["changed"] = repr(time.time())
        with self._transaction() as database:
            database.executemany(
                "INSERT INTO accepted (task_id, digest, skills, labels, content, print, shingles) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [_row(proven) for proven in batch.accepted],
            )
            database.executemany(
                "INSERT INTO lost VALUES (?, ?, 1, ?, ?) "
                "ON CONFLICT (gate, reason) DO UPDATE SET times = times + 1",
                [(lost.gate, lost.reason, index, lost.detail) for index, lost in batch.lost],
            )
            database.executemany(
                "INSERT INTO gates VALUES (?, ?, ?) ON CONFLICT (gate) DO UPDATE "
                "SET graded = graded + excluded.graded, seconds = seconds + excluded.seconds",
                [(gate, batch.graded[gate], spent) for gate, spent in batch.seconds.items()],
            )
            database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def accepted(self) -> Iterator[Accepted]:
        """Every accepted task, in order."""
        rows = self._database.execute(
            "SELECT task_id, digest, skills, labels, content, print, shingles FROM accepted "
            "ORDER BY number"
        )
        for task_id, digest, skills, labels, content, printed, shingles in rows:
            held = array("Q")
            held.frombytes(shingles)
            yield Accepted(
                task_id,
                digest,
                tuple(json.loads(skills)),
                json.loads(labels),
                content,
                Fingerprint(printed, held),
            )

    def count(self) -> int:
        """How many tasks were accepted."""
        return self._database.execute("SELECT count(*) FROM accepted").fetchone()[0]

    def reasons(self) -> dict[str, dict[str, int]]:
        """How often candidates were lost, by gate and reason."""
        found: dict[str, dict[str, int]] = {}
        rows = self._database.execute("SELECT gate, reason, times FROM lost ORDER BY gate, reason")
        for gate, reason, times in rows:
            found.setdefault(gate, {})[reason] = times
        return found

    def examples(self) -> list[tuple[str, str, int, str]]:
        """For each gate and reason the first candidate that it cost, with the detail."""
        rows = self._database.execute(
            "SELECT gate, reason, candidate, detail FROM lost ORDER BY times DESC, gate, reason"
        )
        return list(rows)

    def funnel(self) -> dict[str, int]:
        """`drawn`, what was lost at each gate, and `accepted`: the losses and it add up."""
        losses = {gate: sum(times.values()) for gate, times in self.reasons().items()}
        accepted = self.count()
        return {"drawn": accepted + sum(losses.values()), **losses, "accepted": accepted}

    def gates(self) -> tuple[dict[str, int], dict[str, float]]:
        """Finished workspaces that were graded, and seconds of workers, by gate."""
        rows = list(self._database.execute("SELECT gate, graded, seconds FROM gates ORDER BY gate"))
        return {gate: n for gate, n, _ in rows if n}, {gate: spent for gate, _, spent in rows}


def _row(proven: Proven) -> tuple[str, str, str, str, str, bytes, bytes]:
    labels: Mapping[str, str] = proven.labels
    return (
        proven.task_id,
        proven.digest,
        json.dumps(proven.skills),
        json.dumps(dict(labels), sort_keys=True),
        proven.content,
        proven.fingerprint.content,
        proven.fingerprint.shingles.tobytes(),
    )
