"""The catalogue: skills in one SQLite file, to be searched by words and fetched by name."""

import difflib
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from clawgym.errors import UsageError
from clawgym_skills._query import match_expression, slug
from clawgym_skills._store import open_database, read_skills
from clawgym_skills.bundle import bundled_directory
from clawgym_skills.indexing import IndexReport, index_directories
from clawgym_skills.skill import Skill

Tier = Literal["exact", "prefix", "words"]
_TIERS: tuple[Tier, ...] = ("exact", "prefix", "words")


class UnknownSkillError(UsageError):
    """The catalogue has no skill of that name."""


@dataclass(frozen=True)
class SearchHit:
    """One skill that matches; `name` is its id, as `Catalogue.get` takes it.

    `tier` says how it matches, `score` is BM25 (larger is better) within a tier.
    """

    name: str
    description: str
    emoji: str
    tier: Tier
    score: float


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
        UsageError: the file cannot be opened, or is no catalogue of this version.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Open the file at `path`, made if it is not there; None keeps everything in memory."""
        self.path = path
        self._database = open_database(path)

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
    ) -> IndexReport:
        """Bring the catalogue up to date with the skills at or below `directories`.

        Only what is new or changed is read in full; what is gone from below these directories is
        removed. `progress` is called with the skills done and found.

        Raises:
            UsageError: a directory does not exist, or the file cannot be written.
        """
        try:
            return index_directories(self._database, directories, progress)
        except sqlite3.OperationalError as error:
            raise UsageError(
                f"cannot write the catalogue {self.path}: {error}; the batches already written are "
                "kept, run the same command again"
            ) from error

    def search(self, query: str, limit: int = 10) -> list[SearchHit]:
        """The best matches for any text that a person typed, at most `limit`.

        The whole name comes first, then names that begin with the query, then skills with any of
        its words, by BM25 with the name above the description above the body.
        """
        expression = match_expression(query)
        if not expression or limit < 1:
            return []
        values = {
            "exact": query.strip().lower(),
            "slug": slug(query),
            "words": expression,
            "limit": limit,
        }
        rows = self._database.conn.execute(_search_sql(), values)
        return [
            SearchHit(skill_id, description, emoji, _TIERS[int(tier)], -rank)
            for skill_id, description, emoji, tier, rank in rows
        ]

    def get(self, name: str) -> Skill:
        """The skill with this name, or with this `qualifier/name`.

        Raises:
            UnknownSkillError: there is none; the message names the closest ones.
        """
        found = read_skills(self._database.conn, name)
        if not found:
            raise UnknownSkillError(self._unknown(name))
        return found[0]

    def skills(self) -> list[Skill]:
        """Every skill, sorted by id, with all its files."""
        return read_skills(self._database.conn)

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

    def _unknown(self, name: str) -> str:
        names = self.names()
        close = difflib.get_close_matches(name, names, n=3)
        if close:
            return f"no skill is called {name!r}; did you mean {' or '.join(close)}?"
        if not names:
            return f"no skill is called {name!r}: the catalogue is empty; index a directory first"
        return f"no skill is called {name!r}; `clawgym skills list` prints all {len(names):,}"


def open_catalogue(path: Path) -> Catalogue:
    """The catalogue at `path`; where there is none, one in memory with the bundled skills.

    `Catalogue.path` tells which: it is None for the one in memory.
    """
    if path.exists():
        return Catalogue(path)
    catalogue = Catalogue()
    catalogue.index([bundled_directory()])
    return catalogue


@cache
def _search_sql() -> str:
    return files("clawgym_skills").joinpath("search.sql").read_text("utf-8")
