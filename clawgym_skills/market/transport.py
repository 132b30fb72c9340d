"""HTTP to a registry: cached by ETag, retried when told to wait, bounded in time and size."""

import email.utils
import hashlib
import json
import os
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from clawgym.atomic import write_atomic
from clawgym.errors import ClawGymError, UsageError
from clawgym_skills.market.bundle import MIB

MAX_TEXT_BYTES = 8 * MIB
_CACHED_RESPONSES = 500
_NOT_MODIFIED = 304
_TOO_MANY_REQUESTS = 429
_CHUNK = 64 * 1_024


class RegistryError(ClawGymError):
    """A registry gave no good answer; `status` is the one it gave, None if it gave none."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Patience:
    """How long to try: seconds for one request, for one wait, and how often to try again."""

    request: float = 120.0
    silence: float = 30.0
    wait: float = 30.0
    retries: int = 3


@dataclass(frozen=True)
class Reply:
    """The body of a good answer."""

    body: bytes
    content_type: str = ""


@dataclass(frozen=True)
class Question:
    """One request, path and query relative to the registry or a whole URL."""

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    content_type: str = "application/json"
    limit: int = MAX_TEXT_BYTES

    @property
    def repeatable(self) -> bool:
        """Whether asking twice does what asking once does."""
        return self.method == "GET"


def cache_folder() -> Path:
    """Where answers are kept, below `XDG_CACHE_HOME`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "clawgym" / "registry"


class Transport:
    """A connection to one registry.

    Args:
        registry: its URL; only https leaves this machine, http is for loopback.
        token: sent as a bearer token to this registry and to nobody else.
        cache: the folder of the cache; None keeps none.
        patience: the limits on time.
        sleep: waits for seconds; a test may have less time.

    Raises:
        UsageError: the URL is no http or https URL.
    """

    def __init__(
        self,
        registry: str,
        token: str | None = None,
        *,
        cache: Path | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.registry = registry.rstrip("/")
        self._token = token
        self._cache = cache
        self._patience = patience or Patience()
        self._sleep = sleep
        url = _checked_url(registry)
        timeout = httpx2.Timeout(self._patience.silence, connect=10.0)
        # Local registries are spoken to directly, whatever proxy the environment names.
        self._client = httpx2.Client(
            timeout=timeout, trust_env=not is_loopback(url.host), max_redirects=5
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def ask(self, question: Question) -> Reply:
        """Send a request until it is answered, refused, or patience ends.

        Raises:
            RegistryError: there was no good answer; `status` is the registry's.
        """
        attempt = 0
        while True:
            try:
                return self._once(question)
            except _BusyError as busy:
                repeatable = question.repeatable or busy.refused
                if attempt >= self._patience.retries or not repeatable:
                    raise RegistryError(str(busy), busy.status) from busy
                self._wait(busy, attempt)
                attempt += 1

    def _wait(self, busy: "_BusyError", attempt: int) -> None:
        backoff = 0.3 * 2**attempt * (1 + random.random())
        seconds = backoff if busy.after is None else busy.after + random.random() / 4
        if seconds > self._patience.wait + 1:
            asked = f"{busy}; it asks to wait {seconds:.0f} s, try again then"
            raise RegistryError(asked, busy.status) from busy
        self._sleep(seconds)

    def _once(self, question: Question) -> Reply:
        url = self._url_of(question)
        kept = self._recall(url) if question.repeatable else None
        headers = {"Accept-Encoding": "identity", "Accept": "application/json, */*;q=0.5"}
        if self._token and _same_origin(url, self.registry):
            headers["Authorization"] = f"Bearer {self._token}"
        if kept:
            headers["If-None-Match"] = kept.etag
        if question.body is not None:
            headers["Content-Type"] = question.content_type
        request = self._client.build_request(
            question.method, url, headers=headers, content=question.body
        )
        return self._send(request, question, kept)

    def _send(self, request: httpx2.Request, question: Question, kept: "_Kept | None") -> Reply:
        try:
            response = self._client.send(request, stream=True, follow_redirects=question.repeatable)
            try:
                body = self._read(response, question.limit)
            finally:
                response.close()
        except (httpx2.TransportError, httpx2.TooManyRedirects) as error:
            raise _BusyError(f"cannot reach {request.url}: {_reason(error)}") from error
        if request.url.scheme == "https" and response.url.scheme != "https":
            raise RegistryError(f"{request.url} leads to {response.url}, which is not encrypted")
        return self._judge(response, body, kept)

    def _read(self, response: httpx2.Response, limit: int) -> bytes:
        """The body as it was sent, at most `limit` bytes of it and in bounded time."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise RegistryError(f"{response.url} answers compressed, which nobody asked for")
        end = time.monotonic() + self._patience.request
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_raw(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise RegistryError(f"{response.url} answers with more than {limit:,} bytes")
            if time.monotonic() > end:
                raise RegistryError(
                    f"{response.url} took longer than {self._patience.request:.0f} s"
                )
            chunks.append(chunk)
        return b"".join(chunks)

    def _judge(self, response: httpx2.Response, body: bytes, kept: "_Kept | None") -> Reply:
        status = response.status_code
        if status == _NOT_MODIFIED and kept:
            return kept.reply
        if status == _TOO_MANY_REQUESTS or status >= 500:
            message = f"{response.url} answers {status}: {_text(body)}"
            refused = status == _TOO_MANY_REQUESTS
            raise _BusyError(message, status, _retry_after(response.headers), refused=refused)
        if not 200 <= status < 300:
            raise RegistryError(f"{_text(body) or 'no reason given'} ({status})", status)
        reply = Reply(body, response.headers.get("content-type", ""))
        if response.request.method == "GET" and (etag := response.headers.get("etag")):
            self._keep(str(response.request.url), etag, reply)
        return reply

    def _url_of(self, question: Question) -> str:
        url = question.url if "://" in question.url else self.registry + question.url
        _checked_url(url)
        return str(httpx2.URL(url, params=question.query)) if question.query else url

    def _place(self, url: str) -> Path:
        assert self._cache is not None
        whose = hashlib.sha256((self._token or "").encode()).hexdigest()
        return self._cache / hashlib.sha256(f"{whose} {url}".encode()).hexdigest()

    def _recall(self, url: str) -> "_Kept | None":
        if self._cache is None:
            return None
        try:
            head, _, body = self._place(url).read_bytes().partition(b"\n")
            kept = json.loads(head)
            if kept["url"] != url or kept["sha256"] != hashlib.sha256(body).hexdigest():
                return None
            return _Kept(kept["etag"], Reply(body, kept["type"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None  # a cache that cannot be read is no cache

    def _keep(self, url: str, etag: str, reply: Reply) -> None:
        if self._cache is None:
            return
        head = {
            "url": url,
            "etag": etag,
            "type": reply.content_type,
            "sha256": hashlib.sha256(reply.body).hexdigest(),
        }
        with suppress(UsageError, OSError):  # a full disk costs the cache, not the answer
            write_atomic(self._place(url), json.dumps(head).encode() + b"\n" + reply.body)
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        assert self._cache is not None
        places = sorted(self._cache.iterdir(), key=lambda place: place.stat().st_mtime)
        for place in places[:-_CACHED_RESPONSES]:
            place.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Kept:
    etag: str
    reply: Reply


class _BusyError(Exception):
    """An answer that may be better next time; `refused` means that nothing was done."""

    def __init__(
        self,
        message: str,
        status: int | None = None,
        after: float | None = None,
        *,
        refused: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.after = after
        self.refused = refused


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    return host in ("localhost", "::1") or host.startswith("127.")


def _checked_url(text: str) -> httpx2.URL:
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise UsageError(f"{text!r} is no URL: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"{text!r} is no http or https URL of a registry")
    if url.scheme == "http" and not is_loopback(url.host):
        raise UsageError(f"{text!r} would be spoken to without encryption; use https")
    return url


def _same_origin(url: str, registry: str) -> bool:
    one, other = httpx2.URL(url), httpx2.URL(registry)
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds, from `Retry-After` as a number or a date, else from `RateLimit-Reset`."""
    value = headers.get("retry-after") or headers.get("ratelimit-reset") or ""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _text(body: bytes) -> str:
    text = body[:2_000].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
