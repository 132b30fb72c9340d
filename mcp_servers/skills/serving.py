"""The skills server, put together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.resources import files
from string import Template
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.subscriptions import PromptsListChanged, ResourcesListChanged

from clawgym_skills.catalogue import Catalogue
from mcp_servers.changes import Changes
from mcp_servers.server import tool_server
from mcp_servers.skills.library import Library
from mcp_servers.skills.methods import FRESH, serve_methods
from mcp_servers.skills.prompts import serve_prompts
from mcp_servers.skills.resources import serve_resources
from mcp_servers.skills.stock import Selection
from mcp_servers.skills.tools import skill_tools

NOTICE_SECONDS = 1.0
"""How often the server looks whether the catalogue was written to."""

_LISTED_CHARACTERS = 1_200
"""Room for names in the instructions, which some clients put into every prompt."""


def skills_server(catalogue: Catalogue, selection: Selection | None = None) -> Server[Any]:
    """A server of the selected skills of a catalogue, by default of all.

    Answers are always those of the catalogue as it is; clients are told when it changes.

    Raises:
        UsageError: a wanted name or category is not in the catalogue.
    """
    library = Library(catalogue, selection)
    server = tool_server(
        "clawgym-skills", skill_tools(library), instructions=_instructions(library)
    )
    serve_methods(server, library)
    serve_resources(server, library)
    serve_prompts(server, library)
    for method in ("resources/list", "resources/read", "prompts/list"):
        server.cache_hints[method] = FRESH
    changes = Changes(server)

    @asynccontextmanager
    async def watching(_: Server[Any]) -> AsyncGenerator[dict[str, Any]]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch, library, changes)
            yield {}
            tasks.cancel_scope.cancel()

    server.lifespan = watching
    return server


async def _watch(library: Library, changes: Changes) -> None:
    """Tell the clients whenever what is offered has changed."""
    told = library.version
    while True:
        await anyio.sleep(NOTICE_SECONDS)
        library.refresh()
        if library.version != told:
            told = library.version
            await changes.announce(ResourcesListChanged(), PromptsListChanged())


def _instructions(library: Library) -> str:
    names = library.names(limit=_LISTED_CHARACTERS)
    shown: list[str] = []
    room = _LISTED_CHARACTERS
    for name in names:
        room -= len(name) + 2
        if room < 0:
            break
        shown.append(name)
    listing = f"The skills: {', '.join(shown)}" if shown else ""
    if len(shown) < len(library):
        listing += f", and {len(library) - len(shown)} more: find them with skills_search"
    text = files("mcp_servers.skills").joinpath("instructions.txt").read_text(encoding="utf-8")
    return Template(text).substitute(count=len(library), listing=listing).strip()
