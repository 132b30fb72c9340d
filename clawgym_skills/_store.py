"""The catalogue's SQLite file: opening it, and rows to and from skills."""

import hashlib
import json
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from pydantic import JsonValue, TypeAdapter
from sqlite_utils import Database

from clawgym.errors import UsageError
from clawgym.files import File, Files
from clawgym_skills.diagnostic import Diagnostic, Severity
from clawgym_skills.reading import READER_VERSION
from clawgym_skills.skill import Skill

SCHEMA_VERSION = 1

Row = dict[str, str | int | bytes | None]

_BUSY_SECONDS = 30.0
_FRONTMATTER: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_SKILL_COLUMNS = "key, name, qualifier, owner, description, body, frontmatter, path, file_name"


def open_database(path: Path | None) -> Database:
    """Open a catalogue, made if it is not there; None is one in memory.

    Raises:
        UsageError: the file cannot be used as a catalogue.
    """
    try:
        connection = _connect(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise UsageError(
            f"cannot open the catalogue {path}: {error}; choose another place with --catalog"
        ) from error
    try:
        return _prepare(connection, path)
    except sqlite3.OperationalError as error:
        connection.close()
        raise UsageError(f"cannot use the catalogue {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UsageError(
            f"{path} is not a skill catalogue: {error}; choose another file"
        ) from error
    except BaseException:
        connection.close()
        raise


def _connect(path: Path | None) -> sqlite3.Connection:
    if path is None:
        return sqlite3.connect(":memory:")
    path.parent.mkdir(parents=True, exist_ok=True)
    return sqlite3.connect(path, timeout=_BUSY_SECONDS)


def _prepare(connection: sqlite3.Connection, path: Path | None) -> Database:
    database = Database(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    if schema_version(connection) != SCHEMA_VERSION:
        database.enable_wal()
        with writing(database):
            _create_schema(database, path)
    connection.execute("PRAGMA synchronous = NORMAL")
    return database


def _create_schema(database: Database, path: Path | None) -> None:
    version = schema_version(database.conn)
    if version == SCHEMA_VERSION:
        return  # another process made it in the meantime
    if version != 0:
        raise UsageError(
            f"{path} has catalogue schema {version}, this is ClawGym for schema {SCHEMA_VERSION}; "
            "index into a new file"
        )
    if database.table_names():
        raise UsageError(f"{path} is some other database; choose another file for the catalogue")
    database.executescript(files("clawgym_skills").joinpath("schema.sql").read_text("utf-8"))
    database.conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def schema_version(connection: sqlite3.Connection) -> int:
    """What `PRAGMA user_version` says; 0 for a file that is new."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def writing(database: Database) -> Generator[None]:
    """One transaction that holds the write lock from its start."""
    database.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.rollback()
        raise
    database.commit()


def insert_skills(database: Database, keyed: Sequence[tuple[int, Skill]]) -> None:
    """Add rows for skills under keys that are free; to be called inside `writing`."""
    _insert(database, "skills", [_skill_row(key, skill) for key, skill in keyed])
    _insert(database, "files", [row for key, skill in keyed for row in _file_rows(key, skill)])
    _insert(
        database,
        "capabilities",
        [
            {"skill": key, "position": n, "operation": item.operation, "kind": str(item.kind)}
            for key, skill in keyed
            for n, item in enumerate(skill.capabilities)
        ],
    )


def replace_diagnostics(database: Database, source: str, diagnostics: Sequence[Diagnostic]) -> None:
    """Record what was found in one source directory, instead of what was found before."""
    database.conn.execute("DELETE FROM diagnostics WHERE source = ?", (source,))
    rows: list[Row] = [
        {
            "source": source,
            "position": position,
            "code": found.code,
            "severity": str(found.severity),
            "message": found.message,
            "path": found.path,
            "line": found.line,
        }
        for position, found in enumerate(diagnostics)
    ]
    _insert(database, "diagnostics", rows)


def read_diagnostics(connection: sqlite3.Connection, source: str) -> tuple[Diagnostic, ...]:
    """What was found in one source directory."""
    rows = connection.execute(
        "SELECT code, severity, message, path, line FROM diagnostics "
        "WHERE source = ? ORDER BY position",
        (source,),
    )
    return tuple(Diagnostic(code, Severity(severity), *rest) for code, severity, *rest in rows)


def read_skills(connection: sqlite3.Connection, skill_id: str | None = None) -> list[Skill]:
    """Every skill by id, or the one with this id."""
    where = "" if skill_id is None else "WHERE id = ?"
    values = () if skill_id is None else (skill_id,)
    rows = connection.execute(
        f"SELECT {_SKILL_COLUMNS} FROM skills {where} ORDER BY id",  # noqa: S608 - constants
        values,
    ).fetchall()
    contents = _read_files(connection, rows[0][0] if len(rows) == 1 else None)
    return [_skill(connection, row, contents.get(row[0], Files())) for row in rows]


def _read_files(connection: sqlite3.Connection, key: int | None) -> dict[int, Files]:
    rows = connection.execute(
        "SELECT skill, path, content, executable FROM files "
        "WHERE :key IS NULL OR skill = :key ORDER BY skill",
        {"key": key},
    )
    return {
        int(skill): Files({path: File(data, bool(flag)) for _, path, data, flag in group})
        for skill, group in groupby(rows, key=lambda row: row[0])
    }


def _skill(connection: sqlite3.Connection, row: tuple[str, ...], contents: Files) -> Skill:
    _, name, qualifier, owner, description, body, frontmatter, path, file_name = row
    return Skill(
        name=name,
        description=description,
        body=body,
        frontmatter=_FRONTMATTER.validate_json(frontmatter),
        files=contents,
        path=Path(path),
        file_name=file_name,
        owner=owner,
        qualifier=qualifier,
        diagnostics=read_diagnostics(connection, path),
    )


def _skill_row(key: int, skill: Skill) -> Row:
    return {
        "key": key,
        "id": skill.id,
        "name": skill.name,
        "qualifier": skill.qualifier,
        "owner": skill.owner,
        "description": skill.description,
        "emoji": skill.emoji,
        "user_invocable": int(skill.user_invocable),
        "body": skill.body,
        "frontmatter": json.dumps(skill.frontmatter, ensure_ascii=False),
        "digest": skill.digest,
        "path": str(skill.path),
        "file_name": skill.file_name,
        "reader": READER_VERSION,
    }


def _file_rows(key: int, skill: Skill) -> Iterator[Row]:
    for path, file in skill.files.items():
        yield {
            "skill": key,
            "path": path,
            "sha256": hashlib.sha256(file.data).hexdigest(),
            "size": len(file.data),
            "executable": int(file.executable),
            "content": file.data,
        }


def _insert(database: Database, table: str, rows: Sequence[Row]) -> None:
    if rows:
        database.table(table).insert_all(rows)
