"""What a registry says and hears, as models: version 1 of ClawHub's API (clawhub:docs/http-api.md).

Reading is tolerant, since a registry may add fields at any time. The field names are the wire's.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

API = "/api/v1"

Sort = Literal["updated", "createdAt", "downloads", "stars", "installs", "trending", "name"]


class Wire(BaseModel):
    """A message; what we do not know in it is ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="ignore", frozen=True
    )

    def to_wire(self) -> dict[str, JsonValue]:
        """As JSON, with the names of the wire."""
        return self.model_dump(mode="json", by_alias=True)


class Owner(Wire):
    """Who publishes a skill."""

    handle: str | None = None
    display_name: str | None = None
    image: str | None = None


class VersionLine(Wire):
    """One version in a list; times are milliseconds since 1970."""

    version: str
    created_at: int = 0
    changelog: str = ""


class Platforms(Wire):
    """What a skill declares about where it runs."""

    setup: list[JsonValue] = Field(default_factory=list[JsonValue])
    os: list[str] | None = None
    systems: list[str] | None = None


class SkillLine(Wire):
    """A skill without its versions. `tags` maps a tag such as `latest` to a version."""

    slug: str
    display_name: str
    summary: str | None = None
    topics: list[str] = Field(default_factory=list[str])
    tags: JsonValue = None
    stats: JsonValue = None
    created_at: int = 0
    updated_at: int = 0

    def tag(self, name: str) -> str | None:
        """The version that a tag stands for."""
        version = self.tags.get(name) if isinstance(self.tags, dict) else None
        return version if isinstance(version, str) else None


class ListedSkill(SkillLine):
    """A skill in `GET /skills`; our registry adds the owner."""

    latest_version: VersionLine | None = None
    metadata: Platforms | None = None
    owner_handle: str | None = None


class SkillPage(Wire):
    """One page of `GET /skills`; `next_cursor` is None on the last one."""

    items: list[ListedSkill]
    next_cursor: str | None = None


class Moderation(Wire):
    """What the registry's scanners think of a skill."""

    is_suspicious: bool = False
    is_malware_blocked: bool = False
    verdict: str | None = None
    reason_codes: list[str] = Field(default_factory=list[str])
    summary: str | None = None
    engine_version: str | None = None
    updated_at: int | None = None


class SkillDetail(Wire):
    """`GET /skills/{slug}`."""

    skill: SkillLine | None
    latest_version: VersionLine | None
    metadata: Platforms | None = None
    owner: Owner | None = None
    moderation: Moderation | None = None


class FileLine(Wire):
    """One file of a version."""

    path: str
    size: int
    sha256: str
    content_type: str | None = None


class VersionFiles(VersionLine):
    """One version with its files."""

    files: list[FileLine] = Field(default_factory=list[FileLine])


class SkillName(Wire):
    """Which skill a version belongs to."""

    slug: str
    display_name: str


class VersionDetail(Wire):
    """`GET /skills/{slug}/versions/{version}`."""

    version: VersionFiles | None
    skill: SkillName | None = None


class VersionPage(Wire):
    """`GET /skills/{slug}/versions`."""

    items: list[VersionLine]
    next_cursor: str | None = None


class SearchLine(Wire):
    """One result of a search; a larger score is better."""

    slug: str | None = None
    display_name: str | None = None
    summary: str | None = None
    version: str | None = None
    score: float = 0
    downloads: int | None = None
    updated_at: int | None = None
    owner_handle: str | None = None
    owner: Owner | None = None


class SearchResults(Wire):
    """`GET /search`."""

    results: list[SearchLine]


class VersionName(Wire):
    """Just a version."""

    version: str


class Resolution(Wire):
    """`GET /resolve`: which version has these files, and which is the latest."""

    slug: str = ""
    match: VersionName | None = None
    latest_version: VersionName | None = None


class Whoami(Wire):
    """`GET /whoami`."""

    class User(Owner):
        """The owner of the token."""

        role: str | None = None

    user: User


class UploadRequest(Wire):
    """Announces a file that is going to be uploaded."""

    path: str
    size: int
    sha256: str
    content_type: str | None = None


class UploadPlace(Wire):
    """Where to send it."""

    upload_url: str
    upload_ticket: str


class Stored(Wire):
    """The name of what was uploaded."""

    storage_id: str


class PublishedFile(UploadRequest):
    """A file of a new version, by the name it was stored under."""

    storage_id: str
    upload_ticket: str | None = None


class PublishRequest(Wire):
    """A new version of a skill."""

    slug: str
    display_name: str
    owner_handle: str | None = None
    version: str
    changelog: str
    accept_license_terms: bool = False
    tags: list[str] | None = None
    categories: list[str] | None = None
    topics: list[str] | None = None
    files: list[PublishedFile]


class Published(Wire):
    """What became of it; with `pending` the registry scans it first."""

    ok: Literal[True] = True
    skill_id: str
    version_id: str
    status: str | None = None
    publication_status: str | None = None
    slug: str | None = None
    version: str | None = None


class WellKnown(Wire):
    """`/.well-known/clawhub.json`."""

    api_base: str
    auth_base: str | None = None
    min_cli_version: str | None = None
