"""A shared secret as bearer token: the default, also on this machine.

Other users of the machine, and every program that may open a socket, can reach a port of it.
"""

import hmac
import secrets
from dataclasses import dataclass

from mcp.server.auth.provider import AccessToken

from clawgym.errors import UsageError

MIN_CHARACTERS = 16


def new_token() -> str:
    """A token of 256 random bits."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class NoToken:
    """Everybody who passes the doors may call."""


@dataclass(frozen=True)
class SharedToken:
    """The one token that clients send in `Authorization: Bearer`.

    Raises:
        UsageError: the token is so short that it could be guessed.
    """

    value: str

    def __post_init__(self) -> None:
        if len(self.value) < MIN_CHARACTERS:
            raise UsageError(
                f"the token has {len(self.value)} characters: take at least {MIN_CHARACTERS}, or "
                "none at all and one is made"
            )

    def __repr__(self) -> str:
        return "SharedToken(...)"

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the token gives access to; None for a wrong one."""
        if not hmac.compare_digest(token.encode(), self.value.encode()):
            return None
        return AccessToken(token=token, client_id="shared-token", scopes=[])
