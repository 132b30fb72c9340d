"""The ASGI application: ClawHub's routes over a storage."""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from anyio import to_thread
from pydantic import JsonValue, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from clawgym.errors import ClawGymError
from clawgym_skills.market.bundle import MAX_FILE_BYTES, MIB
from clawgym_skills.market.policy import Gate
from clawgym_skills.market.server.catalogue import AmbiguousSlugError, Catalogue
from clawgym_skills.market.server.limits import Kind, RateLimiter, RateLimits
from clawgym_skills.market.server.publishing import announce, publish, receive
from clawgym_skills.market.server.rules import RefusedError
from clawgym_skills.market.server.storage import Storage
from clawgym_skills.market.server.tokens import handle_of
from clawgym_skills.market.wire import (
    API,
    PublishRequest,
    UploadPlace,
    UploadRequest,
    Whoami,
    Wire,
)

_LOG = logging.getLogger(__name__)
_MAX_JSON = 4 * MIB
_DEFAULT_LIMIT = 25
_Message = TypeVar("_Message", bound=Wire)
_Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class _Answer:
    """What a route has to say; `status` other than 200 only for errors that are JSON."""

    body: bytes
    content_type: str = "application/json"
    etag: str = ""
    status: int = 200


def create_app(
    storage: Storage,
    gate: Gate,
    *,
    limits: RateLimits | None = None,
    hosts: tuple[str, ...] = ("*",),
) -> Starlette:
    """A registry over `storage`.

    Args:
        storage: where everything is kept.
        gate: sees every version before it is published.
        limits: requests per minute; default ClawHub's.
        hosts: what may stand in the `Host` header, against web pages that rebind names.
    """
    routes = _Routes(storage, gate, RateLimiter(limits or RateLimits()))
    trusted = Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    return Starlette(routes=routes.table(), middleware=[trusted])


class _Routes:
    def __init__(self, storage: Storage, gate: Gate, limiter: RateLimiter) -> None:
        self._storage = storage
        self._gate = gate
        self._limiter = limiter
        self._catalogue = Catalogue(storage)

    def table(self) -> list[Route]:
        """Every route; fixed ones come before those with a slug."""
        get, post = ["GET"], ["POST"]
        skill = f"{API}/skills/{{slug}}"
        return [
            Route("/.well-known/clawhub.json", self._handler(self.well_known), methods=get),
            Route("/.well-known/clawdhub.json", self._handler(self.well_known), methods=get),
            Route(f"{API}/whoami", self._handler(self.whoami), methods=get),
            Route(f"{API}/search", self._handler(self.search), methods=get),
            Route(f"{API}/resolve", self._handler(self.resolve), methods=get),
            Route(f"{API}/download", self._handler(self.download, "download"), methods=get),
            Route(f"{API}/trending", self._handler(self.trending), methods=get),
            Route(
                f"{API}/skills/-/upload-url", self._handler(self.upload_url, "write"), methods=post
            ),
            Route(
                f"{API}/skills/-/upload/{{upload}}",
                self._handler(self.upload, "write"),
                methods=post,
            ),
            Route(f"{API}/skills", self._handler(self.publish, "write"), methods=post),
            Route(f"{API}/skills", self._handler(self.skills), methods=get),
            Route(skill, self._handler(self.skill), methods=get),
            Route(f"{skill}/moderation", self._handler(self.moderation), methods=get),
            Route(f"{skill}/install", self._handler(self.install), methods=get),
            Route(f"{skill}/file", self._handler(self.file), methods=get),
            Route(f"{skill}/versions", self._handler(self.versions), methods=get),
            Route(f"{skill}/versions/{{version}}", self._handler(self.version), methods=get),
            Route("/api/cli/telemetry/install", self._handler(self.telemetry), methods=post),
        ]

    def _handler(self, route: Callable[[Request, bytes], _Answer], kind: Kind = "read") -> _Handler:
        """Limits, errors as text, and ETags around one route, which runs in a thread."""

        async def handle(request: Request) -> Response:
            allowance = self._limiter.take(kind, await to_thread.run_sync(self._caller, request))
            if not allowance.granted:
                return PlainTextResponse("Rate limit exceeded", 429, allowance.headers())
            try:
                body = await _body(request)
                answer = await to_thread.run_sync(route, request, body)
            except RefusedError as error:
                return PlainTextResponse(error.message, error.status, allowance.headers())
            except AmbiguousSlugError as error:
                return JSONResponse(_ambiguous(request, error), 409, allowance.headers())
            except ClawGymError:
                _LOG.exception("%s failed", request.url.path)
                return PlainTextResponse("Internal error", 500, allowance.headers())
            return _respond(request, answer, allowance.headers())

        return handle

    def _caller(self, request: Request) -> str:
        """The owner of the token, else the address."""
        handle = handle_of(self._storage, request.headers.get("authorization", ""))
        address = request.client.host if request.client else "unknown"
        return f"@{handle}" if handle else address

    def _publisher(self, request: Request) -> str:
        handle = handle_of(self._storage, request.headers.get("authorization", ""))
        if handle is None:
            raise RefusedError(401, "Unauthorized")
        return handle

    def well_known(self, request: Request, body: bytes) -> _Answer:
        """Where the API is."""
        del body
        base = _base(request)
        return _json({"apiBase": base, "authBase": base, "minCliVersion": "0.1.0"})

    def whoami(self, request: Request, body: bytes) -> _Answer:
        """Whose token this is."""
        del body
        handle = self._publisher(request)
        return _message(Whoami(user=Whoami.User(handle=handle, display_name=handle, role="user")))

    def search(self, request: Request, body: bytes) -> _Answer:
        """Skills that match."""
        del body
        query = request.query_params
        clean = "true" in (query.get("nonSuspiciousOnly"), query.get("nonSuspicious"))
        exact = query.get("mode") == "exact"
        text = query.get("q", "")
        return _message(self._catalogue.search(text, _limit(request), exact=exact, clean=clean))

    def skills(self, request: Request, body: bytes) -> _Answer:
        """One page of all skills."""
        del body
        query = request.query_params
        sort, prefix = query.get("sort", "updated"), query.get("prefix", "").lower()
        return _message(
            self._catalogue.page(_limit(request), sort, query.get("cursor") or None, prefix)
        )

    def trending(self, request: Request, body: bytes) -> _Answer:
        """What is installed most."""
        del body
        return _message(self._catalogue.page(_limit(request), "trending", None, ""))

    def skill(self, request: Request, body: bytes) -> _Answer:
        """One skill."""
        del body
        return _message(self._catalogue.detail(*_named(request)))

    def moderation(self, request: Request, body: bytes) -> _Answer:
        """What the scanner found in it."""
        del body
        moderation = self._catalogue.detail(*_named(request)).moderation
        if moderation is None:
            raise RefusedError(404, "Moderation not found")
        fields = {**moderation.to_wire(), "legacyReason": None, "evidence": []}
        return _json({"moderation": fields})

    def install(self, request: Request, body: bytes) -> _Answer:
        """Where to get the latest version."""
        del body
        name, owner = _named(request)
        latest = self._catalogue.resolve(name, owner, "").latest_version
        if latest is None:
            raise RefusedError(404, "Version not found")
        query = f"slug={quote(name)}&version={quote(latest.version)}"
        query += f"&ownerHandle={quote(owner)}" if owner else ""
        place: dict[str, JsonValue] = {
            "version": latest.version,
            "downloadUrl": f"{_base(request)}{API}/download?{query}",
        }
        return _json({"ok": True, "slug": name, "installKind": "archive", "archive": place})

    def versions(self, request: Request, body: bytes) -> _Answer:
        """Its versions."""
        del body
        return _message(self._catalogue.versions(*_named(request), _limit(request)))

    def version(self, request: Request, body: bytes) -> _Answer:
        """One version."""
        del body
        version = request.path_params["version"]
        return _message(self._catalogue.version(*_named(request), version))

    def file(self, request: Request, body: bytes) -> _Answer:
        """One file."""
        del body
        query = request.query_params
        name, owner = _named(request)
        line, data = self._catalogue.file(
            name, owner, query.get("path", ""), query.get("version"), query.get("tag")
        )
        # Never a type that a browser would run, whatever the publisher called it.
        return _Answer(data, "text/plain; charset=utf-8", line.sha256)

    def resolve(self, request: Request, body: bytes) -> _Answer:
        """Which version has these files."""
        del body
        query = request.query_params
        return _message(
            self._catalogue.resolve(
                query.get("slug", ""), query.get("ownerHandle"), query.get("hash", "")
            )
        )

    def download(self, request: Request, body: bytes) -> _Answer:
        """The ZIP of a version."""
        del body
        query = request.query_params
        name, owner = query.get("slug", ""), query.get("ownerHandle")
        etag, data = self._catalogue.archive(name, owner, query.get("version"), query.get("tag"))
        return _Answer(data, "application/zip", etag)

    def upload_url(self, request: Request, body: bytes) -> _Answer:
        """Where to send a file."""
        handle = self._publisher(request)
        upload = announce(self._storage, handle, _parse(UploadRequest, body))
        place = f"{_base(request)}{API}/skills/-/upload/{upload.id}"
        return _message(UploadPlace(upload_url=place, upload_ticket=upload.ticket))

    def upload(self, request: Request, body: bytes) -> _Answer:
        """A file."""
        handle = self._publisher(request)
        return _message(receive(self._storage, handle, request.path_params["upload"], body))

    def publish(self, request: Request, body: bytes) -> _Answer:
        """A new version."""
        handle = self._publisher(request)
        return _message(publish(self._storage, self._gate, handle, _parse(PublishRequest, body)))

    def telemetry(self, request: Request, body: bytes) -> _Answer:
        """That a skill was installed."""
        self._publisher(request)
        try:
            event: JsonValue = json.loads(body)
        except ValueError as error:
            raise RefusedError(400, "Invalid JSON") from error
        slug = event.get("slug") if isinstance(event, dict) else None
        owner = event.get("ownerHandle") if isinstance(event, dict) else None
        if isinstance(slug, str):
            self._catalogue.count_install(slug, owner if isinstance(owner, str) else None)
        return _json({"ok": True})


async def _body(request: Request) -> bytes:
    limit = MAX_FILE_BYTES if "/upload/" in request.url.path else _MAX_JSON
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise RefusedError(413, "Request body is too large")
        chunks.append(chunk)
    return b"".join(chunks)


def _respond(request: Request, answer: _Answer, limits: dict[str, str]) -> Response:
    etag = f'"{answer.etag or hashlib.sha256(answer.body).hexdigest()}"'
    headers = {**limits, "X-Content-Type-Options": "nosniff"}
    if request.method == "GET":
        headers |= {"ETag": etag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
    return Response(answer.body, answer.status, headers, media_type=answer.content_type)


def _json(value: dict[str, JsonValue]) -> _Answer:
    return _Answer(json.dumps(value, ensure_ascii=False).encode())


def _message(message: Wire) -> _Answer:
    return _json(message.to_wire())


def _parse(kind: type[_Message], body: bytes) -> _Message:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RefusedError(400, f"Invalid request: {where}: {first['msg']}") from error


def _named(request: Request) -> tuple[str, str | None]:
    return request.path_params["slug"], request.query_params.get("ownerHandle") or None


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "")
    return int(text[:6]) if text.isascii() and text.isdigit() else _DEFAULT_LIMIT


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _ambiguous(request: Request, error: AmbiguousSlugError) -> dict[str, JsonValue]:
    matches: list[JsonValue] = [
        {
            "ownerHandle": owner,
            "slug": error.name,
            "ref": f"@{owner}/{error.name}",
            "url": f"{_base(request)}/{owner}/{error.name}",
        }
        for owner in error.owners
    ]
    message = f'Several publishers have a skill "{error.name}". Name its owner.'
    return {"code": "AMBIGUOUS_SKILL_SLUG", "message": message, "matches": matches}
