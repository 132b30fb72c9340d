"""What the routes answer, read from the storage."""

import base64
import binascii
import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from clawgym.files import File, Files
from clawgym_skills.market.archives import build_zip
from clawgym_skills.market.names import slug_of
from clawgym_skills.market.server.rules import RefusedError
from clawgym_skills.market.server.storage import Storage, sql
from clawgym_skills.market.wire import (
    FileLine,
    ListedSkill,
    Moderation,
    Owner,
    Resolution,
    SearchLine,
    SearchResults,
    SkillDetail,
    SkillLine,
    SkillName,
    SkillPage,
    VersionDetail,
    VersionFiles,
    VersionLine,
    VersionName,
    VersionPage,
)

MAX_PAGE = 200
ENGINE = "clawgym"
_MAX_QUERY = 400
_MAX_WORDS = 12
_ORDERS: Mapping[str, tuple[str, bool]] = {
    "updated": ("updated_at", True),
    "recommended": ("updated_at", True),
    "createdAt": ("created_at", True),
    "newest": ("created_at", True),
    "downloads": ("downloads", True),
    "stars": ("installs", True),
    "rating": ("installs", True),
    "installs": ("installs", True),
    "installsCurrent": ("installs", True),
    "installsAllTime": ("installs", True),
    "trending": ("installs", True),
    "name": ("slug", False),
}
"""The column behind each order, and whether it falls; there are no stars, so installs stand in."""


@dataclass(frozen=True)
class Shelf:
    """One row of `skills`, with the versions behind its tags."""

    row: sqlite3.Row
    tags: Mapping[str, str]

    @property
    def id(self) -> int:
        """Its number in the storage."""
        return int(self.row["id"])

    @property
    def blocked(self) -> bool:
        """Whether nobody may have it."""
        return self.row["verdict"] == "malicious"

    def line(self) -> SkillLine:
        """The skill without its versions."""
        row = self.row
        return SkillLine(
            slug=row["slug"],
            display_name=row["display_name"],
            summary=row["summary"],
            topics=json.loads(row["topics"]),
            tags=dict(self.tags),
            stats={"downloads": row["downloads"], "installsAllTime": row["installs"], "stars": 0},
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )

    def moderation(self) -> Moderation | None:
        """What the scanner found; None if nothing."""
        verdict = self.row["verdict"]
        if verdict == "clean":
            return None
        reasons = [str(reason) for reason in json.loads(self.row["reasons"])]
        return Moderation(
            is_suspicious=True,
            is_malware_blocked=verdict == "malicious",
            verdict=verdict,
            reason_codes=reasons,
            summary=f"Detected: {', '.join(reasons)}",
            engine_version=ENGINE,
            updated_at=self.row["updated_at"],
        )


class AmbiguousSlugError(Exception):
    """Several publishers have a skill of that slug; `matches` says who."""

    def __init__(self, owners: list[str], name: str) -> None:
        super().__init__(name)
        self.owners = owners
        self.name = name


class Catalogue:
    """The reading side of a registry."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def search(self, query: str, limit: int, *, exact: bool, clean: bool) -> SearchResults:
        """Skills that match a text, best first."""
        words = _match(query[:_MAX_QUERY])
        if not words or limit < 1:
            return SearchResults(results=[])
        values = {
            "exact": query.strip().lower(),
            "slug": slug_of(query),
            "words": words,
            "named": f"{{slug display_name}} : ({words})",
            "clean": int(clean),
            "limit": min(limit, MAX_PAGE),
        }
        with self._storage.reading() as database:
            rows = database.execute(sql("search.sql"), values).fetchall()
            found = [row for row in rows if not exact or row["tier"] == 0]
            return SearchResults(results=[_search_line(database, row) for row in found])

    def page(self, limit: int, sort: str, cursor: str | None, prefix: str) -> SkillPage:
        """One page of all skills; the cursor is opaque and stays valid while skills come and go."""
        column, falling = _ORDERS.get(sort, _ORDERS["updated"])
        after = _read_cursor(cursor, column)
        sign, direction = ("<", "DESC") if falling else (">", "ASC")
        limit = max(1, min(limit, MAX_PAGE))
        where = f"({column}, id) {sign} (:value, :id)" if after else "1"
        # `column`, `sign` and `direction` come from the table above, never from a request.
        statement = (
            f"SELECT * FROM skills WHERE verdict <> 'malicious' AND {where}"  # noqa: S608
            " AND substr(slug, 1, length(:prefix)) = :prefix"
            f" ORDER BY {column} {direction}, id {direction} LIMIT :limit"
        )
        values = {"prefix": prefix, "limit": limit + 1, **(after or {})}
        with self._storage.reading() as database:
            rows = database.execute(statement, values).fetchall()
            items = [_listed(database, row) for row in rows[:limit]]
        more = len(rows) > limit
        return SkillPage(
            items=items, next_cursor=_cursor(rows[limit - 1], column) if more else None
        )

    def detail(self, name: str, owner: str | None) -> SkillDetail:
        """One skill.

        Raises:
            RefusedError: there is none.
            AmbiguousSlugError: there are several, and no owner was given.
        """
        with self._storage.reading() as database:
            shelf = _shelf(database, name, owner)
            return SkillDetail(
                skill=shelf.line(),
                latest_version=_latest(database, shelf),
                metadata=None,
                owner=_owner(shelf.row),
                moderation=shelf.moderation(),
            )

    def versions(self, name: str, owner: str | None, limit: int) -> VersionPage:
        """Its versions, newest first."""
        with self._storage.reading() as database:
            shelf = _shelf(database, name, owner)
            rows = database.execute(
                "SELECT * FROM versions WHERE skill = ? ORDER BY id DESC LIMIT ?",
                (shelf.id, max(1, min(limit, MAX_PAGE))),
            ).fetchall()
        return VersionPage(items=[_version_line(row) for row in rows])

    def version(self, name: str, owner: str | None, version: str) -> VersionDetail:
        """One version and its files."""
        with self._storage.reading() as database:
            shelf = _shelf(database, name, owner)
            row = _version_row(database, shelf, version, None)
            files = _files(database, row)
        line = _version_line(row)
        return VersionDetail(
            version=VersionFiles(**line.model_dump(), files=files),
            skill=SkillName(slug=shelf.row["slug"], display_name=shelf.row["display_name"]),
        )

    def resolve(self, name: str, owner: str | None, fingerprint: str) -> Resolution:
        """Which version has this fingerprint, the newest if several."""
        with self._storage.reading() as database:
            shelf = _shelf(database, name, owner)
            row = database.execute(
                "SELECT version FROM versions WHERE skill = ? AND fingerprint = ?"
                " ORDER BY id DESC LIMIT 1",
                (shelf.id, fingerprint.lower()),
            ).fetchone()
            latest = _latest(database, shelf)
        return Resolution(
            slug=shelf.row["slug"],
            match=VersionName(version=row["version"]) if row else None,
            latest_version=VersionName(version=latest.version) if latest else None,
        )

    def archive(
        self, name: str, owner: str | None, version: str | None, tag: str | None
    ) -> tuple[str, bytes]:
        """The fingerprint and the ZIP of a version; counts as a download.

        Raises:
            RefusedError: it does not exist, or is blocked.
        """
        with self._storage.reading() as database:
            shelf = _shelf(database, name, owner)
            _refuse_blocked(shelf)
            row = _version_row(database, shelf, version, tag)
            files = _files(database, row)
        content = Files({file.path: File(self._storage.blob(file.sha256)) for file in files})
        with self._storage.writing() as database:
            database.execute(
                "UPDATE skills SET downloads = downloads + 1 WHERE id = ?", (shelf.id,)
            )
        return row["fingerprint"], build_zip(content)

    def file(
        self, name: str, owner: str | None, path: str, version: str | None, tag: str | None
    ) -> tuple[FileLine, bytes]:
        """One file of a version."""
        with self._storage.reading() as database:
            shelf = _shelf(database, name, owner)
            _refuse_blocked(shelf)
            row = _version_row(database, shelf, version, tag)
            found = [file for file in _files(database, row) if file.path == path]
        if not found:
            raise RefusedError(404, "File not found")
        return found[0], self._storage.blob(found[0].sha256)

    def count_install(self, name: str, owner: str | None) -> None:
        """Note that a skill was installed."""
        with self._storage.writing() as database:
            shelf = _shelf(database, name, owner)
            database.execute("UPDATE skills SET installs = installs + 1 WHERE id = ?", (shelf.id,))


def _match(query: str) -> str:
    """Any text that a person typed as an FTS5 expression: any of its words, or their beginnings."""
    words = re.findall(r"\w+", query)[:_MAX_WORDS]
    return " OR ".join(f'"{word}"*' for word in words)


def _shelf(database: sqlite3.Connection, name: str, owner: str | None) -> Shelf:
    wanted = (name.strip().lower(), (owner or "").removeprefix("@").lower())
    rows = database.execute(
        "SELECT * FROM skills WHERE slug = ?1 AND (?2 = '' OR owner = ?2) ORDER BY owner", wanted
    ).fetchall()
    if not rows:
        raise RefusedError(404, "Skill not found")
    if len(rows) > 1:
        raise AmbiguousSlugError([row["owner"] for row in rows], wanted[0])
    return Shelf(rows[0], _tags(database, rows[0]["id"]))


def _tags(database: sqlite3.Connection, skill: int) -> dict[str, str]:
    rows = database.execute(
        "SELECT tags.tag, versions.version FROM tags JOIN versions ON versions.id = tags.version"
        " WHERE tags.skill = ? ORDER BY tags.tag",
        (skill,),
    )
    return {row["tag"]: row["version"] for row in rows}


def _latest(database: sqlite3.Connection, shelf: Shelf) -> VersionLine | None:
    row = database.execute(
        "SELECT versions.* FROM versions LEFT JOIN tags"
        " ON tags.version = versions.id AND tags.tag = 'latest'"
        " WHERE versions.skill = ? ORDER BY tags.tag IS NULL, versions.id DESC LIMIT 1",
        (shelf.id,),
    ).fetchone()
    return _version_line(row) if row else None


def _version_row(
    database: sqlite3.Connection, shelf: Shelf, version: str | None, tag: str | None
) -> sqlite3.Row:
    wanted = version or shelf.tags.get(tag or "latest")
    row = database.execute(
        "SELECT * FROM versions WHERE skill = ? AND version = ?", (shelf.id, wanted)
    ).fetchone()
    if row is None:
        raise RefusedError(404, "Version not found")
    return row


def _version_line(row: sqlite3.Row) -> VersionLine:
    return VersionLine(
        version=row["version"], created_at=row["created_at"], changelog=row["changelog"]
    )


def _files(database: sqlite3.Connection, version: sqlite3.Row) -> list[FileLine]:
    rows = database.execute(
        "SELECT * FROM files WHERE version = ? ORDER BY path", (version["id"],)
    ).fetchall()
    return [
        FileLine(
            path=row["path"],
            size=row["size"],
            sha256=row["sha256"],
            content_type=row["content_type"],
        )
        for row in rows
    ]


def _refuse_blocked(shelf: Shelf) -> None:
    if shelf.blocked:
        raise RefusedError(403, "This skill is blocked as malware")


def _owner(row: sqlite3.Row) -> Owner:
    return Owner(handle=row["owner"], display_name=row["owner"], image=None)


def _listed(database: sqlite3.Connection, row: sqlite3.Row) -> ListedSkill:
    shelf = Shelf(row, _tags(database, row["id"]))
    return ListedSkill(
        **shelf.line().model_dump(),
        latest_version=_latest(database, shelf),
        metadata=None,
        owner_handle=row["owner"],
    )


def _search_line(database: sqlite3.Connection, row: sqlite3.Row) -> SearchLine:
    latest = _latest(database, Shelf(row, {}))
    return SearchLine(
        slug=row["slug"],
        display_name=row["display_name"],
        summary=row["summary"],
        version=latest.version if latest else None,
        score=round((3 - row["tier"]) * 1_000 - float(row["rank"]), 3),
        downloads=row["downloads"],
        updated_at=row["updated_at"],
        owner_handle=row["owner"],
        owner=_owner(row),
    )


def _cursor(row: sqlite3.Row, column: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([column, row[column], row["id"]]).encode()).decode()


def _read_cursor(cursor: str | None, column: str) -> dict[str, str | int] | None:
    if not cursor:
        return None
    try:
        of, value, number = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError) as error:
        raise RefusedError(400, "Invalid cursor") from error
    if of != column or not isinstance(value, str | int) or not isinstance(number, int):
        raise RefusedError(400, "Invalid cursor")
    return {"value": value, "id": number}
