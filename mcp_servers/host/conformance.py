"""The program that the official conformance suite runs against our host, with a URL.

The scenario is named in the variable MCP_CONFORMANCE_SCENARIO. A scenario about verification wants
the skill loaded; the one about prefetching wants it listed and approved, and no more.
"""

import logging
import os
import sys

import anyio
from mcp import Client

from mcp_servers.host.entries import SkillRefusedError
from mcp_servers.host.skills import Approvals, SkillHost

logger = logging.getLogger(__name__)


async def act(url: str, scenario: str) -> None:
    """List and approve; load and read everything where the scenario is about that."""
    async with Client(url) as client:
        approvals = Approvals()
        host = SkillHost(client, "server", approvals)
        listing = await host.list_skills()
        for skill, entry in listing.entries.items():
            approvals.approve(skill, entry)
            if "no-prefetch" in scenario:
                continue
            try:
                await host.load(skill)
                for uri in entry.files:
                    await host.read(skill, uri)
            except SkillRefusedError as error:
                logger.warning("%s", error)


def main() -> None:
    """Run the scenario of the environment against the server of the command line."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    anyio.run(act, sys.argv[-1], os.environ.get("MCP_CONFORMANCE_SCENARIO", ""))


if __name__ == "__main__":
    main()
