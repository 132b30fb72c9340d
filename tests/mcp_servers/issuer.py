"""An OAuth authorization server of the tests: its metadata, its keys, and tokens without asking."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

METADATA = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Issuer:
    """One that listens on loopback; `pages` is what it answers by path, and may be changed."""

    url: str
    key: rsa.RSAPrivateKey
    pages: dict[str, dict[str, Any]]

    def token(self, resource: str, **changes: object) -> str:
        """An access token for a resource; a claim that is None is left out."""
        claims = {"iss": self.url, "aud": resource, "exp": int(time.time()) + 60, **changes}
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(present, self.key, algorithm="RS256", headers={"kid": "1"})


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    key = new_key()
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "1"}
    pages: dict[str, dict[str, Any]] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            self.send_response(404 if page is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(page).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        pages["/keys"] = {"keys": [jwk]}
        pages[METADATA] = {"issuer": url, "jwks_uri": f"{url}/keys"}
        Thread(target=server.serve_forever, daemon=True).start()
        yield Issuer(url, key, pages)
        server.shutdown()
