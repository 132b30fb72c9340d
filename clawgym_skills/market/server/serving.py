"""Running the registry as a program."""

import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from clawgym.errors import UsageError
from clawgym_skills.market.transport import is_loopback

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def hosts_for(address: str) -> tuple[str, ...]:
    """What a `Host` header may say when we listen at `address`."""
    return LOCAL_HOSTS if is_loopback(address) else ("*",)


def serve(app: Starlette, address: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; `ready` is called with the URL as soon as it can be reached.

    Raises:
        UsageError: the port is taken, or the address is not ours.
    """
    listening = _listen(address, port)
    with listening:
        shown = f"[{address}]" if ":" in address else address
        ready(f"http://{shown}:{listening.getsockname()[1]}")
        config = uvicorn.Config(app, log_level="warning", server_header=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listening])


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio turns Nagle's delay of 40 ms off only where the protocol is named.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise UsageError(f"cannot listen on {address}:{port}: {error.strerror}") from error
    return listening
