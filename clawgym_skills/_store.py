"""The catalogue's SQLite file: opening it, bringing an older one up to date, transactions."""

import sqlite3
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pydantic import JsonValue, TypeAdapter

from clawgym.errors import ClawGymError, UsageError
from clawgym_skills._words import forget, learn
from clawgym_skills.labels import declared_labels, taxonomy
from clawgym_skills.search.terms import slug

SCHEMA_VERSION = 2

FRONTMATTER: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])

BUSY_SECONDS = 30.0
_CACHE_KIB = 32 * 1024


class CatalogueBusyError(ClawGymError):
    """Another process holds the catalogue's write lock for too long."""


@dataclass(frozen=True)
class Database:
    """An open catalogue file."""

    conn: sqlite3.Connection

    def table_names(self) -> list[str]:
        """The names of all tables."""
        rows = self.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [name for (name,) in rows]

    def commit(self) -> None:
        """End the transaction and keep what it did."""
        self.conn.commit()

    def rollback(self) -> None:
        """End the transaction and undo what it did."""
        self.conn.rollback()

    def close(self) -> None:
        """Close the file."""
        self.conn.close()


def open_database(path: Path | None, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Open a catalogue, made if it is not there, migrated if it is older; None is one in memory.

    Raises:
        UsageError: the file cannot be used as a catalogue.
        CatalogueBusyError: it has to be made or migrated, and another process is writing.
    """
    try:
        connection = _connect(path, busy_seconds)
    except (OSError, sqlite3.OperationalError) as error:
        raise UsageError(
            f"cannot open the catalogue {path}: {error}; choose another place with --catalog"
        ) from error
    try:
        return _prepare(connection, path, busy_seconds)
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


def _connect(path: Path | None, busy_seconds: float) -> sqlite3.Connection:
    if path is None:
        return sqlite3.connect(":memory:")
    path.parent.mkdir(parents=True, exist_ok=True)
    return sqlite3.connect(path, timeout=busy_seconds)


def _prepare(connection: sqlite3.Connection, path: Path | None, busy_seconds: float) -> Database:
    database = Database(connection)
    if schema_version(connection) != SCHEMA_VERSION:
        _check_ours(database, path)
        _enable_wal(connection, busy_seconds)
        with writing(database):
            _upgrade(database, path)
    connection.execute("PRAGMA foreign_keys = ON")  # only now: a migration moves tables about
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return database


def _enable_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Let readers read while one writes. For this change SQLite itself does not wait for others."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _check_ours(database: Database, path: Path | None) -> None:
    tables = database.table_names()  # before the version: another process commits both at once
    version = schema_version(database.conn)
    if version > SCHEMA_VERSION:
        raise UsageError(
            f"{path} has catalogue schema {version}, this ClawGym knows schemas up to "
            f"{SCHEMA_VERSION}; upgrade ClawGym, or index into a new file with --catalog"
        )
    if version == 0 and tables:
        raise UsageError(f"{path} is some other database; choose another file for the catalogue")


def _upgrade(database: Database, path: Path | None) -> None:
    """Make or migrate the tables, inside one transaction."""
    _check_ours(database, path)  # another process may have been faster
    version = schema_version(database.conn)
    if version == SCHEMA_VERSION:
        return
    if version == 1:
        _run(database.conn, "migrations/from_1_aside.sql")
    _run(database.conn, "schema.sql")
    if version == 1:
        _run(database.conn, "migrations/from_1_over.sql")
        _label(database.conn)
    database.conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def schema_version(connection: sqlite3.Connection) -> int:
    """What `PRAGMA user_version` says; 0 for a file that is new."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _run(connection: sqlite3.Connection, name: str) -> None:
    """Run a script inside the present transaction, which `executescript` would end."""
    values = {"now": time.time_ns() // 1_000_000}
    for statement in _statements(files("clawgym_skills").joinpath(name).read_text("utf-8")):
        connection.execute(statement, values if ":now" in statement else {})


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def _label(connection: sqlite3.Connection) -> None:
    """Fill in what version 1 did not keep and the frontmatter tells."""
    rows = connection.execute("SELECT key, name, digest, frontmatter FROM skills").fetchall()
    for key, name, digest, frontmatter in rows:
        connection.execute("UPDATE skills SET slug = ? WHERE key = ?", (slug(name), key))
        labels = declared_labels(FRONTMATTER.validate_json(frontmatter))
        connection.executemany(
            "INSERT INTO tags (skill, tag) VALUES (?, ?)", [(key, tag) for tag in labels.tags]
        )
        connection.executemany(
            "INSERT OR IGNORE INTO categories (digest, source, category, evidence) "
            "VALUES (?, 'author', ?, 'frontmatter')",
            [(digest, category) for category in labels.categories],
        )
        for table, column in (("skills", "key"), ("versions", "skill")):
            connection.execute(
                f"UPDATE {table} SET version = ? WHERE {column} = ?",  # noqa: S608 - constants
                (labels.version, key),
            )
        refresh_taxonomy(connection, digest)


def refresh_taxonomy(connection: sqlite3.Connection, digest: str) -> None:
    """Derive `skills.taxonomy` again for the skills with this revision."""
    rows = connection.execute("SELECT key FROM skills WHERE digest = ?", (digest,)).fetchall()
    keys = [int(row[0]) for row in rows]
    forget(connection, keys)
    for key in keys:
        words = taxonomy(
            _column(connection, "category FROM categories WHERE digest = ?", digest),
            _column(connection, "tag FROM tags WHERE skill = ?", key),
            _column(
                connection,
                "operation || ' ' || kind FROM capabilities WHERE skill = ? ORDER BY position",
                key,
            ),
        )
        connection.execute("UPDATE skills SET taxonomy = ? WHERE key = ?", (words, key))
    learn(connection, keys)


def _column(connection: sqlite3.Connection, query: str, value: str | int) -> list[str]:
    return [str(row[0]) for row in connection.execute(f"SELECT {query}", (value,))]


@contextmanager
def writing(database: Database) -> Generator[None]:
    """One transaction that holds the write lock from its start.

    Raises:
        CatalogueBusyError: another process holds it for longer than this connection waits.
    """
    try:
        database.conn.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
        raise CatalogueBusyError(
            "another process has been writing to this catalogue all the time; wait until it is "
            "done, then run the same command again: what was already written is kept"
        ) from error
    try:
        yield
    except BaseException:
        database.rollback()
        raise
    database.commit()
