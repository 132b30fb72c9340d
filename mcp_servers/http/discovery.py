"""What an authorization server says of itself: where its keys are (RFC 8414, OpenID Connect)."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from clawgym.errors import ClawGymError, UsageError
from clawgym.invalid import explain

_TIMEOUT_SECONDS = 10.0


class AuthorizationServerError(ClawGymError):
    """The authorization server cannot be asked, or what it says of itself cannot be used."""


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="ignore")

    issuer: str
    jwks_uri: str


async def discover_keys(issuer: str) -> str:
    """Where the issuer publishes its keys: the `jwks_uri` of its metadata.

    Raises:
        UsageError: the issuer is no URL that can be trusted.
        AuthorizationServerError: it publishes no metadata, or those of another.
    """
    check_url(issuer, "the issuer")
    tried: list[str] = []
    async with httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
        for url in _places(issuer):
            try:
                answer = await client.get(url)
            except httpx2.HTTPError as error:
                raise AuthorizationServerError(
                    f"the authorization server cannot be reached at {url}: {error or type(error)}"
                ) from error
            if answer.is_success:
                return _keys_url(issuer, url, answer.content)
            tried.append(f"{url} ({answer.status_code})")
    raise AuthorizationServerError(
        f"{issuer} publishes no metadata; asked {', '.join(tried)}. "
        "Give --issuer exactly as its tokens have it in `iss`"
    )


def check_url(url: str, what: str) -> None:
    """Refuse a URL whose answers anybody on the way could change.

    Raises:
        UsageError: it is not `https`, nor `http` to this machine, or has a query or fragment.
    """
    try:
        parts = urlsplit(url)
        trusted = parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname))
    except ValueError:
        trusted = False
    else:
        trusted = trusted and bool(parts.hostname) and not parts.query and not parts.fragment
    if not trusted:
        raise UsageError(
            f"{what} {url!r} has to be an https:// URL without query and fragment "
            "(http:// only to this machine)"
        )


def _places(issuer: str) -> list[str]:
    """Where its metadata may be, the well-known places of RFC 8414 and OpenID Connect."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return list(
        dict.fromkeys(
            [
                f"{origin}/.well-known/oauth-authorization-server{path}",
                f"{origin}/.well-known/openid-configuration{path}",
                f"{origin}{path}/.well-known/openid-configuration",
            ]
        )
    )


def _keys_url(issuer: str, url: str, content: bytes) -> str:
    try:
        metadata = _Metadata.model_validate_json(content)
    except ValidationError as error:
        raise AuthorizationServerError(
            f"the metadata at {url} cannot be used: {explain(error, 'metadata')}"
        ) from error
    if metadata.issuer != issuer:
        raise AuthorizationServerError(
            f"the metadata at {url} are those of {metadata.issuer!r}, not of {issuer!r}; "
            "the two have to be the same letter by letter"
        )
    check_url(metadata.jwks_uri, f"the jwks_uri of {issuer}")
    return metadata.jwks_uri


def _is_here(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
