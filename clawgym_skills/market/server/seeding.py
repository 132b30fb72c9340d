"""A folder or a catalogue of skills, published when a registry starts."""

import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass

from clawgym.files import File, Files
from clawgym_skills.market.bundle import Intake, UnsafeBundleError
from clawgym_skills.market.fingerprint import fingerprint, hash_of, published_files
from clawgym_skills.market.names import slug_of, title_of
from clawgym_skills.market.policy import Gate
from clawgym_skills.market.semver import parse_version
from clawgym_skills.market.server.catalogue import Catalogue
from clawgym_skills.market.server.publishing import announce, publish, receive
from clawgym_skills.market.server.rules import RefusedError
from clawgym_skills.market.server.storage import Storage
from clawgym_skills.market.server.tokens import check_handle
from clawgym_skills.market.wire import PublishedFile, PublishRequest, UploadRequest
from clawgym_skills.skill import Skill


@dataclass(frozen=True)
class Seeded:
    """How many skills were published, were there already, or were refused, by whom and why."""

    published: int
    unchanged: int
    refused: tuple[str, ...]


def seed(storage: Storage, gate: Gate, skills: Iterable[Skill], owner: str) -> Seeded:
    """Publish skills under their owner, or `owner` where they name none.

    One that changed since gets the next patch version.

    Raises:
        UsageError: `owner` cannot be a handle.
    """
    check_handle(owner)
    published, unchanged, refused = 0, 0, list[str]()
    for skill in skills:
        try:
            if _publish(storage, gate, skill, slug_of(skill.owner or "") or owner):
                published += 1
            else:
                unchanged += 1
        except (RefusedError, UnsafeBundleError) as error:
            refused.append(f"{skill.id}: {error}")
    return Seeded(published, unchanged, tuple(refused))


def _publish(storage: Storage, gate: Gate, skill: Skill, owner: str) -> bool:
    slug, files = slug_of(skill.name), published_files(_wanted(skill))
    version = _next_version(storage, slug, owner, fingerprint(files), skill)
    if version is None:
        return False
    request = PublishRequest(
        slug=slug,
        display_name=title_of(skill.name),
        owner_handle=owner,
        version=version,
        changelog="",
        accept_license_terms=True,
        files=[_upload(storage, owner, path, file) for path, file in files.items()],
    )
    publish(storage, gate, owner, request)
    return True


def _wanted(skill: Skill) -> Files:
    intake = Intake(skill.id)
    for path, file in skill.files.items():
        if intake.wants(path) and path.lower() not in ("skill-card.md", "_meta.json"):
            intake.add(path, file)
    return intake.files()


def _next_version(
    storage: Storage, slug: str, owner: str, content: str, skill: Skill
) -> str | None:
    """The version that these files get; None if the registry has them."""
    declared = skill.frontmatter.get("version")
    version = parse_version(declared) if isinstance(declared, str) else None
    try:
        resolution = Catalogue(storage).resolve(slug, owner, content)
    except RefusedError:
        return str(version) if version else "1.0.0"
    if resolution.match:
        return None
    latest = parse_version(resolution.latest_version.version) if resolution.latest_version else None
    if version and (latest is None or latest < version):
        return str(version)
    return str(latest.next_patch()) if latest else "1.0.0"


def _upload(storage: Storage, owner: str, path: str, file: File) -> PublishedFile:
    request = UploadRequest(
        path=path,
        size=len(file.data),
        sha256=hash_of(file.data),
        content_type=mimetypes.guess_type(path)[0] or "application/octet-stream",
    )
    upload = announce(storage, owner, request)
    stored = receive(storage, owner, upload.id, file.data)
    return PublishedFile(
        **request.model_dump(), storage_id=stored.storage_id, upload_ticket=upload.ticket
    )
