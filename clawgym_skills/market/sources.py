"""What `install` can be given: a registry's skill, a folder, an archive, or a git checkout.

Whatever it is, it becomes files in memory here; nothing is written to disk or run.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym_skills._folder import find_skill_file
from clawgym_skills.market.archives import META_NAME, is_archive, read_archive, unpack
from clawgym_skills.market.bundle import UnsafeBundleError, read_bundle
from clawgym_skills.market.client import Registry
from clawgym_skills.market.fingerprint import GENERATED_CARD, hash_of
from clawgym_skills.market.git import read_commit
from clawgym_skills.market.manifest import SourceKind
from clawgym_skills.market.names import SkillReference, parse_reference
from clawgym_skills.market.policy import BlockedSkillError
from clawgym_skills.market.transport import RegistryError
from clawgym_skills.market.wire import Moderation, SkillDetail, VersionFiles

_GENERATED = frozenset({META_NAME, GENERATED_CARD})
"""What a registry may put into an archive without naming it among the files of the version."""

_GIT_PREFIXES = ("git+", "git:", "git@", "ssh://", "file://")
_MAX_NAMED = 5


@dataclass(frozen=True)
class Source:
    """What the user named; `place` without `#subfolder` and, for git, without `@ref`."""

    kind: SourceKind
    text: str
    place: str
    subfolder: str | None = None
    ref: str | None = None


@dataclass(frozen=True)
class RegistrySkill:
    """A version of a registry's skill; `owner` as the registry spells it."""

    registry: str
    reference: SkillReference
    owner: str | None
    version: str


@dataclass(frozen=True)
class Fetched:
    """The files of one skill, from anywhere; `name` suggests a folder, `reference` is a commit."""

    kind: SourceKind
    text: str
    files: Files
    name: str
    reference: str | None = None
    origin: RegistrySkill | None = None


def parse_source(text: str) -> Source:
    """Tell what a text names.

    A registry's skill is `@owner/slug` or a bare `slug`; whatever has another slash or the suffix
    of an archive is a path; git is `git+URL`, `git:PATH`, `git@host:path` or ends in `.git`, each
    with an optional `@ref`. `#subfolder` picks one skill of many.

    Raises:
        UsageError: it names nothing.
    """
    place, _, subfolder = text.strip().partition("#")
    if not place:
        raise UsageError("name a skill: @owner/slug, a folder, an archive, or git+URL")
    if place.startswith(_GIT_PREFIXES) or place.split("@")[0].endswith(".git"):
        return _git_source(text, place, subfolder or None)
    if "://" in place:
        raise UsageError(f"{place} is no source that we know; write git+{place}, or download it")
    path_like = is_archive(place) or place.startswith((".", "/", "~")) or "\\" in place
    if path_like or (place.count("/") >= 1 and not place.startswith("@")):
        kind: SourceKind = "archive" if is_archive(place) else "directory"
        return Source(kind, text, str(Path(place).expanduser()), subfolder or None)
    return Source("registry", text, place)


def _git_source(text: str, place: str, subfolder: str | None) -> Source:
    stripped = place.removeprefix("git+").removeprefix("git:")
    scheme, separator, rest = stripped.partition("://")
    body = rest if separator else stripped
    first = body.split("/")[0] if separator or body.startswith("git@") else ""
    tail = body[len(first) :]
    path, at, ref = tail.rpartition("@")
    if at:
        tail = path
    elif not first:
        tail = body
    url = f"{scheme}://{first}{tail}" if separator else first + tail
    return Source("git", text, url, subfolder, ref if at else None)


def fetch_local(source: Source) -> Fetched:
    """Fetch a folder, an archive, or a git checkout.

    Raises:
        UsageError: it is not there, or holds no skill, or several.
        UnsafeBundleError: it holds something harmful.
    """
    reference = None
    if source.subfolder:
        _check_subfolder(source.subfolder)
    if source.kind == "directory":
        directory = Path(source.place)
        if not directory.is_dir():
            raise UsageError(f"{directory} is not a folder; a registry's skill is @owner/slug")
        if source.subfolder:
            directory /= source.subfolder
        files, default = read_bundle(directory), directory.resolve().name
        return Fetched("directory", source.text, *_one_skill(files, None, default))
    if source.kind == "archive":
        files = read_archive(Path(source.place))
    else:
        reference, files = read_commit(source.place, source.ref, source.subfolder)
    default = PurePosixPath(source.place.removesuffix(".git")).name
    while is_archive(default):
        default = default.rpartition(".")[0]
    chosen, name = _one_skill(files, source.subfolder, default)
    return Fetched(source.kind, source.text, chosen, name, reference)


def _check_subfolder(subfolder: str) -> None:
    if subfolder.startswith("/") or ".." in subfolder.split("/"):
        raise UsageError(f"#{subfolder} leads out of the source; name a folder below it")


def _one_skill(files: Files, subfolder: str | None, default: str) -> tuple[Files, str]:
    """The only skill among files, or the one that was asked for, with a name for its folder."""
    roots = skill_roots(files)
    if subfolder is not None:
        wanted = subfolder.strip("/")
        roots = [root for root in roots if root == wanted] or [
            root for root in roots if root.rpartition("/")[2] == wanted
        ]
    if not roots:
        where = f"at #{subfolder}" if subfolder else "here"
        raise UsageError(f"no SKILL.md {where}: this is no skill")
    if len(roots) > 1:
        named = ", ".join(f"#{root}" for root in roots[:_MAX_NAMED])
        raise UsageError(f"{len(roots)} skills are here; add one of {named} to the source")
    root = roots[0]
    if not root:
        return files, default
    below = {
        path.removeprefix(f"{root}/"): file
        for path, file in files.items()
        if path.startswith(f"{root}/")
    }
    return Files(below), root.rpartition("/")[2]


def skill_roots(files: Files) -> list[str]:
    """The folders that hold a `SKILL.md`, those below another left out; '' is the top."""
    names: dict[str, list[str]] = {}
    for path in files:
        folder, _, name = path.rpartition("/")
        names.setdefault(folder, []).append(name)
    roots = sorted(folder for folder, inside in names.items() if find_skill_file(inside))
    kept: list[str] = []
    for root in roots:
        if not any(above == "" or root.startswith(f"{above}/") for above in kept):
            kept.append(root)
    return kept


def fetch_registry(
    registry: Registry, reference: SkillReference, *, force: bool = False
) -> Fetched:
    """Fetch a skill from a registry, and hold every file against the hashes the registry lists.

    Raises:
        BlockedSkillError: the registry calls it malware, or suspicious and `force` is not given.
        RegistryError: the registry fails.
        UsageError: there is no such skill or version.
        UnsafeBundleError: the archive is not what the registry listed.
    """
    detail = registry.skill(reference)
    check_moderation(reference, detail.moderation, force=force)
    version = choose_version(reference, detail)
    owner = (reference.owner or (detail.owner.handle if detail.owner else None) or "").lower()
    named = SkillReference(reference.slug, owner or None)
    listing = registry.version(named, version).version
    if listing is None:
        raise UsageError(f"{named} has no version {version}")
    origin = f"{named}@{version} from {registry.url}"
    files = unpack(registry.download(named, version), origin)
    check_listing(files, listing, origin)
    skill = RegistrySkill(registry.url, reference, owner or None, version)
    return Fetched("registry", str(reference), files, reference.key, version, skill)


def choose_version(reference: SkillReference, detail: SkillDetail) -> str:
    """The version that is meant by a version, by a tag, or by neither.

    Raises:
        UsageError: the skill does not exist, or has no version yet.
    """
    if detail.skill is None:
        raise UsageError(f"there is no skill {reference.key} in this registry")
    latest = detail.latest_version.version if detail.latest_version else detail.skill.tag("latest")
    if reference.selector is None:
        if latest is None:
            raise RegistryError(f"{reference.key} has no version in this registry")
        return latest
    return detail.skill.tag(reference.selector) or reference.selector


def check_moderation(
    reference: SkillReference, moderation: Moderation | None, *, force: bool
) -> None:
    """Obey the registry's own scanners.

    Raises:
        BlockedSkillError: it calls the skill malware, or suspicious and `force` is not given.
    """
    if moderation is None:
        return
    if moderation.is_malware_blocked:
        raise BlockedSkillError(f"{reference.key} is malware, says the registry: not installed")
    if moderation.is_suspicious and not force:
        reasons = ", ".join(moderation.reason_codes) or moderation.summary or "no reason given"
        raise BlockedSkillError(
            f"{reference.key} is suspicious, says the registry ({reasons}): read it first, then "
            "install it with --force"
        )


def check_listing(files: Files, listing: VersionFiles, origin: str) -> None:
    """Hold the files of an archive against those that the registry lists for the version.

    Raises:
        UnsafeBundleError: a file is missing, was added, or has another hash.
    """
    if not listing.files:
        raise UnsafeBundleError(f"{origin}: the registry lists no hashes; nothing was installed")
    wanted = {line.path: line.sha256.lower() for line in listing.files}
    found = {path: hash_of(file.data) for path, file in files.items()}
    added = set(found) - set(wanted) - _GENERATED
    wrong = [path for path, sha256 in wanted.items() if found.get(path) != sha256]
    if added or wrong:
        path = min([*added, *wrong])
        raise UnsafeBundleError(
            f"{origin}: {path!r} is not what the registry lists for this version; nothing was "
            "installed. If it happens again, tell the registry"
        )


def registry_reference(source: Source) -> SkillReference:
    """The registry's skill that a source of that kind names."""
    return parse_reference(source.place)
