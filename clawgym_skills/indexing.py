"""Bringing a catalogue up to date with directories of skills, a batch at a time."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue
from sqlite_utils import Database

from clawgym_skills._folder import load_folder
from clawgym_skills._store import insert_skills, read_diagnostics, replace_diagnostics, writing
from clawgym_skills.diagnostic import Code, Diagnostic, Findings, Severity, SkillRefusedError
from clawgym_skills.discovery import discover_skills
from clawgym_skills.reading import READER_VERSION, interpret
from clawgym_skills.skill import Skill

Progress = Callable[[int, int], None]
"""Called with the number of skills done and the number found."""

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
class _Outcome:
    """One directory as it was read; without a skill it was refused."""

    source: str
    diagnostics: tuple[Diagnostic, ...]
    skill: Skill | None = None
    unchanged: bool = False

    @property
    def size(self) -> int:
        return sum(len(file.data) for file in self.skill.files.values()) if self.skill else 0


def index_directories(
    database: Database, directories: Sequence[Path], progress: Progress | None = None
) -> IndexReport:
    """Read what is new or changed below `directories`, and drop what is gone from there.

    Each batch is one transaction: an interrupted run keeps its finished batches, and the same call
    does the rest.

    Raises:
        UsageError: one of the directories does not exist.
    """
    started = time.perf_counter()
    discovery = discover_skills(directories)
    outcomes: list[_Outcome] = []
    total = len(discovery.directories)
    read = (_read(database, directory) for directory in discovery.directories)
    for batch in _batches(read):
        outcomes += [replace(outcome, skill=None) for outcome in _store(database, batch)]
        if progress:
            progress(len(outcomes), total)
    removed = _remove_missing(database, directories, {outcome.source for outcome in outcomes})
    found = [found for outcome in outcomes for found in outcome.diagnostics]
    refused = sum(1 for outcome in outcomes if _has(outcome, Severity.REFUSED))
    return IndexReport(
        found=total,
        loaded=total - refused,
        repaired=sum(1 for outcome in outcomes if _is_repaired(outcome)),
        refused=refused,
        unchanged=sum(1 for outcome in outcomes if outcome.unchanged),
        removed=removed,
        seconds=time.perf_counter() - started,
        diagnostics=(*discovery.diagnostics, *found),
    )


def _has(outcome: _Outcome, severity: Severity) -> bool:
    return any(found.severity is severity for found in outcome.diagnostics)


def _is_repaired(outcome: _Outcome) -> bool:
    return _has(outcome, Severity.REPAIRED) and not _has(outcome, Severity.REFUSED)


def _read(database: Database, directory: Path) -> _Outcome:
    """Read one directory, but interpret it only if its bytes differ from the catalogue's."""
    source = str(directory)
    try:
        folder = load_folder(directory)
        if folder.files.digest == _known_digest(database, source):
            return _Outcome(source, read_diagnostics(database.conn, source), unchanged=True)
        skill = interpret(folder)
    except SkillRefusedError as error:
        return _Outcome(source, error.diagnostics)
    return _Outcome(source, skill.diagnostics, skill)


def _known_digest(database: Database, source: str) -> str | None:
    row = database.conn.execute(
        "SELECT digest FROM skills WHERE path = ? AND reader = ?", (source, READER_VERSION)
    ).fetchone()
    return str(row[0]) if row else None


def _batches(outcomes: Iterable[_Outcome]) -> Iterator[list[_Outcome]]:
    batch: list[_Outcome] = []
    size = 0
    for outcome in outcomes:
        batch.append(outcome)
        size += outcome.size
        if len(batch) >= _BATCH_SKILLS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _store(database: Database, batch: list[_Outcome]) -> list[_Outcome]:
    """Write what changed; the outcomes come back with the addresses their skills were given."""
    changed = [outcome for outcome in batch if not outcome.unchanged]
    if not changed:
        return batch
    stored = {outcome.source: outcome for outcome in batch}
    with writing(database):
        former = {outcome.source: _remove(database, outcome.source) for outcome in changed}
        keyed = _assign(database, changed, former)
        insert_skills(database, keyed)
        for _, skill in keyed:
            source = str(skill.path)
            stored[source] = replace(stored[source], skill=skill, diagnostics=skill.diagnostics)
        for outcome in changed:
            replace_diagnostics(database, outcome.source, stored[outcome.source].diagnostics)
    return list(stored.values())


@dataclass(frozen=True)
class _Former:
    """The row that a source directory had before."""

    key: int
    name: str
    qualifier: str


def _remove(database: Database, source: str) -> _Former | None:
    row = database.conn.execute(
        "SELECT key, name, qualifier FROM skills WHERE path = ?", (source,)
    ).fetchone()
    database.conn.execute("DELETE FROM skills WHERE path = ?", (source,))
    return _Former(*row) if row else None


def _assign(
    database: Database, changed: list[_Outcome], former: dict[str, _Former | None]
) -> list[tuple[int, Skill]]:
    """Give each skill a key and an address; one that had them keeps them."""
    row = database.conn.execute("SELECT coalesce(max(key), 0) FROM skills").fetchone()
    free = max([int(row[0]), *(old.key for old in former.values() if old)]) + 1
    taken: dict[str, Skill] = {}
    keyed: list[tuple[int, Skill]] = []
    known_first = sorted(changed, key=lambda outcome: former[outcome.source] is None)
    for skill in (outcome.skill for outcome in known_first):
        if skill is None:
            continue
        old = former[str(skill.path)]
        wanted = old.qualifier if old and old.name == skill.name else ""
        addressed = _addressed(database, skill, wanted, taken)
        taken[addressed.id] = addressed
        keyed.append((old.key if old else free, addressed))
        free += 0 if old else 1
    return keyed


def _addressed(database: Database, skill: Skill, wanted: str, taken: dict[str, Skill]) -> Skill:
    """The skill under the first free address: `wanted`, owner, parent directory."""
    for qualifier in _qualifiers(skill, wanted):
        addressed = replace(skill, qualifier=qualifier)
        if addressed.id in taken or _is_taken(database, addressed.id):
            continue
        if not qualifier:
            return addressed
        findings = Findings(str(skill.path / skill.file_name))
        same_name = findings.make(Code.SAME_NAME, detail=f"this one is {addressed.id}")
        return replace(addressed, diagnostics=(*skill.diagnostics, same_name))
    raise AssertionError("the qualifiers never end")


def _qualifiers(skill: Skill, wanted: str) -> Iterator[str]:
    parent = skill.path.parent.name or "root"
    yield from (wanted, "", skill.owner or parent, parent)
    number = 2
    while True:
        yield f"{parent}-{number}"
        number += 1


def _is_taken(database: Database, skill_id: str) -> bool:
    row = database.conn.execute("SELECT 1 FROM skills WHERE id = ?", (skill_id,)).fetchone()
    return row is not None


def _remove_missing(database: Database, directories: Sequence[Path], found: set[str]) -> int:
    """Forget the sources below `directories` that are no longer there."""
    roots = [directory.resolve() for directory in directories]
    rows = database.conn.execute("SELECT path FROM skills UNION SELECT source FROM diagnostics")
    gone = [
        source
        for (source,) in rows.fetchall()
        if source not in found and any(Path(source).is_relative_to(root) for root in roots)
    ]
    if not gone:
        return 0
    with writing(database):
        removed = sum(1 for source in gone if _remove(database, source))
        for source in gone:
            replace_diagnostics(database, source, ())
    return removed
