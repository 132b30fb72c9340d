"""The paths of the escape suite against our workspace server and the reference filesystem server.

npm i @modelcontextprotocol/server-filesystem@2026.8.31                # in a scratch directory
python -m tests.mcp_servers.compare_escapes NODE PACKAGE
"""

import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters, types
from mcp.shared.exceptions import MCPError
from pydantic import FileUrl

from clawgym.sandbox import open_backend
from mcp_servers.workspace_server import workspace_server
from tests.mcp_servers.escapes import (
    CHANGED,
    SECRET,
    Traps,
    flipping,
    hostile_paths,
    lay,
    swapper,
)

Calls = Callable[[str], Mapping[str, Mapping[str, object]]]


def our_calls(path: str) -> Mapping[str, Mapping[str, object]]:
    """Reading, editing and writing a path with our tools."""
    edit = {"path": path, "edits": [{"oldText": SECRET, "newText": CHANGED}]}
    return {"read": {"path": path}, "edit": edit, "write": {"path": path, "content": CHANGED}}


def their_calls(path: str) -> Mapping[str, Mapping[str, object]]:
    """The same with the reference server's."""
    edit = {"path": path, "edits": [{"oldText": SECRET, "newText": CHANGED}]}
    return {
        "read_text_file": {"path": path},
        "edit_file": edit,
        "write_file": {"path": path, "content": CHANGED},
    }


@asynccontextmanager
async def ours(traps: Traps) -> AsyncIterator[Client]:
    """Our server."""
    async with (
        workspace_server(traps.project, open_backend()) as server,
        Client(server, mode="legacy", list_roots_callback=parent_of(traps)) as client,
    ):
        yield client


def theirs(traps: Traps, *, roots: bool = False) -> Client:
    """The reference server; `roots` has the client name the parent directory as its root."""
    node, package = sys.argv[1], sys.argv[2]
    start = StdioServerParameters(
        command=node, args=[f"{package}/dist/index.js", str(traps.project)], cwd=traps.project
    )
    callback = parent_of(traps) if roots else None
    return Client(start, mode="legacy", list_roots_callback=callback)


def parent_of(traps: Traps):
    """A client that says it works in the parent directory."""

    async def roots(_context: object) -> types.ListRootsResult:
        uri = FileUrl(traps.project.parent.as_uri())
        return types.ListRootsResult(roots=[types.Root(uri=uri)])

    return roots


async def escapes(client: Client, traps: Traps, calls: Calls) -> list[str]:
    """The tricks that read or change something outside."""
    found: list[str] = []
    for trick, path in hostile_paths(traps).items():
        before = traps.harm
        for tool, arguments in calls(path).items():
            if SECRET in await answer(client, tool, arguments):
                found.append(f"{trick}: {tool} shows the secret")
        if traps.harm != before:
            found.append(f"{trick}: a file outside changed")
            for place in before:
                (traps.outside.parent / place).write_text(before[place])
    return found


async def races(client: Client, traps: Traps, calls: Calls) -> list[str]:
    """Whether a link that comes and goes is followed."""
    one, other = swapper(traps.project / "racing", traps.outside)
    before, shown = traps.harm, 0
    with flipping(one, other):
        for _ in range(400):
            for tool, arguments in calls("racing/secret.txt").items():
                shown += SECRET in await answer(client, tool, arguments)
    won = [f"race: the secret was shown {shown} times"] if shown else []
    return won + (["race: a file outside changed"] if traps.harm != before else [])


async def answer(client: Client, tool: str, arguments: Mapping[str, object]) -> str:
    """The text of a result, or of an error."""
    try:
        with anyio.fail_after(5):
            result = await client.call_tool(tool, dict(arguments))
    except (MCPError, TimeoutError) as error:
        return str(error)
    return "\n".join(part.text for part in result.content if isinstance(part, types.TextContent))


async def main() -> None:
    """Print what got out, server by server."""
    warnings.simplefilter("ignore")  # roots are deprecated, and in use
    servers = {
        "clawgym (the client names the parent as its root)": (ours, our_calls),
        "server-filesystem": (theirs, their_calls),
        "server-filesystem (the client names the parent as its root)": (
            lambda traps: theirs(traps, roots=True),
            their_calls,
        ),
    }
    for name, (start, calls) in servers.items():
        with tempfile.TemporaryDirectory() as scratch:
            traps = lay(Path(scratch))
            async with start(traps) as client:
                found = await escapes(client, traps, calls) + await races(client, traps, calls)
        print(f"{name}: {len(found)} escapes", *(f"  {one}" for one in found), sep="\n")


if __name__ == "__main__":
    anyio.run(main)
