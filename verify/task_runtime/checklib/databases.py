"""SQLite files: the rows of a query, asked of a copy that cannot act."""

import os
import sqlite3
import tempfile

from checklib.case import MAX_BINARY, read_bytes
from checklib.verdict import Mismatch

MAX_ROWS = 100_000
STEPS = 20_000_000
ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    getattr(sqlite3, "SQLITE_RECURSIVE", 33),
}
FORBIDDEN = {
    "load_extension",
    "readfile",
    "writefile",
    "edit",
    "fts3_tokenizer",
    "randomblob",
    "zeroblob",
}


def authorize(action, first, second, database, source):
    if action not in ALLOWED or (
        action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in FORBIDDEN
    ):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def tables(case, check):
    """What the query answers, as one table."""
    path = check["path"]
    data = read_bytes(case, path, MAX_BINARY)
    if data[:16] != b"SQLite format 3\0":
        raise Mismatch("not an SQLite file", path)
    try:
        log = read_bytes(case, path + "-wal", MAX_BINARY)
    except Mismatch:
        log = b""
    with tempfile.TemporaryDirectory() as temporary:
        copy = os.path.join(temporary, "copy.db")
        for end, content in (("", data), ("-wal", log)):
            if content:
                with open(copy + end, "wb") as stream:
                    stream.write(content)
        header, rows = ask(copy, check["query"], path)
    return [("%s, query" % path, header, rows)]


def ask(file, query, path):
    connection = sqlite3.connect("file:%s?mode=rw" % file, uri=True)
    try:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        steps = [0]

        def tick():
            steps[0] += 10_000
            return steps[0] > STEPS

        connection.set_progress_handler(tick, 10_000)
        connection.set_authorizer(authorize)
        if hasattr(connection, "setlimit"):
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BINARY)
        cursor = connection.execute(query)
        rows = cursor.fetchmany(MAX_ROWS + 1)
        if len(rows) > MAX_ROWS:
            raise Mismatch("more than %d rows" % MAX_ROWS, path)
        return [part[0] for part in cursor.description], [list(map(plain, row)) for row in rows]
    except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError) as error:
        raise Mismatch("the query fails: %s" % error, path) from None
    finally:
        connection.close()


def plain(value):
    return value.hex() if isinstance(value, bytes) else value
