"""The workspace server over a real directory of the user's, with each backend that works here."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp import Client, types

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.sandbox import BoxSpec, doctor, open_backend
from mcp_servers.workspace_server import workspace_server

WORKING = [status.name for status in doctor() if status.works]


@pytest.fixture(params=WORKING)
def backend(request: pytest.FixtureRequest):
    return open_backend(request.param)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "notes.txt").write_text("one\ntwo\n")
    return folder


@pytest.fixture
async def client(directory: Path, backend) -> AsyncIterator[Client]:
    async with workspace_server(directory, backend) as server, Client(server) as client:
        yield client


async def call(client: Client, tool: str, **arguments: object) -> tuple[str, bool]:
    result = await client.call_tool(tool, arguments)
    assert isinstance(result.content[0], types.TextContent)
    return result.content[0].text, bool(result.is_error)


async def test_tools_and_commands_work_on_the_directory_itself(client: Client, directory: Path):
    assert await call(client, "read", path="notes.txt") == ("one\ntwo\n", False)
    await call(client, "edit", path="notes.txt", edits=[{"oldText": "two", "newText": "2"}])
    await call(client, "write", path="out/new.txt", content="new")
    shown, _ = await call(client, "exec", command="cat notes.txt out/new.txt; echo made > made.txt")
    assert shown == "one\n2\nnew\n(Command exited with code 0)"
    assert (directory / "made.txt").read_text() == "made\n"


async def test_the_directory_stays_when_the_server_ends(directory: Path, backend):
    async with workspace_server(directory, backend) as server, Client(server) as client:
        await call(client, "write", path="kept.txt", content="kept")
    assert Files.read_from(directory) == Files({"kept.txt": "kept", "notes.txt": "one\ntwo\n"})


async def test_a_private_file_stays_private(client: Client, directory: Path):
    (directory / "notes.txt").chmod(0o600)
    await call(client, "edit", path="notes.txt", edits=[{"oldText": "two", "newText": "2"}])
    assert (directory / "notes.txt").stat().st_mode & 0o777 == 0o600


async def test_links_out_of_the_directory_are_not_followed(client: Client, directory: Path):
    secret = directory.parent / "secret.txt"
    secret.write_text("secret")
    (directory / "link.txt").symlink_to(secret)
    (directory / "above").symlink_to(directory.parent)
    for path in ("link.txt", "above/secret.txt", "../secret.txt", str(secret)):
        assert (await call(client, "read", path=path))[1]
        assert (await call(client, "write", path=path, content="x"))[1]
    assert secret.read_text() == "secret"


@pytest.mark.skipif("bwrap" not in WORKING, reason="needs bwrap")
async def test_a_command_in_bwrap_sees_nothing_beside_the_directory(directory: Path):
    (directory.parent / "secret.txt").write_text("secret")
    async with (
        workspace_server(directory, open_backend("bwrap")) as server,
        Client(server) as client,
    ):
        shown, _ = await call(client, "exec", command=f"cat {directory.parent}/secret.txt")
    assert "No such file" in shown


async def test_read_only_offers_what_changes_nothing(directory: Path, backend):
    async with (
        workspace_server(directory, backend, read_only=True) as server,
        Client(server) as client,
    ):
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == ["read", "memory_search", "memory_get"]
        assert not (await call(client, "read", path="notes.txt"))[1]


async def test_hints_say_what_may_change_something(client: Client):
    hints = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
    assert {name: hint.read_only_hint for name, hint in hints.items() if hint} == {
        "read": True,
        "write": False,
        "edit": False,
        "apply_patch": False,
        "exec": False,
        "process": False,
        "memory_search": True,
        "memory_get": True,
    }


async def test_web_fetch_is_there_only_on_request(directory: Path, backend):
    async with (
        workspace_server(directory, backend, web=True) as server,
        Client(server) as client,
    ):
        assert "web_fetch" in [tool.name for tool in (await client.list_tools()).tools]


async def test_skills_are_mounted_beside_the_directory(directory: Path, tmp_path: Path, backend):
    files = Files({"SKILL.md": "# CSV", "scripts/x.sh": "echo from the skill"})
    skills = tmp_path / "skills"
    files.write_to(skills / "csv-analysis")
    async with (
        workspace_server(directory, backend, skills=skills) as server,
        Client(server) as client,
    ):
        assert "csv-analysis" in str(client.instructions)
        ran = await call(client, "exec", command='sh "$CLAWGYM_SKILLS/csv-analysis/scripts/x.sh"')
        assert ran == ("from the skill\n(Command exited with code 0)", False)
        wrote, _ = await call(client, "exec", command='touch "$CLAWGYM_SKILLS/x" && echo wrote')
        if backend.capabilities:
            assert "wrote" not in wrote


async def test_what_is_no_directory_is_a_usage_error(tmp_path: Path, backend):
    with pytest.raises(UsageError, match="is not a directory"):
        async with workspace_server(tmp_path / "nothing", backend):
            pass


async def test_a_box_on_a_directory_takes_no_files(directory: Path, backend):
    with pytest.raises(UsageError, match="give one of them"):
        await backend.create(BoxSpec(workspace_dir=directory, files=Files({"a": "b"})))


async def test_a_linked_directory_is_served_as_what_it_points_to(directory: Path, backend):
    link = directory.parent / "link"
    os.symlink(directory, link)
    async with workspace_server(link, backend) as server, Client(server) as client:
        assert await call(client, "read", path="notes.txt") == ("one\ntwo\n", False)
