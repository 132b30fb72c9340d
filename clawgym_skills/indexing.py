"""Bringing a catalogue up to date with directories of skills, a batch at a time."""

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from clawgym_skills._addresses import assign
from clawgym_skills._readings import Reading, read_all
from clawgym_skills._rows import Addressed, insert, read_diagnostics, replace_diagnostics
from clawgym_skills._signature import signature
from clawgym_skills._store import Database, writing
from clawgym_skills._words import merge
from clawgym_skills.diagnostic import Code, Diagnostic, Findings, Severity
from clawgym_skills.discovery import discover_skills
from clawgym_skills.reading import READER_VERSION

Progress = Callable[[int, int], None]
"""Called with the number of skills done and the number found."""

_WORTH_A_MERGE = 1_000
_BATCH_SKILLS = 250
_BATCH_BYTES = 32 * 1024**2


@dataclass(frozen=True)
class IndexReport:
    """What became of the skills that were found.

    `found = loaded + refused`; `repaired` and `unchanged` (same bytes as in the catalogue) are
    parts of `loaded`. `removed` are former entries whose directories are gone. `diagnostics` are
    those of everything found, unchanged skills included.
    """

    found: int
    loaded: int
    repaired: int
    refused: int
    unchanged: int
    removed: int
    seconds: float
    diagnostics: tuple[Diagnostic, ...]

    @property
    def codes(self) -> dict[str, int]:
        """How often each diagnostic code occurred, by code."""
        return dict(sorted(Counter(found.code for found in self.diagnostics).items()))

    def counts(self) -> dict[str, JsonValue]:
        """The report without the single diagnostics, ready for JSON."""
        return {
            "found": self.found,
            "loaded": self.loaded,
            "repaired": self.repaired,
            "refused": self.refused,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "codes": dict[str, JsonValue](self.codes),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class _Known:
    """What the catalogue remembers of a directory; `digest` is None where it was refused."""

    signature: str | None
    digest: str | None


@dataclass(frozen=True)
class _Outcome:
    """What became of one directory."""

    diagnostics: tuple[Diagnostic, ...] = ()
    unchanged: bool = False

    def has(self, severity: Severity) -> bool:
        return any(found.severity is severity for found in self.diagnostics)


def index_directories(
    database: Database,
    directories: Sequence[Path],
    progress: Progress | None = None,
    *,
    workers: int | None = None,
) -> IndexReport:
    """Read what is new or changed below `directories`, and drop what is gone from there.

    Each batch is one transaction: an interrupted run keeps its finished batches, and the same call
    does the rest.

    Args:
        database: the catalogue.
        directories: where to look.
        progress: told after each batch.
        workers: processes that read while this one writes; None is one less than there are CPUs,
            0 is none. The result is the same.

    Raises:
        UsageError: one of the directories does not exist.
        CatalogueBusyError: another process is writing for too long.
    """
    started = time.perf_counter()
    discovery = discover_skills(directories)
    sources = [str(directory) for directory in discovery.directories]
    known = _known(database.conn)
    outcomes = _unchanged(database.conn, sources, known)
    changed = [source for source in sources if source not in outcomes]
    if progress and outcomes:
        progress(len(outcomes), len(sources))
    for batch in _batches(read_all(changed, _workers(workers))):
        outcomes |= _store(database, batch, known)
        if progress:
            progress(len(outcomes), len(sources))
    if len(changed) >= _WORTH_A_MERGE:
        with writing(database):
            merge(database.conn)
    removed = _remove_missing(database, directories, outcomes)
    ordered = [outcomes[source] for source in sources]
    refused = sum(outcome.has(Severity.REFUSED) for outcome in ordered)
    return IndexReport(
        found=len(sources),
        loaded=len(sources) - refused,
        repaired=sum(
            outcome.has(Severity.REPAIRED) and not outcome.has(Severity.REFUSED)
            for outcome in ordered
        ),
        refused=refused,
        unchanged=sum(outcome.unchanged for outcome in ordered),
        removed=removed,
        seconds=time.perf_counter() - started,
        diagnostics=(
            *discovery.diagnostics,
            *(found for outcome in ordered for found in outcome.diagnostics),
        ),
    )


def _workers(wanted: int | None) -> int:
    return len(os.sched_getaffinity(0)) - 1 if wanted is None else wanted


def _known(connection: sqlite3.Connection) -> dict[str, _Known]:
    """What was read before, by a reader that reads as this one does."""
    rows = connection.execute(
        "SELECT path, signature, digest FROM sources WHERE reader = ?", (READER_VERSION,)
    )
    return {path: _Known(signature, digest) for path, signature, digest in rows}


def _unchanged(
    connection: sqlite3.Connection, sources: Sequence[str], known: Mapping[str, _Known]
) -> dict[str, _Outcome]:
    """The directories that look as they did when they were read, refused ones included."""
    same = [
        source
        for source in sources
        if source in known
        and (before := known[source].signature) is not None
        and signature(source) == before
    ]
    diagnostics = read_diagnostics(connection) if same else {}
    return {
        source: _Outcome(diagnostics.get(source, ()), known[source].digest is not None)
        for source in same
    }


def _batches(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    batch: list[Reading] = []
    size = 0
    for reading in readings:
        batch.append(reading)
        size += reading.size
        if len(batch) >= _BATCH_SKILLS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _store(
    database: Database, batch: list[Reading], known: Mapping[str, _Known]
) -> dict[str, _Outcome]:
    """Write what changed, and what each directory looked like when it was read."""
    outcomes: dict[str, _Outcome] = {}
    changed: list[Reading] = []
    for reading in batch:
        before = known.get(reading.source)
        if reading.prepared and before and reading.prepared.digest == before.digest:
            found = read_diagnostics(database.conn, reading.source).get(reading.source, ())
            outcomes[reading.source] = _Outcome(found, unchanged=True)
        else:
            changed.append(reading)
    with writing(database):
        diagnostics = _write(database.conn, changed)
        database.conn.executemany(
            "INSERT OR REPLACE INTO sources (path, signature, digest, reader) VALUES (?, ?, ?, ?)",
            [
                (one.source, one.signature, one.prepared and one.prepared.digest, READER_VERSION)
                for one in batch
            ],
        )
    return outcomes | {source: _Outcome(found) for source, found in diagnostics.items()}


def _write(
    connection: sqlite3.Connection, changed: Sequence[Reading]
) -> dict[str, tuple[Diagnostic, ...]]:
    """Write readings; their diagnostics come back with those about their addresses."""
    refused = [reading.source for reading in changed if reading.prepared is None]
    connection.executemany("DELETE FROM skills WHERE path = ?", [(path,) for path in refused])
    prepared = [reading.prepared for reading in changed if reading.prepared]
    addressed = assign(connection, prepared)
    insert(connection, addressed, time.time_ns() // 1_000_000)
    diagnostics = {reading.source: reading.diagnostics for reading in changed}
    for skill in addressed:
        if skill.qualifier:
            diagnostics[skill.prepared.path] += (_same_name(skill),)
    replace_diagnostics(connection, list(diagnostics.items()))
    return diagnostics


def _same_name(skill: Addressed) -> Diagnostic:
    findings = Findings(str(Path(skill.prepared.path, skill.prepared.file_name)))
    return findings.make(Code.SAME_NAME, detail=f"this one is {skill.id}")


def _remove_missing(
    database: Database, directories: Sequence[Path], found: Mapping[str, _Outcome]
) -> int:
    """Forget the sources below `directories` that are no longer there."""
    roots = [directory.resolve() for directory in directories]
    rows = database.conn.execute("SELECT path FROM sources").fetchall()
    gone = [
        (source,)
        for (source,) in rows
        if source not in found and any(Path(source).is_relative_to(root) for root in roots)
    ]
    if not gone:
        return 0
    with writing(database):
        removed = 0
        for source in gone:
            deleted = database.conn.execute("DELETE FROM skills WHERE path = ?", source)
            removed += deleted.rowcount
        database.conn.executemany("DELETE FROM diagnostics WHERE source = ?", gone)
        database.conn.executemany("DELETE FROM sources WHERE path = ?", gone)
    return removed
