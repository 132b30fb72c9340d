"""The skills server over HTTP for the conformance suite: `serve.py [--fixtures] [--port N]`."""

import argparse
from pathlib import Path

import anyio

from clawgym_skills.catalogue import open_catalogue
from mcp_servers.http import NoToken, serve_http
from mcp_servers.skills import skills_server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixtures", action="store_true", help="what the suite calls by name")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--catalog", type=Path, default=Path("no-catalogue"))
    options = parser.parse_args()
    with open_catalogue(options.catalog) as catalogue:
        server = skills_server(catalogue)
        if options.fixtures:
            from fixtures import add_fixtures

            add_fixtures(server)

        async def serve() -> None:
            await serve_http(
                server,
                NoToken(),
                port=options.port,
                started=lambda url: print(url, flush=True),
            )

        anyio.run(serve)


if __name__ == "__main__":
    main()
