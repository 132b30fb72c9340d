"""Who may call the agent: what it does to a workspace, a web page must not be able to ask for."""

from http import HTTPStatus

from mcp.server.transport_security import TransportSecurityMiddleware
from starlette.requests import Request

from graph_agents.serving.shapes import ApiError
from mcp_servers.http import Doors, NoToken, SharedToken

MOST_BYTES = 8 * 1024 * 1024
"""Of one request."""


class Guard:
    """Checks requests before anything else is done with them.

    Args:
        access: the token that clients send as their API key, or none.
        doors: the names that requests may call this server by, besides this machine's own.
    """

    def __init__(self, access: SharedToken | NoToken, doors: Doors) -> None:
        self._access = access
        self._doors = TransportSecurityMiddleware(doors.settings)

    async def check(self, request: Request) -> None:
        """Let a request in.

        Raises:
            ApiError: it is not let in, in OpenAI's shape.
        """
        if refusal := await self._doors.validate_request(request):
            raise ApiError(bytes(refusal.body).decode(), status=refusal.status_code, code="refused")
        if isinstance(self._access, NoToken):
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = await self._access.verify_token(token.strip()) if token else None
        if scheme.lower() != "bearer" or known is None:
            raise ApiError(
                "incorrect API key: send the token that the server printed when it started",
                status=HTTPStatus.UNAUTHORIZED,
                code="invalid_api_key",
            )


async def read_body(request: Request) -> bytes:
    """The body of a request.

    Raises:
        ApiError: it is longer than any conversation should be.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ApiError(
                f"the request is longer than {MOST_BYTES:,} bytes",
                status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )
    return bytes(body)
