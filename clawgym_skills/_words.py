"""The full-text index over the catalogue's skills, kept up to date many skills at a time.

Before rows of `skills` change, their words are forgotten; afterwards the new ones are learnt.
"""

import json
import sqlite3
from collections.abc import Iterable


def forget(connection: sqlite3.Connection, keys: Iterable[int]) -> None:
    """Take out the words of skills as they stand in the catalogue now."""
    connection.execute(
        """
        INSERT INTO skills_fts (skills_fts, rowid, name, taxonomy, description, body)
        SELECT 'delete', key, name, taxonomy, description, body
        FROM skills WHERE key IN (SELECT value FROM json_each(?))
        """,
        (json.dumps(sorted(keys)),),
    )


def learn(connection: sqlite3.Connection, keys: Iterable[int]) -> None:
    """Put in the words of skills that are not in."""
    connection.execute(
        """
        INSERT INTO skills_fts (rowid, name, taxonomy, description, body)
        SELECT key, name, taxonomy, description, body
        FROM skills WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key
        """,
        (json.dumps(sorted(keys)),),
    )


def merge(connection: sqlite3.Connection) -> None:
    """Merge the pieces that many batches left, so that search is faster."""
    connection.execute("INSERT INTO skills_fts (skills_fts) VALUES ('optimize')")
