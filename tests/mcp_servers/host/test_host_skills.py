"""The host rules of SEP-2640, against a server that may say anything."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from mcp import Client, types
from mcp.server.lowlevel import Server

from clawgym_skills.catalogue import Catalogue
from mcp_servers.host.entries import SkillRefusedError
from mcp_servers.host.skills import Approvals, SkillHost, SkillId
from mcp_servers.skills import skills_server

URI = "skill://pdf/SKILL.md"
FORMS = "skill://pdf/references/FORMS.md"
TEXT = "---\nname: pdf\ndescription: Fill forms.\nallowed-tools: exec\n---\nRead FORMS.md.\n"
FRONTMATTER = {"name": "pdf", "description": "Fill forms.", "allowed-tools": "exec"}


@dataclass
class Offer:
    """What the server lists and what it serves; tests change either."""

    files: dict[str, str] = field(default_factory=lambda: {URI: TEXT, FORMS: "Forms.\n"})
    frontmatter: dict[str, Any] = field(default_factory=lambda: dict(FRONTMATTER))
    served: dict[str, str] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    pages: int = 1

    @property
    def entry(self) -> dict[str, Any]:
        resources = [
            {"uri": uri, "digest": digest(text), "size": len(text)}
            for uri, text in self.files.items()
        ]
        return {"uri": URI, "frontmatter": self.frontmatter, "resources": resources}


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def server_of(offer: Offer, entries: list[dict[str, Any]] | None = None) -> Server[Any]:
    async def list_skills(_: object, params: types.PaginatedRequestParams) -> dict[str, Any]:
        page = int(params.cursor or 1)
        more = {"nextCursor": str(page + 1)} if page < offer.pages else {}
        found = entries if entries is not None else [offer.entry]
        return {"resultType": "complete", "skills": found if page == 1 else [], **more}

    async def read(_: object, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        offer.reads.append(uri)
        text = offer.served.get(uri, offer.files.get(uri, ""))
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, text=text)])

    server: Server[Any] = Server("strange", on_read_resource=read)
    server.add_request_handler("skills/list", types.PaginatedRequestParams, list_skills)
    return server


@pytest.fixture
def offer() -> Offer:
    return Offer()


@pytest.fixture
def approvals() -> Approvals:
    return Approvals()


@pytest.fixture
async def host(offer: Offer, approvals: Approvals) -> AsyncIterator[SkillHost]:
    async with Client(server_of(offer)) as client:
        yield SkillHost(client, "acme", approvals)


async def approved(host: SkillHost, approvals: Approvals) -> SkillId:
    ((skill, entry),) = (await host.list_skills()).entries.items()
    approvals.approve(skill, entry)
    return skill


async def test_nothing_is_read_before_a_skill_is_loaded(host, approvals, offer):
    skill = await approved(host, approvals)
    assert offer.reads == []
    text = await host.load(skill)
    assert offer.reads == [URI]
    assert "of the server 'acme'" in text
    assert "references/FORMS.md" in text
    assert await host.read(skill, FORMS) == b"Forms.\n"


async def test_a_file_is_read_once(host, approvals, offer):
    skill = await approved(host, approvals)
    await host.load(skill)
    await host.load(skill)
    assert offer.reads == [URI]


async def test_what_nobody_approved_is_not_loaded(host, offer):
    ((skill, _),) = (await host.list_skills()).entries.items()
    with pytest.raises(SkillRefusedError, match="not approved in its present form"):
        await host.load(skill)
    assert offer.reads == []


async def test_another_set_of_files_needs_another_approval(host, approvals, offer):
    skill = await approved(host, approvals)
    offer.files[FORMS] = "Other forms.\n"
    await host.list_skills()
    with pytest.raises(SkillRefusedError, match="not approved"):
        await host.load(skill)


@pytest.mark.parametrize(
    ("served", "reason"),
    [
        ({URI: TEXT.replace("Read", "Evil")}, "digest"),
        ({URI: TEXT + "more"}, "bytes where"),
        ({FORMS: "Evil!.\n"}, "digest"),
        ({FORMS: "x" * 17_000_000}, "bytes where"),
    ],
)
async def test_what_is_not_what_was_listed_is_not_used(host, approvals, offer, served, reason):
    skill = await approved(host, approvals)
    offer.served = served
    with pytest.raises(SkillRefusedError, match=reason):
        await host.read(skill, next(iter(served)))


@pytest.mark.parametrize(
    "frontmatter",
    [
        {**FRONTMATTER, "description": "Something else."},
        {"name": "pdf", "description": "Fill forms."},
        {**FRONTMATTER, "license": "MIT"},
    ],
)
async def test_a_skill_that_says_other_things_than_listed_is_not_used(
    host, approvals, offer, frontmatter
):
    offer.frontmatter = frontmatter
    skill = await approved(host, approvals)
    with pytest.raises(SkillRefusedError, match="says other things of itself"):
        await host.load(skill)


@pytest.mark.parametrize(
    "header",
    [
        "name: pdf\nname: pdf\ndescription: Fill forms.\nallowed-tools: exec",
        "name: &a pdf\ndescription: *a",
        "name: pdf\ndescription: .nan",
        "- name",
        "name: [",
    ],
)
async def test_an_ambiguous_frontmatter_is_not_used(host, approvals, offer, header):
    offer.files[URI] = f"---\n{header}\n---\nx\n"
    skill = await approved(host, approvals)
    with pytest.raises(SkillRefusedError):
        await host.load(skill)


async def test_only_listed_files_are_asked_for(host, approvals, offer):
    skill = await approved(host, approvals)
    for uri in ("skill://pdf/other.md", "file:///etc/passwd", "skill://other/SKILL.md"):
        with pytest.raises(SkillRefusedError, match="nothing was read"):
            await host.read(skill, uri)
    assert offer.reads == []


async def test_a_skill_within_a_skill_needs_its_own_approval(host, approvals, offer):
    nested = "skill://pdf/inner/SKILL.md"
    offer.files[nested] = TEXT
    skill = await approved(host, approvals)
    with pytest.raises(SkillRefusedError, match="a skill of its own"):
        await host.read(skill, nested)


async def test_a_skill_belongs_to_its_server(host, approvals):
    skill = await approved(host, approvals)
    with pytest.raises(SkillRefusedError, match="belongs to the server 'evil'"):
        await host.load(SkillId("evil", skill.uri))


async def test_two_servers_may_offer_the_same_name(offer, approvals):
    other = Offer(files={URI: TEXT.replace("Read", "Open"), FORMS: "x"})
    async with Client(server_of(offer)) as one, Client(server_of(other)) as two:
        first, second = SkillHost(one, "one", approvals), SkillHost(two, "two", approvals)
        skill = await approved(first, approvals)
        await second.list_skills()
        assert "Read FORMS" in await first.load(skill)
        with pytest.raises(SkillRefusedError, match="not approved"):
            await second.load(SkillId("two", URI))


BROKEN: dict[str, dict[str, Any]] = {
    "a local scheme": {"uri": "file:///home/x/pdf/SKILL.md"},
    "a local scheme with one slash": {"uri": "file:/x/pdf/SKILL.md"},
    "no scheme": {"uri": "/pdf/SKILL.md"},
    "another file name": {"uri": "skill://pdf/README.md"},
    "another directory": {"uri": "skill://other/SKILL.md"},
    "files made anew": {"resources": "dynamic"},
    "no files": {"resources": []},
    "its own file missing": {"resources": [{"uri": FORMS, "digest": digest(""), "size": 0}]},
    "a file outside": {"extra": {"uri": "skill://other/x", "digest": digest(""), "size": 0}},
    "a file above": {"extra": {"uri": "skill://pdf/../x", "digest": digest(""), "size": 0}},
    "a file above in disguise": {
        "extra": {"uri": "skill://pdf/%2e%2e/x", "digest": digest(""), "size": 0}
    },
    "another digest": {"extra": {"uri": FORMS + "2", "digest": "md5:00", "size": 0}},
    "a file twice": {"extra": {"uri": FORMS, "digest": digest("y"), "size": 1}},
    "too large": {"extra": {"uri": FORMS + "2", "digest": digest(""), "size": 17_000_000}},
    "a negative size": {"extra": {"uri": FORMS + "2", "digest": digest(""), "size": -1}},
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_entry_is_refused_and_the_others_stay(offer, approvals, case):
    change = dict(BROKEN[case])
    entry = {**offer.entry, **{key: value for key, value in change.items() if key != "extra"}}
    if "extra" in change:
        entry["resources"] = [*entry["resources"], change["extra"]]
    good = Offer().entry
    async with Client(server_of(offer, [entry, good])) as client:
        listing = await SkillHost(client, "acme", approvals).list_skills()
    assert [skill.uri for skill in listing.entries] == [URI]
    assert len(listing.refused) == 1


async def test_a_list_without_end_is_refused(host, offer):
    offer.pages = 10_000
    with pytest.raises(SkillRefusedError, match="without end"):
        await host.list_skills()


async def test_a_server_is_not_read_without_end(offer, approvals):
    texts = {f"skill://pdf/{n}.txt": f"{n}" * 4_000_000 for n in range(3)}
    offer.files = {URI: TEXT, **texts}
    async with Client(server_of(offer)) as client:
        host = SkillHost(client, "acme", approvals, budget=9_000_000)
        skill = await approved(host, approvals)
        first, second, third = texts
        await host.read(skill, first)
        await host.read(skill, second)
        with pytest.raises(SkillRefusedError, match="enough"):
            await host.read(skill, third)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_our_own_server_keeps_the_rules(skill_folder, mode, approvals):
    with Catalogue() as catalogue:
        catalogue.index([skill_folder])
        async with Client(skills_server(catalogue), mode=mode) as client:
            host = SkillHost(client, "clawgym", approvals)
            listing = await host.list_skills()
            assert len(listing.entries) == 3
            assert listing.refused == []
            for skill, entry in listing.entries.items():
                approvals.approve(skill, entry)
                assert await host.load(skill)
                for uri in entry.files:
                    await host.read(skill, uri)
