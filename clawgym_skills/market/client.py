"""A registry that speaks ClawHub's API, as a Python object."""

import json
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from clawgym_skills.market.archives import MAX_ARCHIVE_BYTES
from clawgym_skills.market.names import SkillReference
from clawgym_skills.market.transport import Question, RegistryError, Transport
from clawgym_skills.market.wire import (
    API,
    Published,
    PublishRequest,
    Resolution,
    SearchResults,
    SkillDetail,
    SkillPage,
    Sort,
    Stored,
    UploadPlace,
    UploadRequest,
    VersionDetail,
    VersionPage,
    Whoami,
    Wire,
)

_Message = TypeVar("_Message", bound=Wire)


class Registry:
    """What one can ask a registry. Every method raises `RegistryError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transport.__exit__(kind, error, traceback)

    @property
    def url(self) -> str:
        """Its URL, as it is recorded with what is installed from it."""
        return self._transport.registry

    def search(self, query: str, limit: int = 25) -> SearchResults:
        """Skills that match, best first."""
        return self._get("/search", SearchResults, q=query, limit=str(limit))

    def explore(
        self, limit: int = 25, sort: Sort = "updated", cursor: str | None = None
    ) -> SkillPage:
        """One page of all skills."""
        return self._get("/skills", SkillPage, limit=str(limit), sort=sort, cursor=cursor)

    def skill(self, reference: SkillReference) -> SkillDetail:
        """What is known of one skill."""
        return self._get(_path(reference), SkillDetail, ownerHandle=reference.owner)

    def versions(self, reference: SkillReference, limit: int = 25) -> VersionPage:
        """Its versions, newest first."""
        path = f"{_path(reference)}/versions"
        return self._get(path, VersionPage, ownerHandle=reference.owner, limit=str(limit))

    def version(self, reference: SkillReference, version: str) -> VersionDetail:
        """One version with the hashes of its files."""
        path = f"{_path(reference)}/versions/{quote(version, safe='')}"
        return self._get(path, VersionDetail, ownerHandle=reference.owner)

    def resolve(self, reference: SkillReference, fingerprint: str) -> Resolution:
        """Which version has these files."""
        return self._get(
            "/resolve",
            Resolution,
            slug=reference.slug,
            ownerHandle=reference.owner,
            hash=fingerprint,
        )

    def download(self, reference: SkillReference, version: str) -> bytes:
        """The ZIP of one version."""
        query = _query(slug=reference.slug, ownerHandle=reference.owner, version=version)
        question = Question("GET", f"{API}/download", query, limit=MAX_ARCHIVE_BYTES)
        reply = self._transport.ask(question)
        if "json" in reply.content_type:
            raise RegistryError(
                f"{reference} is kept in a git repository, not in the registry; "
                "install it from there, as git+https://…#folder"
            )
        return reply.body

    def file(self, reference: SkillReference, path: str, version: str) -> bytes:
        """One file of one version."""
        query = _query(path=path, ownerHandle=reference.owner, version=version)
        question = Question("GET", f"{API}{_path(reference)}/file", query, limit=MAX_ARCHIVE_BYTES)
        return self._transport.ask(question).body

    def whoami(self) -> Whoami:
        """Whose token this is."""
        return self._get("/whoami", Whoami)

    def place_for(self, request: UploadRequest) -> UploadPlace:
        """Where a file can be uploaded to."""
        return self._post("/skills/-/upload-url", request, UploadPlace)

    def upload(self, place: UploadPlace, data: bytes, content_type: str) -> Stored:
        """Upload a file there."""
        question = Question("POST", place.upload_url, body=data, content_type=content_type)
        return _parse(Stored, self._transport.ask(question).body, self.url)

    def publish(self, request: PublishRequest) -> Published:
        """Make a version of files that were uploaded."""
        return self._post("/skills", request, Published)

    def _get(self, path: str, kind: type[_Message], **query: str | None) -> _Message:
        question = Question("GET", API + path, _query(**query))
        return _parse(kind, self._transport.ask(question).body, self.url)

    def _post(self, path: str, message: Wire, kind: type[_Message]) -> _Message:
        body = message.model_dump_json(by_alias=True, exclude_none=True).encode()
        return _parse(
            kind, self._transport.ask(Question("POST", API + path, body=body)).body, self.url
        )


def _path(reference: SkillReference) -> str:
    return f"/skills/{quote(reference.slug, safe='')}"


def _query(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _parse(kind: type[_Message], body: bytes, registry: str) -> _Message:
    try:
        return kind.model_validate(json.loads(body))
    except (ValidationError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise RegistryError(f"{registry} answers what we cannot read: {first}") from error
