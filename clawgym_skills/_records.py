"""Rows to and from the records that scanners, annotators, installers and agents leave."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields, replace

from clawgym_skills.records import (
    ActivationRecord,
    AnnotationRecord,
    CategoryRecord,
    FindingRecord,
    InstallRecord,
    ScanRecord,
)

_FINDING = ", ".join(field.name for field in fields(FindingRecord))
_INSTALL = ", ".join(field.name for field in fields(InstallRecord))
_ACTIVATION = ", ".join(field.name for field in fields(ActivationRecord))


def write_scan(connection: sqlite3.Connection, digest: str, scan: ScanRecord) -> None:
    """Replace what this scanner said about this revision."""
    key = (digest, scan.scanner)
    connection.execute("DELETE FROM scans WHERE digest = ? AND scanner = ?", key)
    connection.execute("INSERT INTO scans VALUES (?, ?, ?, ?)", (*key, scan.version, scan.at))
    connection.executemany(
        f"INSERT INTO findings (digest, scanner, position, {_FINDING}) "  # noqa: S608 - our fields
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*key, position, *astuple(found)) for position, found in enumerate(scan.findings)],
    )


def read_scans(connection: sqlite3.Connection, digest: str) -> list[ScanRecord]:
    """Every scanner's verdict on a revision, by scanner."""
    rows = connection.execute(
        "SELECT scanner, version, at FROM scans WHERE digest = ? ORDER BY scanner", (digest,)
    ).fetchall()
    return [
        ScanRecord(scanner, version, _findings(connection, digest, scanner), at)
        for scanner, version, at in rows
    ]


def _findings(
    connection: sqlite3.Connection, digest: str, scanner: str
) -> tuple[FindingRecord, ...]:
    rows = connection.execute(
        f"SELECT {_FINDING} FROM findings "  # noqa: S608 - our fields
        "WHERE digest = ? AND scanner = ? ORDER BY position",
        (digest, scanner),
    )
    return tuple(FindingRecord(*row) for row in rows)


def write_annotation(
    connection: sqlite3.Connection, digest: str, annotation: AnnotationRecord
) -> None:
    """Replace what this annotator said about this revision."""
    connection.execute(
        "INSERT OR REPLACE INTO annotations (digest, annotator, version, record) "
        "VALUES (?, ?, ?, ?)",
        (digest, *astuple(annotation)),
    )


def read_annotation(
    connection: sqlite3.Connection, digest: str, annotator: str
) -> AnnotationRecord | None:
    """What this annotator says about this revision, if anything."""
    row = connection.execute(
        "SELECT annotator, version, record FROM annotations WHERE digest = ? AND annotator = ?",
        (digest, annotator),
    ).fetchone()
    return AnnotationRecord(*row) if row else None


def write_categories(
    connection: sqlite3.Connection, digest: str, source: str, categories: Sequence[CategoryRecord]
) -> None:
    """Replace the categories that this source puts a revision into."""
    connection.execute("DELETE FROM categories WHERE digest = ? AND source = ?", (digest, source))
    connection.executemany(
        "INSERT INTO categories (digest, source, category, evidence) VALUES (?, ?, ?, ?)",
        [(digest, source, *astuple(category)) for category in categories],
    )


def read_categories(
    connection: sqlite3.Connection, digest: str
) -> dict[str, tuple[CategoryRecord, ...]]:
    """The categories of a revision by who says so."""
    found: dict[str, tuple[CategoryRecord, ...]] = {}
    rows = connection.execute(
        "SELECT source, category, evidence FROM categories WHERE digest = ? "
        "ORDER BY source, category",
        (digest,),
    )
    for source, category, evidence in rows:
        found[source] = (*found.get(source, ()), CategoryRecord(category, evidence))
    return found


def write_install(connection: sqlite3.Connection, install: InstallRecord) -> None:
    """Add or replace the install at this path."""
    marks = ", ".join("?" for _ in fields(InstallRecord))
    connection.execute(
        f"INSERT OR REPLACE INTO installs ({_INSTALL}) VALUES ({marks})",  # noqa: S608 - our fields
        astuple(install),
    )


def read_installs(connection: sqlite3.Connection) -> list[InstallRecord]:
    """Every install, by path."""
    rows = connection.execute(f"SELECT {_INSTALL} FROM installs ORDER BY path")  # noqa: S608
    found = (InstallRecord(*row) for row in rows)
    return [replace(one, verified=bool(one.verified), pinned=bool(one.pinned)) for one in found]


def write_activation(connection: sqlite3.Connection, activation: ActivationRecord) -> None:
    """Add one use of a skill."""
    connection.execute(
        f"INSERT INTO activations ({_ACTIVATION}) VALUES (?, ?, ?, ?)",  # noqa: S608 - our fields
        astuple(activation),
    )


def read_activations(connection: sqlite3.Connection, skill: str | None) -> list[ActivationRecord]:
    """Every use, oldest first, or those of one skill."""
    rows = connection.execute(
        f"SELECT {_ACTIVATION} FROM activations "  # noqa: S608 - our fields
        "WHERE :skill IS NULL OR skill = :skill ORDER BY key",
        {"skill": skill},
    )
    return [ActivationRecord(*row) for row in rows]


def unembedded(connection: sqlite3.Connection, model: str) -> list[tuple[str, str]]:
    """Digest and text of each revision in use that has no vector by this model."""
    rows = connection.execute(
        """
        SELECT digest, min(name || '. ' || description || char(10) || substr(body, 1, 1000))
        FROM skills
        WHERE digest NOT IN (SELECT digest FROM embeddings WHERE model = ?)
        GROUP BY digest ORDER BY digest
        """,
        (model,),
    )
    return [(digest, text) for digest, text in rows]


def write_embeddings(
    connection: sqlite3.Connection, model: str, vectors: Sequence[tuple[str, bytes]]
) -> None:
    """Add or replace the vectors of revisions by one model."""
    connection.executemany(
        "INSERT OR REPLACE INTO embeddings (digest, model, vector) VALUES (?, ?, ?)",
        [(digest, model, vector) for digest, vector in vectors],
    )


def read_embeddings(connection: sqlite3.Connection, model: str) -> Iterator[tuple[int, bytes]]:
    """The vector of each skill that has one by this model, by its key."""
    rows = connection.execute(
        "SELECT key, vector FROM skills JOIN embeddings USING (digest) WHERE model = ?", (model,)
    )
    return ((key, vector) for key, vector in rows)
