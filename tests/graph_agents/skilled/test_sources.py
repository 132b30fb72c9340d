"""Where skills come from, and what becomes of more skills than a prompt can name."""

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from clawgym.errors import UsageError
from clawgym.model import ToolRequest
from clawgym.sandbox import BoxSpec, open_backend
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.records import ActivationRecord, FindingRecord, ScanRecord
from graph_agents.approval import Leave
from graph_agents.skilled.opening import skilled_box
from graph_agents.skilled.skillset import Skillset
from graph_agents.skilled.sources import (
    CatalogueSource,
    bundled_source,
    folder_source,
    openclaw_source,
)
from mcp_servers.toolkit import ToolResult
from mcp_servers.workspace import workspace_tools
from tests.graph_agents.skilled.conftest import write_skill


@pytest.fixture
def catalogue(skills):
    with Catalogue() as catalogue:
        catalogue.index([skills], workers=0)
        yield catalogue


def names(source) -> list[str]:
    return [offer.id for offer in source.offers()]


def test_the_bundled_skills_are_trusted():
    offers = bundled_source().offers()
    assert offers
    assert all(offer.trusted and not offer.refused for offer in offers)


def test_a_catalogue_offers_what_openclaw_would_load_here(catalogue, skills):
    needs = 'metadata: {"openclaw": {"requires": {"bins": ["no-such-program-here"]}}}'
    write_skill(skills, "needy", metadata=needs)
    catalogue.index([skills], workers=0)
    assert names(CatalogueSource(catalogue)) == ["bake", "internal", "secretive", "shouting"]


def test_a_catalogue_that_another_process_writes_to_neither_holds_up_nor_ends_a_turn(
    skills, tmp_path, caplog
):
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        catalogue.index([skills], workers=0)
        source = CatalogueSource(catalogue)
        with contextlib.closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            source.log(ActivationRecord("bake", "digest", "session", 1))
            assert time.monotonic() - began < 5
        assert "is not kept" in caplog.text
        assert source.used() == []
        source.log(ActivationRecord("bake", "digest", "session", 2))
        assert source.used() == ["bake"]


def test_what_others_wrote_is_not_trusted_unless_told(catalogue):
    assert not any(offer.trusted for offer in CatalogueSource(catalogue).offers())
    assert all(offer.trusted for offer in CatalogueSource(catalogue, trust_all=True).offers())


async def test_what_a_scanner_blocks_is_neither_offered_nor_read(catalogue, opened):
    digest = catalogue.get("bake").digest
    finding = FindingRecord("SKX1", "block", "bad")
    catalogue.record_scan(digest, ScanRecord("test", "1", (finding,), 0))
    source = CatalogueSource(catalogue, trust_all=True)
    async with opened(source=source) as (skills, _):
        assert "<name>bake</name>" not in skills.section("s")
        assert skills.expand("s", "/bake")[1] == []


def test_the_catalogue_is_read_again_when_it_changes(catalogue, skills):
    source = CatalogueSource(catalogue)
    first = source.offers()
    assert source.offers() is first
    write_skill(skills, "new")
    catalogue.index([skills], workers=0)
    assert "new" in names(source)


async def test_an_activation_is_kept_in_the_catalogue(catalogue, opened):
    source = CatalogueSource(catalogue, trust_all=True)
    async with opened(source=source) as (skills, _):
        skills.expand("s", "/bake")
    (record,) = catalogue.activations()
    assert (record.skill, record.session) == ("bake", "s")
    assert record.digest == catalogue.get("bake").digest
    assert source.used() == ["bake"]


def test_an_openclaw_workspace_is_read_as_it_is(tmp_path):
    workspace, state = tmp_path / "ws", tmp_path / "state"
    write_skill(workspace / "skills", "mine")
    write_skill(workspace / ".agents/skills", "ours")
    write_skill(state / "skills", "managed")
    write_skill(state / "skills", "off")
    write_skill(state / "skills", "mine", "shadowed")
    (state / "openclaw.json").write_text("{skills: {entries: {off: {enabled: false}}}}")
    source = openclaw_source(workspace, home=tmp_path / "home", state=state)
    assert names(source) == ["managed", "mine", "ours"]
    mine = next(offer for offer in source.offers() if offer.id == "mine")
    assert source.load(mine).body.strip() == "Do it well."


def test_a_folder_that_is_none_is_said(tmp_path):
    with pytest.raises(UsageError, match="not a directory"):
        folder_source(tmp_path / "nowhere")


def test_a_skill_that_is_gone_cannot_be_loaded(skills):
    source = folder_source(skills)
    offer = source.offers()[0]
    (skills / offer.id / "SKILL.md").unlink()
    source.offers()
    with pytest.raises(UsageError, match="gone"):
        source.load(offer)


# More than fit -----------------------------------------------------------------------------------


@pytest.fixture
def many(skills: Path) -> Path:
    for number in range(160):
        write_skill(skills, f"zz-{number:03}")
    write_skill(skills, "zzz-telescope", "Point it at the sky.")
    return skills


async def test_what_does_not_fit_is_found_by_search_and_can_be_read(opened, many):
    async with opened(trusted=True) as (skills, sandbox):
        text = skills.section("s")
        assert len(text) < 18_400
        assert text.count("<skill>") <= 150
        assert "telescope" not in text
        assert "skills_search" in text
        (search,) = skills.tools()
        found = (await search.call({"query": "telescope"})).text
        location = found.splitlines()[1].strip()
        read = next(tool for tool in workspace_tools(sandbox) if tool.name == "read")
        assert "Point it at the sky." in (await read.call({"path": location})).text
        call = ToolRequest("c", "read", f'{{"path": "{location}"}}')
        assert skills.saw("s", call, ToolResult("ok")).name == "zzz-telescope"


async def test_a_search_that_finds_nothing_says_so(opened, many):
    async with opened(trusted=True) as (skills, _):
        (search,) = skills.tools()
        assert "No skill fits" in (await search.call({"query": "xylophone"})).text


async def test_pinned_and_used_skills_are_listed_before_others(opened, many):
    async with opened(trusted=True, pinned=["zz-158"]) as (skills, _):
        skills.expand("s", "/zzz-telescope")
        text = skills.section("next")
        assert "<name>zz-158</name>" in text
        assert "<name>zzz-telescope</name>" in text


async def test_only_what_is_wanted_is_put_where_the_box_shows_it(opened, many):
    async with opened(trusted=True) as (skills, sandbox):
        skills.section("s")
        listing = await sandbox.exec(["ls", sandbox.place("skills")])
        assert b"bake" in listing.stdout
        assert b"telescope" not in listing.stdout


class Copying:
    """A backend that copies its mounts when a box is made, as Docker's does."""

    def __init__(self, inner, folder: Path) -> None:
        self.inner, self.folder, self.made = inner, folder, 0
        self.name, self.capabilities = "copying", inner.capabilities

    async def create(self, spec: BoxSpec):
        import shutil
        from dataclasses import replace

        self.made += 1
        copies = {name: self.folder / f"{self.made}-{name}" for name in spec.mounts}
        for name, source in spec.mounts.items():
            shutil.copytree(source, copies[name])
        return await self.inner.create(replace(spec, mounts=copies))


async def test_a_backend_that_copies_mounts_gets_all_skills_at_once(skills, workspace, tmp_path):
    source = folder_source(skills, trusted=True)
    backend = Copying(open_backend("local"), tmp_path)
    async with skilled_box(backend, source, folder=workspace) as box:
        assert backend.made == 2
        book = Skillset(source, box.sandbox, box.shelf)
        book.section("s")
        place = box.sandbox.place("skills")
        assert (
            await box.sandbox.exec(["test", "-f", f"{place}/secretive/SKILL.md"])
        ).exit_code == 0
        assert book.judge("s", ToolRequest("c", "exec", "{}")) is None


async def test_a_blocked_skill_is_denied_even_where_all_are_mounted(catalogue, workspace, tmp_path):
    finding = FindingRecord("SKX1", "block", "bad")
    catalogue.record_scan(catalogue.get("bake").digest, ScanRecord("test", "1", (finding,), 0))
    source = CatalogueSource(catalogue, trust_all=True)
    backend = Copying(open_backend("local"), tmp_path)
    async with skilled_box(backend, source, folder=workspace) as box:
        place = box.sandbox.place("skills")
        assert (await box.sandbox.exec(["test", "-e", f"{place}/bake"])).exit_code != 0
        book = Skillset(source, box.sandbox, box.shelf)
        book._shelf.put("bake", catalogue.get("bake").files)
        call = ToolRequest("c", "read", f'{{"path": "{place}/bake/SKILL.md"}}')
        assert book.judge("s", call).leave is Leave.DENY
