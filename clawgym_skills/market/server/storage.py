"""Where a registry keeps things: files by their hash, everything else in one SQLite file."""

import hashlib
import os
import secrets
import sqlite3
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

from clawgym.errors import UsageError

SCHEMA_VERSION = 1
_SECONDS = 30.0


class Storage:
    """A folder with `registry.sqlite` and `blobs/`.

    Safe for many threads and processes: each use opens its own connection, and writers take turns.

    Raises:
        UsageError: the folder cannot be written to, or holds something else.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = folder / "blobs"
        self._path = folder / "registry.sqlite"
        try:
            self._blobs.mkdir(parents=True, exist_ok=True)
            with self.writing() as database:
                self._prepare(database)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot keep a registry in {folder}: {error}") from error

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection that sees one state."""
        with self._connection() as database:
            database.execute("BEGIN")
            yield database

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection whose changes all happen, or none if an exception leaves the block."""
        with self._connection() as database:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")

    def store(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Keep bytes; returns their SHA-256 and how many they are."""
        temporary = self._blobs / f".{secrets.token_hex(8)}"
        digest, size = hashlib.sha256(), 0
        try:
            with temporary.open("xb") as stream:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    stream.write(chunk)
            place = self._place(digest.hexdigest())
            place.parent.mkdir(exist_ok=True)
            os.replace(temporary, place)
        finally:
            temporary.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def blob(self, sha256: str) -> bytes:
        """The bytes with this hash.

        Raises:
            UsageError: they are gone, or no longer have it.
        """
        try:
            data = self._place(sha256).read_bytes()
        except OSError as error:
            raise UsageError(f"{self.folder} has lost the file {sha256}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise UsageError(f"{self.folder}: the file {sha256} is damaged")
        return data

    def _place(self, sha256: str) -> Path:
        return self._blobs / sha256[:2] / sha256

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        database = sqlite3.connect(self._path, timeout=_SECONDS, isolation_level=None)
        try:
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA foreign_keys = ON")
            yield database
        finally:
            database.close()  # what was not committed is undone

    def _prepare(self, database: sqlite3.Connection) -> None:
        version = int(database.execute("PRAGMA user_version").fetchone()[0])
        if version not in (0, SCHEMA_VERSION):
            raise UsageError(f"{self._path} is of version {version}, not {SCHEMA_VERSION}")
        if version == 0:
            for statement in _statements(sql("schema.sql")):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


@cache
def sql(name: str) -> str:
    """The text of a file of SQL beside this module."""
    return files("clawgym_skills.market.server").joinpath(name).read_text("utf-8")


def _statements(script: str) -> Iterable[str]:
    """One statement at a time, since `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
