"""From skills to rows, as far as that needs no catalogue; and from rows back to skills."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from clawgym.errors import ClawGymError, ExitCode
from clawgym.files import File, Files
from clawgym_skills._store import FRONTMATTER, refresh_taxonomy
from clawgym_skills._words import forget, learn
from clawgym_skills.diagnostic import Diagnostic, Severity
from clawgym_skills.labels import Labels, labels_of, taxonomy
from clawgym_skills.reading import READER_VERSION
from clawgym_skills.search.terms import slug
from clawgym_skills.skill import Skill

EXECUTABLE = 0o755
PLAIN = 0o644

_DIAGNOSTIC = "source, code, severity, message, path, line"
_SKILL_COLUMNS = (
    "key, name, qualifier, owner, description, body, frontmatter, path, file_name, digest"
)


@dataclass(frozen=True)
class FileRow:
    """One file of a revision."""

    path: str
    sha256: str
    size: int
    mode: int
    content: bytes


@dataclass(frozen=True)
class Prepared:
    """A skill taken apart into the values of its rows; only its key and address are missing."""

    name: str
    owner: str | None
    path: str
    file_name: str
    description: str
    emoji: str
    user_invocable: bool
    body: str
    frontmatter: str
    digest: str
    labels: Labels
    capabilities: tuple[tuple[str, str], ...]
    files: tuple[FileRow, ...]

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class Addressed:
    """A skill with its key and its address; `known` where the catalogue has a row for it."""

    key: int
    qualifier: str
    prepared: Prepared
    known: bool

    @property
    def id(self) -> str:
        """As `Skill.id`."""
        name = self.prepared.name
        return f"{self.qualifier}/{name}" if self.qualifier else name


def prepare(skill: Skill) -> Prepared:
    """Take a skill apart."""
    rows = tuple(_file_row(path, file) for path, file in skill.files.items())
    return Prepared(
        name=skill.name,
        owner=skill.owner,
        path=str(skill.path),
        file_name=skill.file_name,
        description=skill.description,
        emoji=skill.emoji,
        user_invocable=skill.user_invocable,
        body=skill.body,
        frontmatter=json.dumps(skill.frontmatter, ensure_ascii=False),
        digest=_digest(rows),
        labels=labels_of(skill),
        capabilities=tuple((item.operation, str(item.kind)) for item in skill.capabilities),
        files=rows,
    )


def _file_row(path: str, file: File) -> FileRow:
    sha256 = hashlib.sha256(file.data).hexdigest()
    return FileRow(
        path, sha256, len(file.data), EXECUTABLE if file.executable else PLAIN, file.data
    )


def _digest(rows: Iterable[FileRow]) -> str:
    """`Files.digest`, without hashing the content of each file a second time."""
    return Files.digest_of((row.path, row.mode == EXECUTABLE, row.sha256) for row in rows)


def insert(connection: sqlite3.Connection, skills: Sequence[Addressed], now: int) -> None:
    """Add or replace the rows of skills; `now` in Unix milliseconds."""
    _insert_revisions(connection, [skill.prepared for skill in skills], now)
    owners = {skill.prepared.owner for skill in skills} - {None}
    connection.executemany(
        "INSERT OR IGNORE INTO owners (handle, official) VALUES (?, 0)",
        [(owner,) for owner in sorted(filter(None, owners))],
    )
    known = [skill.key for skill in skills if skill.known]
    _clear(connection, known)
    forget(connection, known)
    connection.executemany(_INSERT_SKILL, [_skill_row(skill) for skill in skills])
    learn(connection, [skill.key for skill in skills])
    _insert_labels(connection, skills)
    _insert_versions(connection, skills)
    for digest in _annotated(connection, {skill.prepared.digest for skill in skills}):
        refresh_taxonomy(connection, digest)


def _annotated(connection: sqlite3.Connection, digests: set[str]) -> list[str]:
    """Those of the revisions that somebody else than the author has put into categories."""
    rows = connection.execute(
        "SELECT DISTINCT digest FROM json_each(?) JOIN categories ON digest = value "
        "WHERE source != 'author' ORDER BY digest",
        (json.dumps(sorted(digests)),),
    )
    return [digest for (digest,) in rows]


def _insert_revisions(connection: sqlite3.Connection, skills: list[Prepared], now: int) -> None:
    revisions = {skill.digest: skill for skill in skills}
    connection.executemany(
        "INSERT OR IGNORE INTO revisions (digest, files, bytes, first_seen) VALUES (?, ?, ?, ?)",
        [(digest, len(skill.files), skill.size, now) for digest, skill in revisions.items()],
    )
    blobs = {file.sha256: file.content for skill in revisions.values() for file in skill.files}
    connection.executemany(
        "INSERT OR IGNORE INTO blobs (sha256, content) VALUES (?, ?)", blobs.items()
    )
    connection.executemany(
        "INSERT OR IGNORE INTO files (digest, path, sha256, size, mode) VALUES (?, ?, ?, ?, ?)",
        [
            (digest, file.path, file.sha256, file.size, file.mode)
            for digest, skill in revisions.items()
            for file in skill.files
        ],
    )


def _clear(connection: sqlite3.Connection, keys: list[int]) -> None:
    for table in ("tags", "capabilities"):
        connection.executemany(
            f"DELETE FROM {table} WHERE skill = ?",  # noqa: S608 - constants
            [(key,) for key in keys],
        )


_INSERT_SKILL = """
INSERT INTO skills (
    key, id, name, slug, qualifier, owner, version, description, emoji, user_invocable, taxonomy,
    body, frontmatter, digest, path, file_name, reader
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    (id, name, slug, qualifier, owner, version, description, emoji, user_invocable, taxonomy,
     body, frontmatter, digest, path, file_name, reader)
  = (excluded.id, excluded.name, excluded.slug, excluded.qualifier, excluded.owner,
     excluded.version, excluded.description, excluded.emoji, excluded.user_invocable,
     excluded.taxonomy, excluded.body, excluded.frontmatter, excluded.digest, excluded.path,
     excluded.file_name, excluded.reader)
"""


def _skill_row(skill: Addressed) -> tuple[str | int | None, ...]:
    made = skill.prepared
    operations = [" ".join(item) for item in made.capabilities]
    return (
        skill.key,
        skill.id,
        made.name,
        slug(made.name),
        skill.qualifier,
        made.owner,
        made.labels.version,
        made.description,
        made.emoji,
        int(made.user_invocable),
        taxonomy(made.labels.categories, made.labels.tags, operations),
        made.body,
        made.frontmatter,
        made.digest,
        made.path,
        made.file_name,
        READER_VERSION,
    )


def _insert_labels(connection: sqlite3.Connection, skills: Sequence[Addressed]) -> None:
    connection.executemany(
        "INSERT INTO capabilities (skill, position, operation, kind) VALUES (?, ?, ?, ?)",
        [
            (skill.key, position, *capability)
            for skill in skills
            for position, capability in enumerate(skill.prepared.capabilities)
        ],
    )
    connection.executemany(
        "INSERT INTO tags (skill, tag) VALUES (?, ?)",
        [(skill.key, tag) for skill in skills for tag in skill.prepared.labels.tags],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO categories (digest, source, category, evidence) "
        "VALUES (?, 'author', ?, 'frontmatter')",
        [
            (skill.prepared.digest, category)
            for skill in skills
            for category in skill.prepared.labels.categories
        ],
    )


def _insert_versions(connection: sqlite3.Connection, skills: Sequence[Addressed]) -> None:
    """Append the present revision to each skill's history, unless it is the last one there."""
    connection.executemany(
        """
        INSERT INTO versions (skill, position, digest, version)
        SELECT ?1, (SELECT coalesce(max(position) + 1, 0) FROM versions WHERE skill = ?1), ?2, ?3
        WHERE ?2 IS NOT
            (SELECT digest FROM versions WHERE skill = ?1 ORDER BY position DESC LIMIT 1)
        """,
        [(skill.key, skill.prepared.digest, skill.prepared.labels.version) for skill in skills],
    )


def replace_diagnostics(
    connection: sqlite3.Connection, found: Sequence[tuple[str, Sequence[Diagnostic]]]
) -> None:
    """Record what was found in source directories, instead of what was found before."""
    connection.executemany(
        "DELETE FROM diagnostics WHERE source = ?", [(source,) for source, _ in found]
    )
    connection.executemany(
        "INSERT INTO diagnostics (source, position, code, severity, message, path, line) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (source, n, one.code, str(one.severity), one.message, one.path, one.line)
            for source, diagnostics in found
            for n, one in enumerate(diagnostics)
        ],
    )


def read_diagnostics(
    connection: sqlite3.Connection, source: str | None = None
) -> dict[str, tuple[Diagnostic, ...]]:
    """What was found, by source directory; of one directory only where it is named."""
    where = "" if source is None else "WHERE source = ?"
    rows = connection.execute(
        f"SELECT {_DIAGNOSTIC} FROM diagnostics {where} "  # noqa: S608 - constants
        "ORDER BY source, position",
        () if source is None else (source,),
    )
    return {
        str(key): tuple(
            Diagnostic(code, Severity(severity), *rest) for _, code, severity, *rest in group
        )
        for key, group in groupby(rows, key=lambda row: row[0])
    }


def read_skills(connection: sqlite3.Connection, skill_id: str | None = None) -> Iterator[Skill]:
    """Every skill by id, or the one with this id."""
    where = "" if skill_id is None else "WHERE id = ?"
    values = () if skill_id is None else (skill_id,)
    rows = connection.execute(
        f"SELECT {_SKILL_COLUMNS} FROM skills {where} ORDER BY id",  # noqa: S608 - constants
        values,
    ).fetchall()
    return (_skill(connection, row) for row in rows)


def read_files(connection: sqlite3.Connection, digest: str) -> Files:
    """The files of a revision; empty where the catalogue has none by this digest.

    Raises:
        DamagedSkillError: what is stored is not what the digest stands for.
    """
    rows = connection.execute(
        "SELECT path, content, mode FROM files JOIN blobs USING (sha256) WHERE digest = ?",
        (digest,),
    )
    stored = Files({path: File(content, mode == EXECUTABLE) for path, content, mode in rows})
    if stored and stored.digest != digest:
        raise DamagedSkillError(
            f"the stored files of the skill revision {digest[:16]} were changed behind the "
            "catalogue's back and are not used; delete the catalogue and index the skills again"
        )
    return stored


class DamagedSkillError(ClawGymError):
    """The files of a skill are not those that its digest stands for."""

    exit_code = ExitCode.FINDINGS


def _skill(connection: sqlite3.Connection, row: tuple[str, ...]) -> Skill:
    _, name, qualifier, owner, description, body, frontmatter, path, file_name, digest = row
    return Skill(
        name=name,
        description=description,
        body=body,
        frontmatter=FRONTMATTER.validate_json(frontmatter),
        files=read_files(connection, digest),
        path=Path(path),
        file_name=file_name,
        owner=owner,
        qualifier=qualifier,
        diagnostics=read_diagnostics(connection, path).get(path, ()),
    )
