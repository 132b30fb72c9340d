"""Uploads, and versions made of them."""

import json
import secrets
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawgym.files import File, Files
from clawgym_skills.diagnostic import SkillRefusedError
from clawgym_skills.market.bundle import Intake, UnsafeBundleError
from clawgym_skills.market.fingerprint import fingerprint_of
from clawgym_skills.market.policy import Gate, Verdict
from clawgym_skills.market.semver import parse_version
from clawgym_skills.market.server.rules import RefusedError, check_publication, path_problem
from clawgym_skills.market.server.storage import Storage, now, sql
from clawgym_skills.market.wire import (
    Published,
    PublishedFile,
    PublishRequest,
    Stored,
    UploadRequest,
)
from clawgym_skills.reading import read_skill
from clawgym_skills.skill import Skill

_UPLOAD_SECONDS = 3_600
_VERDICTS = {"allow": "clean", "warn": "suspicious", "block": "malicious"}
_MAX_PENDING = 10_000


@dataclass(frozen=True)
class Upload:
    """A file that was announced: where it may be sent, and the proof that one may."""

    id: str
    ticket: str


def announce(storage: Storage, handle: str, request: UploadRequest) -> Upload:
    """Note that a file is coming.

    Raises:
        RefusedError: its path or size breaks a rule.
    """
    one = PublishedFile(**request.model_dump(), storage_id="")
    if path_problem(one.path) or len(one.sha256) != 64 or one.size < 0:
        raise RefusedError(400, "Invalid file paths")
    upload = Upload(secrets.token_hex(16), secrets.token_urlsafe(32))
    with storage.writing() as database:
        database.execute("DELETE FROM uploads WHERE expires_at < ?", (now(),))
        waiting = database.execute(
            "SELECT count(*) FROM uploads WHERE handle = ?", (handle,)
        ).fetchone()[0]
        if waiting >= _MAX_PENDING:
            raise RefusedError(429, "Too many uploads are pending")
        database.execute(
            "INSERT INTO uploads (id, ticket, handle, path, size, sha256, content_type, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                upload.id,
                upload.ticket,
                handle,
                one.path,
                one.size,
                one.sha256.lower(),
                one.content_type or "application/octet-stream",
                now() + _UPLOAD_SECONDS * 1_000,
            ),
        )
    return upload


def receive(storage: Storage, handle: str, upload_id: str, data: bytes) -> Stored:
    """Take the bytes of a file that was announced.

    Raises:
        RefusedError: it was not, or these are not the bytes.
    """
    with storage.reading() as database:
        row = database.execute(
            "SELECT size, sha256 FROM uploads WHERE id = ? AND handle = ? AND expires_at >= ?",
            (upload_id, handle, now()),
        ).fetchone()
    if row is None:
        raise RefusedError(404, "Upload not found")
    if len(data) != row["size"]:
        raise RefusedError(400, "Upload size does not match")
    sha256, _ = storage.store([data])
    if sha256 != row["sha256"]:
        raise RefusedError(400, "Upload sha256 does not match")
    with storage.writing() as database:
        database.execute("UPDATE uploads SET received = 1 WHERE id = ?", (upload_id,))
    return Stored(storage_id=upload_id)


def publish(storage: Storage, gate: Gate, handle: str, request: PublishRequest) -> Published:
    """Make a version of files that were uploaded; it is scanned first.

    Raises:
        RefusedError: a rule is broken, or the version exists.
    """
    owner = (request.owner_handle or handle).removeprefix("@").lower()
    if owner != handle:
        raise RefusedError(403, f"You cannot publish as @{owner}")
    request = request.model_copy(update={"slug": request.slug.strip().lower()})
    with storage.reading() as database:
        known = find_skill(database, owner, request.slug)
        check_publication(request, new=known is None)
        _check_version(database, known, request.version)
        hashes = _uploaded(database, handle, request.files)
    files = _gathered(storage, hashes)
    skill, verdict = look_at(files, request.slug, gate)
    version = Version(owner, request, skill, verdict)
    with storage.writing() as database:
        return _insert(database, version, hashes)


@dataclass(frozen=True)
class Version:
    """A version that may be published."""

    owner: str
    request: PublishRequest
    skill: Skill
    verdict: Verdict


def find_skill(database: sqlite3.Connection, owner: str, slug: str) -> int | None:
    """The id of a skill."""
    row = database.execute(
        "SELECT id FROM skills WHERE owner = ? AND slug = ?", (owner, slug)
    ).fetchone()
    return row["id"] if row else None


def look_at(files: Files, slug: str, gate: Gate) -> tuple[Skill, Verdict]:
    """Read files as a skill and let the scanner see them, in a folder that is gone afterwards.

    Raises:
        RefusedError: they are no skill.
    """
    with tempfile.TemporaryDirectory(prefix="clawgym-registry-") as parent:
        folder = Path(parent, slug)
        folder.mkdir()
        files.write_to(folder)
        try:
            return read_skill(folder), gate(folder)
        except SkillRefusedError as error:
            reason = f"SKILL.md cannot be read: {error.diagnostic.message}"
            raise RefusedError(400, reason) from error


def _check_version(database: sqlite3.Connection, skill: int | None, version: str) -> None:
    known = database.execute(
        "SELECT 1 FROM versions WHERE skill IS ? AND version = ?", (skill, version)
    ).fetchone()
    if known:
        raise RefusedError(409, f"Version {version} already exists")


def _uploaded(
    database: sqlite3.Connection, handle: str, files: Sequence[PublishedFile]
) -> dict[str, PublishedFile]:
    found: dict[str, PublishedFile] = {}
    for file in files:
        row = database.execute(
            "SELECT * FROM uploads WHERE id = ? AND handle = ? AND received = 1",
            (file.storage_id, handle),
        ).fetchone()
        if row is None or not secrets.compare_digest(row["ticket"], file.upload_ticket or ""):
            raise RefusedError(400, f'File "{file.path}" was not uploaded')
        if (row["path"], row["size"], row["sha256"]) != (file.path, file.size, file.sha256.lower()):
            raise RefusedError(400, f'File "{file.path}" is not what was uploaded')
        content_type = {"content_type": row["content_type"], "sha256": row["sha256"]}
        found[file.path] = file.model_copy(update=content_type)
    return found


def _gathered(storage: Storage, hashes: Mapping[str, PublishedFile]) -> Files:
    intake = Intake("the upload")
    try:
        for path, file in hashes.items():
            if not intake.wants(path):
                raise RefusedError(400, "Invalid file paths")
            intake.add(path, File(storage.blob(file.sha256)))
        return intake.files()
    except UnsafeBundleError as error:
        raise RefusedError(400, "Invalid file paths") from error


def _insert(
    database: sqlite3.Connection, version: Version, files: Mapping[str, PublishedFile]
) -> Published:
    request, at = version.request, now()
    skill = _upsert_skill(database, version, at)
    _check_version(database, skill, request.version)
    hashes = {path: file.sha256 for path, file in files.items()}
    row = database.execute(
        "INSERT INTO versions (skill, version, changelog, fingerprint, created_at)"
        " VALUES (?, ?, ?, ?, ?) RETURNING id",
        (skill, request.version, request.changelog, fingerprint_of(hashes), at),
    ).fetchone()
    database.executemany(
        "INSERT INTO files (version, path, sha256, size, content_type) VALUES (?, ?, ?, ?, ?)",
        [(row["id"], path, f.sha256, f.size, f.content_type) for path, f in files.items()],
    )
    _tag(database, skill, row["id"], request)
    database.executemany(
        "DELETE FROM uploads WHERE id = ?", [(file.storage_id,) for file in files.values()]
    )
    return Published(
        skill_id=f"skill_{skill}",
        version_id=f"version_{row['id']}",
        status="published",
        publication_status="published",
        slug=request.slug,
        version=request.version,
    )


def _upsert_skill(database: sqlite3.Connection, version: Version, at: int) -> int:
    request, verdict = version.request, version.verdict
    topics = [*(request.categories or []), *(request.topics or [])]
    values = {
        "owner": version.owner,
        "slug": request.slug,
        "display_name": request.display_name.strip(),
        "summary": version.skill.description,
        "topics": json.dumps(list(dict.fromkeys(topics))),
        "verdict": _VERDICTS[verdict.decision],
        "reasons": json.dumps(sorted({found.rule for found in verdict.findings})),
        "at": at,
    }
    return int(database.execute(sql("upsert_skill.sql"), values).fetchone()["id"])


def _tag(database: sqlite3.Connection, skill: int, version: int, request: PublishRequest) -> None:
    """`latest` moves only forward, so that a fix of an old line does not become everyone's."""
    for tag in dict.fromkeys(tag.strip() for tag in (request.tags or ["latest"])):
        if not tag or (tag == "latest" and not _newest(database, skill, request.version)):
            continue
        database.execute(
            "INSERT INTO tags (skill, tag, version) VALUES (?, ?, ?)"
            " ON CONFLICT (skill, tag) DO UPDATE SET version = excluded.version",
            (skill, tag, version),
        )


def _newest(database: sqlite3.Connection, skill: int, version: str) -> bool:
    row = database.execute(
        "SELECT versions.version FROM tags JOIN versions ON versions.id = tags.version"
        " WHERE tags.skill = ? AND tags.tag = 'latest'",
        (skill,),
    ).fetchone()
    current, new = parse_version(row["version"]) if row else None, parse_version(version)
    return current is None or new is None or current < new
