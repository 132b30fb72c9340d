"""The escape suite: whatever a client asks of the workspace server, the files beside stay unseen.

A case succeeds as an escape if its answer holds the secret or a file outside has changed. What a
path that merely looks strange does inside the directory is not at issue here.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from mcp import Client, types
from pydantic import FileUrl

from clawgym.sandbox import doctor, open_backend
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

WORKING = {status.name for status in doctor() if status.works}
BACKEND = "bwrap" if "bwrap" in WORKING else "local"
PATHS = list(hostile_paths(Traps(Path("/x/project"), Path("/x/outside"))))


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return lay(tmp_path)


@pytest.fixture
async def client(traps: Traps) -> AsyncIterator[Client]:
    async with (
        workspace_server(traps.project, open_backend(BACKEND)) as server,
        Client(server) as client,
    ):
        yield client


async def said(client: Client, tool: str, **arguments: object) -> str:
    with anyio.fail_after(20):
        result = await client.call_tool(tool, arguments)
    return "\n".join(part.text for part in result.content if isinstance(part, types.TextContent))


def arguments_for(tool: str, path: str) -> dict[str, object]:
    patch = "*** Begin Patch\n{}\n*** End Patch"
    return {
        "read": {"path": path},
        "write": {"path": path, "content": CHANGED},
        "edit": {"path": path, "edits": [{"oldText": SECRET, "newText": CHANGED}]},
        "memory_get": {"path": path},
        "add": {"input": patch.format(f"*** Add File: {path}\n+{CHANGED}")},
        "delete": {"input": patch.format(f"*** Delete File: {path}")},
        "update": {"input": patch.format(f"*** Update File: {path}\n@@\n-{SECRET}\n+{CHANGED}")},
        "move": {
            "input": patch.format(
                f"*** Update File: notes.txt\n*** Move to: {path}\n@@\n-notes\n+{CHANGED}"
            )
        },
        "exec": {"command": "cat secret.txt", "workdir": os.path.dirname(path) or "."},
    }[tool]


NAMES = dict.fromkeys(("add", "delete", "update", "move"), "apply_patch")


@pytest.mark.parametrize("trick", PATHS)
async def test_no_path_leads_out(client: Client, traps: Traps, trick: str):
    before = traps.harm
    for tool in ("read", "edit", "memory_get", "write"):
        answer = await said(client, tool, **arguments_for(tool, hostile_paths(traps)[trick]))
        assert SECRET not in answer
        assert traps.harm == before


@pytest.mark.parametrize("trick", PATHS)
async def test_no_patch_leads_out(client: Client, traps: Traps, trick: str):
    before = traps.harm
    for kind in ("update", "move", "add", "delete"):
        answer = await said(client, NAMES[kind], **arguments_for(kind, hostile_paths(traps)[trick]))
        assert SECRET not in answer.replace(f"-{SECRET}", "").replace(f":\n{SECRET}", "")
        assert traps.harm == before


@pytest.mark.parametrize("trick", [name for name in PATHS if "link" in name or "dots" in name])
async def test_no_working_directory_leads_out(client: Client, traps: Traps, trick: str):
    answer = await said(client, "exec", **arguments_for("exec", hostile_paths(traps)[trick]))
    assert SECRET not in answer


COMMANDS = {
    "an absolute path": "cat {outside}/secret.txt",
    "a relative path": "cat ../outside/secret.txt",
    "a planted link": "cat link.txt folder/secret.txt up/outside/secret.txt",
    "the first process's root": "cat /proc/1/root{outside}/secret.txt",
    "any process's root": "cat /proc/*/root{outside}/secret.txt /proc/*/cwd/../outside/secret.txt",
    "inherited descriptors": "for f in /proc/*/fd/*; do cat $f/outside/secret.txt; done",
    "a new hard link": "ln {outside}/secret.txt a; ln ../outside/secret.txt a; cat a",
    "a mount": "mkdir -p m; mount --bind / m; cat m{outside}/secret.txt",
    "a new namespace": "unshare -Urm sh -c 'mount --bind / sub; cat sub{outside}/secret.txt'",
    "a change of root": "chroot /proc/1/root cat {outside}/secret.txt",
    "a device": "mknod d b 8 0; cat d | head -c 10; cat /dev/sda /dev/mem /dev/kmsg",
    "a file handle": "python3 -c 'import os;print(os.open(\"..\",0))'; ls ../outside",
    "a debugger": "python3 -c 'import ctypes;ctypes.CDLL(None).ptrace(16,1,0,0)'; cat /proc/1/mem",
    "a search": "grep -r {secret} / --include=secret.txt 2>/dev/null | head -3",
    "writing outside": "echo {changed} > {outside}/secret.txt; echo {changed} > ../outside/new.txt",
    "writing through a link": "echo {changed} > link.txt; echo {changed} > dangling.txt",
    "a moved directory": "mv sub ../outside/; mv ../outside sub/",
    "signals": "kill -9 -1; kill -9 {pid}",
    "the environment": "env; cat /proc/*/environ | tr '\\0' '\\n' | grep -i secret",
    "loopback": "python3 -c 'import socket;socket.create_connection((\"127.0.0.1\",{port}),2)'",
}


@pytest.mark.skipif(BACKEND != "bwrap", reason="needs bwrap")
@pytest.mark.parametrize("trick", COMMANDS)
async def test_no_command_leads_out(
    client: Client, traps: Traps, trick: str, monkeypatch: pytest.MonkeyPatch
):
    for name in ("hard.txt", "sub/hard.txt"):  # put there by the user, so theirs to be changed
        (traps.project / name).unlink()
    before = traps.harm
    with listening() as (port, visits):
        fields = {"outside": traps.outside, "secret": SECRET, "changed": CHANGED}
        command = COMMANDS[trick]
        for name, value in {**fields, "pid": os.getpid(), "port": port}.items():
            command = command.replace(f"{{{name}}}", str(value))
        answer = await said(client, "exec", command=command, timeoutSeconds=10)
        assert not visits()
    assert SECRET not in answer
    assert traps.harm == before


@contextlib.contextmanager
def listening():
    """A port on our loopback, and whether anybody came."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)

        def visits() -> bool:
            with contextlib.suppress(BlockingIOError):
                server.accept()
                return True
            return False

        yield server.getsockname()[1], visits


@pytest.mark.skipif(BACKEND != "bwrap", reason="needs bwrap")
@pytest.mark.parametrize("made", ["ln -s {outside}/secret.txt new.txt", "ln -s {outside} new"])
async def test_a_link_that_a_command_makes_is_not_followed(client: Client, traps: Traps, made: str):
    before = traps.harm
    await said(client, "exec", command=made.format(outside=traps.outside))
    for path in ("new.txt", "new/secret.txt"):
        for tool in ("read", "write", "edit"):
            assert SECRET not in await said(client, tool, **arguments_for(tool, path))
    assert traps.harm == before


RACES = {
    "a file and a link": ("racing.txt", "racing.txt", "secret.txt"),
    "a directory and a link": ("racing", "racing/secret.txt", ""),
    "a deep directory and a link": ("sub/racing", "sub/racing/secret.txt", "folder"),
}


@pytest.mark.parametrize("tool", ["read", "write", "edit", "update"])
@pytest.mark.parametrize("race", RACES)
async def test_no_race_is_won(client: Client, traps: Traps, race: str, tool: str):
    place, path, target = RACES[race]
    before = traps.harm
    one, other = swapper(traps.project / place, traps.outside / target)
    with flipping(one, other):
        for _ in range(40):
            answer = await said(client, NAMES.get(tool, tool), **arguments_for(tool, path))
            assert SECRET not in answer.replace(f"-{SECRET}", "").replace(f":\n{SECRET}", "")
    assert traps.harm == before


async def test_roots_of_the_client_widen_nothing(traps: Traps):
    async def roots(_context: object) -> types.ListRootsResult:
        return types.ListRootsResult(roots=[types.Root(uri=FileUrl(traps.outside.as_uri()))])

    async with (
        workspace_server(traps.project, open_backend(BACKEND)) as server,
        Client(server, mode="legacy", list_roots_callback=roots) as client,
    ):
        assert SECRET not in await said(client, "read", path=str(traps.outside / "secret.txt"))


async def test_read_only_changes_nothing_by_any_tool(traps: Traps):
    before = sorted(path.name for path in traps.project.rglob("*"))
    async with (
        workspace_server(traps.project, open_backend(BACKEND), read_only=True) as server,
        Client(server) as client,
    ):
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == ["read", "memory_search", "memory_get"]
        for name in ("write", "exec", "apply_patch", "process"):
            with pytest.raises(Exception, match="there is no tool"):
                await client.call_tool(name, {"path": "x", "content": "x", "command": "touch x"})
    assert sorted(path.name for path in traps.project.rglob("*")) == before


async def test_a_fifo_does_not_hold_the_server(client: Client):
    assert "not a regular file" in await said(client, "read", path="fifo")


async def test_a_hard_link_is_refused_in_words(client: Client):
    assert "another name" in await said(client, "read", path="hard.txt")
