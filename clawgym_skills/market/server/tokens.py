"""Bearer tokens: kept as hashes, each the name of one publisher."""

import hashlib
import re
import secrets

from clawgym.errors import UsageError
from clawgym_skills.market.server.storage import Storage, now

_HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,37}[a-z0-9])?")
_MIN_TOKEN = 8


def new_token() -> str:
    """A token that nobody can guess."""
    return f"clh_{secrets.token_urlsafe(32)}"


def grant(storage: Storage, token: str, handle: str) -> None:
    """Let whoever has `token` publish as `handle`.

    Raises:
        UsageError: the handle cannot be one, or the token is short or another's.
    """
    check_handle(handle)
    if len(token) < _MIN_TOKEN or not token.isascii() or any(c.isspace() for c in token):
        raise UsageError(f"a token has at least {_MIN_TOKEN} ASCII characters without blanks")
    with storage.writing() as database:
        row = database.execute(
            "SELECT handle FROM tokens WHERE sha256 = ?", (_hash(token),)
        ).fetchone()
        if row and row["handle"] != handle:
            raise UsageError(
                f"this token is already that of {row['handle']}; give {handle} another"
            )
        database.execute(
            "INSERT OR IGNORE INTO tokens (sha256, handle, created_at) VALUES (?, ?, ?)",
            (_hash(token), handle, now()),
        )


def check_handle(handle: str) -> None:
    """Check the name of a publisher.

    Raises:
        UsageError: it cannot be one.
    """
    if not _HANDLE.fullmatch(handle):
        raise UsageError(
            f"{handle!r} cannot be a handle: 1-39 lowercase letters, digits and inner hyphens"
        )


def handle_of(storage: Storage, authorization: str) -> str | None:
    """Whose token an `Authorization` header carries; None if it carries none that is known."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    with storage.reading() as database:
        row = database.execute(
            "SELECT handle FROM tokens WHERE sha256 = ?", (_hash(token.strip()),)
        ).fetchone()
    return row["handle"] if row else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
