"""The hosts and origins that are let in.

A page in a browser can make any name of its own resolve to 127.0.0.1 and then talk to a server
there. Its requests still carry that name: whatever is not on the list gets 421, or 403.
"""

from dataclasses import dataclass

from mcp.server.transport_security import TransportSecuritySettings

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Doors:
    """What requests may name besides this machine itself.

    `hosts` are values of the Host header (`mcp.example.org`, `10.0.0.7:8000`), `origins` are web
    pages that may call (`https://app.example.org`). Neither knows wildcards.
    """

    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    @property
    def settings(self) -> TransportSecuritySettings:
        """The same for the SDK; any port of this machine is let in."""
        return TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=[*_LOOPBACK, *(f"{host}:*" for host in _LOOPBACK), *self.hosts],
            allowed_origins=[
                *(f"http://{host}" for host in _LOOPBACK),
                *(f"http://{host}:*" for host in _LOOPBACK),
                *self.origins,
            ],
        )
