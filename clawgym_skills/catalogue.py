"""The catalogue: skills in one SQLite file, to be searched by words and fetched by name."""

import difflib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym_skills._records import (
    read_activations,
    read_annotation,
    read_categories,
    read_embeddings,
    read_installs,
    read_scans,
    unembedded,
    write_activation,
    write_annotation,
    write_categories,
    write_embeddings,
    write_install,
    write_scan,
)
from clawgym_skills._rows import read_files, read_skills
from clawgym_skills._store import BUSY_SECONDS, open_database, refresh_taxonomy, writing
from clawgym_skills.bundle import bundled_directory
from clawgym_skills.indexing import IndexReport, index_directories
from clawgym_skills.records import (
    ActivationRecord,
    AnnotationRecord,
    CategoryRecord,
    FindingRecord,
    InstallRecord,
    ScanRecord,
)
from clawgym_skills.search.eligibility import eligibility
from clawgym_skills.search.ranking import Filters, Match, Ranking, Semantic, Tier, explain
from clawgym_skills.skill import Skill

if TYPE_CHECKING:
    import sqlite_utils


class UnknownSkillError(UsageError):
    """The catalogue has no skill of that name."""


@dataclass(frozen=True)
class SearchHit:
    """One skill that matches; `name` is its id, as `Catalogue.get` takes it.

    `tier`, `score`, `uses` and `note` are those of `clawgym_skills.search.ranking.Match`.
    """

    name: str
    description: str
    emoji: str
    tier: Tier
    score: float
    uses: int = 0
    note: str = ""
    key: int = 0


@dataclass(frozen=True)
class SkillSummary:
    """One skill without its body and files; `name` is its id."""

    name: str
    description: str
    emoji: str
    digest: str
    path: Path


class Catalogue:
    """Skills in one SQLite file; its tables are documented in `schema.sql`.

    Several processes may read while one writes. Skills of the same name from different directories
    are all kept. The first one indexed is addressed by its bare name; a later one by
    `owner/name` with the owner from its registry's `_meta.json`, else by `directory/name` with the
    name of the directory above it (`directory-2/name`, … where that is taken too), and it carries
    the diagnostic SK112. An address stays with its directory as long as the name stays.

    Raises:
        UsageError: the file cannot be opened, is no catalogue, or one of a later version. One of
            an earlier version is migrated.
    """

    def __init__(self, path: Path | None = None, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Open the file at `path`, made if it is not there; None keeps everything in memory.

        A writer waits for another one at most `busy_seconds`.
        """
        self.path = path
        self._database = open_database(path, busy_seconds)

    @property
    def connection(self) -> sqlite3.Connection:
        """For reading the tables of `schema.sql` directly, where a whole `Skill` is too much."""
        return self._database.conn

    @property
    def tables(self) -> "sqlite_utils.Database":
        """The tables by sqlite-utils, for queries, exports and tables of one's own.

        It is imported here: where pandas is installed that takes a quarter of a second, which a
        server of skills would wait for at every start.
        """
        import sqlite_utils  # noqa: PLC0415

        return sqlite_utils.Database(self.connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the catalogue cannot be used afterwards."""
        self._database.close()

    def index(
        self,
        directories: Sequence[Path],
        *,
        progress: Callable[[int, int], None] | None = None,
        workers: int | None = None,
    ) -> IndexReport:
        """Bring the catalogue up to date with the skills at or below `directories`.

        Only what is new or changed is read in full; what is gone from below these directories is
        removed. `progress` is called with the skills done and found. `workers` is how many
        processes read while this one writes; by default all CPUs but one, where that pays.

        Raises:
            UsageError: a directory does not exist, or the file cannot be written.
            CatalogueBusyError: another process is writing for too long.
        """
        try:
            return index_directories(self._database, directories, progress, workers=workers)
        except sqlite3.OperationalError as error:
            raise UsageError(
                f"cannot write the catalogue {self.path}: {error}; the batches already written are "
                "kept, run the same command again"
            ) from error

    def search(
        self,
        query: str,
        limit: int = 10,
        *,
        filters: Filters | None = None,
        semantic: Semantic | None = None,
    ) -> list[SearchHit]:
        """The best matches for any text that a person typed, at most `limit`.

        The tiers are those of `clawgym_skills.search.ranking`: the whole name first, then all words
        in the name, in the taxonomy, in the description, anywhere, and then some of the words.
        """
        ranking = self._ranking(query, limit, filters or Filters(), semantic)
        matches = ranking.matches()
        return [self._hit(match) for match in matches]

    def _ranking(
        self, query: str, limit: int, filters: Filters, semantic: Semantic | None
    ) -> Ranking:
        check = eligibility() if filters.eligible else _anything
        self._database.conn.create_function("is_eligible", 2, check)
        ours = f"{bundled_directory()}/"
        return Ranking(self._database.conn, query, limit, filters, semantic, vouched_below=ours)

    def _hit(self, match: Match) -> SearchHit:
        skill_id, description, emoji = self._database.conn.execute(
            "SELECT id, description, emoji FROM skills WHERE key = ?", (match.key,)
        ).fetchone()
        return SearchHit(
            name=skill_id,
            description=description,
            emoji=emoji,
            tier=match.tier,
            score=match.score,
            uses=match.uses,
            note=match.note,
            key=match.key,
        )

    def explain(self, query: str, hit: SearchHit) -> dict[str, tuple[str, ...]]:
        """Which words of the query are in which texts of a hit; `…` marks a mere beginning."""
        return explain(self._database.conn, query, hit.key)

    def get(self, name: str) -> Skill:
        """The skill with this name, or with this `qualifier/name`.

        Raises:
            UnknownSkillError: there is none; the message names the closest ones.
        """
        found = next(read_skills(self._database.conn, name), None)
        if found is None:
            raise UnknownSkillError(self._unknown(name))
        return found

    def skills(self) -> list[Skill]:
        """Every skill, sorted by id, with all its files."""
        return list(read_skills(self._database.conn))

    def iterate(self) -> Iterator[Skill]:
        """Every skill, sorted by id, one in memory at a time."""
        return read_skills(self._database.conn)

    def files(self, digest: str) -> Files:
        """The files of any revision that the catalogue keeps; empty for another digest."""
        return read_files(self._database.conn, digest)

    def summaries(self) -> list[SkillSummary]:
        """Every skill, sorted by id, without its body and files."""
        rows = self._database.conn.execute(
            "SELECT id, description, emoji, digest, path FROM skills ORDER BY id"
        )
        return [
            SkillSummary(skill_id, description, emoji, digest, Path(path))
            for skill_id, description, emoji, digest, path in rows
        ]

    def names(self) -> list[str]:
        """The ids of all skills, sorted."""
        rows = self._database.conn.execute("SELECT id FROM skills ORDER BY id")
        return [str(row[0]) for row in rows]

    def record_scan(self, digest: str, scan: ScanRecord) -> None:
        """Keep a scanner's verdict on a revision, instead of its former one."""
        with writing(self._database):
            write_scan(self._database.conn, digest, scan)

    def scans(self, digest: str) -> list[ScanRecord]:
        """The verdicts on a revision, by scanner."""
        return read_scans(self._database.conn, digest)

    def findings(self, digest: str) -> tuple[FindingRecord, ...]:
        """What all scanners found in a revision."""
        return tuple(found for scan in self.scans(digest) for found in scan.findings)

    def record_annotation(
        self,
        digest: str,
        annotation: AnnotationRecord,
        categories: Sequence[CategoryRecord] = (),
    ) -> None:
        """Keep what an annotator says about a revision, instead of what it said before.

        Search finds the skills with this revision by these `categories` from now on.
        """
        with writing(self._database):
            write_annotation(self._database.conn, digest, annotation)
            write_categories(self._database.conn, digest, annotation.annotator, categories)
            refresh_taxonomy(self._database.conn, digest)

    def annotation(self, digest: str, annotator: str) -> AnnotationRecord | None:
        """What an annotator says about a revision, if it has seen it."""
        return read_annotation(self._database.conn, digest, annotator)

    def categories(self, digest: str) -> dict[str, tuple[CategoryRecord, ...]]:
        """The categories of a revision by who says so; `author` for the skill's own."""
        return read_categories(self._database.conn, digest)

    def record_install(self, install: InstallRecord) -> None:
        """Keep that a skill is installed at a path, instead of what was there before."""
        with writing(self._database):
            write_install(self._database.conn, install)

    def forget_install(self, path: str) -> None:
        """Forget what was installed at a path; nothing happens if nothing was."""
        with writing(self._database):
            self._database.conn.execute("DELETE FROM installs WHERE path = ?", (path,))

    def installs(self) -> list[InstallRecord]:
        """What is installed, by path."""
        return read_installs(self._database.conn)

    def record_activation(self, activation: ActivationRecord) -> None:
        """Keep that a skill was handed to an agent."""
        with writing(self._database):
            write_activation(self._database.conn, activation)

    def activations(self, skill: str | None = None) -> list[ActivationRecord]:
        """When skills were handed to agents, oldest first; of one skill where it is named."""
        return read_activations(self._database.conn, skill)

    def unembedded(self, model: str) -> list[tuple[str, str]]:
        """Digest and text (name, description, beginning) of what has no vector by this model."""
        return unembedded(self._database.conn, model)

    def record_embeddings(self, model: str, vectors: Sequence[tuple[str, bytes]]) -> None:
        """Keep what an embedding model makes of revisions."""
        with writing(self._database):
            write_embeddings(self._database.conn, model, vectors)

    def embeddings(self, model: str) -> Iterator[tuple[int, bytes]]:
        """The vector of each skill that has one by this model, by its key."""
        return read_embeddings(self._database.conn, model)

    def record_owner(self, handle: str, *, official: bool) -> None:
        """Keep whether somebody vouches for a publisher."""
        with writing(self._database):
            self._database.conn.execute(
                "INSERT INTO owners (handle, official) VALUES (?, ?) "
                "ON CONFLICT (handle) DO UPDATE SET official = excluded.official",
                (handle, int(official)),
            )

    def _unknown(self, name: str) -> str:
        names = self.names()
        close = difflib.get_close_matches(name, names, n=3)
        if close:
            return f"no skill is called {name!r}; did you mean {' or '.join(close)}?"
        if not names:
            return f"no skill is called {name!r}: the catalogue is empty; index a directory first"
        return f"no skill is called {name!r}; `clawgym skills list` prints all {len(names):,}"


def _anything(name: str, frontmatter: str) -> bool:
    del name, frontmatter
    return True


def open_catalogue(path: Path) -> Catalogue:
    """The catalogue at `path`; where there is none, one in memory with the bundled skills.

    `Catalogue.path` tells which: it is None for the one in memory.
    """
    if path.exists():
        return Catalogue(path)
    catalogue = Catalogue()
    catalogue.index([bundled_directory()])
    return catalogue
