"""A folder into a registry: what would be published, and publishing it."""

import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym_skills.market.archives import META_NAME
from clawgym_skills.market.bundle import read_bundle
from clawgym_skills.market.client import Registry
from clawgym_skills.market.fingerprint import (
    GENERATED_CARD,
    fingerprint,
    hash_of,
    published_files,
)
from clawgym_skills.market.names import SkillReference, slug_of, slug_problem, title_of
from clawgym_skills.market.policy import Gate, Verdict, pass_gate
from clawgym_skills.market.semver import parse_version
from clawgym_skills.market.transport import RegistryError
from clawgym_skills.market.wire import PublishedFile, PublishRequest, Resolution, UploadRequest
from clawgym_skills.reading import read_skill
from clawgym_skills.skill import Skill

_NOT_FOUND = 404
Status = Literal["unchanged", "would-publish", "published", "pending"]


@dataclass(frozen=True)
class Publication:
    """What to call a version; what is None is derived from the folder and the registry."""

    slug: str | None = None
    display_name: str | None = None
    owner: str | None = None
    version: str | None = None
    changelog: str = ""
    tags: tuple[str, ...] = ("latest",)
    topics: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublishResult:
    """What was published, or would be; `version` is the one that has these files."""

    status: Status
    slug: str
    version: str
    latest: str | None
    fingerprint: str
    files: Files
    skill: Skill
    verdict: Verdict


def publish_folder(
    registry: Registry,
    folder: Path,
    gate: Gate,
    publication: Publication | None = None,
    *,
    dry_run: bool = False,
    logged_in: bool = True,
) -> PublishResult:
    """Publish a skill: unless the registry has these files already, as the next patch version.

    Hidden files, `node_modules`, and what the ignore files name stay out. The policy looks at the
    folder first. A dry run asks the registry but changes nothing; it needs no token.

    Raises:
        UsageError: the folder is no skill, or a name or version breaks a rule.
        BlockedSkillError: the policy refuses it.
        RegistryError: the registry refuses it.
    """
    wanted = publication or Publication()
    slug = wanted.slug or slug_of(folder.resolve().name)
    if problem := slug_problem(slug):
        raise UsageError(f"{problem} Choose another with --slug")
    skill = read_skill(folder)
    files = publishable(folder)
    verdict = pass_gate(gate, folder, slug)
    owner = wanted.owner or (registry.whoami().user.handle if logged_in else None)
    content = fingerprint(files)
    known = _known(registry, SkillReference(slug, owner.lower() if owner else None), content)
    latest = known.latest_version.version if known.latest_version else None
    if known.match and wanted.version is None:
        version, status = known.match.version, "unchanged"
    else:
        version, status = wanted.version or _next_version(latest), "would-publish"
    _check_version(version)
    if status == "would-publish" and not dry_run:
        request = _request(wanted, slug, folder, owner, version, _upload(registry, files))
        pending = registry.publish(request).publication_status == "pending"
        status = "pending" if pending else "published"
    return PublishResult(status, slug, version, latest, content, files, skill, verdict)


def publishable(folder: Path) -> Files:
    """The files of a folder that would be published."""
    files = published_files(read_bundle(folder))
    generated = (GENERATED_CARD, META_NAME)
    kept = {path: file for path, file in files.items() if path.lower() not in generated}
    _refuse_plugin(files)
    return Files(kept)


def _refuse_plugin(files: Files) -> None:
    """OpenClaw's plugins are published in another way."""
    package = files.get("package.json")
    try:
        content: JsonValue = json.loads(package.data) if package else None
    except (ValueError, RecursionError):
        content = None  # whatever it is, it is not the package of a plugin
    plugin = isinstance(content, dict) and isinstance(content.get("openclaw"), dict)
    if plugin or "openclaw.plugin.json" in files:
        raise UsageError("this is a plugin of OpenClaw, not a skill; `clawhub package publish` it")


def _known(registry: Registry, reference: SkillReference, content: str) -> Resolution:
    try:
        return registry.resolve(reference, content)
    except RegistryError as error:
        if error.status == _NOT_FOUND:
            return Resolution()
        raise


def _next_version(latest: str | None) -> str:
    if latest is None:
        return "1.0.0"
    version = parse_version(latest)
    if version is None:
        raise UsageError(f"the latest version is {latest}, which has no next; give one")
    return str(version.next_patch())


def _check_version(version: str) -> None:
    if parse_version(version) is None:
        raise UsageError(f"{version!r} is no semantic version, such as 1.2.3")


def _upload(registry: Registry, files: Files) -> list[PublishedFile]:
    uploaded: list[PublishedFile] = []
    for path, file in files.items():
        request = UploadRequest(
            path=path,
            size=len(file.data),
            sha256=hash_of(file.data),
            content_type=mimetypes.guess_type(path)[0] or "application/octet-stream",
        )
        place = registry.place_for(request)
        stored = registry.upload(place, file.data, request.content_type or "")
        uploaded.append(
            PublishedFile(
                **request.model_dump(),
                storage_id=stored.storage_id,
                upload_ticket=place.upload_ticket,
            )
        )
    return uploaded


def _request(
    wanted: Publication,
    slug: str,
    folder: Path,
    owner: str | None,
    version: str,
    files: list[PublishedFile],
) -> PublishRequest:
    return PublishRequest(
        slug=slug,
        display_name=wanted.display_name or title_of(folder.resolve().name),
        owner_handle=owner,
        version=version,
        changelog=wanted.changelog,
        accept_license_terms=True,
        tags=list(wanted.tags),
        topics=list(wanted.topics) or None,
        files=files,
    )
