"""Access tokens of an OAuth 2.1 authorization server; we are the resource server.

The SDK announces the authorization server (RFC 9728) and asks for a token. Whether one is good is
decided here: a JWT (RFC 9068), signed by a key that the issuer publishes, from that issuer, for
this server and not expired. It is never passed on to anybody.
"""

import functools
import logging
from dataclasses import dataclass, field

import anyio.to_thread
import jwt
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import BaseModel, ConfigDict, ValidationError

logger = logging.getLogger(__name__)

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Asymmetric ones only: with the others a published key would be a secret."""


class _Claims(BaseModel):
    """What a token says; anything else in it is ignored."""

    model_config = ConfigDict(extra="ignore")

    iss: str
    exp: int
    sub: str | None = None
    client_id: str | None = None
    azp: str | None = None
    scope: str = ""


@dataclass(frozen=True)
class OAuth:
    """Which tokens are accepted.

    Attributes:
        issuer: the authorization server's URL, exactly as tokens have it in `iss`.
        resource: this server's public URL, which tokens must have in `aud`.
        keys_url: where the issuer publishes its keys (its `jwks_uri`).
        scopes: what every token must allow.
    """

    issuer: str
    resource: str
    keys_url: str
    scopes: tuple[str, ...] = ()
    _keys: jwt.PyJWKClient = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", jwt.PyJWKClient(self.keys_url, timeout=10))

    @property
    def settings(self) -> AuthSettings:
        """What the SDK announces to clients."""
        return AuthSettings.model_validate(  # from texts, which keep an empty path empty
            {
                "issuer_url": self.issuer,
                "resource_server_url": self.resource,
                "required_scopes": list(self.scopes),
                "validate_token_resource": False,  # `verify_token` checks the audience itself
            }
        )

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the token gives access to; None where it is not good, for whatever reason."""
        try:
            claims = await anyio.to_thread.run_sync(functools.partial(self._claims, token))
        except (jwt.PyJWTError, ValidationError) as error:
            logger.warning("refused an access token: %s: %s", type(error).__name__, error)
            return None
        return AccessToken(
            token=token,
            client_id=claims.client_id or claims.azp or "unknown",
            scopes=claims.scope.split(),
            expires_at=claims.exp,
            resource=self.resource,
            subject=claims.sub,
            claims={"iss": claims.iss},
        )

    def _claims(self, token: str) -> _Claims:
        key = self._keys.get_signing_key_from_jwt(token)
        return _Claims.model_validate(
            jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                issuer=self.issuer,
                audience=self.resource,
                options={"require": ["exp", "iss", "aud"]},
            )
        )
