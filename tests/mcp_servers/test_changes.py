"""Clients of both eras are told when the catalogue changes."""

from pathlib import Path

import anyio
import pytest
from mcp import Client, types
from mcp.server.subscriptions import ResourcesListChanged

from clawgym_skills.catalogue import Catalogue
from mcp_servers.skills import serving, skills_server


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "NOTICE_SECONDS", 0.02)


@pytest.fixture
def catalogue(skill_folder: Path):
    with Catalogue() as catalogue:
        catalogue.index([skill_folder])
        yield catalogue


def add_skill(catalogue: Catalogue, folder: Path) -> None:
    (folder / "added").mkdir()
    (folder / "added" / "SKILL.md").write_text("---\nname: added\ndescription: New.\n---\n")
    catalogue.index([folder])


async def test_a_client_of_the_handshake_era_is_notified(catalogue: Catalogue, skill_folder: Path):
    heard: list[str] = []
    enough = anyio.Event()

    async def hear(message: object) -> None:
        if isinstance(message, types.ServerNotification | types.ResourceListChangedNotification):
            heard.append(type(message).__name__)
            enough.set()

    server = skills_server(catalogue)
    async with Client(server, mode="legacy", message_handler=hear) as client:
        capabilities = client.server_capabilities
        assert capabilities.resources
        assert capabilities.resources.list_changed
        assert capabilities.prompts
        assert capabilities.prompts.list_changed
        add_skill(catalogue, skill_folder)
        with anyio.fail_after(5):
            await enough.wait()
        names = [resource.name for resource in (await client.list_resources()).resources]
    assert "added" in names


async def test_a_client_of_2026_hears_it_on_its_subscription(
    catalogue: Catalogue, skill_folder: Path
):
    async with Client(skills_server(catalogue)) as client:
        with anyio.fail_after(5):
            async with client.listen(resources_list_changed=True) as events:
                add_skill(catalogue, skill_folder)
                async for event in events:
                    assert isinstance(event, ResourcesListChanged)
                    break
